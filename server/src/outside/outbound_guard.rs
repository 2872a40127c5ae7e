//! Whom the server may contact by itself. An address that somebody enters in the admin interface must not lead into the
//! networks behind the server: only the public internet is open, and what the host allows besides.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// IPv4 that is not the public internet (IANA's registry of special addresses, and multicast).
const CLOSED_V4: [(Ipv4Net, &str); 15] = [
    (v4(0, 0, 0, 0, 8), "this network"),
    (v4(10, 0, 0, 0, 8), "a private network"),
    (v4(100, 64, 0, 0, 10), "a provider's internal network"),
    (v4(127, 0, 0, 0, 8), "this machine"),
    (v4(169, 254, 0, 0, 16), "the local link"),
    (v4(172, 16, 0, 0, 12), "a private network"),
    (v4(192, 0, 0, 0, 24), "a reserved range"),
    (v4(192, 0, 2, 0, 24), "a range for documentation"),
    (v4(192, 88, 99, 0, 24), "a reserved range"),
    (v4(192, 168, 0, 0, 16), "a private network"),
    (v4(198, 18, 0, 0, 15), "a range for measurements"),
    (v4(198, 51, 100, 0, 24), "a range for documentation"),
    (v4(203, 0, 113, 0, 24), "a range for documentation"),
    (v4(224, 0, 0, 0, 4), "a multicast range"),
    (v4(240, 0, 0, 0, 4), "a reserved range"),
];

/// The part of IPv6 that is the public internet.
const PUBLIC_V6: Ipv6Net = v6(0x2000, 0, 0, 3);

/// What is in it and not public.
const CLOSED_V6: [(Ipv6Net, &str); 4] = [
    (v6(0x2001, 0, 0, 23), "a reserved range"),
    (v6(0x2001, 0xdb8, 0, 32), "a range for documentation"),
    (v6(0x2002, 0, 0, 16), "a tunnel to IPv4"),
    (v6(0x3fff, 0, 0, 20), "a range for documentation"),
];

/// What is outside of it and has a name.
const NAMED_V6: [(Ipv6Net, &str); 4] = [
    (v6(0, 0, 0, 64), "this machine"),
    (v6(0xfc00, 0, 0, 7), "a private network"),
    (v6(0xfe80, 0, 0, 10), "the local link"),
    (v6(0xff00, 0, 0, 8), "a multicast range"),
];

/// Addresses of IPv4 behind a translator (RFC 6052).
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 0, 96);

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

/// Something that the host allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// These addresses, whatever name leads there.
    Network(IpNet),
    /// This name, wherever it leads.
    Host(String),
}

impl Allowed {
    fn covers(&self, host: &str, addresses: &[IpAddr]) -> bool {
        match self {
            Self::Network(network) => addresses.iter().any(|address| network.contains(address)),
            Self::Host(name) => host.trim_end_matches('.').eq_ignore_ascii_case(name),
        }
    }
}

impl FromStr for Allowed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Network(address.into()));
        }
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network(network.trunc()));
        }
        let name = text.trim_end_matches('.');
        let is_name = name.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        });
        // A last label of digits is the rest of an address with a mistake in it.
        let is_address = name
            .rsplit('.')
            .next()
            .is_some_and(|label| label.parse::<u64>().is_ok());
        if is_name && !is_address {
            Ok(Self::Host(name.to_ascii_lowercase()))
        } else {
            Err(format!(
                "{text} is no address, no range such as 192.168.1.0/24 and no host name"
            ))
        }
    }
}

impl std::fmt::Display for Allowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // A single address as it was written.
            Self::Network(network) if network.prefix_len() == network.max_prefix_len() => {
                network.addr().fmt(f)
            }
            Self::Network(network) => network.fmt(f),
            Self::Host(name) => name.fmt(f),
        }
    }
}

/// An address that is not contacted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{host} leads to {address}, which is {place}. Strongroom does not contact it unless the server is started with \
     --allow-outbound {address}"
)]
pub struct Blocked {
    host: String,
    address: IpAddr,
    place: &'static str,
}

/// Decides whom the server contacts.
#[derive(Debug, Clone, Default)]
pub struct OutboundGuard {
    allowed: Vec<Allowed>,
}

impl OutboundGuard {
    /// A guard that lets more through than the public internet.
    pub fn allowing(allowed: Vec<Allowed>) -> Self {
        Self { allowed }
    }

    /// What it lets through besides the public internet.
    pub fn allowed(&self) -> &[Allowed] {
        &self.allowed
    }

    /// Whether an address to which a host name leads, or which stands in its place, may be contacted.
    pub fn check(&self, host: &str, address: IpAddr) -> Result<(), Blocked> {
        let unwrapped = unwrapped(address);
        let Some(place) = closed(unwrapped) else {
            return Ok(());
        };
        if self
            .allowed
            .iter()
            .any(|allowed| allowed.covers(host, &[address, unwrapped]))
        {
            return Ok(());
        }
        Err(Blocked {
            host: host.to_owned(),
            address: unwrapped,
            place,
        })
    }

    /// Those of a name's addresses that may be contacted. Refused when there is none.
    pub fn filter(&self, host: &str, addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, Blocked> {
        let mut refused = None;
        let mut open = Vec::with_capacity(addresses.len());
        for address in addresses {
            match self.check(host, address) {
                Ok(()) => open.push(address),
                Err(blocked) => refused = refused.or(Some(blocked)),
            }
        }
        match refused {
            Some(blocked) if open.is_empty() => Err(blocked),
            _ => Ok(open),
        }
    }
}

/// The address of IPv4 that is written in one of IPv6, else the address itself.
fn unwrapped(address: IpAddr) -> IpAddr {
    let address = address.to_canonical();
    match address {
        IpAddr::V6(v6) if NAT64.contains(&v6) => {
            let [.., a, b, c, d] = v6.octets();
            Ipv4Addr::new(a, b, c, d).into()
        }
        other => other,
    }
}

/// What an address is when it is not of the public internet.
fn closed(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => CLOSED_V4
            .iter()
            .find(|(network, _)| network.contains(&v4))
            .map(|(_, place)| *place),
        IpAddr::V6(v6) if PUBLIC_V6.contains(&v6) => CLOSED_V6
            .iter()
            .find(|(network, _)| network.contains(&v6))
            .map(|(_, place)| *place),
        IpAddr::V6(v6) => Some(
            NAMED_V6
                .iter()
                .find(|(network, _)| network.contains(&v6))
                .map_or("no address of the internet", |(_, place)| *place),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allowed: &[&str]) -> OutboundGuard {
        OutboundGuard::allowing(allowed.iter().map(|text| text.parse().unwrap()).collect())
    }

    fn passes(guard: &OutboundGuard, host: &str, address: &str) -> bool {
        guard.check(host, address.parse().unwrap()).is_ok()
    }

    #[test]
    fn only_the_public_internet_is_open() {
        let guard = OutboundGuard::default();
        for closed in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.101",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.251",
            "239.255.255.255",
            "240.0.0.1",
            "247.0.0.1",
            "248.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::1",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!passes(&guard, "x.example", closed), "{closed}");
        }
        for open in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.1",
            "223.255.255.255",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
            "2a01:4f8::1",
        ] {
            assert!(passes(&guard, "x.example", open), "{open}");
        }
    }

    #[test]
    fn the_host_opens_single_networks_and_names() {
        let guard = guard(&["192.168.1.0/24", "127.0.0.1", "nas.lan", "fd00::/8"]);
        for (host, address) in [
            ("x", "192.168.1.7"),
            ("x", "::ffff:192.168.1.7"),
            ("x", "127.0.0.1"),
            ("x", "fd00::7"),
            ("nas.lan", "10.9.8.7"),
            ("NAS.lan.", "10.9.8.7"),
        ] {
            assert!(passes(&guard, host, address), "{host} {address}");
        }
        for (host, address) in [
            ("x", "192.168.2.7"),
            ("x", "127.0.0.2"),
            ("x", "::1"),
            ("x", "fc00::1"),
            ("nas.lan.evil.example", "10.9.8.7"),
            ("evilnas.lan", "10.9.8.7"),
            ("x", "169.254.169.254"),
        ] {
            assert!(!passes(&guard, host, address), "{host} {address}");
        }
    }

    #[test]
    fn a_name_keeps_the_addresses_that_are_open() {
        let guard = OutboundGuard::default();
        let addresses = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| text.parse().unwrap())
                .collect::<Vec<IpAddr>>()
        };
        let mixed = addresses(&["127.0.0.1", "8.8.8.8", "fe80::1"]);
        assert_eq!(guard.filter("x", mixed).unwrap(), addresses(&["8.8.8.8"]));
        let refused = guard.filter("x.example", addresses(&["::ffff:10.0.0.1", "::1"]));
        let said = refused.unwrap_err().to_string();
        for part in [
            "x.example",
            "10.0.0.1",
            "a private network",
            "--allow-outbound 10.0.0.1",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn what_is_allowed_is_read_and_written() {
        for (given, written) in [
            ("10.1.2.3", "10.1.2.3"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            (" ::1 ", "::1"),
            ("fd00::/8", "fd00::/8"),
            ("NAS.lan.", "nas.lan"),
            ("minio", "minio"),
            ("under_score", "under_score"),
        ] {
            assert_eq!(given.parse::<Allowed>().unwrap().to_string(), written, "{given}");
        }
        for bad in [
            "",
            ".",
            "a..b",
            "10.0.0",
            "10.0.0.256",
            "10.0.0.0/33",
            "http://x",
            "nas:9000",
            "*.lan",
            "a b",
            "[::1]",
        ] {
            assert!(bad.parse::<Allowed>().is_err(), "{bad}");
        }
    }
}
