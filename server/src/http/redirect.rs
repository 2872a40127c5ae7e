//! What plain HTTP gets while TLS is on: challenges by HTTP-01, and the way to HTTPS for everybody else.

use std::net::SocketAddr;

use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::error::Failure;
use crate::domain::Error;
use crate::tls::Tls;

/// Where an authority looks for the answer to a challenge.
const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// What a program on the same machine may ask in plain HTTP: nothing of it is secret, and it knows no certificate.
const FOR_THIS_MACHINE: [&str; 4] = ["/api/health", "/api/status", "/healthcheck", "/metrics"];

/// Whether a request is one that is answered in plain HTTP, to the same machine.
pub fn is_about_health<B>(peer: SocketAddr, request: &Request<B>) -> bool {
    peer.ip().to_canonical().is_loopback() && FOR_THIS_MACHINE.contains(&request.uri().path())
}

/// To which port the way leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpsPort {
    /// The one that was called: it speaks both.
    Same,
    /// Another one.
    Other(u16),
}

/// The answer to a request in plain HTTP.
pub fn answer<B>(tls: &Tls, port: HttpsPort, request: &Request<B>) -> Response {
    if let Some(token) = request.uri().path().strip_prefix(CHALLENGES)
        && let Some(answer) = tls.answer(token)
    {
        let kind = HeaderValue::from_static("application/octet-stream");
        return ([(header::CONTENT_TYPE, kind)], answer).into_response();
    }
    if let Some(location) = location(request.headers(), request.uri().path_and_query(), port) {
        // Not to be remembered: whoever switches TLS off again is found by plain HTTP.
        let headers = [
            (header::LOCATION, location),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        return (StatusCode::PERMANENT_REDIRECT, headers).into_response();
    }
    Failure::from(Error::BadRequest(
        "This server speaks HTTPS, and the request names no host to go on with".into(),
    ))
    .into_response()
}

fn location(headers: &HeaderMap, path: Option<&PathAndQuery>, port: HttpsPort) -> Option<HeaderValue> {
    let host: Authority = headers.get(header::HOST)?.to_str().ok()?.parse().ok()?;
    let port = match port {
        HttpsPort::Same => host.port_u16(),
        HttpsPort::Other(port) => Some(port),
    };
    let port = port.filter(|port| *port != 443).map(|port| format!(":{port}"));
    // Without what may stand before it, which only misleads.
    let location = format!(
        "https://{}{}{}",
        host.host(),
        port.unwrap_or_default(),
        path.map_or("/", PathAndQuery::as_str)
    );
    HeaderValue::try_from(location).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::TlsFlags;

    fn told(port: HttpsPort, host: Option<&str>, path: &str) -> (u16, Option<String>) {
        let tls = Tls::new(TlsFlags::default()).unwrap();
        let mut request = Request::builder().uri(path);
        if let Some(host) = host {
            request = request.header(header::HOST, host);
        }
        let response = answer(&tls, port, &request.body(()).unwrap());
        let location = response.headers().get(header::LOCATION);
        let location = location.map(|location| location.to_str().unwrap().to_owned());
        (response.status().as_u16(), location)
    }

    #[test]
    fn the_way_to_https_keeps_host_path_and_query() {
        let way = |port, host, path| told(port, Some(host), path).1.unwrap();
        let (same, other) = (HttpsPort::Same, HttpsPort::Other(8443));
        assert_eq!(way(same, "box:8080", "/a?b=c%20d"), "https://box:8080/a?b=c%20d");
        assert_eq!(way(same, "box", "/"), "https://box/");
        assert_eq!(way(other, "box", "/"), "https://box:8443/");
        assert_eq!(way(other, "[fd00::1]:80", "/x"), "https://[fd00::1]:8443/x");
        assert_eq!(
            way(HttpsPort::Other(443), "a.example:80", "/"),
            "https://a.example/"
        );
        assert_eq!(way(other, "user@box", "/"), "https://box:8443/");
    }

    #[test]
    fn no_browser_remembers_the_way() {
        let tls = Tls::new(TlsFlags::default()).unwrap();
        let request = Request::builder().uri("/").header(header::HOST, "box").body(());
        let response = answer(&tls, HttpsPort::Same, &request.unwrap());
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    }

    #[test]
    fn only_this_machine_asks_for_health_in_plain_http() {
        let asks = |peer: &str, path: &str| {
            let request = Request::builder().uri(path).body(()).unwrap();
            is_about_health(peer.parse().unwrap(), &request)
        };
        assert!(!asks("10.0.0.1:5", "/api/health"));
        assert!(!asks("127.0.0.1:5", "/api/v3/secrets/raw"));
        assert!(!asks("127.0.0.1:5", "/api/health/../v1/user"));
        assert!(asks("127.0.0.1:5", "/api/health?x"));
        assert!(asks("[::ffff:127.0.0.1]:5", "/metrics"));
    }

    #[test]
    fn who_names_no_host_is_sent_nowhere() {
        for host in [None, Some(""), Some("a b"), Some("a/b"), Some("a\\b")] {
            assert_eq!(told(HttpsPort::Same, host, "/"), (400, None), "{host:?}");
        }
        let unknown = told(HttpsPort::Same, None, "/.well-known/acme-challenge/x");
        assert_eq!(unknown, (400, None));
    }
}
