//! Every environment variable that is recognised, and what becomes of it: those of this program, and those that guides
//! for Infisical set.

use std::ffi::OsString;

use super::{Finding, Mark};
use crate::observe::process::HANDED_ON;

/// What becomes of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It is read.
    Used(&'static str),
    /// It has no meaning here, and why.
    Ignored(&'static str),
    /// It is read still, and what takes its place.
    Deprecated(&'static str),
}

use Fate::{Deprecated, Ignored, Used};

const OWN_KEYS: &str = "not needed: signing keys are made at set-up and kept under the root key";
const OWN_DATABASE: &str = "not needed: the data is in one encrypted file in the data directory, or in the PostgreSQL that \
     STRONGROOM_DATABASE_URL names";
const NOT_OFFERED: &str = "not offered yet";
const LISTEN: &str = "not read: use STRONGROOM_LISTEN";

/// In the order in which they are listed.
const VARIABLES: &[(&str, Fate)] = &[
    ("STRONGROOM_DATA_DIR", Used("where everything is kept")),
    ("STRONGROOM_LISTEN", Used("address and port")),
    ("STRONGROOM_IDENTITY_FILE", Used("key that opens the store")),
    (
        "STRONGROOM_PASSPHRASE_FILE",
        Used("passphrase that opens the store"),
    ),
    (
        "STRONGROOM_PASSPHRASE",
        Deprecated("STRONGROOM_PASSPHRASE_FILE keeps it out of the environment"),
    ),
    ("STRONGROOM_DATABASE_URL", Used("PostgreSQL that holds the data")),
    ("STRONGROOM_DATABASE_URL_FILE", Used("the same from a file")),
    (
        "STRONGROOM_DATABASE_WAIT",
        Used("how long a start waits for PostgreSQL"),
    ),
    (
        "STRONGROOM_BACKUP_ROOT",
        Used("directories to which backups may be copied"),
    ),
    (
        "STRONGROOM_BACKUP_HOOK",
        Used("command that is run after each backup"),
    ),
    ("STRONGROOM_LOG", Used("what is logged")),
    ("STRONGROOM_COMPAT", Used("client: Infisical's own bytes")),
    ("ENCRYPTION_KEY", Used("one of the keys that open the store")),
    ("ENCRYPTION_KEY_FILE", Used("the same from a file")),
    ("ROOT_ENCRYPTION_KEY", Used("one of the keys that open the store")),
    ("ROOT_ENCRYPTION_KEY_FILE", Used("the same from a file")),
    (
        "CREDENTIALS_DIRECTORY",
        Used("credentials of systemd: strongroom-identity"),
    ),
    (
        "INFISICAL_CUSTOM_HEADERS",
        Used("client: headers for a proxy in front of the server"),
    ),
    ("SSL_CERT_FILE", Used("client: certificate authorities")),
    ("INFISICAL_TOKEN", Used("client: access token")),
    (
        "INFISICAL_UNIVERSAL_AUTH_ACCESS_TOKEN",
        Used("client: access token"),
    ),
    (
        "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID",
        Used("client: machine identity"),
    ),
    (
        "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
        Used("client: machine identity"),
    ),
    ("INFISICAL_CLIENT_ID", Used("client: machine identity")),
    ("INFISICAL_CLIENT_SECRET", Used("client: machine identity")),
    ("INFISICAL_AUTH_METHOD", Used("client: how to log in")),
    ("INFISICAL_DOMAIN", Used("client: address of the server")),
    ("INFISICAL_API_URL", Deprecated("client: INFISICAL_DOMAIN")),
    ("INFISICAL_PROJECT_ID", Used("client: project")),
    ("INFISICAL_EMAIL", Used("client: login")),
    ("INFISICAL_PASSWORD", Used("client: login")),
    ("INFISICAL_ORGANIZATION_ID", Used("client: login")),
    ("INFISICAL_ADMIN_EMAIL", Used("client: bootstrap")),
    ("INFISICAL_ADMIN_PASSWORD", Used("client: bootstrap")),
    ("INFISICAL_ADMIN_ORGANIZATION", Used("client: bootstrap")),
    (
        "INFISICAL_DISABLE_UPDATE_CHECK",
        Ignored("nothing here looks for updates"),
    ),
    ("TELEMETRY_ENABLED", Ignored("nothing here reports to anybody")),
    (
        "INFISICAL_ENCRYPTION_KEY",
        Ignored("not read: call it ENCRYPTION_KEY"),
    ),
    ("AUTH_SECRET", Ignored(OWN_KEYS)),
    ("INFISICAL_AUTH_SECRET", Ignored(OWN_KEYS)),
    ("JWT_AUTH_SECRET", Ignored(OWN_KEYS)),
    ("JWT_REFRESH_SECRET", Ignored(OWN_KEYS)),
    ("JWT_SERVICE_SECRET", Ignored(OWN_KEYS)),
    ("JWT_SECRET", Ignored(OWN_KEYS)),
    (
        "DB_CONNECTION_URI",
        Used("PostgreSQL that holds the data, unless the data directory does"),
    ),
    ("DB_CONNECTION_URI_FILE", Used("the same from a file")),
    ("REDIS_URL", Ignored(OWN_DATABASE)),
    ("POSTGRES_PASSWORD", Ignored(OWN_DATABASE)),
    ("INFISICAL_PASS", Ignored(OWN_DATABASE)),
    ("INFISICAL_POSTGRES_HOST", Ignored(OWN_DATABASE)),
    ("INFISICAL_POSTGRES_PORT", Ignored(OWN_DATABASE)),
    ("INFISICAL_POSTGRES_DATABASE", Ignored(OWN_DATABASE)),
    ("INFISICAL_POSTGRES_USERNAME", Ignored(OWN_DATABASE)),
    ("INFISICAL_POSTGRES_PASSWORD", Ignored(OWN_DATABASE)),
    ("MONGO_URL", Ignored(OWN_DATABASE)),
    ("MONGO_PASSWORD", Ignored(OWN_DATABASE)),
    ("PORT", Ignored(LISTEN)),
    ("HOST", Ignored(LISTEN)),
    ("INFISICAL_HOSTNAME", Ignored(LISTEN)),
    (
        "SITE_URL",
        Ignored("not needed: the address is taken from each request"),
    ),
    (
        "INFISICAL_SITE_URL",
        Ignored("not needed: the address is taken from each request"),
    ),
    (
        "NEXT_PUBLIC_INFISICAL_URL",
        Ignored("not needed: the address is taken from each request"),
    ),
    (
        "HTTPS_ENABLED",
        Ignored("not needed: what a cookie needs is seen in each request"),
    ),
    (
        "INFISICAL_HTTPS_ENABLED",
        Ignored("not needed: what a cookie needs is seen in each request"),
    ),
    ("INVITE_ONLY", Ignored("always so: nobody signs up by himself")),
    ("SMTP_HOST", Ignored(NOT_OFFERED)),
    ("SMTP_PORT", Ignored(NOT_OFFERED)),
    ("SMTP_USERNAME", Ignored(NOT_OFFERED)),
    ("SMTP_PASSWORD", Ignored(NOT_OFFERED)),
    ("SMTP_FROM", Ignored(NOT_OFFERED)),
    ("SMTP_FROM_ADDRESS", Ignored(NOT_OFFERED)),
    ("SMTP_FROM_NAME", Ignored(NOT_OFFERED)),
    ("GOOGLE_CLIENT_ID", Ignored(NOT_OFFERED)),
    ("GOOGLE_CLIENT_SECRET", Ignored(NOT_OFFERED)),
    ("CLIENT_ID_GOOGLE_LOGIN", Ignored(NOT_OFFERED)),
    ("CLIENT_SECRET_GOOGLE_LOGIN", Ignored(NOT_OFFERED)),
];

/// Names whose beginning says that they are meant for this program, so that a wrong spelling is noticed.
const OURS: [&str; 2] = ["STRONGROOM_", "INFISICAL_"];

/// A finding for each variable that is set, or for all; never its value.
pub fn findings(all: bool, value: impl Fn(&str) -> Option<OsString>) -> Vec<Finding> {
    let is_set = |name: &str| value(name).is_some_and(|value| !value.is_empty());
    let known = VARIABLES
        .iter()
        .filter(|(name, _)| all || is_set(name))
        .map(|(name, fate)| {
            let state = if is_set(name) { "" } else { " (not set)" };
            match fate {
                Used(what) => Finding::new(Mark::Ok, "variable", format!("{name}{state}: used, {what}")),
                Ignored(why) => Finding::new(Mark::Ok, "variable", format!("{name}{state}: ignored, {why}")),
                Deprecated(instead) => Finding::new(
                    Mark::Ok,
                    "variable",
                    format!("{name}{state}: used, but deprecated: {instead}"),
                ),
            }
        });
    let mut unknown: Vec<String> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| OURS.iter().any(|ours| name.starts_with(ours)) && is_set(name))
        .filter(|name| VARIABLES.iter().all(|(known, _)| known != name) && name != HANDED_ON)
        .collect();
    unknown.sort();
    let unknown = unknown.into_iter().map(|name| {
        Finding::new(
            Mark::Warn,
            "variable",
            format!("{name}: not known, look for a wrong spelling"),
        )
    });
    known.chain(unknown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_variables_are_told_without_their_values() {
        let told = findings(false, |name| match name {
            "ENCRYPTION_KEY" | "REDIS_URL" => Some("canary".into()),
            "PORT" => Some("".into()),
            _ => None,
        });
        let told: Vec<&str> = told.iter().map(|finding| finding.found.as_str()).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("ENCRYPTION_KEY: used"), "{told:?}");
        assert!(told[1].starts_with("REDIS_URL: ignored"), "{told:?}");
        assert!(told.iter().all(|line| !line.contains("canary")));
    }

    #[test]
    fn each_is_listed_once() {
        let mut names: Vec<&str> = VARIABLES.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
