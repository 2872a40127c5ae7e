//! Entity tags: an answer that did not change need not travel again, and clients that poll see at the tag alone whether
//! it did.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use data_encoding::HEXLOWER;

use super::error::Failure;
use crate::app::App;
use crate::crypto::token;
use crate::domain::Error;
use crate::store;

/// Bytes of the hash that are shown.
const SHOWN: usize = 16;

/// The layer of every route that reads. The tag is a function of the body alone, so it is the same after a restart; it
/// is keyed, so that a tag in the log of a proxy is no help in guessing a value. The reading has been done, and is on
/// record, when the answer turns out to be known.
pub async fn tag(State(app): State<Arc<App>>, request: Request, next: Next) -> Result<Response, Failure> {
    let known = request.headers().clone();
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return Ok(response);
    }
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX)
        .await
        .map_err(|error| Error::Store(store::Error::Unavailable(error.to_string())))?;
    let opened = app.store()?;
    let hash = token::fingerprint(opened.keyring().token_key(), "entity tag", &bytes);
    let tag = format!("W/\"{}\"", HEXLOWER.encode(&hash[..SHOWN]));
    let unchanged = matches(&known, &tag);
    if let Ok(value) = HeaderValue::from_str(&tag) {
        parts.headers.insert(header::ETAG, value);
    }
    if unchanged {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove(header::CONTENT_TYPE);
        parts.headers.remove(header::CONTENT_LENGTH);
        return Ok(Response::from_parts(parts, Body::empty()));
    }
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// Whether `If-None-Match` names a tag, by weak comparison: strong or weak makes no difference.
pub fn matches(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tag = opaque(tag);
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|tags| tags.split(','))
        .any(|known| known.trim() == "*" || opaque(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_NONE_MATCH, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn tags_are_compared_weakly_one_by_one() {
        let tag = "W/\"abc\"";
        for values in [
            vec!["*"],
            vec!["W/\"abc\""],
            vec!["\"abc\""],
            vec!["\"x\", W/\"abc\""],
            vec!["\"x\"", "\"abc\""],
            vec![" W/\"abc\" "],
        ] {
            assert!(matches(&known(&values), tag), "{values:?}");
        }
        for values in [
            vec![],
            vec![""],
            vec!["abc"],
            vec!["\"ab\""],
            vec!["\"abcd\""],
            vec!["\"ABC\""],
            vec!["\"*\""],
        ] {
            assert!(!matches(&known(&values), tag), "{values:?}");
        }
    }
}
