//! Certificates of the server's own authority, made when somebody first asks by a name or address, and anew in time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use shared::model::time::UnixMillis;
use shared::model::tls::TlsSettings;

use super::authority::{Authority, Error};
use super::certificate::Served;

/// Most certificates that are kept. A machine has few names and addresses; one with more makes some of them again.
const MOST: usize = 64;

/// The authority with what it issued.
pub struct Leaves {
    authority: Authority,
    /// Name of this machine.
    host: String,
    issued: Mutex<HashMap<Vec<String>, Arc<Served>>>,
}

impl Leaves {
    /// None issued yet.
    pub fn new(authority: Authority) -> Self {
        let host = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .to_ascii_lowercase();
        Self {
            authority,
            host,
            issued: Mutex::default(),
        }
    }

    /// Who issues them.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The certificate for a handshake: for the name that was asked for if it is one of ours, and else for the address that
    /// was called. No stranger gets a certificate for a name of his choice.
    pub fn choose(
        &self,
        settings: &TlsSettings,
        name: Option<&str>,
        address: IpAddr,
        now: UnixMillis,
    ) -> Result<Arc<Served>, Error> {
        let names = match name.map(str::to_ascii_lowercase) {
            Some(name) if self.is_ours(settings, &name) => vec![name],
            _ => addresses(settings, address),
        };
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(served) = issued.get(&names)
            && !served.is_due(now)
        {
            return Ok(Arc::clone(served));
        }
        let served = Arc::new(self.authority.issue(&names, now)?);
        if issued.len() >= MOST {
            issued.clear();
        }
        issued.insert(names, Arc::clone(&served));
        Ok(served)
    }

    fn is_ours(&self, settings: &TlsSettings, name: &str) -> bool {
        let own = name == self.host || name.strip_suffix(".local") == Some(&self.host);
        let loopback = name == "localhost" || name.ends_with(".localhost");
        let mut configured = settings.names.iter().chain(&settings.acme.domains);
        own || loopback || configured.any(|ours| ours == name)
    }
}

/// The address that was called, and those that were configured because the server cannot know them, such as the one of the
/// router or of the host of a container.
fn addresses(settings: &TlsSettings, called: IpAddr) -> Vec<String> {
    let mut addresses = vec![called.to_string()];
    for name in &settings.names {
        if name.parse::<IpAddr>().is_ok() && !addresses.contains(name) {
            addresses.push(name.clone());
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 168, 1, 5));
    const DAY: i64 = 24 * 60 * 60;

    fn leaves(now: UnixMillis) -> Leaves {
        Leaves::new(Authority::open(&Authority::create(now).unwrap()).unwrap())
    }

    fn settings(names: &[&str]) -> TlsSettings {
        TlsSettings {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            ..TlsSettings::default()
        }
    }

    #[test]
    fn strangers_names_get_no_certificate() {
        let now = UnixMillis(1_800_000_000_000);
        let leaves = leaves(now);
        let settings = settings(&["vault.lan", "10.0.0.1"]);
        let names = |name: Option<&str>| {
            let served = leaves.choose(&settings, name, HERE, now).unwrap();
            served.facts.names.clone()
        };
        for name in [
            None,
            Some("evil.example"),
            Some("vault.lan.evil.example"),
            Some("xlocalhost"),
        ] {
            assert_eq!(names(name), ["192.168.1.5", "10.0.0.1"], "{name:?}");
        }
        assert_eq!(names(Some("VAULT.lan")), ["vault.lan"]);
        assert_eq!(names(Some("localhost")), ["localhost"]);
        let host = leaves.host.clone();
        assert_eq!(names(Some(&host)), [host.as_str()]);
    }

    #[test]
    fn certificates_are_short_lived_and_made_anew_in_time() {
        let now = UnixMillis(1_800_000_000_000);
        let leaves = leaves(now);
        let settings = settings(&[]);
        let at = |days: i64| {
            leaves
                .choose(&settings, None, HERE, now.plus_seconds(days * DAY))
                .unwrap()
        };
        let first = at(0);
        assert_eq!(first.facts.not_after.0 - first.facts.not_before.0, 7 * DAY * 1000);
        assert!(Arc::ptr_eq(&first, &at(4)));
        let second = at(5);
        assert_ne!(first.facts.fingerprint, second.facts.fingerprint);
        assert!(second.facts.not_after > first.facts.not_after);
        // The clock was wrong, and is set back.
        let earlier = at(-400);
        assert!(earlier.facts.not_after < first.facts.not_before);
    }

    #[test]
    fn no_more_are_kept_than_a_machine_has_addresses() {
        let now = UnixMillis(1_800_000_000_000);
        let leaves = leaves(now);
        for last in 0..=MOST {
            let address = IpAddr::from([10, 0, 0, u8::try_from(last).unwrap()]);
            leaves.choose(&settings(&[]), None, address, now).unwrap();
        }
        assert!(leaves.issued.lock().unwrap().len() <= MOST);
    }
}
