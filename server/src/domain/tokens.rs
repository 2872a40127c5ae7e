//! The bearer tokens we hand out: JWTs with the claims that Infisical's clients parse, signed with a key of the
//! keyring, each backed by a row that can be revoked.

use serde::{Deserialize, Serialize};
use shared::model::ids::{AccessTokenId, ClientSecretId, IdentityId, OrganizationId, SessionId, UserId};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use super::caller::Credential;
use super::{Context, Error, service_tokens};
use crate::crypto::jwt;
use crate::crypto::keyring::Keyring;
use crate::store::access_tokens::AccessToken;

/// Seconds a user token lives. Infisical's command line has no refresh, so days rather than minutes; the session row
/// ends it sooner.
pub const USER_TOKEN_SECONDS: i64 = 10 * 24 * 60 * 60;

const USER: &str = "accessToken";
const IDENTITY: &str = "identityAccessToken";

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Claims {
    auth_token_type: String,
    iss: String,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<UserId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_version_id: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrganizationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_id: Option<IdentityId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_id: Option<ClientSecretId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_access_token_id: Option<AccessTokenId>,
    /// Ours: each request with the token has to be counted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    uses_limited: bool,
}

fn sign(cx: &Context, claims: &Claims) -> Result<SecretText, Error> {
    let (kid, key) = cx.keys.current_signing();
    Ok(jwt::sign(kid, key, claims)?)
}

/// A token for a person's session.
pub fn for_user(
    cx: &Context,
    user: UserId,
    session: SessionId,
    organization: Option<OrganizationId>,
) -> Result<SecretText, Error> {
    sign(
        cx,
        &Claims {
            auth_token_type: USER.into(),
            iss: cx.keys.instance().to_string(),
            iat: cx.now.seconds(),
            exp: Some(cx.now.seconds() + USER_TOKEN_SECONDS),
            auth_method: Some("email".into()),
            user_id: Some(user),
            token_version_id: Some(session),
            access_version: Some(1),
            organization_id: organization,
            ..Claims::default()
        },
    )
}

/// A token for a machine identity; `expires_at` is none for one without end.
pub fn for_identity(
    cx: &Context,
    token: &AccessToken,
    expires_at: Option<UnixMillis>,
) -> Result<SecretText, Error> {
    sign(
        cx,
        &Claims {
            auth_token_type: IDENTITY.into(),
            iss: cx.keys.instance().to_string(),
            iat: cx.now.seconds(),
            // The row ends first: it says better why.
            exp: expires_at.map(|end| end.plus_milliseconds(999).seconds()),
            identity_id: Some(token.identity_id),
            client_secret_id: token.client_secret_id,
            identity_access_token_id: Some(token.id),
            uses_limited: token.terms.uses_limit > 0,
            ..Claims::default()
        },
    )
}

/// The refusal of a token whose text has an end that is over.
pub fn expired() -> Error {
    Error::InvalidToken("Your token has expired. Log in again to get a new one".into())
}

/// Checks signature, issuer and expiry of a bearer token; that of a machine's is left to its row, which knows why, and a
/// service token has none of these. Whether it was revoked is a question to the database, asked by
/// [`super::caller::authenticate`].
pub fn verify(keys: &Keyring, token: &str, now: UnixMillis) -> Result<Credential, Error> {
    if token.starts_with(service_tokens::PREFIX) {
        return service_tokens::credential(&SecretText::from(token));
    }
    let invalid = || {
        Error::InvalidToken(
            "The provided access token is malformed. Please use a valid token or generate a new one and try again."
                .into(),
        )
    };
    let claims: Claims = jwt::verify(token, |kid| keys.signing(kid)).map_err(|_| invalid())?;
    if claims.iss != keys.instance().to_string() {
        return Err(invalid());
    }
    let over = claims.exp.is_some_and(|exp| exp <= now.seconds());
    match (
        claims.auth_token_type.as_str(),
        claims.user_id,
        claims.token_version_id,
        claims.identity_access_token_id,
    ) {
        (USER, Some(_), Some(_), None) if over => Err(expired()),
        (USER, Some(user), Some(session), None) => Ok(Credential::User {
            user,
            session,
            organization: claims.organization_id,
        }),
        (IDENTITY, None, None, Some(token)) => Ok(Credential::Identity {
            token,
            limited: claims.uses_limited,
            expired: over,
        }),
        _ => Err(invalid()),
    }
}
