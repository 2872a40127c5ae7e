//! Every environment variable that is recognised, and what becomes of it: those of this program, and those that guides
//! for Infisical set.

use std::fmt;

use clap::Command;

use super::environment::file_variable;
use super::load::Setting;
use super::{Environment, load, secret};

/// What becomes of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate<'a> {
    /// It is a setting of `serve`, or stands for one.
    Setting(&'a str),
    /// The server reads it.
    Used(&'static str),
    /// The command line client reads it.
    Client(&'static str),
    /// It has no meaning here, and why.
    Ignored(&'static str),
    /// It is read still, and what takes its place.
    Deprecated(&'static str),
}

use Fate::{Client, Deprecated, Ignored, Setting as Means, Used};

impl fmt::Display for Fate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Means(id) => write!(f, "used, --{}", id.replace('_', "-")),
            Used(what) => write!(f, "used, {what}"),
            Client(what) => write!(f, "for the client, {what}"),
            Ignored(why) => write!(f, "ignored, {why}"),
            Deprecated(instead) => write!(f, "used, but deprecated: {instead}"),
        }
    }
}

/// A variable that is recognised.
#[derive(Debug, Clone, Copy)]
pub struct Variable<'a> {
    /// Its name.
    pub name: &'a str,
    /// What becomes of it.
    pub fate: Fate<'a>,
    /// Whether it holds a secret, which is taken out of the environment.
    pub secret: bool,
}

const fn plain(name: &'static str, fate: Fate<'static>) -> Variable<'static> {
    Variable {
        name,
        fate,
        secret: false,
    }
}

const fn secret(name: &'static str, fate: Fate<'static>) -> Variable<'static> {
    Variable {
        name,
        fate,
        secret: true,
    }
}

const OWN_KEYS: &str = "not needed: signing keys are made at set-up and kept under the root key";
const OWN_DATABASE: &str = "not needed: the data is in one encrypted file in the data directory, or in the PostgreSQL that \
     STRONGROOM_DATABASE_URL names";
const NOT_OFFERED: &str = "not offered yet";
const MONGO: &str = "MongoDB is not used: take the secrets out of the old Infisical with `infisical export --format json`, and bring \
                     them in with `strongroom import`";
const COOKIES: &str = "not needed: what a cookie needs is seen in each request";
const OPENS: &str = "one of the keys that open the store";

/// All but the variables of the settings themselves, which stand at the definition of their arguments.
const OTHERS: &[Variable] = &[
    secret(
        secret::PASSPHRASE,
        Deprecated("STRONGROOM_PASSPHRASE_FILE keeps it out of the environment"),
    ),
    secret(secret::DATABASE_URL, Used("PostgreSQL that holds the data")),
    secret(
        secret::METRICS_TOKEN,
        Deprecated("STRONGROOM_METRICS_TOKEN_FILE keeps it out of the environment"),
    ),
    plain("STRONGROOM_LOG", Used("what is logged")),
    plain("STRONGROOM_COMPAT", Client("Infisical's own bytes")),
    secret("ENCRYPTION_KEY", Used(OPENS)),
    secret("INFISICAL_ENCRYPTION_KEY", Used(OPENS)),
    secret("ROOT_ENCRYPTION_KEY", Used(OPENS)),
    plain(
        "CREDENTIALS_DIRECTORY",
        Used("credentials of systemd: strongroom-identity, and any variable by its name"),
    ),
    plain("HOST", Means("listen")),
    plain("PORT", Means("listen")),
    plain("INFISICAL_HOSTNAME", Means("listen")),
    plain("SITE_URL", Means("site_url")),
    plain("INFISICAL_SITE_URL", Means("site_url")),
    plain("NEXT_PUBLIC_INFISICAL_URL", Means("site_url")),
    plain(
        "INFISICAL_CUSTOM_HEADERS",
        Client("headers for a proxy in front of the server"),
    ),
    plain("SSL_CERT_FILE", Client("certificate authorities")),
    plain("INFISICAL_TOKEN", Client("access token")),
    plain("INFISICAL_UNIVERSAL_AUTH_ACCESS_TOKEN", Client("access token")),
    plain("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", Client("machine identity")),
    plain(
        "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
        Client("machine identity"),
    ),
    plain("INFISICAL_CLIENT_ID", Client("machine identity")),
    plain("INFISICAL_CLIENT_SECRET", Client("machine identity")),
    plain("INFISICAL_AUTH_METHOD", Client("how to log in")),
    plain("INFISICAL_DOMAIN", Client("address of the server")),
    plain(
        "INFISICAL_API_URL",
        Client("address of the server; better INFISICAL_DOMAIN"),
    ),
    plain("INFISICAL_PROJECT_ID", Client("project")),
    plain("INFISICAL_EMAIL", Client("login")),
    plain("INFISICAL_PASSWORD", Client("login")),
    plain("INFISICAL_ORGANIZATION_ID", Client("login")),
    plain("INFISICAL_ADMIN_EMAIL", Client("bootstrap")),
    plain("INFISICAL_ADMIN_PASSWORD", Client("bootstrap")),
    plain("INFISICAL_ADMIN_ORGANIZATION", Client("bootstrap")),
    plain(
        "INFISICAL_DISABLE_UPDATE_CHECK",
        Ignored("nothing here looks for updates"),
    ),
    plain("TELEMETRY_ENABLED", Ignored("nothing here reports to anybody")),
    secret("AUTH_SECRET", Ignored(OWN_KEYS)),
    secret("INFISICAL_AUTH_SECRET", Ignored(OWN_KEYS)),
    secret("JWT_AUTH_SECRET", Ignored(OWN_KEYS)),
    secret("JWT_REFRESH_SECRET", Ignored(OWN_KEYS)),
    secret("JWT_SERVICE_SECRET", Ignored(OWN_KEYS)),
    secret("JWT_SECRET", Ignored(OWN_KEYS)),
    secret(
        secret::CONNECTION_URI,
        Used("PostgreSQL that holds the data, unless a file in the data directory does"),
    ),
    secret("REDIS_URL", Ignored(OWN_DATABASE)),
    secret("POSTGRES_PASSWORD", Ignored(OWN_DATABASE)),
    secret("INFISICAL_PASS", Ignored(OWN_DATABASE)),
    plain("POSTGRES_USER", Ignored(OWN_DATABASE)),
    plain("POSTGRES_DB", Ignored(OWN_DATABASE)),
    plain("INFISICAL_POSTGRES_HOST", Ignored(OWN_DATABASE)),
    plain("INFISICAL_POSTGRES_PORT", Ignored(OWN_DATABASE)),
    plain("INFISICAL_POSTGRES_DATABASE", Ignored(OWN_DATABASE)),
    plain("INFISICAL_POSTGRES_USERNAME", Ignored(OWN_DATABASE)),
    secret("INFISICAL_POSTGRES_PASSWORD", Ignored(OWN_DATABASE)),
    secret("MONGO_URL", Ignored(MONGO)),
    secret("MONGO_PASSWORD", Ignored(MONGO)),
    plain("HTTPS_ENABLED", Ignored(COOKIES)),
    plain("INFISICAL_HTTPS_ENABLED", Ignored(COOKIES)),
    plain("INVITE_ONLY", Ignored("always so: nobody signs up by himself")),
    plain("SMTP_HOST", Ignored(NOT_OFFERED)),
    plain("SMTP_PORT", Ignored(NOT_OFFERED)),
    plain("SMTP_USERNAME", Ignored(NOT_OFFERED)),
    secret("SMTP_PASSWORD", Ignored(NOT_OFFERED)),
    plain("SMTP_FROM", Ignored(NOT_OFFERED)),
    plain("SMTP_FROM_ADDRESS", Ignored(NOT_OFFERED)),
    plain("SMTP_FROM_NAME", Ignored(NOT_OFFERED)),
    plain("GOOGLE_CLIENT_ID", Ignored(NOT_OFFERED)),
    secret("GOOGLE_CLIENT_SECRET", Ignored(NOT_OFFERED)),
    plain("CLIENT_ID_GOOGLE_LOGIN", Ignored(NOT_OFFERED)),
    secret("CLIENT_SECRET_GOOGLE_LOGIN", Ignored(NOT_OFFERED)),
];

/// Variables of the client that may be files as well; what the server reads always may.
const CLIENT_FILES: [&str; 5] = [
    "INFISICAL_TOKEN",
    "INFISICAL_UNIVERSAL_AUTH_ACCESS_TOKEN",
    "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET",
    "INFISICAL_CLIENT_SECRET",
    "INFISICAL_PASSWORD",
];

/// Names whose beginning says that they are meant for this program, so that a wrong spelling is noticed.
const OURS: [&str; 2] = ["STRONGROOM_", "INFISICAL_"];

/// Every variable that is recognised: those of the settings of `serve`, then the others.
pub fn variables(serve: &Command) -> impl Iterator<Item = Variable<'_>> {
    let own = load::settings(serve).map(|arg| Variable {
        name: load::variable(arg),
        fate: Means(arg.get_id().as_str()),
        secret: arg.is_hide_env_values_set(),
    });
    own.chain(OTHERS.iter().copied())
}

/// Variables that hold secrets, and are taken out of the environment.
pub fn secrets() -> impl Iterator<Item = &'static str> {
    let secret = OTHERS.iter().filter(|variable| variable.secret);
    secret.map(|variable| variable.name)
}

/// What became of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Became {
    /// It is in effect.
    Used,
    /// It is in effect, and should not be relied upon.
    Deprecated,
    /// The command line client reads it.
    Client,
    /// It has no effect.
    Ignored,
    /// Nobody knows it.
    Unknown,
}

impl fmt::Display for Became {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Used => "used",
            Self::Deprecated => "used, but deprecated",
            Self::Client => "for the client",
            Self::Ignored => "ignored",
            Self::Unknown => "not known",
        })
    }
}

/// A variable that is set, and what became of it; never its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// What became of it.
    pub became: Became,
    /// What for, or why not.
    pub why: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let separator = if self.became == Became::Deprecated {
            ":"
        } else {
            ","
        };
        write!(f, "{}: {}{separator} {}", self.name, self.became, self.why)
    }
}

/// What became of every variable that is set and recognised, or seems to be meant for us.
pub fn report<'a>(
    environment: &Environment,
    recognised: impl Iterator<Item = Variable<'a>>,
    settings: &[Setting],
) -> Vec<Report> {
    let mut told: Vec<Report> = Vec::new();
    for variable in recognised {
        let may_be_file = !matches!(variable.fate, Client(_)) || CLIENT_FILES.contains(&variable.name);
        let file = file_variable(variable.name).filter(|_| may_be_file);
        for name in [Some(variable.name.to_owned()), file].into_iter().flatten() {
            if environment.has(&name) && told.iter().all(|report| report.name != name) {
                let (became, why) = became(variable, &name, environment, settings);
                told.push(Report { name, became, why });
            }
        }
    }
    let others = environment
        .names()
        .into_iter()
        .filter(|name| told.iter().all(|report| report.name != *name))
        .filter_map(|name| {
            let (became, why) = if name.starts_with("SMTP_") {
                (Became::Ignored, NOT_OFFERED)
            } else if OURS.iter().any(|ours| name.starts_with(ours)) {
                (Became::Unknown, "look for a wrong spelling")
            } else {
                return None;
            };
            Some(Report {
                name: name.to_owned(),
                became,
                why: why.to_owned(),
            })
        })
        .collect::<Vec<_>>();
    told.into_iter().chain(others).collect()
}

fn became(
    variable: Variable<'_>,
    name: &str,
    environment: &Environment,
    settings: &[Setting],
) -> (Became, String) {
    if let Some(first) = counts_before(variable.name, environment) {
        return (Became::Ignored, format!("{first} is set as well"));
    }
    match variable.fate {
        Means(_) => {
            let own = settings.iter().find(|setting| gives(setting, name));
            if let Some(setting) = own {
                return (Became::Used, format!("--{}", setting.name));
            }
            let why = match settings
                .iter()
                .find(|setting| means(variable).any(|id| id == setting.id))
            {
                Some(setting) if setting.source != super::Source::Default => {
                    format!("the {} comes first", setting.source)
                }
                Some(_) => "it says nothing that can be used here".to_owned(),
                None => "there is a problem with it".to_owned(),
            };
            (Became::Ignored, why)
        }
        Used(what) => (Became::Used, what.to_owned()),
        Client(what) => (Became::Client, what.to_owned()),
        // A passphrase in a file is what takes the place of one in a variable.
        Deprecated(instead) => (Became::Deprecated, instead.to_owned()),
        Ignored(why) => (Became::Ignored, why.to_owned()),
    }
}

/// The variable that is set and counts in the place of another.
fn counts_before(name: &str, environment: &Environment) -> Option<&'static str> {
    [&secret::ENCRYPTION_KEYS[..], &secret::ADDRESSES]
        .into_iter()
        .filter(|list| list.contains(&name))
        .flat_map(|list| list.iter().take_while(move |other| **other != name))
        .find(|other| environment.is_given(other))
        .copied()
}

/// Whether a setting has its value from a variable. `HOST` and `PORT` make one value together.
fn gives(setting: &Setting, name: &str) -> bool {
    let bare = |name: &str| name.strip_suffix("_FILE").unwrap_or(name).to_owned();
    setting
        .source
        .variable()
        .is_some_and(|source| source == name || (bare(source) == "HOST" && bare(name) == "PORT"))
}

/// The settings that a variable may give.
fn means(variable: Variable<'_>) -> impl Iterator<Item = &str> {
    let first = match variable.fate {
        Means(id) => Some(id),
        _ => None,
    };
    let host = (variable.name == "INFISICAL_HOSTNAME").then_some("site_url");
    first.into_iter().chain(host)
}
