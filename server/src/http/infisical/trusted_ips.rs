//! Ranges of addresses on the wire.

use shared::wire::universal_auth::TrustedIp;

use crate::domain::trusted_ips;
use crate::http::error::Failure;

/// Stored ranges with address and prefix apart, as Terraform joins them again.
pub fn bodies(stored: &str) -> Vec<TrustedIp> {
    trusted_ips::ranges(stored)
        .map(|range| TrustedIp {
            ip_address: range.addr().to_string(),
            kind: Some(if range.addr().is_ipv4() { "ipv4" } else { "ipv6" }.into()),
            prefix: Some(range.prefix_len()),
        })
        .collect()
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
