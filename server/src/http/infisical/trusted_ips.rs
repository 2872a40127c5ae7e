//! Ranges of addresses on the wire.

use shared::wire::universal_auth::TrustedIp;

use crate::domain::trusted_ips::{self, Range};
use crate::http::error::Failure;

/// Stored ranges with address and prefix apart. Terraform joins them again where there is a prefix, so a single address
/// has none.
pub fn bodies(stored: &str) -> Vec<TrustedIp> {
    let body = |range| {
        let (address, prefix) = match range {
            Range::Address(address) => (address, None),
            Range::Network(network) => (network.addr(), Some(network.prefix_len())),
        };
        TrustedIp {
            ip_address: address.to_string(),
            kind: Some(if address.is_ipv4() { "ipv4" } else { "ipv6" }.into()),
            prefix,
        }
    };
    trusted_ips::ranges(stored).map(body).collect()
}

/// The ranges of a request in the form that is stored. The prefix stands in the address or beside it.
pub fn stored(field: &'static str, ips: Option<Vec<TrustedIp>>) -> Result<Option<String>, Failure> {
    let Some(ips) = ips else { return Ok(None) };
    let entries: Vec<String> = ips
        .into_iter()
        .map(|ip| match ip.prefix {
            Some(prefix) if !ip.ip_address.contains('/') => format!("{}/{prefix}", ip.ip_address),
            _ => ip.ip_address,
        })
        .collect();
    Ok(Some(trusted_ips::parse(field, &entries)?))
}
