//! Whom the server talks to, and whom it believes.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use clap::Args;
use shared::model::text::SecretText;

use super::key_args::read_line;
use crate::app::host::Host;
use crate::app::trusted_proxies::TrustedProxies;
use crate::config::{Environment, Problem, secret, without_value};
use crate::outside::outbound_guard::OutboundGuard;

/// Shortest token for the metrics: nothing slows down guessing at it.
const SHORTEST_TOKEN: usize = 16;

/// Whom the server talks to.
#[derive(Debug, Clone, Default, Args)]
pub struct NetworkArgs {
    /// Reverse proxy whose X-Forwarded-For and X-Forwarded-Proto are believed: an address, a range (CIDR) or the word
    /// loopback; may be given several times
    #[arg(
        long,
        value_name = "CIDR",
        env = "STRONGROOM_TRUSTED_PROXY",
        value_delimiter = ','
    )]
    pub trusted_proxy: Vec<String>,
    /// Address, range (CIDR) or host name outside the public internet that the server may contact, such as a NAS for
    /// backups; may be given several times
    #[arg(
        long,
        value_name = "CIDR|HOST",
        env = "STRONGROOM_ALLOW_OUTBOUND",
        value_delimiter = ','
    )]
    pub allow_outbound: Vec<String>,
    /// File with the token that a program on another machine sends for /metrics
    #[arg(long, value_name = "FILE", env = "STRONGROOM_METRICS_TOKEN_FILE")]
    pub metrics_token_file: Option<PathBuf>,
    /// Where to report a weakness of this instance, for /.well-known/security.txt: an address with mailto:, https:// or tel:
    #[arg(long, value_name = "URI", env = "STRONGROOM_SECURITY_CONTACT")]
    pub security_contact: Option<String>,
}

impl NetworkArgs {
    /// The part of the host's own configuration that stands here, or everything that is wrong with it.
    pub fn host(&self) -> Result<Host, Vec<Problem>> {
        let mut problems = Vec::new();
        let outbound = listed("--allow-outbound", &self.allow_outbound, &mut problems);
        let trusted = listed("--trusted-proxy", &self.trusted_proxy, &mut problems);
        let metrics_token = self.metrics_token().unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        let security_contact = self.contact().unwrap_or_else(|problem| {
            problems.push(problem);
            None
        });
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Host {
            outbound: Arc::new(OutboundGuard::allowing(outbound)),
            trusted_proxies: TrustedProxies::new(trusted),
            metrics_token,
            security_contact,
            ..Host::default()
        })
    }

    fn metrics_token(&self) -> Result<Option<SecretText>, Problem> {
        let token = match &self.metrics_token_file {
            Some(file) => Some(read_line(file, "--metrics-token-file")?),
            None => secret::metrics_token(&Environment::of_process(None))?,
        };
        match token {
            Some(token) if token.len() < SHORTEST_TOKEN => Err(Problem::new(
                "The token for the metrics is too short",
                format!("it has fewer than {SHORTEST_TOKEN} characters"),
                "Make one with `strongroom generate`",
            )),
            token => Ok(token),
        }
    }

    fn contact(&self) -> Result<Option<String>, Problem> {
        let Some(contact) = self.security_contact.as_deref().map(str::trim) else {
            return Ok(None);
        };
        if contact.is_empty() {
            return Ok(None);
        }
        let known = ["mailto:", "https://", "tel:"];
        let fits = known.iter().any(|scheme| contact.starts_with(scheme))
            && contact.chars().all(|c| c.is_ascii_graphic());
        if fits {
            Ok(Some(contact.to_owned()))
        } else {
            Err(Problem::new(
                "--security-contact cannot be used",
                "it is not the address of somebody",
                "Write mailto:somebody@example.com, https://example.com/report or tel:+49...",
            ))
        }
    }
}

/// The entries of a list; a variable that is set to nothing has none.
fn listed<T: FromStr<Err = String>>(option: &str, entries: &[String], problems: &mut Vec<Problem>) -> Vec<T> {
    let mut parsed = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        if entry.trim().is_empty() {
            continue;
        }
        match entry.parse::<T>() {
            Ok(entry) => parsed.push(entry),
            Err(reason) => problems.push(Problem::new(
                format!("{option} cannot be used"),
                format!("entry {}: {}", index + 1, without_value(&reason, entry)),
                "`strongroom serve --help` says what it takes",
            )),
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_refused_with_its_name() {
        let with = |proxy: &str, outbound: &str, contact: &str| NetworkArgs {
            trusted_proxy: vec![proxy.into()],
            allow_outbound: vec![outbound.into()],
            security_contact: Some(contact.into()),
            ..NetworkArgs::default()
        };
        for (args, name) in [
            (with("private-canary", "", ""), "--trusted-proxy"),
            (with("0.0.0.0/0", "", ""), "--trusted-proxy"),
            (with("", "http://u:canary@nas", ""), "--allow-outbound"),
            (with("", "", "canary@example.com"), "--security-contact"),
            (with("", "", "mailto:canary@b.cd\nX: y"), "--security-contact"),
        ] {
            let problems = args.host().map(|_| ()).unwrap_err();
            assert!(
                problems.iter().any(|problem| problem.what.contains(name)),
                "{name}"
            );
            assert!(
                problems
                    .iter()
                    .all(|problem| !problem.to_string().contains("canary")),
                "{problems:?}"
            );
        }
        let host = with("", " ", "").host().unwrap();
        assert_eq!((host.security_contact, host.outbound.allowed()), (None, &[][..]));
        let host = with("loopback", "nas.lan", "mailto:a@b.cd").host().unwrap();
        assert_eq!(host.security_contact.as_deref(), Some("mailto:a@b.cd"));
        assert!(host.trusted_proxies.contains("127.0.0.1".parse().unwrap()));
    }
}
