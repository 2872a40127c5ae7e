//! The admin interface, embedded: hashed files that a browser may keep for ever, and one document for every page.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::error::Failure;

/// What `cargo xtask web` built, or in a debug build without it a page that says so.
#[derive(RustEmbed)]
#[folder = "$OUT_DIR/web"]
struct Files;

/// Answers whatever no route has: files, pages, and the refusal of unknown API routes.
pub async fn fallback(request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        // Nothing is offered to pages of other sites: the answer names no origin.
        return StatusCode::NO_CONTENT.into_response();
    }
    let path = request.uri().path();
    let reading = matches!(request.method().as_str(), "GET" | "HEAD");
    if path == "/api" || path.starts_with("/api/") || !reading {
        return Failure::NoRoute(format!("{}:{path}", request.method())).into_response();
    }
    if let Some(name) = path.strip_prefix("/assets/") {
        return match file(&format!("assets/{name}"), request.headers()) {
            Some(found) => found,
            None => Failure::NoFile.into_response(),
        };
    }
    match file("index.html", request.headers()) {
        Some(page) => page,
        None => Failure::NoFile.into_response(),
    }
}

/// A file in the best encoding that both sides know.
fn file(name: &str, headers: &HeaderMap) -> Option<Response> {
    // Only real assets: compressed variants are chosen by header, never by name.
    let extension = name.rsplit_once('.').map(|(_, extension)| extension)?;
    let kind = content_type(extension)?;
    let (file, encoding) = best(name, headers)?;
    let etag = format!(
        "\"{}\"",
        data_encoding::HEXLOWER.encode(&file.metadata.sha256_hash()[..16])
    );
    let unchanged = super::etag::matches(headers, &etag);
    let mut response = if unchanged {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(file.data.into_owned()))
    };
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let cache = if name.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    answer.insert(header::ETAG, HeaderValue::from_str(&etag).ok()?);
    if let Some(encoding) = encoding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    Some(response)
}

fn best(name: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let accepts = |wanted: &str| {
        accepted.split(',').any(|entry| {
            let (coding, quality) = entry.split_once(';').unwrap_or((entry, ""));
            coding.trim().eq_ignore_ascii_case(wanted) && quality.trim().trim_end_matches(['0', '.']) != "q="
        })
    };
    for (encoding, suffix) in [("br", "br"), ("gzip", "gz")] {
        if accepts(encoding)
            && let Some(file) = Files::get(&format!("{name}.{suffix}"))
        {
            return Some((file, Some(encoding)));
        }
    }
    Files::get(name).map(|file| (file, None))
}

fn content_type(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "webmanifest" => "application/json",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(encodings: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_str(encodings).unwrap());
        headers
    }

    #[test]
    fn the_page_is_embedded() {
        let (page, _) = best("index.html", &HeaderMap::new()).unwrap();
        assert!(std::str::from_utf8(&page.data).unwrap().contains("<html"));
    }

    #[test]
    fn a_refused_encoding_is_not_used() {
        assert!(
            best("index.html", &accepting("br;q=0, gzip;q=0.0"))
                .unwrap()
                .1
                .is_none()
        );
    }

    #[test]
    fn names_that_are_no_asset_are_not_served() {
        for name in [
            "assets/",
            "assets/..",
            "assets/../index.html",
            "assets/x.br",
            "assets/x",
        ] {
            assert!(file(name, &HeaderMap::new()).is_none(), "{name}");
        }
    }
}
