//! What the address of the page says.

use js_sys::{decode_uri_component, encode_uri_component};
use leptos::prelude::window;
use shared::model::time::UnixMillis;

/// The setup code of the link that the server prints: `?code=…` after `#` (where it is not sent to anybody) or in the
/// query.
pub fn setup_code() -> Option<String> {
    let location = window().location();
    let hash = location.hash().unwrap_or_default();
    let search = location.search().unwrap_or_default();
    code_in(&hash).or_else(|| code_in(&search))
}

/// The address of a page that takes the setup code, with the code in it. A link to it needs `rel="external"`: the page reads
/// the code when it is loaded.
pub fn with_setup_code(page: &str, code: &str) -> String {
    let code = code.trim();
    let in_link = |character: char| character.is_ascii_alphanumeric() || character == '-';
    if code.is_empty() || !code.chars().all(in_link) {
        page.to_owned()
    } else {
        format!("{page}#code={code}")
    }
}

/// A command line that waits for a login, as its link names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// Where it listens on this computer.
    pub port: u16,
    /// What its terminal shows; Infisical's own shows nothing.
    pub code: Option<String>,
}

impl CommandLine {
    /// That of the parameters `callback_port` and `code`. The server lets the page reach such ports alone.
    pub fn named(port: &str, code: Option<&str>) -> Option<Self> {
        let port = Some(port).filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()))?;
        let port = port.parse().ok().filter(|port| *port >= 1024)?;
        let in_code = |character: char| character.is_ascii_alphanumeric() || character == '-';
        let code = code.filter(|code| (1..=20).contains(&code.len()) && code.chars().all(in_code));
        Some(Self {
            port,
            code: code.map(str::to_owned),
        })
    }
}

/// Scheme, host and port of this instance, `https://vault.example`.
pub fn origin() -> String {
    window().location().origin().unwrap_or_default()
}

/// The time of this device.
pub fn now() -> UnixMillis {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole milliseconds, far below the limit"
    )]
    let milliseconds = js_sys::Date::now() as i64;
    UnixMillis(milliseconds)
}

/// Whether what is typed here can be read on the way: plain HTTP to another machine.
pub fn is_exposed() -> bool {
    let location = window().location();
    location.protocol().is_ok_and(|protocol| protocol == "http:")
        && !location.hostname().is_ok_and(|host| is_loopback(&host))
}

/// The login that leads back to this page.
pub fn login_before(page: &str) -> String {
    format!("/login?next={}", String::from(encode_uri_component(page)))
}

/// The page that such a login leads back to. `search` is the query as it stands in the address: the router's own map of it
/// decodes what is in there twice.
pub fn page_behind_login(search: &str) -> String {
    let wanted = search
        .trim_start_matches('?')
        .split('&')
        .find_map(|pair| pair.strip_prefix("next="))
        .and_then(|page| decode_uri_component(page).ok())
        .map(String::from);
    page_to_return_to(wanted.as_deref())
}

/// The page to return to after the login: any of this origin, for the address may come from a stranger's link. A path of this
/// origin begins with one slash; browsers read a second one as the start of a host, a backslash as a slash, and skip tabs
/// and line ends.
fn page_to_return_to(wanted: Option<&str>) -> String {
    wanted
        .filter(|wanted| {
            let path = wanted.split(['?', '#']).next().unwrap_or_default();
            path.starts_with('/')
                && !path.contains("//")
                && !wanted.contains(|character: char| character == '\\' || character.is_control())
                // It would wait for the login that was.
                && path.trim_end_matches('/') != "/login"
        })
        .unwrap_or("/projects")
        .to_owned()
}

fn code_in(part: &str) -> Option<String> {
    part.trim_start_matches(['#', '?'])
        .split('&')
        .find_map(|pair| pair.strip_prefix("code="))
        .filter(|code| !code.is_empty())
        .map(str::to_owned)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || matches!(host, "[::1]" | "::1")
        || host
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_carries_a_code_that_can_be_one() {
        assert_eq!(with_setup_code("/x", " AB-12 "), "/x#code=AB-12");
        assert_eq!(with_setup_code("/x", ""), "/x");
        assert_eq!(with_setup_code("/x", "a&b=<c>"), "/x");
    }

    #[test]
    fn the_setup_code_is_found_in_fragment_and_query() {
        for part in ["#code=AB-12", "#?code=AB-12", "?code=AB-12", "?x=1&code=AB-12"] {
            assert_eq!(code_in(part).as_deref(), Some("AB-12"), "{part}");
        }
        for part in ["", "#", "?code=", "?barcode=1", "#section"] {
            assert_eq!(code_in(part), None, "{part}");
        }
    }

    #[test]
    fn a_command_line_is_named_whole() {
        let named = |port, code| CommandLine::named(port, code).map(|named| (named.port, named.code));
        for port in ["", "80", "65536", "+4915", "49152;", "evil.example", "-1"] {
            assert_eq!(named(port, Some("K7QM-2XPD")), None, "{port}");
        }
        let code = Some("K7QM-2XPD".to_owned());
        assert_eq!(named("49152", Some("K7QM-2XPD")), Some((49152, code)));
        for code in [
            None,
            Some(""),
            Some("on the phone call 555"),
            Some("AAAA-AAAA-AAAA-AAAA-AAAA"),
        ] {
            assert_eq!(named("49152", code), Some((49152, None)), "{code:?}");
        }
    }

    #[test]
    fn loopback_names() {
        for host in ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "192.168.1.7",
            "vault.lan",
            "localhost.example.com",
            "127.0.0.1.nip.io",
            "",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_login_returns_to_pages_of_this_origin_only() {
        for page in [
            "/projects/1/secrets/dev?path=%2Fapi",
            "/certificates",
            "/settings?care=free",
            "/backups?from=https://elsewhere.example",
            "/a-page-of-tomorrow",
        ] {
            assert_eq!(page_to_return_to(Some(page)), page);
        }
        for wanted in [
            None,
            Some("//evil.example"),
            Some("//projects/x"),
            Some("/.//evil.example"),
            Some("/\t/evil.example"),
            Some("/\n/evil.example"),
            Some("/\\evil.example"),
            Some("\\\\evil.example"),
            Some(" /projects"),
            Some("projects/x"),
            Some("https://evil.example"),
            Some("javascript:alert(1)"),
            Some("?next=/projects"),
            Some("/login"),
            Some("/login/?next=/login"),
            Some("/projects//x"),
            Some("/projects/\\x"),
            Some(""),
        ] {
            assert_eq!(page_to_return_to(wanted), "/projects", "{wanted:?}");
        }
    }
}
