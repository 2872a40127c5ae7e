//! The ACME library's requests, sent by our one HTTP client.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, HOST, USER_AGENT};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};

use super::fetch::{self, Body, Fetch, Timeouts, Url};
use super::outbound_guard::OutboundGuard;

/// An authority answers at once, or is asked again later.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    total: Duration::from_secs(30),
};

/// Sends requests to one authority.
#[derive(Debug, Clone)]
pub struct AcmeClient(Fetch);

impl AcmeClient {
    /// For the authority with this directory, for which `root` (PEM) vouches beside those this machine trusts, where the guard
    /// lets the server contact it.
    pub fn new(directory: &str, root: Option<&str>, guard: &Arc<OutboundGuard>) -> Result<Self, String> {
        let url: Url = directory
            .parse()
            .map_err(|error| format!("{directory} is no address: {error}"))?;
        Fetch::guarded(&url, TIMEOUTS, guard, root.map(str::as_bytes))
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

impl HttpClient for AcmeClient {
    fn request(
        &self,
        request: hyper::Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let fetch = self.0.clone();
        Box::pin(async move { exchange(&fetch, request).await })
    }
}

async fn exchange(
    fetch: &Fetch,
    request: hyper::Request<BodyWrapper<Bytes>>,
) -> Result<BytesResponse, Error> {
    let other = |error: Box<dyn std::error::Error + Send + Sync>| Error::Other(error);
    let (parts, body) = request.into_parts();
    let url: Url = parts
        .uri
        .to_string()
        .parse()
        .map_err(|_| Error::Str("an address that the authority gave cannot be read"))?;
    let mut outgoing = fetch::Request::new(parts.method, url);
    for (name, value) in &parts.headers {
        // These are the client's own affair.
        if [USER_AGENT, HOST, CONTENT_LENGTH].contains(name) {
            continue;
        }
        let value = value.to_str().map_err(|error| other(error.into()))?;
        outgoing.headers.push((name.clone(), value.to_owned()));
    }
    // Reading from memory cannot fail.
    let bytes = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    if !bytes.is_empty() {
        outgoing.body = Body::Bytes(bytes.to_vec());
    }
    let answer = fetch.send(outgoing).await.map_err(|error| other(error.into()))?;
    let mut response = hyper::Response::builder()
        .status(answer.status)
        .body(Full::new(Bytes::from(answer.body.to_vec())))?;
    *response.headers_mut() = answer.headers;
    Ok(response.into())
}
