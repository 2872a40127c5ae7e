//! Access tokens as JSON Web Tokens: HS256 and nothing else.
//!
//! The header is not a choice of the sender: it is compared with the only one this server writes, so there is no
//! algorithm to confuse. Whether a token has expired or was revoked is the caller's question.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use shared::model::text::SecretText;
use zeroize::Zeroizing;

use super::{Error, Key, mac::mac, token};

/// Longest token that is looked at.
pub const MAX_LENGTH: usize = 8 * 1024;

const REFUSED: Error = Error::Malformed("not an access token of this server");

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

fn header(kid: u32) -> Result<String, Error> {
    let header = Header {
        alg: "HS256".into(),
        typ: "JWT".into(),
        kid: kid.to_string(),
    };
    let json = serde_json::to_vec(&header).map_err(|_| REFUSED)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// A signed token with these claims. `kid` names the signing key in the header.
pub fn sign<C: Serialize>(kid: u32, key: &Key, claims: &C) -> Result<SecretText, Error> {
    let json = serde_json::to_vec(claims).map_err(|_| Error::Malformed("claims that are no JSON"))?;
    let mut token = header(kid)?;
    // A signature is 43 characters; the token is not secret before it has one.
    token.reserve(json.len().div_ceil(3) * 4 + 48);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(json, &mut token);
    let signature = mac(key, &[token.as_bytes()]);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    if token.len() > MAX_LENGTH {
        return Err(Error::Malformed("claims that are too long for a token"));
    }
    Ok(SecretText::new(token))
}

/// The claims of a token, if it was signed by one of our keys. They are not even parsed before the signature is right.
/// Expiry is not judged here.
pub fn verify<'k, C: DeserializeOwned>(
    token: &str,
    key_for: impl FnOnce(u32) -> Option<&'k Key>,
) -> Result<C, Error> {
    if token.len() > MAX_LENGTH {
        return Err(REFUSED);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(REFUSED)?;
    let (given_header, claims) = signed.split_once('.').ok_or(REFUSED)?;

    let json = URL_SAFE_NO_PAD.decode(given_header).map_err(|_| REFUSED)?;
    let parsed: Header = serde_json::from_slice(&json).map_err(|_| REFUSED)?;
    let kid = parsed.kid.parse().map_err(|_| REFUSED)?;
    if header(kid)? != given_header {
        return Err(REFUSED);
    }
    let key = key_for(kid).ok_or(Error::UnknownKeyVersion(kid))?;

    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| REFUSED)?;
    if !token::matches(&mac(key, &[signed.as_bytes()]), &signature) {
        return Err(Error::WrongKey);
    }
    let json = Zeroizing::new(URL_SAFE_NO_PAD.decode(claims).map_err(|_| REFUSED)?);
    serde_json::from_slice(&json).map_err(|_| REFUSED)
}

#[cfg(test)]
mod tests;
