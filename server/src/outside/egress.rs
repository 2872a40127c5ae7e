//! Every reason for which the server talks to another machine. One list: the admin interface shows what of it holds, and
//! docs/EGRESS.md ends with it.

use std::net::IpAddr;

use shared::model::backups::TargetPlace;
use shared::wire::instance::Outbound;

use super::fetch::Url;

/// A reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Copies of backups.
    BackupTarget,
    /// The address of a target has a name.
    NameServer,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::BackupTarget, Self::NameServer];

    /// What it is.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::BackupTarget => "Copies of backups",
            Self::NameServer => "Name resolution",
        }
    }

    /// When it happens, and what switches it on.
    pub fn when(self) -> &'static str {
        match self {
            Self::BackupTarget => {
                "After each backup, at the S3 and WebDAV targets that an administrator added"
            }
            Self::NameServer => "Before the others, when an address has a name",
        }
    }

    /// What leaves the machine.
    pub fn sends(self) -> &'static str {
        match self {
            Self::BackupTarget => "backups, encrypted to the recovery kits, and the login at the target",
            Self::NameServer => "the name",
        }
    }
}

/// What a server with these targets may contact. Empty for one that was just installed.
pub fn now<'a>(targets: impl Iterator<Item = &'a TargetPlace>) -> Vec<Outbound> {
    let mut hosts: Vec<(String, bool)> = targets.filter_map(host).collect();
    hosts.sort();
    hosts.dedup();
    let named = hosts.iter().any(|(_, named)| *named);
    let hosts: Vec<String> = hosts.into_iter().map(|(host, _)| host).collect();
    let names = if named {
        vec!["the name servers in /etc/resolv.conf".to_owned()]
    } else {
        Vec::new()
    };
    let all = Reason::ALL.map(|reason| Outbound {
        purpose: reason.purpose().into(),
        when: reason.when().into(),
        sends: reason.sends().into(),
        to: match reason {
            Reason::BackupTarget => hosts.clone(),
            Reason::NameServer => names.clone(),
        },
    });
    all.into_iter()
        .filter(|outbound| !outbound.to.is_empty())
        .collect()
}

/// Host and port of a target on another machine, and whether it has a name.
fn host(place: &TargetPlace) -> Option<(String, bool)> {
    let address = match place {
        TargetPlace::Directory { .. } => return None,
        TargetPlace::S3 { endpoint, .. } => endpoint,
        TargetPlace::WebDav { url, .. } => url,
    };
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?;
    let named = host.trim_matches(['[', ']']).parse::<IpAddr>().is_err();
    Some((format!("{host}:{}", url.port_or_known_default()?), named))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web_dav(url: &str) -> TargetPlace {
        TargetPlace::WebDav {
            url: url.into(),
            user: String::new(),
        }
    }

    #[test]
    fn nobody_is_contacted_by_itself() {
        assert_eq!(now([].iter()), []);
        let directory = TargetPlace::Directory { path: "/mnt".into() };
        assert_eq!(now([directory].iter()), []);
    }

    #[test]
    fn targets_are_named_once_and_name_servers_only_when_asked() {
        let by_address = now([
            web_dav("http://192.168.1.7:8080/a"),
            web_dav("http://192.168.1.7:8080/b"),
        ]
        .iter());
        assert_eq!(by_address.len(), 1);
        assert_eq!(by_address[0].to, ["192.168.1.7:8080"]);
        let by_name = now([web_dav("https://nas.lan/a"), web_dav("http://[::1]/")].iter());
        assert_eq!(by_name[0].to, ["[::1]:80", "nas.lan:443"]);
        assert_eq!(by_name[1].purpose, Reason::NameServer.purpose());
    }

    #[test]
    fn the_documentation_says_the_same() {
        let rows = Reason::ALL.map(|reason| {
            let row = [reason.purpose(), reason.when(), reason.sends()];
            format!("| {} |\n", row.join(" | "))
        });
        let table = format!("| For | When | What is sent |\n|---|---|---|\n{}", rows.concat());
        let page = include_str!("../../../docs/EGRESS.md");
        assert!(
            page.ends_with(&format!("\n\n{table}")),
            "docs/EGRESS.md has to end with\n{table}"
        );
    }
}
