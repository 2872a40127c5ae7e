//! The first lines of a server's log: what runs, where, on what, and how it was configured. They fit into the lines that
//! people look at.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::teller::Teller;
use crate::app::App;
use crate::cli::address::Address;
use crate::config::env::{Became, Report};
use crate::config::{Configuration, Source};
use crate::domain::{Error, instance, setup};
use crate::store::Dialect;

/// Says them, and on a new server how to become its administrator.
pub async fn say(
    app: &App,
    address: SocketAddr,
    sites: &[Address],
    configuration: &Configuration,
    teller: &Teller<'_>,
) {
    let scheme = if app.tls().is_on() { "https" } else { "http" };
    let here = format!("{scheme}://{}", shown(address));
    teller.note(&format!(
        "Strongroom {} listens on {here}",
        env!("CARGO_PKG_VERSION")
    ));
    if sites.is_empty() && address.ip().is_unspecified() {
        teller.note("From another machine: this one's name or address in the place of localhost");
    }
    if !sites.is_empty() {
        let sites: Vec<String> = sites.iter().map(ToString::to_string).collect();
        teller.note(&format!("People reach it at {}", sites.join(" and ")));
    }
    match app.read(instance::first_lines).await {
        Ok(known) => teller.note(&store(&known)),
        // Why it is locked was said before.
        Err(Error::Locked) => {}
        Err(error) => teller.warn(&format!("The state of the store could not be read: {error}")),
    }
    if let Some(authority) = app.tls().state().authority {
        teller.note(&format!(
            "Its own authority, for browsers to trust: {here}/api/strongroom/v1/tls/authority.pem\nSHA-256 fingerprint of the \
             authority: {}",
            authority.fingerprint
        ));
    }
    for line in report(configuration) {
        teller.note(&line);
    }
    let site = sites.first().map_or_else(|| here.clone(), ToString::to_string);
    match app.write(setup::new_code).await {
        Ok((code, _)) => teller.note(&format!(
            "Set it up within 60 minutes: {}/admin/signup#code={code}\nSetup code: {code}",
            site.trim_end_matches('/'),
            code = code.expose()
        )),
        // Set up long ago, or locked: there is nothing to say.
        Err(Error::BadRequest(_) | Error::Locked) => {}
        Err(error) => teller.warn(&format!("No setup code could be made: {error}")),
    }
}

/// The address as a browser on this machine takes it.
pub fn shown(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_unspecified() => format!("localhost:{}", address.port()),
        _ => address.to_string(),
    }
}

/// Database, key and recovery.
fn store(known: &instance::FirstLines) -> String {
    let database = match known.database {
        Dialect::Sqlite => "SQLite, encrypted",
        Dialect::Postgres => "PostgreSQL, values encrypted",
    };
    let key = match &known.unlocked_by {
        Some((name, fingerprint)) => format!("{name} ({fingerprint})"),
        None => "a key that was removed since".to_owned(),
    };
    let recovery = match (known.kits, known.last_backup.is_some()) {
        (0, _) => "no recovery kit yet",
        (_, false) => "a recovery kit, and no backup yet",
        (_, true) => "a recovery kit and backups",
    };
    format!("Database: {database}. Opened by: {key}. Recovery: {recovery}")
}

/// Where the configuration comes from, and what became of each variable. Client variables are nothing to a server.
fn report(configuration: &Configuration) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(file) = &configuration.file {
        lines.push(format!("Configuration file: {}", file.display()));
    }
    let made: Vec<String> = configuration
        .settings
        .iter()
        .filter(|setting| setting.source != Source::Default && setting.source.variable().is_none())
        .map(|setting| format!("{} ({})", setting.name, setting.source))
        .collect();
    if !made.is_empty() {
        lines.push(format!("Settings: {}", made.join(", ")));
    }
    for became in [Became::Used, Became::Deprecated, Became::Ignored, Became::Unknown] {
        let told = configuration
            .variables
            .iter()
            .filter(|report| report.became == became);
        lines.extend(grouped(told).map(|(why, names)| format!("Variables {became}: {names} ({why})")));
    }
    lines
}

/// Names with the same reason, together.
fn grouped<'a>(told: impl Iterator<Item = &'a Report>) -> impl Iterator<Item = (&'a str, String)> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for report in told {
        groups.entry(&report.why).or_default().push(&report.name);
    }
    groups.into_iter().map(|(why, names)| (why, names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Environment, Given, load};

    #[test]
    fn one_report_names_every_variable_and_no_value() {
        let environment = Environment::of(&[
            ("ENCRYPTION_KEY", "canary"),
            ("REDIS_URL", "redis://canary"),
            ("POSTGRES_PASSWORD", "canary"),
            ("MONGO_URL", "mongodb://canary"),
            ("INFISICAL_TOKEN", "canary"),
            ("INFISICAL_TOKN", "canary"),
            ("PORT", "8020"),
        ]);
        let loaded = load(&crate::cli::serve_command(), &Given::new(), &environment);
        assert_eq!(loaded.problems, []);
        let lines = report(&loaded);
        let expected = [
            "Variables used: PORT (--listen)",
            "Variables used: ENCRYPTION_KEY (one of the keys that open the store)",
            "Variables ignored: MONGO_URL (MongoDB is not used: take the secrets",
            "Variables ignored: REDIS_URL, POSTGRES_PASSWORD (not needed: the data is in one",
            "Variables not known: INFISICAL_TOKN (look for a wrong spelling)",
        ];
        assert_eq!(lines.len(), expected.len(), "{lines:#?}");
        for beginning in expected {
            assert!(
                lines.iter().any(|line| line.starts_with(beginning)),
                "{beginning}: {lines:#?}"
            );
        }
        assert!(lines.iter().all(|line| !line.contains("canary")));
    }
}
