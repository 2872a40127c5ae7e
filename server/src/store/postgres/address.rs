//! Where a PostgreSQL is and how to talk to it, taken from a connection string. The string holds a password, so no message
//! repeats any of it.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;
use zeroize::Zeroizing;

use super::Error;
use super::tls::{self, Trust};
use crate::outside::resolver::{Resolver, is_loopback_name};

/// The port of PostgreSQL.
const PORT: u16 = 5432;
/// How long a new connection may take, unless the connection string says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long sent data may remain unacknowledged before the connection counts as lost, unless the string says so.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// What the client library does when nobody says anything: for two hours it does not notice that the other machine is gone.
const NEVER_ASKED: Duration = Duration::from_hours(2);
/// Instead, a connection on which nothing happens is tried after this time, and counts as lost half a minute later.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
const KEEP_ALIVE_AGAIN: Duration = Duration::from_secs(5);
const KEEP_ALIVE_TRIES: u32 = 4;

/// An address of PostgreSQL. Its `Debug` form shows no password.
#[derive(Clone)]
pub struct PostgresAddress {
    pub(super) config: Box<tokio_postgres::Config>,
    pub(super) tls: MakeRustlsConnect,
    schema: Option<String>,
}

impl PostgresAddress {
    /// Reads a connection string: `postgres://user:password@host:port/database?sslmode=…`, or `host=… user=… dbname=…`.
    /// The error says what is wrong and repeats nothing of it.
    pub fn parse(text: &Zeroizing<String>) -> Result<Self, String> {
        let text = text.trim();
        let is_url = is_url(text);
        if is_url && text.matches('@').count() > 1 {
            return Err(
                "it has more than one @: write %40 for the one in the name or password of the user".into(),
            );
        }
        let (text, asked) = without_tls(text)?;
        let mut config: tokio_postgres::Config = text
            .parse()
            .map_err(|cause: tokio_postgres::Error| unreadable(&cause, is_url))?;
        if config.get_hosts().is_empty() {
            return Err("it names no host".into());
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SEND_TIMEOUT);
        }
        if config.get_keepalives_idle() == NEVER_ASKED {
            config.keepalives_idle(KEEP_ALIVE);
        }
        if config.get_keepalives_interval().is_none() {
            config.keepalives_interval(KEEP_ALIVE_AGAIN);
        }
        if config.get_keepalives_retries().is_none() {
            config.keepalives_retries(KEEP_ALIVE_TRIES);
        }
        if config.get_application_name().is_none() {
            config.application_name("strongroom");
        }
        let trust = match asked.mode.as_deref() {
            Some("verify-full") => {
                config.ssl_mode(SslMode::Require);
                Trust::Authorities(asked.authorities)
            }
            Some(other) => return Err(refused_mode(other)),
            None if asked.authorities.is_some() || (asked.system && asked.weaker) => {
                return Err("sslrootcert has a meaning with sslmode=verify-full only".into());
            }
            // As PostgreSQL's own client has it.
            None if asked.system => {
                config.ssl_mode(SslMode::Require);
                Trust::Authorities(None)
            }
            None => Trust::Anybody,
        };
        Ok(Self {
            tls: tls::connector(trust)?,
            config: Box::new(config),
            schema: None,
        })
    }

    /// How to connect at this moment: with the addresses to which its names lead. They are not left to the C library, which in
    /// a static binary loads modules of whatever C library the machine has.
    pub(super) async fn resolved(&self) -> Result<tokio_postgres::Config, Error> {
        let mut config = tokio_postgres::Config::clone(&self.config);
        let hosts = self.config.get_hosts();
        let names: Vec<&str> = hosts
            .iter()
            .filter_map(|host| match host {
                Host::Tcp(name) => Some(name.as_str()),
                Host::Unix(_) => None,
            })
            .collect();
        // A socket has no address, and each host needs one if any has one.
        if names.len() < hosts.len() || !self.config.get_hostaddrs().is_empty() {
            return Ok(config);
        }
        let one = names.len() == 1;
        for name in names {
            let addresses = addresses(name).await?;
            // Of several hosts each has a place of its own in the list, with its port.
            let most = if one { addresses.len() } else { 1 };
            for (number, address) in addresses.into_iter().take(most).enumerate() {
                if number > 0 {
                    config.host(name);
                }
                config.hostaddr(address);
            }
        }
        Ok(config)
    }

    /// Hosts that are other machines, with their ports.
    pub fn elsewhere(&self) -> Vec<(String, u16)> {
        let ports = self.config.get_ports();
        let hosts = self.config.get_hosts().iter().enumerate();
        hosts
            .filter_map(|(number, host)| match host {
                Host::Tcp(name) if !is_loopback(name) => {
                    let port = ports.get(number).or(ports.first());
                    Some((name.clone(), port.copied().unwrap_or(PORT)))
                }
                _ => None,
            })
            .collect()
    }

    /// The same database, in another schema of it.
    #[must_use]
    pub fn in_schema(&self, schema: &str) -> Self {
        let mut other = self.clone();
        let options = match self.config.get_options() {
            Some(options) => format!("{options} -c search_path={schema}"),
            None => format!("-c search_path={schema}"),
        };
        other.config.options(&options);
        other.schema = Some(schema.to_owned());
        other
    }
}

/// As a person would name it: host, port and database, without anybody's password.
impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = match self.config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            Some(Host::Unix(path)) => path.display().to_string(),
            None => String::new(),
        };
        let port = self.config.get_ports().first().copied().unwrap_or(PORT);
        let user = self.config.get_user();
        let database = self.config.get_dbname().or(user).unwrap_or("postgres");
        write!(f, "{host}:{port}/{database}")?;
        match &self.schema {
            Some(schema) => write!(f, ", schema {schema}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresAddress({self})")
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

/// What is wrong with a connection string. The library names what it does not know, which may be a part of the password.
fn unreadable(cause: &tokio_postgres::Error, is_url: bool) -> String {
    let why = std::error::Error::source(cause).map_or_else(String::new, ToString::to_string);
    if why == "invalid value for option `sslmode`" && !is_url {
        return "sslmode is one of disable, prefer and require here; verify-full needs the form postgres://…"
            .into();
    }
    if why.starts_with("invalid value for option") {
        return why;
    }
    let next = if is_url {
        "In the name and password of the user, a space and any of / ? # & % is written as %20 %2F %3F %23 %26 %25"
    } else {
        "A value with a space stands in quotes: password='two words'"
    };
    format!(
        "it is not of the form postgres://user:password@host:port/database or host=… user=… dbname=…, or has an option that \
         is not known. {next}"
    )
}

/// Where a host leads, whichever way it is written.
async fn addresses(host: &str) -> Result<Vec<IpAddr>, Error> {
    if let Ok(address) = host.parse() {
        return Ok(vec![address]);
    }
    let found = Resolver::default().lookup(host).await;
    found.map_err(|error| Error::Unavailable(error.to_string()))
}

fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => is_loopback_name(host),
    }
}

/// What a connection string says about TLS that the client below does not know.
#[derive(Default)]
struct Asked {
    mode: Option<String>,
    authorities: Option<String>,
    /// Whether the authorities of the machine were named.
    system: bool,
    /// Whether a mode was named in which nobody has to vouch for the server.
    weaker: bool,
}

/// Takes that out of the string.
fn without_tls(text: &str) -> Result<(Zeroizing<String>, Asked), String> {
    // A ? before the @ is one of the password.
    let from = text.find('@').unwrap_or_default();
    let question = text[from..].find('?').filter(|_| is_url(text));
    let Some((address, query)) = question.map(|at| (&text[..from + at], &text[from + at + 1..])) else {
        return Ok((Zeroizing::new(text.to_owned()), Asked::default()));
    };
    let mut asked = Asked::default();
    let mut kept = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let value = percent_encoding::percent_decode_str(value)
            .decode_utf8()
            .map_err(|_| format!("{name} is not text in UTF-8"))?;
        match (name, &*value) {
            ("sslmode", "disable" | "prefer" | "require" | "allow") => {
                asked.weaker = true;
                // What `allow` allows at least is what `prefer` does.
                kept.push(if value == "allow" { "sslmode=prefer" } else { part });
            }
            ("sslmode", other) => asked.mode = Some(other.to_owned()),
            ("sslrootcert", "system") => asked.system = true,
            ("sslrootcert", file) => asked.authorities = Some(file.to_owned()),
            ("sslcert" | "sslkey" | "sslpassword" | "sslcrl", _) => {
                return Err(format!("{name} is not offered: log in with a password"));
            }
            _ => kept.push(part),
        }
    }
    let text = if kept.is_empty() {
        address.to_owned()
    } else {
        format!("{address}?{}", kept.join("&"))
    };
    Ok((Zeroizing::new(text), asked))
}

fn refused_mode(mode: &str) -> String {
    match mode {
        "verify-ca" => {
            "sslmode=verify-ca is not offered, because whoever has any certificate of the authority could answer: use \
             sslmode=verify-full"
                .into()
        }
        _ => "sslmode is one of disable, prefer, require and verify-full".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PostgresAddress, String> {
        PostgresAddress::parse(&Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn what_cannot_be_honoured_is_refused_without_the_password() {
        let with = |query: &str| parse(&format!("postgres://app:canary@db.example.com/app?{query}"));
        for (query, part) in [
            ("sslmode=verify-ca", "verify-full"),
            ("sslmode=yes", "one of"),
            ("sslmode=require&sslrootcert=/x.pem", "verify-full only"),
            ("sslmode=verify-full&sslrootcert=/nowhere/x.pem", "/nowhere/x.pem"),
            ("sslcert=/x.pem", "not offered"),
            ("sslmode=require&sslrootcert=system", "verify-full only"),
            ("sslrootcert=system&sslmode=prefer", "verify-full only"),
            ("nonsense=1", "option that is not known"),
        ] {
            let told = with(query).unwrap_err();
            assert!(told.contains(part), "{query}: {told}");
            assert!(!told.contains("canary"), "{told}");
        }
        for text in [
            "",
            "canary",
            "mysql://app:canary@db/app",
            "postgres:///app?user=canary",
        ] {
            let told = parse(text).unwrap_err();
            assert!(!told.contains("canary"), "{told}");
        }
    }

    #[test]
    fn a_password_that_breaks_the_address_is_not_repeated() {
        for text in [
            "postgres://app:ca@nary@db/app",
            "postgres://app:ca@nary/x@db/app",
            "postgres://app:c@a?nary=1@db/app?sslmode=require",
            "postgres://db/app?user=app&password=ca&nary=1",
            "host=db user=app password=ca nary=1",
            "host=db user=app password=ca nary",
        ] {
            let told = parse(text).unwrap_err();
            assert!(!told.contains("nary"), "{text}: {told}");
        }
        // A question mark breaks nothing.
        let address =
            parse("postgres://app:ca?nary@db/app?sslmode=verify-full&sslrootcert=/nowhere").unwrap_err();
        assert!(address.contains("/nowhere"), "{address}");
        let address = parse("postgres://app:ca?nary@db/app?sslmode=require").unwrap();
        assert_eq!(address.to_string(), "db:5432/app");
        assert_eq!(address.config.get_password(), Some(&b"ca?nary"[..]));
        assert_eq!(address.config.get_ssl_mode(), SslMode::Require);
        let told = parse("host=db user=app sslmode=verify-full").unwrap_err();
        assert!(told.contains("needs the form postgres://"), "{told}");
    }

    #[test]
    fn a_machine_that_is_gone_is_noticed() {
        let idle = |query: &str| {
            let parsed = parse(&format!("postgres://app@db/app{query}")).unwrap();
            parsed.config.get_keepalives_idle()
        };
        assert_eq!(idle(""), Duration::from_secs(10));
        assert_eq!(idle("?keepalives_idle=60"), Duration::from_mins(1));
        let parsed = parse("postgres://app@db/app").unwrap();
        assert_eq!(
            parsed.config.get_keepalives_interval(),
            Some(Duration::from_secs(5))
        );
        assert_eq!(parsed.config.get_keepalives_retries(), Some(4));
    }

    #[tokio::test]
    async fn names_are_resolved_before_the_client_sees_them() {
        let resolved = async |text: &str| parse(text).unwrap().resolved().await;
        let config = resolved("postgres://app@localhost:6432/app").await.unwrap();
        let loopback: [IpAddr; 2] = ["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
        assert_eq!(config.get_hostaddrs(), loopback);
        // The name stays, for the certificate has to be for it.
        assert_eq!(
            config.get_hosts(),
            [Host::Tcp("localhost".into()), Host::Tcp("localhost".into())]
        );
        let config = resolved("postgres://app@localhost:1,10.0.0.7:2/app")
            .await
            .unwrap();
        let expected: [IpAddr; 2] = ["127.0.0.1".parse().unwrap(), "10.0.0.7".parse().unwrap()];
        assert_eq!(config.get_hostaddrs(), expected);
        assert_eq!(config.get_ports(), [1, 2]);
        for untouched in [
            "host=/run/postgresql user=app",
            "host=db hostaddr=10.0.0.9 user=app",
        ] {
            let before = parse(untouched).unwrap().config;
            assert_eq!(resolved(untouched).await.unwrap(), *before, "{untouched}");
        }
        let nowhere = resolved("postgres://app@db.strongroom.invalid/app").await;
        let told = nowhere.unwrap_err().to_string();
        assert!(
            told.contains("db.strongroom.invalid could not be resolved"),
            "{told}"
        );
    }

    #[test]
    fn other_machines_are_named() {
        let elsewhere = |text: &str| parse(text).unwrap().elsewhere();
        for here in [
            "host=/run/postgresql user=app",
            "postgres://app@localhost/app",
            "postgres://app@127.0.0.1/app",
            "postgres://app@[::1]/app",
        ] {
            assert_eq!(elsewhere(here), [], "{here}");
        }
        assert_eq!(
            elsewhere("postgres://app@a.lan:1,10.0.0.7:2/app"),
            [("a.lan".to_owned(), 1), ("10.0.0.7".to_owned(), 2)]
        );
    }

    #[test]
    fn modes_of_tls() {
        let mode = |query: &str| {
            let parsed = parse(&format!("postgres://app@db/app{query}")).unwrap();
            parsed.config.get_ssl_mode()
        };
        assert_eq!(mode(""), SslMode::Prefer);
        assert_eq!(mode("?sslmode=allow"), SslMode::Prefer);
        assert_eq!(mode("?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("?connect_timeout=3&sslmode=require"), SslMode::Require);
        // Without a mode, the authorities of the machine have to vouch for the server, or there is no connection.
        match parse("postgres://app@db/app?sslrootcert=system") {
            Ok(address) => assert_eq!(address.config.get_ssl_mode(), SslMode::Require),
            Err(none) => assert!(none.contains("this machine has none"), "{none}"),
        }
    }

    #[test]
    fn it_is_named_without_its_password() {
        let address = parse("postgres://app:canary@db.example.com:6432/vault").unwrap();
        assert_eq!(address.to_string(), "db.example.com:6432/vault");
        assert_eq!(
            format!("{:?}", address.in_schema("other")),
            "PostgresAddress(db.example.com:6432/vault, schema other)"
        );
        assert_eq!(parse("host=db user=app").unwrap().to_string(), "db:5432/app");
    }
}
