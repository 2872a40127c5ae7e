//! The address of a server, as people write it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::outside::fetch::{Url, is_loopback};

/// Where a server answers, without the `/api` that some settings carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

/// Text that is no address of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}: an address looks like https://secrets.example.com or http://192.168.1.5:8080")]
pub struct InvalidAddress(&'static str);

impl Address {
    /// Where `strongroom serve` listens unless told otherwise.
    pub const DEFAULT: &'static str = "http://127.0.0.1:8080";

    /// The address of a route: `segments` below this address, each encoded as one segment of a path.
    ///
    /// `.` and `..` cannot be written as a segment in any encoding, so there is no such address.
    pub fn at(&self, segments: &[&str]) -> Option<Url> {
        if segments.iter().any(|segment| matches!(*segment, "." | "..")) {
            return None;
        }
        let mut url = self.0.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(segments);
        Some(url)
    }

    /// The address as a URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// How a browser names this server in the header `Origin`.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Whether both are the same server as far as credentials are concerned: scheme, host and port.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.0.origin() == other.0.origin()
    }

    /// Whether what is sent there can be read on the way.
    pub fn is_open_to_eavesdroppers(&self) -> bool {
        self.0.scheme() == "http" && !self.0.host_str().is_some_and(is_loopback)
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let text = text.trim();
        let whole = if text.contains("://") {
            text.to_owned()
        } else {
            // A name of its own most likely has a certificate; an IP address or this machine most likely has not.
            let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
            let host = match authority.rsplit_once(':') {
                Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
                _ => authority,
            };
            let is_ip = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
            let scheme = if is_ip || is_loopback(host) {
                "http"
            } else {
                "https"
            };
            format!("{scheme}://{text}")
        };
        let mut url: Url = whole.parse().map_err(|_| InvalidAddress("not an address"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidAddress("an address begins with http:// or https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidAddress("an address must not hold a user name or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidAddress("an address has no query and no fragment"));
        }
        let path = url.path().trim_end_matches('/');
        let path = path.strip_suffix("/api").unwrap_or(path).to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        text.parse::<Address>().unwrap().to_string()
    }

    #[test]
    fn forms_that_people_write() {
        for (given, meant) in [
            ("https://secrets.example.com", "https://secrets.example.com"),
            ("https://secrets.example.com/", "https://secrets.example.com"),
            ("https://secrets.example.com/api", "https://secrets.example.com"),
            ("https://secrets.example.com/api/", "https://secrets.example.com"),
            (" HTTPS://Secrets.Example.com:443 ", "https://secrets.example.com"),
            ("https://example.com/vault/api/", "https://example.com/vault"),
            ("http://192.168.1.5:8080", "http://192.168.1.5:8080"),
            ("192.168.1.5:8080", "http://192.168.1.5:8080"),
            ("192.168.1.5", "http://192.168.1.5"),
            ("localhost:8080", "http://localhost:8080"),
            ("localhost:8080/api", "http://localhost:8080"),
            ("room.localhost", "http://room.localhost"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("secrets.example.com", "https://secrets.example.com"),
            ("secrets.example.com:8443", "https://secrets.example.com:8443"),
        ] {
            assert_eq!(parsed(given), meant, "{given}");
        }
    }

    #[test]
    fn what_is_no_address() {
        for bad in [
            "",
            "   ",
            "http://",
            "ftp://example.com",
            "file:///etc/passwd",
            "https://user:pw@example.com",
            "user@example.com",
            "https://example.com/?a=b",
            "https://example.com/#x",
            "http://exa mple.com",
            "http://example.com:99999",
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }

    #[test]
    fn segments_are_encoded_whole() {
        let address: Address = "http://h/base/".parse().unwrap();
        for (name, path) in [
            ("A", "/base/api/A"),
            ("a/b", "/base/api/a%2Fb"),
            ("a b?#", "/base/api/a%20b%3F%23"),
            ("100%", "/base/api/100%25"),
            ("%2e%2e", "/base/api/%252e%252e"),
            ("ключ", "/base/api/%D0%BA%D0%BB%D1%8E%D1%87"),
            ("...", "/base/api/..."),
        ] {
            assert_eq!(address.at(&["api", name]).unwrap().path(), path, "{name}");
        }
        for name in [".", ".."] {
            assert_eq!(address.at(&["api", name]), None, "{name}");
        }
    }

    #[test]
    fn origins() {
        let address: Address = "https://a.example".parse().unwrap();
        for (other, same) in [
            ("https://a.example:443/api", true),
            ("http://a.example", false),
            ("https://a.example:8443", false),
            ("https://b.example", false),
            ("https://a.example.evil", false),
        ] {
            assert_eq!(address.same_origin(&other.parse().unwrap()), same, "{other}");
        }
    }

    #[test]
    fn eavesdroppers() {
        for (address, open) in [
            ("http://192.168.1.5:8080", true),
            ("http://example.com", true),
            ("https://example.com", false),
            ("http://127.0.0.1:8080", false),
            ("http://[::1]", false),
            ("http://localhost", false),
        ] {
            let parsed: Address = address.parse().unwrap();
            assert_eq!(parsed.is_open_to_eavesdroppers(), open, "{address}");
        }
    }
}
