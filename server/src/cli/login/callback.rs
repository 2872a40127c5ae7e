//! Where a page in a browser on this computer hands over a login: a listener on loopback, open for one answer.
//!
//! Any page and any program on this computer can send something here. So the page must be one of our server, which the
//! browser vouches for in `Origin`, and what it sends must name the code of the link: whoever guesses at ports does not
//! log this command line in as somebody else. The token travels in a body, never in an address.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use shared::model::text::SecretText;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::cli::address::Address;
use crate::cli::failure::Failure;
use crate::outside::fetch::Url;

/// Of one connection. Browsers open some that they never use.
const CONNECTION: Duration = Duration::from_secs(10);
/// At once.
const CONNECTIONS: usize = 16;
/// Of what is handed over, in bytes.
const LIMIT: usize = 16 * 1024;

/// What the page sends: the names are those of Infisical's page, spelled as there.
#[derive(Deserialize)]
pub struct HandedOver {
    /// The token of a new session.
    #[serde(rename = "JTWToken")]
    pub token: SecretText,
    /// The code of the link that was opened.
    #[serde(default)]
    code: String,
}

/// Whom to answer.
struct Expected {
    origin: String,
    hosts: [String; 2],
    code: String,
}

/// The listener.
pub struct Callback {
    listener: TcpListener,
    port: u16,
    expected: Arc<Expected>,
}

impl Callback {
    /// Opens it on a port that is free, for pages of one server.
    pub async fn open(server: &Address) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new("This computer cannot wait for the browser")
                .because(format!("No port on 127.0.0.1 can be opened: {error}"))
                .advise("Use another way to log in, such as --email")
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let expected = Expected {
            origin: server.origin(),
            hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
            code: new_code()?,
        };
        Ok(Self {
            listener,
            port,
            expected: Arc::new(expected),
        })
    }

    /// What both the terminal and the page show, for a person to compare.
    pub fn code(&self) -> &str {
        &self.expected.code
    }

    /// The page that hands over a login. Nothing in the address is a secret.
    pub fn link(&self, server: &Address) -> Option<Url> {
        let mut link = server.at(&["login"])?;
        link.query_pairs_mut()
            .append_pair("callback_port", &self.port.to_string())
            .append_pair("code", self.code());
        Some(link)
    }

    /// Waits for the one answer that is as expected. Everything else is refused and forgotten.
    pub async fn receive(self) -> Result<HandedOver, Failure> {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS => {
                    // A connection that is gone before it was accepted is the browser's affair.
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(serve(stream, Arc::clone(&self.expected)));
                    }
                }
                Some(ended) = connections.join_next() => {
                    if let Ok(Some(handed_over)) = ended {
                        return Ok(handed_over);
                    }
                }
            }
        }
    }
}

/// Eight letters and digits that are not mistaken for each other: 40 bits.
fn new_code() -> Result<String, Failure> {
    let mut bytes = [0; 5];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new("There are no random numbers").because(error.to_string()))?;
    let mut code = BASE32_NOPAD.encode(&bytes);
    code.insert(4, '-');
    Ok(code)
}

/// Answers one request. It has ended when the browser has the answer.
async fn serve(stream: TcpStream, expected: Arc<Expected>) -> Option<HandedOver> {
    let received = Mutex::new(None);
    let service = service_fn(|request| {
        let (expected, received) = (&expected, &received);
        async move {
            let (status, handed_over) = answer(request, expected).await;
            if handed_over.is_some() {
                *received.lock().unwrap_or_else(PoisonError::into_inner) = handed_over;
            }
            Ok::<_, Infallible>(response(status, expected))
        }
    });
    let connection = http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // However the connection ended: what counts is whether it brought something.
    let _ = tokio::time::timeout(CONNECTION, connection).await;
    received.into_inner().unwrap_or_else(PoisonError::into_inner)
}

async fn answer(request: Request<Incoming>, expected: &Expected) -> (StatusCode, Option<HandedOver>) {
    let header = |name: HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    // Another name for this computer is how a foreign page would come by its own origin.
    let is_here = header(header::HOST).is_some_and(|host| expected.hosts.iter().any(|here| here == host));
    if !is_here || header(header::ORIGIN) != Some(expected.origin.as_str()) {
        return (StatusCode::FORBIDDEN, None);
    }
    if request.uri().path() != "/" {
        return (StatusCode::NOT_FOUND, None);
    }
    match *request.method() {
        Method::OPTIONS => (StatusCode::NO_CONTENT, None),
        Method::POST => {
            let Ok(body) = Limited::new(request.into_body(), LIMIT).collect().await else {
                return (StatusCode::PAYLOAD_TOO_LARGE, None);
            };
            match serde_json::from_slice::<HandedOver>(&body.to_bytes()) {
                Ok(handed_over) if handed_over.code == expected.code => (StatusCode::OK, Some(handed_over)),
                Ok(_) => (StatusCode::FORBIDDEN, None),
                Err(_) => (StatusCode::BAD_REQUEST, None),
            }
        }
        _ => (StatusCode::METHOD_NOT_ALLOWED, None),
    }
}

/// An answer that pages of the server alone may see.
fn response(status: StatusCode, expected: &Expected) -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if status == StatusCode::FORBIDDEN {
        return response;
    }
    if let Ok(origin) = HeaderValue::from_str(&expected.origin) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    let allowed = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        // Chromium asks before a page from elsewhere may reach this computer.
        (
            HeaderName::from_static("access-control-allow-private-network"),
            "true",
        ),
    ];
    for (name, value) in allowed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const ORIGIN: &str = "https://secrets.example.com";

    async fn opened() -> Callback {
        let server: Address = format!("{ORIGIN}/base").parse().unwrap();
        Callback::open(&server).await.unwrap()
    }

    /// The first line of the answer, and all of it.
    async fn send(port: u16, method: &str, headers: &[(&str, &str)], body: &str) -> (String, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let mut request = format!("{method} / HTTP/1.1\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            request = format!("{request}{name}: {value}\r\n");
        }
        stream
            .write_all(format!("{request}\r\n{body}").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        (answer.lines().next().unwrap().to_owned(), answer)
    }

    #[tokio::test]
    async fn one_page_with_the_right_code_is_believed() {
        let callback = opened().await;
        let (port, code) = (callback.port, callback.code().to_owned());
        let host = format!("127.0.0.1:{port}");
        let body = |code: &str| json!({"email": "", "JTWToken": "a.b.c", "code": code}).to_string();
        let waiting = tokio::spawn(callback.receive());
        let right = body(&code);
        for (method, host, origin, body, status) in [
            ("POST", &*host, Some("https://evil.example"), &*right, "403"),
            ("POST", &*host, Some("null"), &*right, "403"),
            ("POST", &*host, Some("http://secrets.example.com"), &*right, "403"),
            ("POST", &*host, None, &*right, "403"),
            ("POST", "evil.example", Some(ORIGIN), &*right, "403"),
            ("POST", &*host, Some(ORIGIN), &*body("AAAA-AAAA"), "403"),
            ("POST", &*host, Some(ORIGIN), r#"{"JTWToken": "a.b.c"}"#, "403"),
            ("POST", &*host, Some(ORIGIN), "{}", "400"),
            ("POST", &*host, Some(ORIGIN), &*"x".repeat(LIMIT + 1), "413"),
            ("GET", &*host, Some(ORIGIN), "", "405"),
            ("OPTIONS", &*host, Some("https://evil.example"), "", "403"),
            ("OPTIONS", &*host, Some(ORIGIN), "", "204"),
        ] {
            let mut headers = vec![("Host", host)];
            headers.extend(origin.map(|origin| ("Origin", origin)));
            let (line, whole) = send(port, method, &headers, body).await;
            assert!(line.contains(status), "{method} {host} {origin:?}: {line}");
            let allowed = whole.contains(&format!("access-control-allow-origin: {ORIGIN}\r\n"));
            assert_eq!(allowed, status != "403", "{whole}");
            assert!(!waiting.is_finished(), "{method} {host} {origin:?} was believed");
        }
        let (line, _) = send(port, "POST", &[("Host", &host), ("Origin", ORIGIN)], &right).await;
        assert!(line.contains("200"), "{line}");
        let handed_over = waiting.await.unwrap().unwrap();
        assert_eq!(handed_over.token, "a.b.c".into());
        assert!(
            TcpStream::connect(("127.0.0.1", port)).await.is_err(),
            "still open"
        );
    }

    #[tokio::test]
    async fn the_link_names_port_and_code() {
        let callback = opened().await;
        let server: Address = format!("{ORIGIN}/base").parse().unwrap();
        let link = callback.link(&server).unwrap().to_string();
        let (port, code) = (callback.port, callback.code());
        assert_eq!(
            link,
            format!("{ORIGIN}/base/login?callback_port={port}&code={code}")
        );
        assert_eq!(code.len(), 9);
        assert_ne!(code, opened().await.code());
    }
}
