//! Who is at the other end of a request: the peer of the connection, or whom a trusted proxy names.
//!
//! Read are `X-Forwarded-For` and `X-Forwarded-Proto`, from trusted proxies alone. `Forwarded` and `X-Real-IP` are not:
//! a proxy that does not know them passes on what its client wrote there.

use std::net::IpAddr;

use axum::http::HeaderMap;

use crate::app::trusted_proxies::TrustedProxies;

const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Who is at the other end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Client {
    /// Address; none in tests without a connection.
    pub ip: Option<IpAddr>,
    /// Whether the client's own connection is encrypted.
    pub https: bool,
    /// Whether the peer of the connection is a trusted proxy. Then nothing that comes from it is of this machine.
    pub through_proxy: bool,
}

impl Client {
    /// The client of a request.
    pub fn of(peer: Option<IpAddr>, over_tls: bool, headers: &HeaderMap, trusted: &TrustedProxies) -> Self {
        let peer = peer.map(|ip| ip.to_canonical());
        match peer {
            Some(proxy) if trusted.contains(proxy) => Self {
                ip: Some(named(proxy, headers, trusted)),
                https: forwarded_https(headers).unwrap_or(over_tls),
                through_proxy: true,
            },
            _ => Self {
                ip: peer,
                https: over_tls,
                through_proxy: false,
            },
        }
    }
}

/// From right to left: each proxy vouches for the address that it added, and nobody for what stands before the first
/// that is not trusted. What cannot be read ends the way there as well.
fn named(proxy: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let mut known = proxy;
    for line in headers.get_all(FORWARDED_FOR).iter().rev() {
        // By entry, not by line: what a client wrote must not make unreadable what a proxy added to it.
        for entry in line.as_bytes().rsplit(|byte| *byte == b',') {
            let Some(address) = std::str::from_utf8(entry)
                .ok()
                .and_then(|text| address(text.trim()))
            else {
                return known;
            };
            known = address;
            if !trusted.contains(address) {
                return known;
            }
        }
    }
    known
}

/// An address as proxies write it: with or without a port, of IPv6 with or without brackets and zone.
fn address(entry: &str) -> Option<IpAddr> {
    let (host, port) = match entry.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            match after {
                "" => (host, None),
                _ => (host, Some(after.strip_prefix(':')?)),
            }
        }
        None => match entry.split_once(':') {
            // A second colon: IPv6 without brackets.
            Some((_, rest)) if rest.contains(':') => (entry, None),
            Some((host, port)) => (host, Some(port)),
            None => (entry, None),
        },
    };
    if let Some(port) = port {
        port.parse::<u16>().ok()?;
    }
    match host.split_once('%') {
        Some((host, _)) => host.parse().ok().map(IpAddr::V6),
        None => host.parse::<IpAddr>().ok().map(|address| address.to_canonical()),
    }
}

/// The scheme of which the nearest proxy says that its client used it.
fn forwarded_https(headers: &HeaderMap) -> Option<bool> {
    let line = headers.get_all(FORWARDED_PROTO).iter().next_back()?;
    let last = line.as_bytes().rsplit(|byte| *byte == b',').next()?;
    Some(last.trim_ascii().eq_ignore_ascii_case(b"https"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn trusted() -> TrustedProxies {
        TrustedProxies::new(vec!["10.0.0.0/24".parse().unwrap(), "fd00::1".parse().unwrap()])
    }

    fn client(peer: &str, lines: &[(&str, &str)]) -> Client {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        Client::of(Some(peer.parse().unwrap()), false, &headers, &trusted())
    }

    fn ip(peer: &str, lines: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|line| (FORWARDED_FOR, *line)).collect();
        client(peer, &lines).ip.unwrap().to_string()
    }

    #[test]
    fn nobody_else_is_believed() {
        for name in [
            FORWARDED_FOR,
            "x-real-ip",
            "forwarded",
            "true-client-ip",
            "cf-connecting-ip",
            FORWARDED_PROTO,
        ] {
            for value in ["127.0.0.1", "for=127.0.0.1;proto=https", "https", "10.0.0.1"] {
                let found = client("203.0.113.9", &[(name, value)]);
                let expected = Client {
                    ip: Some("203.0.113.9".parse().unwrap()),
                    https: false,
                    through_proxy: false,
                };
                assert_eq!(found, expected, "{name}: {value}");
            }
        }
    }

    #[test]
    fn a_proxy_is_asked_for_two_headers_alone() {
        for name in [
            "x-real-ip",
            "forwarded",
            "true-client-ip",
            "cf-connecting-ip",
            "x-client-ip",
        ] {
            let found = client("10.0.0.1", &[(name, "198.51.100.4")]);
            assert_eq!(found.ip.unwrap().to_string(), "10.0.0.1", "{name}");
            assert!(found.through_proxy);
        }
    }

    #[test]
    fn the_right_most_address_that_is_not_trusted_counts() {
        for (lines, expected) in [
            (&[][..], "10.0.0.1"),
            (&["198.51.100.4"], "198.51.100.4"),
            // Written by the client, who stands to the right of it.
            (&["127.0.0.1, 198.51.100.4"], "198.51.100.4"),
            (&["127.0.0.1", "198.51.100.4"], "198.51.100.4"),
            (&["198.51.100.4", "127.0.0.1"], "127.0.0.1"),
            (&["10.0.0.9, 198.51.100.4"], "198.51.100.4"),
            (&["für, 198.51.100.4"], "198.51.100.4"),
            // Through two proxies of ours.
            (&["1.1.1.1, 198.51.100.4, 10.0.0.2"], "198.51.100.4"),
            (&["198.51.100.4", "10.0.0.2,10.0.0.3"], "198.51.100.4"),
            (&["2001:db8::9, fd00::1"], "2001:db8::9"),
            // Somebody on a proxy's own machine.
            (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ] {
            assert_eq!(ip("10.0.0.1", lines), expected, "{lines:?}");
            assert_eq!(ip("::ffff:10.0.0.1", lines), ip("10.0.0.1", lines), "{lines:?}");
        }
    }

    #[test]
    fn the_forms_of_an_address() {
        for (entry, expected) in [
            ("198.51.100.4:4711", "198.51.100.4"),
            ("2001:db8::9", "2001:db8::9"),
            ("[2001:db8::9]", "2001:db8::9"),
            ("[2001:db8::9]:443", "2001:db8::9"),
            ("2001:DB8:0::9", "2001:db8::9"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%25eth0]:80", "fe80::1"),
            ("::ffff:198.51.100.4", "198.51.100.4"),
            (" \t198.51.100.4 ", "198.51.100.4"),
        ] {
            assert_eq!(ip("10.0.0.1", &[entry]), expected, "{entry}");
        }
    }

    #[test]
    fn what_cannot_be_read_leaves_the_proxy() {
        for entry in [
            "",
            ",",
            "unknown",
            "_hidden",
            "localhost",
            "198.51.100.4.",
            "198.51.100",
            "198.51.100.4:",
            "198.51.100.4:99999",
            "198.51.100.4:80x",
            "198.51.100.4%eth0",
            "0x7f000001",
            "2130706433",
            "[2001:db8::9",
            "[2001:db8::9]x",
            "[2001:db8::9]:",
            "[198.51.100.4",
            "\"198.51.100.4\"",
            "127.0.0.1;evil",
            "198.51.100.4 127.0.0.1",
            "für",
        ] {
            assert_eq!(ip("10.0.0.1", &[entry]), "10.0.0.1", "{entry}");
            // Nor does anything before it count.
            assert_eq!(
                ip("10.0.0.1", &[&format!("127.0.0.1,{entry}")]),
                "10.0.0.1",
                "{entry}"
            );
            let behind = format!("127.0.0.1, {entry}, 10.0.0.2");
            assert_eq!(ip("10.0.0.1", &[&behind]), "10.0.0.2", "{entry}");
        }
    }

    #[test]
    fn the_scheme_is_what_the_nearest_proxy_says() {
        for (values, https) in [
            (&["https"][..], true),
            (&["HTTPS"], true),
            (&["http"], false),
            (&["https, http"], false),
            (&["http,https"], true),
            (&["https", "http"], false),
            (&["wss"], false),
            (&[""], false),
            (&[], false),
        ] {
            let lines: Vec<_> = values.iter().map(|value| (FORWARDED_PROTO, *value)).collect();
            assert_eq!(client("10.0.0.1", &lines).https, https, "{values:?}");
        }
        let own = |lines: &[(&str, &str)], peer: &str| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(
                    name.parse::<HeaderName>().unwrap(),
                    HeaderValue::from_str(value).unwrap(),
                );
            }
            Client::of(Some(peer.parse().unwrap()), true, &headers, &trusted()).https
        };
        assert!(own(&[], "203.0.113.9"));
        assert!(own(&[(FORWARDED_PROTO, "http")], "203.0.113.9"));
        assert!(own(&[], "10.0.0.1"));
        assert!(!own(&[(FORWARDED_PROTO, "http")], "10.0.0.1"));
    }
}
