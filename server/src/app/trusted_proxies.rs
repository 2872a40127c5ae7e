//! Proxies whose word about their clients is believed.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The addresses of one proxy, or of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedProxy(Vec<IpNet>);

impl FromStr for TrustedProxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let networks = if text == "loopback" {
            vec![
                IpNet::V4(Ipv4Net::new_assert([127, 0, 0, 0].into(), 8)),
                IpNet::V6(Ipv6Net::new_assert([0, 0, 0, 0, 0, 0, 0, 1].into(), 128)),
            ]
        } else {
            let address = text.parse::<IpAddr>().map(|ip| IpNet::from(ip.to_canonical()));
            let network = address.or_else(|_| text.parse::<IpNet>()).map_err(|_| {
                format!("{text} is no address, no range such as 172.18.0.0/16 and not the word loopback")
            })?;
            vec![network.trunc()]
        };
        if networks.iter().any(|network| network.prefix_len() == 0) {
            return Err(format!(
                "{text} is everybody: anybody could then claim any address. Name the proxy's own address or network"
            ));
        }
        Ok(Self(networks))
    }
}

/// All of them. There are none unless the host names them.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<TrustedProxy>);

impl TrustedProxies {
    /// These.
    pub fn new(proxies: Vec<TrustedProxy>) -> Self {
        Self(proxies)
    }

    /// Whether an address is one of theirs.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let mut networks = self.0.iter().flat_map(|proxy| &proxy.0);
        networks.any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(texts: &[&str]) -> TrustedProxies {
        TrustedProxies::new(texts.iter().map(|text| text.parse().unwrap()).collect())
    }

    #[test]
    fn what_names_nobody_or_everybody_is_refused() {
        for bad in [
            "",
            "private",
            "proxy.lan",
            "10.0.0",
            "10.0.0.0/33",
            "0.0.0.0/0",
            "::/0",
            "1.2.3.4/0",
        ] {
            assert!(bad.parse::<TrustedProxy>().is_err(), "{bad}");
        }
    }

    #[test]
    fn nobody_is_trusted_by_himself() {
        for address in ["127.0.0.1", "::1", "10.0.0.1"] {
            assert!(!proxies(&[]).contains(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn ranges_and_the_word_loopback() {
        let proxies = proxies(&["loopback", "172.18.0.7/16", "::ffff:10.0.0.1", "fd00::5"]);
        for (address, trusted) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("172.18.255.1", true),
            ("172.19.0.1", false),
            ("10.0.0.1", true),
            ("10.0.0.2", false),
            ("fd00::5", true),
            ("fd00::6", false),
        ] {
            assert_eq!(proxies.contains(address.parse().unwrap()), trusted, "{address}");
        }
    }
}
