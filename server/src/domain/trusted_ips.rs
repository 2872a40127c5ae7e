//! Ranges of addresses from which a credential may be used. One that was given as a single address stays one: clients
//! compare what they read with what they sent.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Error;

/// Everywhere: the default of Infisical.
pub const EVERYWHERE: &str = "0.0.0.0/0 ::/0";

/// Reads addresses and CIDR ranges as clients send them and gives the form that is stored.
pub fn parse(field: &'static str, entries: &[String]) -> Result<String, Error> {
    if entries.is_empty() || entries.len() > 100 {
        return Err(Error::Invalid {
            field,
            reason: "give 1 to 100 addresses or CIDR ranges".into(),
        });
    }
    let mut ranges = Vec::with_capacity(entries.len());
    for entry in entries {
        let entry = entry.trim();
        let range = Range::parse(entry).ok_or_else(|| Error::Invalid {
            field,
            reason: format!("{entry} is no address or CIDR range"),
        })?;
        ranges.push(match range {
            Range::Address(address) => address.to_string(),
            Range::Network(network) => network.to_string(),
        });
    }
    Ok(ranges.join(" "))
}

/// A range as it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// A single address.
    Address(IpAddr),
    /// An address with a prefix.
    Network(IpNet),
}

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let address = text.parse().map(Self::Address);
        address.or_else(|_| text.parse().map(Self::Network)).ok()
    }

    fn contains(self, address: IpAddr) -> bool {
        match self {
            Self::Address(own) => own == address,
            Self::Network(network) => network.contains(&address),
        }
    }
}

/// The stored ranges, one by one.
pub fn ranges(stored: &str) -> impl Iterator<Item = Range> + '_ {
    stored.split(' ').filter_map(Range::parse)
}

/// Whether an address lies in the stored ranges. An address that cannot be read lies in none, unless the ranges are
/// [`EVERYWHERE`].
pub fn allow(stored: &str, address: &str) -> bool {
    if stored == EVERYWHERE {
        return true;
    }
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    ranges(stored).any(|range| range.contains(address.to_canonical()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(entries: &[&str]) -> Result<String, Error> {
        let entries: Vec<String> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        parse("accessTokenTrustedIps", &entries)
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [&["10.0.0.0/33"][..], &["somewhere"], &["10.0.0.1", ""], &[]] {
            assert!(stored(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_addresses_in_range_are_allowed() {
        let ranges = stored(&["10.0.0.0/8", "192.168.1.7", "fd00::/8"]).unwrap();
        for inside in ["10.1.2.3", "192.168.1.7", "fd12::1", "::ffff:10.0.0.1"] {
            assert!(allow(&ranges, inside), "{inside}");
        }
        for outside in ["11.0.0.1", "192.168.1.8", "2001:db8::1", "", "nowhere"] {
            assert!(!allow(&ranges, outside), "{outside}");
        }
        assert!(allow(EVERYWHERE, ""));
    }

    #[test]
    fn what_was_given_as_an_address_stays_one() {
        assert_eq!(
            stored(&[" 192.168.1.7", "192.168.1.7/32", "10.1.2.3/8", "FD00::1"]).unwrap(),
            "192.168.1.7 192.168.1.7/32 10.1.2.3/8 fd00::1"
        );
    }
}
