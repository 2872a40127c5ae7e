//! Who may come in: bearer tokens, the refresh cookie, the set-up exemption for scripts on the same machine.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use shared::model::text::SecretText;
use shared::wire::setup::SETUP_CODE_HEADER;

use super::client_ip::Client;
use super::error::Failure;
use super::route::Kinds;
use crate::app::App;
use crate::domain::caller::{Credential, Source};
use crate::domain::{Error, access_tokens, tokens};

/// The credential of a route that is not open, with the source of the request.
pub struct Bearer(pub (Credential, Source));

impl<S: Send + Sync> FromRequestParts<S> for Bearer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let credential = parts
            .extensions
            .get::<Credential>()
            .cloned()
            .ok_or_else(missing)?;
        Ok(Self((credential, source(parts))))
    }
}

/// The source of a request to an open route.
pub struct From(pub Source);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Ok(Self(source(parts)))
    }
}

fn source(parts: &Parts) -> Source {
    parts.extensions.get::<Source>().cloned().unwrap_or_default()
}

fn missing() -> Failure {
    Error::Unauthenticated("Token missing. Send the header Authorization: Bearer <token>".into()).into()
}

/// The bearer token of a request, if there is one.
pub fn bearer_text(headers: &HeaderMap) -> Option<&str> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Checks the bearer token of a request; nothing when it has none.
pub fn credential(app: &App, headers: &HeaderMap) -> Result<Option<Credential>, Failure> {
    let Some(token) = bearer_text(headers) else {
        return Ok(None);
    };
    let opened = app.store()?;
    Ok(Some(tokens::verify(&opened.keyring(), token, app.clock.now())?))
}

/// The layer of every route that is not open.
pub async fn require_bearer(
    State((app, kinds)): State<(Arc<App>, Kinds)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Failure> {
    // A locked server says so before it asks for anything.
    app.store()?;
    let credential = credential(&app, request.headers())?.ok_or_else(missing)?;
    if !kinds.admits(&credential) {
        return Err(Error::Forbidden(kinds.refusal(&credential)).into());
    }
    if let Credential::Identity {
        token,
        limited: true,
        expired,
    } = credential
    {
        let source = request.extensions().get::<Source>().cloned().unwrap_or_default();
        let refused = app
            .write_patiently(move |cx| access_tokens::count_use(cx, token, expired, &source))
            .await?;
        if let Some(refused) = refused {
            return Err(refused.into());
        }
    }
    request.extensions_mut().insert(credential);
    Ok(next.run(request).await)
}

/// The refresh cookie, honoured only when the request does not come from another site.
pub fn refresh_cookie(headers: &HeaderMap) -> Result<Option<SecretText>, Failure> {
    let cookie = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == "jid")
        .map(|(_, value)| SecretText::from(value));
    if cookie.is_some() && is_cross_site(headers) {
        return Err(Failure::CrossSite);
    }
    Ok(cookie)
}

/// Whether a browser says that a request was caused by another site. Other programs send neither header and have no
/// cookie of somebody else.
fn is_cross_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    // The browser's own word counts most: behind a proxy the host name may be another one here than there.
    if let Some(site) = text("sec-fetch-site") {
        return site != "same-origin";
    }
    match (text("origin"), text("host")) {
        (None, _) => false,
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_none_or(|(_, authority)| authority != host),
        (Some(_), None) => true,
    }
}

/// Whether a request was made by a script on the same machine, which needs no set-up code: the peer is loopback, the
/// host name is a loopback name, and neither a proxy nor a browser stands between.
pub fn is_local_script(peer: Option<SocketAddr>, version: Version, headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let loopback_name = host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    let from_a_browser = headers
        .keys()
        .any(|name| name == header::ORIGIN || name.as_str().starts_with("sec-fetch-"));
    is_on_this_machine(peer, version, headers) && loopback_name && !from_a_browser
}

/// Whether a request was made on the same machine, by whatever program, with no proxy in between that says so. A proxy that
/// adds no header at all usually speaks HTTP/1.0 to what is behind it.
pub fn is_on_this_machine(peer: Option<SocketAddr>, version: Version, headers: &HeaderMap) -> bool {
    const TELLTALE: [&str; 4] = ["forwarded", "x-real-ip", "via", "client-ip"];
    let through_others = headers.keys().any(|name| {
        let name = name.as_str();
        TELLTALE.contains(&name)
            || name.starts_with("x-forwarded-")
            || name.starts_with("cf-")
            || name.ends_with("-client-ip")
    });
    let loopback = peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    loopback && version > Version::HTTP_10 && !through_others
}

/// Whether a request was made on the same machine.
pub struct OnThisMachine(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for OnThisMachine {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let peer = unless_proxied(parts);
        Ok(Self(is_on_this_machine(peer, parts.version, &parts.headers)))
    }
}

/// The set-up code in the header of a request.
pub struct SetupCode(pub Option<SecretText>);

impl<S: Send + Sync> FromRequestParts<S> for SetupCode {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let code = parts.headers.get(SETUP_CODE_HEADER);
        Ok(Self(
            code.and_then(|code| code.to_str().ok()).map(SecretText::from),
        ))
    }
}

/// The address a request comes from.
pub fn peer(parts: &axum::http::Extensions) -> Option<SocketAddr> {
    parts.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
}

/// The same, unless it is a trusted proxy: whatever comes from there comes from elsewhere, also when no header says so.
fn unless_proxied(parts: &Parts) -> Option<SocketAddr> {
    let client = parts.extensions.get::<Client>().copied().unwrap_or_default();
    peer(&parts.extensions).filter(|_| !client.through_proxy)
}

/// Whether a request is a script's on the same machine.
pub struct LocalScript(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for LocalScript {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let peer = unless_proxied(parts);
        Ok(Self(is_local_script(peer, parts.version, &parts.headers)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<HeaderName>().unwrap(),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn only_a_script_on_the_same_machine_is_local() {
        let loopback = Some("127.0.0.1:5000".parse().unwrap());
        let mapped = Some("[::ffff:127.0.0.1]:5000".parse().unwrap());
        for host in ["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert!(
                is_local_script(loopback, Version::HTTP_11, &headers(&[("host", host)])),
                "{host}"
            );
            assert!(
                is_local_script(mapped, Version::HTTP_11, &headers(&[("host", host)])),
                "{host}"
            );
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "",
            "10.0.0.1",
        ] {
            assert!(
                !is_local_script(loopback, Version::HTTP_11, &headers(&[("host", host)])),
                "{host}"
            );
        }
        assert!(!is_local_script(loopback, Version::HTTP_11, &HeaderMap::new()));
        assert!(!is_local_script(
            None,
            Version::HTTP_11,
            &headers(&[("host", "localhost")])
        ));
        assert!(!is_local_script(
            Some("10.0.0.2:1".parse().unwrap()),
            Version::HTTP_11,
            &headers(&[("host", "localhost")])
        ));
        assert!(!is_local_script(
            loopback,
            Version::HTTP_10,
            &headers(&[("host", "localhost")])
        ));
        for telltale in [
            "forwarded",
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-anything",
            "x-real-ip",
            "via",
            "client-ip",
            "x-client-ip",
            "true-client-ip",
            "cf-connecting-ip",
            "cf-ray",
            "origin",
            "sec-fetch-site",
        ] {
            let headers = headers(&[("host", "localhost"), (telltale, "x")]);
            assert!(
                !is_local_script(loopback, Version::HTTP_11, &headers),
                "{telltale}"
            );
        }
    }

    #[test]
    fn behind_a_proxy_nobody_is_on_this_machine() {
        let loopback = Some("127.0.0.1:5000".parse().unwrap());
        let near = |peer, version, pairs: &[(&str, &str)]| is_on_this_machine(peer, version, &headers(pairs));
        let browser = [("host", "localhost"), ("origin", "http://localhost")];
        assert!(near(loopback, Version::HTTP_11, &browser));
        assert!(!near(loopback, Version::HTTP_10, &browser));
        assert!(!near(loopback, Version::HTTP_11, &[("via", "1.1 proxy")]));
        assert!(!near(None, Version::HTTP_11, &browser));
    }

    #[test]
    fn the_cookie_is_not_honoured_for_other_sites() {
        let cookie = ("cookie", "a=b; jid=one.two; c=d");
        assert_eq!(
            refresh_cookie(&headers(&[cookie])).unwrap(),
            Some(SecretText::from("one.two"))
        );
        assert_eq!(refresh_cookie(&headers(&[])).unwrap(), None);
        let renamed = [
            cookie,
            ("host", "127.0.0.1:8080"),
            ("origin", "https://box"),
            ("sec-fetch-site", "same-origin"),
        ];
        assert!(refresh_cookie(&headers(&renamed)).is_ok());
        let same = [
            cookie,
            ("host", "box:8080"),
            ("origin", "http://box:8080"),
            ("sec-fetch-site", "same-origin"),
        ];
        assert!(refresh_cookie(&headers(&same)).is_ok());
        for (name, value) in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "http://box:9090"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let headers = headers(&[cookie, ("host", "box:8080"), (name, value)]);
            assert!(refresh_cookie(&headers).is_err(), "{name}: {value}");
        }
    }
}
