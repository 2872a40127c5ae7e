//! HTTP requests to other machines. The only file that builds an HTTP client.

use std::error::Error as StdError;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Certificate;
use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION,
};
use reqwest::redirect::Policy;
pub use reqwest::{Method, Url};
use shared::model::text::SecretText;
use zeroize::Zeroizing;

use super::outbound_guard::{Blocked, OutboundGuard};
use super::resolver::{Resolver, Unresolved, is_loopback_name};

const MIB: usize = 1024 * 1024;
/// A larger answer is refused: it cannot be meant.
const MAX_ANSWER_BYTES: usize = 256 * MIB;
/// The same for the server itself. It reads no more than words and certificates, and has little memory to give away.
const MAX_ANSWER_TO_SERVER: usize = MIB;

const HINT: HeaderName = HeaderName::from_static("x-strongroom-hint");

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the connection.
    pub connect: Duration,
    /// For the whole exchange.
    pub total: Duration,
}

/// A request.
#[derive(Debug)]
pub struct Request<'a> {
    /// Method.
    pub method: Method,
    /// Complete address.
    pub url: Url,
    /// Who asks.
    pub login: Login<'a>,
    /// Further headers.
    pub headers: Vec<(HeaderName, String)>,
    /// What is sent.
    pub body: Body,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Login<'a> {
    /// Nobody, or who asks stands in the address.
    None,
    /// Sent as `Authorization: Bearer`.
    Bearer(&'a SecretText),
    /// Sent as `Authorization: Basic`: name and password.
    Basic(&'a str, &'a SecretText),
}

/// The body of a request.
#[derive(Debug)]
pub enum Body {
    /// None.
    Empty,
    /// JSON, which may carry secrets.
    Json(Zeroizing<Vec<u8>>),
    /// Bytes.
    Bytes(Vec<u8>),
    /// The rest of a file and its length, read as it is sent.
    File(tokio::fs::File, u64),
}

impl Request<'_> {
    /// A request without anything but its address.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            login: Login::None,
            headers: Vec::new(),
            body: Body::Empty,
        }
    }
}

/// What came back, whatever its status.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Where a redirect would lead. It is never followed: credentials stay with the address they were meant for.
    pub location: Option<String>,
    /// What is missing, where a Strongroom server answers with an empty list for the sake of Infisical's clients.
    pub hint: Option<String>,
    /// What names this version of the content.
    pub etag: Option<String>,
    /// Length that the answer announces.
    pub length: Option<u64>,
    /// All of its headers.
    pub headers: HeaderMap,
    /// The body, wiped from memory when dropped because it may carry secrets.
    pub body: Zeroizing<Vec<u8>>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing listens there.
    #[error("connection refused")]
    Refused,
    /// The host name leads nowhere.
    #[error("the name {0} could not be resolved")]
    UnknownHost(String),
    /// The server does not go there.
    #[error(transparent)]
    Blocked(#[from] Blocked),
    /// Nobody answered in time.
    #[error("no answer within {0} seconds")]
    Timeout(u64),
    /// No trusted connection.
    #[error("no trusted TLS connection ({0})")]
    Tls(String),
    /// The answer is larger than any that is meant.
    #[error("the answer is larger than {} MiB", .0 / MIB)]
    TooLarge(usize),
    /// Anything else, in the words of the HTTP library.
    #[error("{0}")]
    Other(String),
}

/// Whether a host as it stands in a URL is this machine.
pub fn is_loopback(host: &str) -> bool {
    is_loopback_name(host)
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

fn header_map(headers: &[(String, SecretText)]) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let known = HeaderName::from_bytes(name.as_bytes());
        let written = HeaderValue::from_str(value.expose());
        let (Ok(known), Ok(mut written)) = (known, written) else {
            return Err(Error::Other(format!("the header {name} cannot be sent")));
        };
        written.set_sensitive(true);
        map.append(known, written);
    }
    Ok(map)
}

/// What every client has: time limits, no redirects, and the certificates that it trusts.
fn builder(
    base: &Url,
    timeouts: Timeouts,
    authority: Option<&[u8]>,
) -> Result<reqwest::ClientBuilder, Error> {
    // An error means that a provider is already installed, by ourselves at an earlier call.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .user_agent(concat!("strongroom/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .redirect(Policy::none())
        .referer(false);
    if base.scheme() != "https" {
        // Plain HTTP must work where no certificates are installed, as in an empty container.
        return Ok(builder.tls_certs_only([]));
    }
    let builder = builder.https_only(true);
    let Some(pem) = authority else {
        return Ok(builder);
    };
    let certificates = Certificate::from_pem_bundle(pem).map_err(|error| Error::Tls(causes(&error)))?;
    if certificates.is_empty() {
        return Err(Error::Tls("the file holds no certificate".to_owned()));
    }
    Ok(builder.tls_certs_merge(certificates))
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Error> {
    builder.build().map_err(|error| Error::Other(causes(&error)))
}

/// Sends requests to one server.
#[derive(Debug, Clone)]
pub struct Fetch {
    client: reqwest::Client,
    timeouts: Timeouts,
    guard: Option<Arc<OutboundGuard>>,
    /// Most bytes of an answer.
    most: usize,
}

impl Fetch {
    /// A client for the server at `base`, which a person chose on his own machine.
    pub fn new(base: &Url, timeouts: Timeouts) -> Result<Self, Error> {
        Self::trusting(base, timeouts, None, &[])
    }

    /// A client of the server itself: it goes nowhere but where the guard lets it, and through no proxy. It trusts the
    /// certificate authorities in `authority` (PEM) beside those of this machine.
    pub fn guarded(
        base: &Url,
        timeouts: Timeouts,
        guard: &Arc<OutboundGuard>,
        authority: Option<&[u8]>,
    ) -> Result<Self, Error> {
        let builder = builder(base, timeouts, authority)?
            .no_proxy()
            .dns_resolver(Resolver::guarded(Arc::clone(guard)));
        Ok(Self {
            client: build(builder)?,
            timeouts,
            guard: Some(Arc::clone(guard)),
            most: MAX_ANSWER_TO_SERVER,
        })
    }

    /// The same, which trusts the certificate authorities in `authority` (PEM) beside those of this machine, and sends
    /// `headers` with each request.
    pub fn trusting(
        base: &Url,
        timeouts: Timeouts,
        authority: Option<&[u8]>,
        headers: &[(String, SecretText)],
    ) -> Result<Self, Error> {
        let mut builder = builder(base, timeouts, authority)?
            .default_headers(header_map(headers)?)
            .dns_resolver(Resolver::default());
        if base.host_str().is_some_and(is_loopback) {
            builder = builder.no_proxy();
        }
        Ok(Self {
            client: build(builder)?,
            timeouts,
            guard: None,
            most: MAX_ANSWER_BYTES,
        })
    }

    /// An address that stands in a URL is not resolved, so it is looked at here.
    fn require_open(&self, url: &Url) -> Result<(), Error> {
        let Some(guard) = &self.guard else {
            return Ok(());
        };
        let host = url.host_str().unwrap_or_default();
        // Whatever form of an address was written, it is decimal here.
        if let Ok(address) = host.trim_matches(['[', ']']).parse() {
            guard.check(host, address)?;
        }
        Ok(())
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&self, request: Request<'_>) -> Result<Answer, Error> {
        self.require_open(&request.url)?;
        let mut builder = self.client.request(request.method, request.url);
        builder = match request.login {
            Login::None => builder,
            Login::Bearer(token) => {
                let text = Zeroizing::new(format!("Bearer {}", token.expose()));
                let mut header = HeaderValue::from_str(&text)
                    .map_err(|_| Error::Other("the token has characters that no token has".to_owned()))?;
                header.set_sensitive(true);
                builder.header(AUTHORIZATION, header)
            }
            Login::Basic(user, password) => builder.basic_auth(user, Some(password.expose())),
        };
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        builder = match request.body {
            Body::Empty => builder,
            Body::Json(json) => builder
                .header(CONTENT_TYPE, "application/json")
                .body(json.to_vec()),
            Body::Bytes(bytes) => builder.body(bytes),
            Body::File(file, length) => builder.header(CONTENT_LENGTH, length).body(file),
        };
        let mut response = builder.send().await.map_err(|error| self.explain(error))?;
        let status = response.status().as_u16();
        let header = |name: HeaderName| {
            let value = response.headers().get(name)?;
            value.to_str().ok().map(str::to_owned)
        };
        let location = header(LOCATION);
        let hint = header(HINT);
        let etag = header(ETAG);
        let length = header(CONTENT_LENGTH).and_then(|length| length.parse().ok());
        let headers = response.headers().clone();
        let mut body = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| self.explain(error))? {
            if body.len() + chunk.len() > self.most {
                return Err(Error::TooLarge(self.most));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            location,
            hint,
            etag,
            length,
            headers,
            body,
        })
    }

    fn explain(&self, error: reqwest::Error) -> Error {
        // An address may be signed, and good for whoever reads it.
        let error = &error.without_url();
        let mut refused = false;
        let mut tls = None;
        let mut name = None;
        for cause in chain(error) {
            if let Some(io) = cause.downcast_ref::<io::Error>() {
                refused |= io.kind() == io::ErrorKind::ConnectionRefused;
            }
            if let Some(Unresolved(host)) = cause.downcast_ref() {
                name = Some(Error::UnknownHost(host.clone()));
            }
            if let Some(blocked) = cause.downcast_ref::<Blocked>() {
                name = Some(blocked.clone().into());
            }
            if let Some(inner) = cause.downcast_ref::<rustls::Error>() {
                tls = tls.or_else(|| Some(inner.to_string()));
            }
        }
        if refused {
            Error::Refused
        } else if let Some(error) = name {
            error
        } else if let Some(cause) = tls {
            Error::Tls(cause)
        } else if error.is_timeout() {
            let limit = if error.is_connect() {
                self.timeouts.connect
            } else {
                self.timeouts.total
            };
            Error::Timeout(limit.as_secs())
        } else {
            Error::Other(causes(error))
        }
    }
}

/// An error and its causes, outermost first. What an I/O error wraps counts as its cause: the TLS library's errors
/// arrive so, and the standard library does not list them.
fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

/// The causes without the outer layers, which only repeat the address and that there was an error.
fn causes(error: &reqwest::Error) -> String {
    let mut texts: Vec<String> = chain(error)
        .skip(1)
        .map(ToString::to_string)
        .filter(|text| !text.starts_with("client error ("))
        .collect();
    texts.dedup();
    if texts.is_empty() {
        texts.push(error.to_string());
    }
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    const QUICK: Timeouts = Timeouts {
        connect: Duration::from_secs(2),
        total: Duration::from_secs(2),
    };

    fn get(url: &str) -> Request<'static> {
        Request::new(Method::GET, Url::parse(url).unwrap())
    }

    async fn fetch(url: &str) -> Result<Answer, Error> {
        Fetch::new(&url.parse().unwrap(), QUICK)?.send(get(url)).await
    }

    /// Answers one connection with the given bytes and returns what it was sent.
    async fn once(reply: &'static str) -> (u16, tokio::task::JoinHandle<String>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 4096];
            let length = stream.read(&mut buffer).await.unwrap();
            stream.write_all(reply.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&buffer[..length]).into_owned()
        });
        (port, task)
    }

    #[tokio::test]
    async fn a_closed_port_is_refused() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let error = fetch(&format!("http://127.0.0.1:{port}/")).await.err();
        assert_eq!(error, Some(Error::Refused));
    }

    #[tokio::test]
    async fn a_guarded_client_goes_nowhere_that_is_closed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let guard = Arc::new(OutboundGuard::default());
        for host in [
            "127.0.0.1",
            "0x7f000001",
            "2130706433",
            "017700000001",
            "127.1",
            "0",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "localhost",
            "LOCALHOST.",
            "a.localhost",
        ] {
            let url = format!("http://{host}:{port}/");
            let fetch = Fetch::guarded(&url.parse().unwrap(), QUICK, &guard, None).unwrap();
            let error = fetch.send(get(&url)).await.err();
            assert!(matches!(error, Some(Error::Blocked(_))), "{host}: {error:?}");
        }
        let connected = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(connected.is_err(), "somebody connected");
    }

    #[tokio::test]
    async fn a_guarded_client_goes_where_the_host_allows_it() {
        for (allowed, host) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.0/8", "localhost"),
            ("localhost", "localhost"),
        ] {
            let guard = Arc::new(OutboundGuard::allowing(vec![allowed.parse().unwrap()]));
            let (port, task) =
                once("HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\n\r\n").await;
            let url = format!("http://{host}:{port}/");
            let fetch = Fetch::guarded(&url.parse().unwrap(), QUICK, &guard, None).unwrap();
            assert_eq!(fetch.send(get(&url)).await.unwrap().status, 302);
            task.await.unwrap();
            // The same client is asked to go elsewhere.
            let error = fetch.send(get("http://10.0.0.1/")).await.err();
            assert!(matches!(error, Some(Error::Blocked(_))), "{error:?}");
        }
    }

    #[tokio::test]
    async fn the_server_itself_reads_no_long_answers() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let talking = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            // Until the other end has enough.
            while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
        });
        let guard = Arc::new(OutboundGuard::allowing(vec!["127.0.0.1".parse().unwrap()]));
        let fetch = Fetch::guarded(&url.parse().unwrap(), QUICK, &guard, None).unwrap();
        let error = fetch.send(get(&url)).await.err();
        assert_eq!(error, Some(Error::TooLarge(MIB)));
        talking.await.unwrap();
    }

    #[tokio::test]
    async fn a_silent_server_times_out() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = fetch(&format!("http://127.0.0.1:{port}/")).await.err();
        assert_eq!(error, Some(Error::Timeout(2)));
    }

    #[tokio::test]
    async fn plain_http_behind_https_is_a_tls_error() {
        let (port, _task) = once("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        let url = format!("https://127.0.0.1:{port}/");
        let error = fetch(&url).await.err().unwrap();
        assert!(matches!(error, Error::Tls(_)), "{error:?}");
    }

    #[tokio::test]
    async fn a_name_that_leads_nowhere() {
        // Reserved by RFC 2606 and answered without asking a name server.
        let error = fetch("http://strongroom.invalid./").await.err();
        assert_eq!(error, Some(Error::UnknownHost("strongroom.invalid.".to_owned())));
    }

    #[tokio::test]
    async fn redirects_are_reported_and_not_followed() {
        let (port, task) =
            once("HTTP/1.1 302 Found\r\nlocation: http://192.0.2.1/\r\ncontent-length: 0\r\n\r\n").await;
        let answer = fetch(&format!("http://127.0.0.1:{port}/")).await.unwrap();
        assert_eq!(answer.status, 302);
        assert_eq!(answer.location.as_deref(), Some("http://192.0.2.1/"));
        task.await.unwrap();
    }

    #[tokio::test]
    async fn what_the_server_misses_is_reported() {
        let (port, task) =
            once("HTTP/1.1 200 OK\r\nx-strongroom-hint: no such folder\r\ncontent-length: 0\r\n\r\n").await;
        let answer = fetch(&format!("http://127.0.0.1:{port}/")).await.unwrap();
        assert_eq!(answer.hint.as_deref(), Some("no such folder"));
        task.await.unwrap();
    }

    #[tokio::test]
    async fn loopback_names_need_no_name_server() {
        for host in ["localhost", "strongroom.localhost"] {
            let (port, task) = once("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
            let answer = fetch(&format!("http://{host}:{port}/")).await.unwrap();
            assert_eq!(answer.body.as_slice(), b"hi");
            let request = task.await.unwrap();
            assert!(request.contains(&format!("host: {host}:{port}")), "{request}");
        }
    }

    #[tokio::test]
    async fn an_error_does_not_tell_a_signed_address() {
        let (port, _task) = once("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        let url = format!("http://127.0.0.1:{port}/?X-Amz-Signature=secret");
        let fetch = Fetch::new(&url.parse().unwrap(), QUICK).unwrap();
        // One without an inner cause.
        let answer = fetch.client.get(url).send().await.unwrap();
        let error = answer.error_for_status().unwrap_err();
        assert!(error.to_string().contains("secret"));
        let text = fetch.explain(error).to_string();
        assert!(text.contains("400") && !text.contains("secret"), "{text}");
    }

    #[test]
    fn loopback() {
        for host in [
            "localhost",
            "LOCALHOST",
            "a.localhost",
            "localhost.",
            "127.0.0.1",
            "127.9.9.9",
            "[::1]",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.example.com", "notlocalhost", "10.0.0.1", "[::2]", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }
}
