//! How a request reached the server.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// In the extensions of each request that came over the server's own TLS.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    /// Fingerprint of the certificate, when it is the one of a locked server, which people compare.
    pub locked_fingerprint: Option<String>,
    /// Whether somebody else vouches for the certificate, and not the server itself.
    pub vouched: bool,
}

/// The fingerprint of the certificate of a locked server, by which a request came.
pub struct LockedCertificate(pub Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for LockedCertificate {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let transport = parts.extensions.get::<Transport>();
        Ok(Self(
            transport.and_then(|transport| transport.locked_fingerprint.clone()),
        ))
    }
}
