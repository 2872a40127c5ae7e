//! Every reason for which the server talks to another machine. One list: the admin interface shows what of it holds, and
//! docs/EGRESS.md ends with it.

use std::net::IpAddr;

use shared::model::backups::TargetPlace;
use shared::wire::instance::Outbound;

use super::fetch::Url;

/// A reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The store lies in PostgreSQL.
    Database,
    /// Copies of backups.
    BackupTarget,
    /// Certificates for the server's public names.
    Certificates,
    /// The address of a target has a name.
    NameServer,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Database,
        Self::BackupTarget,
        Self::Certificates,
        Self::NameServer,
    ];

    /// What it is.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Database => "The database",
            Self::BackupTarget => "Copies of backups",
            Self::Certificates => "Certificates by ACME",
            Self::NameServer => "Name resolution",
        }
    }

    /// When it happens, and what switches it on.
    pub fn when(self) -> &'static str {
        match self {
            Self::Database => "All the time, when the store lies in a PostgreSQL on another machine",
            Self::BackupTarget => {
                "After each backup, at the S3 and WebDAV targets that an administrator added"
            }
            Self::Certificates => {
                "While TLS is in the mode acme: at the authority that was chosen, until a certificate is there and when it has to \
                 be renewed"
            }
            Self::NameServer => "Before the others, when an address has a name",
        }
    }

    /// What leaves the machine.
    pub fn sends(self) -> &'static str {
        match self {
            Self::Database => "what is stored, its values sealed, and the login there",
            Self::BackupTarget => "backups, encrypted to the recovery kits, and the login at the target",
            Self::Certificates => "the server's public names, and the e-mail address if one was given",
            Self::NameServer => "the name",
        }
    }
}

/// What a server with these targets may contact, with this directory of an ACME authority if it has certificates from one, and
/// with its database on these hosts. Empty for one that was just installed.
pub fn now<'a>(
    targets: impl Iterator<Item = &'a TargetPlace>,
    authority: Option<&str>,
    database: &[(String, u16)],
) -> Vec<Outbound> {
    let targets = hosts(targets.filter_map(address));
    let authority = hosts(authority.into_iter());
    let database: Vec<Host> = database
        .iter()
        .map(|(host, port)| Host {
            address: format!("{host}:{port}"),
            named: host.parse::<IpAddr>().is_err(),
        })
        .collect();
    let all = [&database, &targets, &authority];
    let named = all.into_iter().flatten().any(|host| host.named);
    let to = |hosts: &[Host]| hosts.iter().map(|host| host.address.clone()).collect();
    let all = Reason::ALL.map(|reason| Outbound {
        purpose: reason.purpose().into(),
        when: reason.when().into(),
        sends: reason.sends().into(),
        to: match reason {
            Reason::Database => to(&database),
            Reason::BackupTarget => to(&targets),
            Reason::Certificates => to(&authority),
            Reason::NameServer if named => vec!["the name servers in /etc/resolv.conf".to_owned()],
            Reason::NameServer => Vec::new(),
        },
    });
    all.into_iter()
        .filter(|outbound| !outbound.to.is_empty())
        .collect()
}

/// Host and port on another machine.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Host {
    address: String,
    /// Whether it is a name, which somebody has to resolve.
    named: bool,
}

/// Where these addresses lead, each place once.
fn hosts<'a>(addresses: impl Iterator<Item = &'a str>) -> Vec<Host> {
    let host = |address: &str| {
        let url = Url::parse(address).ok()?;
        let host = url.host_str()?;
        Some(Host {
            address: format!("{host}:{}", url.port_or_known_default()?),
            named: host.trim_matches(['[', ']']).parse::<IpAddr>().is_err(),
        })
    };
    let mut hosts: Vec<Host> = addresses.filter_map(host).collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

/// The address of a target on another machine.
fn address(place: &TargetPlace) -> Option<&str> {
    match place {
        TargetPlace::Directory { .. } => None,
        TargetPlace::S3 { endpoint, .. } => Some(endpoint),
        TargetPlace::WebDav { url, .. } => Some(url),
    }
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
        assert_eq!(now([].iter(), None, &[]), []);
        let directory = TargetPlace::Directory { path: "/mnt".into() };
        assert_eq!(now([directory].iter(), None, &[]), []);
    }

    #[test]
    fn targets_are_named_once_and_name_servers_only_when_asked() {
        let by_address = now(
            [
                web_dav("http://192.168.1.7:8080/a"),
                web_dav("http://192.168.1.7:8080/b"),
            ]
            .iter(),
            None,
            &[],
        );
        assert_eq!(by_address.len(), 1);
        assert_eq!(by_address[0].to, ["192.168.1.7:8080"]);
        let by_name = now(
            [web_dav("https://nas.lan/a"), web_dav("http://[::1]/")].iter(),
            None,
            &[],
        );
        assert_eq!(by_name[0].to, ["[::1]:80", "nas.lan:443"]);
        assert_eq!(by_name[1].purpose, Reason::NameServer.purpose());
        let certificates = now([].iter(), Some("https://acme.example/directory"), &[]);
        assert_eq!(certificates[0].to, ["acme.example:443"]);
        assert_eq!(certificates[1].purpose, Reason::NameServer.purpose());
        let database = now(
            [].iter(),
            None,
            &[("db.lan".into(), 5432), ("10.0.0.7".into(), 6432)],
        );
        assert_eq!(database[0].to, ["db.lan:5432", "10.0.0.7:6432"]);
        assert_eq!(database[1].purpose, Reason::NameServer.purpose());
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
