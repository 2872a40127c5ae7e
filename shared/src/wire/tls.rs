//! TLS, under `/api/strongroom/v1/tls`. `GET` answers with [`TlsState`]; the certificate of the server's own authority lies
//! at `authority.pem` and `authority.der`, for anybody.

use serde::{Deserialize, Serialize};

use crate::model::text::SecretText;
pub use crate::model::tls::{
    AcmeOrder, AcmeSettings, TlsAuthority, TlsCertificate, TlsMode, TlsSettings, TlsState,
};

/// `POST /api/strongroom/v1/tls`, answered with [`TlsState`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetTls {
    /// What is to be in force from now on.
    pub settings: TlsSettings,
    /// The password of the person who asks.
    pub password: SecretText,
}
