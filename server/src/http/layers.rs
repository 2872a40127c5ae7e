//! What happens to every request: an id, a source, lenient paths, security headers, error bodies, a line in the log.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

use super::client_ip::Client;
use super::transport::Transport;
use super::{error, guard};
use crate::app::App;
use crate::app::trusted_proxies::TrustedProxies;
use crate::crypto::random;
use crate::domain::caller::Source;

/// Everything from our own origin, WebAssembly allowed, nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

/// For a month no browser goes there without TLS. Not for longer, for whoever switches TLS off wants to be found again; and
/// not for names below, which belong to others.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=2592000";

/// Longest part of a user agent that is kept.
const USER_AGENT_LIMIT: usize = 200;

/// The outermost layer.
pub async fn around(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let begun = app.clock.moment();
    let client = client(&request, &app.host().trusted_proxies);
    request.extensions_mut().insert(client);
    let secure = is_https(request.headers(), client);
    let strict = is_to_stay_encrypted(&request);
    let method = request.method().clone();
    let mut response = answered(request, next, client).await;
    app.metrics.answered(
        &method,
        route(&response),
        response.status().as_u16(),
        begun.elapsed(),
    );
    if secure {
        mark_secure(response.headers_mut());
    }
    if strict {
        let policy = HeaderValue::from_static(STRICT_TRANSPORT_SECURITY);
        response
            .headers_mut()
            .insert(header::STRICT_TRANSPORT_SECURITY, policy);
    }
    response
}

/// The same where no application could be started.
pub async fn around_without_app(request: Request, next: Next) -> Response {
    let client = client(&request, &TrustedProxies::default());
    answered(request, next, client).await
}

fn client(request: &Request, trusted: &TrustedProxies) -> Client {
    Client::of(
        guard::peer(request.extensions()).map(|peer| peer.ip()),
        request.extensions().get::<Transport>().is_some(),
        request.headers(),
        trusted,
    )
}

async fn answered(mut request: Request, next: Next, client: Client) -> Response {
    let request_id = match random::letters(14) {
        Ok(letters) => format!("req-{letters}"),
        Err(error) => return error::Failure::Domain(error.into()).into_described(),
    };
    let user_agent = request
        .headers()
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .map(|text| text.chars().take(USER_AGENT_LIMIT).collect())
        .unwrap_or_default();
    request.extensions_mut().insert(Source {
        ip: client.ip.map(|ip| ip.to_string()).unwrap_or_default(),
        user_agent,
        request_id: request_id.clone(),
    });
    if let Some(uri) = lenient(request.uri()) {
        *request.uri_mut() = uri;
    }
    let method = request.method().clone();
    let policy = content_security_policy(request.uri());
    let is_api = request.uri().path().starts_with("/api/");
    let mut response = error::describe(next.run(request).await, &request_id);
    let (status, route) = (response.status().as_u16(), route(&response));
    tracing::debug!(%request_id, %method, route, status, "answered");
    secure_headers(response.headers_mut(), policy, is_api);
    response
}

/// The template of the route that answered.
fn route(response: &Response) -> &str {
    let route = response.extensions().get::<MatchedPath>();
    route.map_or("none", MatchedPath::as_str)
}

fn secure_headers(headers: &mut HeaderMap, policy: HeaderValue, is_api: bool) {
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    let mut set = |name: HeaderName, value: &'static str| {
        headers.insert(name, HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(header::REFERRER_POLICY, "no-referrer");
    set(
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    );
    if is_api {
        set(header::CACHE_CONTROL, "no-store");
    }
}

/// Whether the browser's own connection is encrypted. Its own word counts most: a proxy that is not trusted, or says
/// nothing, does not show it, and on a plain LAN address a secure cookie would be thrown away.
fn is_https(headers: &HeaderMap, client: Client) -> bool {
    match headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok())
    {
        Some(origin) if origin.starts_with("https://") => true,
        Some(origin) if origin.starts_with("http://") => false,
        _ => client.https,
    }
}

/// Whether a browser may remember that the name speaks TLS: it came by the server's own TLS with a certificate for which
/// somebody else vouches, for with one of the server's own authority nobody could pass over its warning any more. And by the
/// usual port: what a browser remembers holds for all ports of the name, and behind others may be something else.
fn is_to_stay_encrypted(request: &Request) -> bool {
    let transport = request.extensions().get::<Transport>();
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    transport.is_some_and(|transport| transport.vouched) && host.is_some_and(|host| host.port().is_none())
}

/// Cookies that were got over an encrypted connection are never sent over another.
fn mark_secure(headers: &mut HeaderMap) {
    let cookies = headers.get_all(header::SET_COOKIE).iter();
    let marked: Vec<HeaderValue> = cookies
        .filter_map(|cookie| HeaderValue::from_bytes(&[cookie.as_bytes(), b"; Secure"].concat()).ok())
        .collect();
    headers.remove(header::SET_COOKIE);
    for mut cookie in marked {
        cookie.set_sensitive(true);
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// The page on which somebody logs a command line in reaches that one port of the reader's own computer besides; no other
/// page does.
fn content_security_policy(uri: &Uri) -> HeaderValue {
    let own = "connect-src 'self'";
    callback_port(uri)
        .map(|port| CONTENT_SECURITY_POLICY.replace(own, &format!("{own} http://127.0.0.1:{port}")))
        .and_then(|policy| HeaderValue::from_str(&policy).ok())
        .unwrap_or_else(|| HeaderValue::from_static(CONTENT_SECURITY_POLICY))
}

/// Where a command line waits for the login, as its link says. Ports below are those of services.
fn callback_port(uri: &Uri) -> Option<u16> {
    let query = uri.query().filter(|_| uri.path() == "/login")?;
    let mut ports = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("callback_port="));
    let port = ports
        .next()
        .filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()))?;
    port.parse()
        .ok()
        .filter(|port| *port >= 1024 && ports.next().is_none())
}

/// Tells [`around`] which route answered. The log names the route, never the path: paths hold names of secrets.
pub async fn name_route(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(route);
    }
    response
}

impl error::Failure {
    /// The answer to a request that did not get as far as having an id.
    fn into_described(self) -> Response {
        error::describe(axum::response::IntoResponse::into_response(self), "req-none")
    }
}

/// The same address with runs of slashes folded and trailing ones removed; nothing when it is fine already. Clients
/// send both, and a redirect would turn their POST into a GET.
fn lenient(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if path == "/" || !(path.contains("//") || path.ends_with('/')) {
        return None;
    }
    let mut folded = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        folded.push('/');
        folded.push_str(segment);
    }
    if folded.is_empty() {
        folded.push('/');
    }
    if let Some(query) = uri.query() {
        folded.push('?');
        folded.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(folded).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_reaches_one_port() {
        let policy = |uri: &str| content_security_policy(&uri.parse().unwrap());
        for uri in [
            "/",
            "/login",
            "/login?next=%2Faccount",
            "/projects?callback_port=49152",
            "/api/status?callback_port=49152",
            "/login?callback_port=",
            "/login?callback_port=80",
            "/login?callback_port=65536",
            "/login?callback_port=+49152",
            "/login?callback_port=49152;script-src%20*",
            "/login?callback_port=*",
            "/login?callback_port=49152&callback_port=49153",
            "/login?xcallback_port=49152",
        ] {
            assert_eq!(policy(uri), CONTENT_SECURITY_POLICY, "{uri}");
        }
        for uri in [
            "/login?callback_port=49152",
            "/login?code=AAAA-AAAA&callback_port=49152",
        ] {
            let policy = policy(uri);
            let policy = policy.to_str().unwrap();
            assert!(
                policy.contains("; connect-src 'self' http://127.0.0.1:49152; manifest-src"),
                "{policy}"
            );
            assert_eq!(
                policy.replace(" http://127.0.0.1:49152", ""),
                CONTENT_SECURITY_POLICY
            );
        }
    }

    #[test]
    fn browsers_remember_tls_where_nobody_is_locked_out_by_it() {
        let remembered = |transport: Option<Transport>, host: &str| {
            let mut request = Request::builder()
                .header(header::HOST, host)
                .body(axum::body::Body::empty())
                .unwrap();
            if let Some(transport) = transport {
                request.extensions_mut().insert(transport);
            }
            is_to_stay_encrypted(&request)
        };
        let vouched = Transport {
            vouched: true,
            ..Transport::default()
        };
        for (transport, host) in [
            (None, "vault.example.com"),
            (Some(Transport::default()), "vault.example.com"),
            (Some(vouched.clone()), "vault.example.com:8443"),
            (Some(vouched.clone()), "[2001:db8::1]:8443"),
            (Some(vouched.clone()), ""),
        ] {
            assert!(!remembered(transport.clone(), host), "{transport:?} {host}");
        }
        for host in ["vault.example.com", "[2001:db8::1]"] {
            assert!(remembered(Some(vouched.clone()), host), "{host}");
        }
    }

    #[test]
    fn slashes_are_forgiven() {
        for (given, expected) in [
            ("/api/status/", Some("/api/status")),
            ("//api///v1/x/?a=b//c", Some("/api/v1/x?a=b//c")),
            ("/", None),
            ("/api/status", None),
            ("//", Some("/")),
            ("/api/v3/secrets/raw/a%2Fb", None),
        ] {
            let changed = lenient(&given.parse().unwrap());
            assert_eq!(changed.map(|uri| uri.to_string()).as_deref(), expected, "{given}");
        }
    }
}
