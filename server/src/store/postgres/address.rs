//! Where a PostgreSQL is and how to talk to it, taken from a connection string. The string holds a password, so no message
//! repeats any of it.

use std::fmt;
use std::time::Duration;

use postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;
use zeroize::Zeroizing;

use super::tls::{self, Trust};

/// How long a new connection may take, unless the connection string says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long sent data may remain unacknowledged before the connection counts as lost, unless the string says so.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

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
        let (text, asked) = without_tls(text.trim())?;
        let mut config: tokio_postgres::Config = text.parse().map_err(|cause: tokio_postgres::Error| {
            let why = std::error::Error::source(&cause).map_or_else(String::new, |why| format!(": {why}"));
            format!("{cause}{why}")
        })?;
        if config.get_hosts().is_empty() {
            return Err("it names no host".into());
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SEND_TIMEOUT);
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
            None if asked.authorities.is_some() => {
                return Err("sslrootcert has a meaning with sslmode=verify-full only".into());
            }
            None => Trust::Anybody,
        };
        Ok(Self {
            tls: tls::connector(trust)?,
            config: Box::new(config),
            schema: None,
        })
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
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
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

/// What a connection string says about TLS that the client below does not know.
#[derive(Default)]
struct Asked {
    mode: Option<String>,
    authorities: Option<String>,
}

/// Takes that out of the string.
fn without_tls(text: &str) -> Result<(Zeroizing<String>, Asked), String> {
    let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
    let Some((address, query)) = text.split_once('?').filter(|_| is_url) else {
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
            ("sslmode", "disable" | "prefer" | "require") => kept.push(part),
            // What it allows at least is what `prefer` does.
            ("sslmode", "allow") => kept.push("sslmode=prefer"),
            ("sslmode", other) => asked.mode = Some(other.to_owned()),
            ("sslrootcert", "system") => {}
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
            ("nonsense=1", "nonsense"),
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
    fn modes_of_tls() {
        let mode = |query: &str| {
            let parsed = parse(&format!("postgres://app@db/app{query}")).unwrap();
            parsed.config.get_ssl_mode()
        };
        assert_eq!(mode(""), SslMode::Prefer);
        assert_eq!(mode("?sslmode=allow"), SslMode::Prefer);
        assert_eq!(mode("?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("?connect_timeout=3&sslmode=require"), SslMode::Require);
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
