//! Every environment variable that is recognised, and what becomes of it: those of this program, and those that guides
//! for Infisical set.

use std::fmt;

use super::environment::file_variable;
use super::load::Setting;
use super::{Environment, secret};

/// What becomes of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is a setting of `serve`, or stands for one.
    Setting(&'static str),
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

impl fmt::Display for Fate {
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
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What becomes of it.
    pub fate: Fate,
    /// Whether it holds a secret, which is taken out of the environment.
    pub secret: bool,
}

const fn plain(name: &'static str, fate: Fate) -> Variable {
    Variable {
        name,
        fate,
        secret: false,
    }
}

const fn secret(name: &'static str, fate: Fate) -> Variable {
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

/// In the order in which they are listed.
pub const VARIABLES: &[Variable] = &[
    plain("STRONGROOM_CONFIG", Means("config")),
    plain("STRONGROOM_DATA_DIR", Means("data_dir")),
    plain("STRONGROOM_LISTEN", Means("listen")),
    plain("STRONGROOM_SITE_URL", Means("site_url")),
    plain("STRONGROOM_IDENTITY_FILE", Means("identity")),
    plain("STRONGROOM_PASSPHRASE_FILE", Means("passphrase_file")),
    secret(
        secret::PASSPHRASE,
        Deprecated("STRONGROOM_PASSPHRASE_FILE keeps it out of the environment"),
    ),
    secret(secret::DATABASE_URL, Used("PostgreSQL that holds the data")),
    plain("STRONGROOM_DATABASE_URL_FILE", Means("database_url_file")),
    plain("STRONGROOM_DATABASE_WAIT", Means("database_wait")),
    plain("STRONGROOM_BACKUP_ROOT", Means("backup_root")),
    plain("STRONGROOM_BACKUP_HOOK", Means("backup_hook")),
    plain("STRONGROOM_TLS", Means("tls")),
    plain("STRONGROOM_TLS_NAME", Means("tls_name")),
    plain("STRONGROOM_TLS_CERT", Means("tls_cert")),
    plain("STRONGROOM_TLS_KEY", Means("tls_key")),
    plain("STRONGROOM_ACME_DOMAIN", Means("acme_domain")),
    plain("STRONGROOM_ACME_EMAIL", Means("acme_email")),
    plain("STRONGROOM_ACME_DIRECTORY", Means("acme_directory")),
    plain("STRONGROOM_ACME_CA", Means("acme_ca")),
    plain("STRONGROOM_HTTP_LISTEN", Means("http_listen")),
    plain("STRONGROOM_HTTPS_PORT", Means("https_port")),
    plain("STRONGROOM_TRUSTED_PROXY", Means("trusted_proxy")),
    plain("STRONGROOM_ALLOW_OUTBOUND", Means("allow_outbound")),
    plain("STRONGROOM_METRICS_TOKEN_FILE", Means("metrics_token_file")),
    secret(
        secret::METRICS_TOKEN,
        Deprecated("STRONGROOM_METRICS_TOKEN_FILE keeps it out of the environment"),
    ),
    plain("STRONGROOM_SECURITY_CONTACT", Means("security_contact")),
    plain("STRONGROOM_LOG_FORMAT", Means("log_format")),
    plain("STRONGROOM_FAIL_IF_LOCKED", Means("fail_if_locked")),
    plain("STRONGROOM_FAIL_IF_MISCONFIGURED", Means("fail_if_misconfigured")),
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

/// Names whose beginning says that they are meant for this program, so that a wrong spelling is noticed.
const OURS: [&str; 2] = ["STRONGROOM_", "INFISICAL_"];

/// Variables that hold secrets, and are taken out of the environment.
pub fn secrets() -> impl Iterator<Item = &'static str> {
    VARIABLES
        .iter()
        .filter(|variable| variable.secret)
        .map(|variable| variable.name)
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
pub fn report(environment: &Environment, settings: &[Setting]) -> Vec<Report> {
    let mut told: Vec<Report> = Vec::new();
    for variable in VARIABLES {
        let file = file_variable(variable.name).filter(|_| !matches!(variable.fate, Client(_)));
        for name in [Some(variable.name.to_owned()), file].into_iter().flatten() {
            if environment.has(&name) && told.iter().all(|report| report.name != name) {
                let (became, why) = became(variable, &name, environment, settings);
                told.push(Report { name, became, why });
            }
        }
    }
    let unknown = environment
        .names()
        .into_iter()
        .filter(|name| OURS.iter().any(|ours| name.starts_with(ours)))
        .filter(|name| told.iter().all(|report| report.name != *name))
        .map(|name| Report {
            name: name.to_owned(),
            became: Became::Unknown,
            why: "look for a wrong spelling".to_owned(),
        })
        .collect::<Vec<_>>();
    told.into_iter().chain(unknown).collect()
}

fn became(
    variable: &Variable,
    name: &str,
    environment: &Environment,
    settings: &[Setting],
) -> (Became, String) {
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
        Used(what) if secret::ENCRYPTION_KEYS.contains(&variable.name) => {
            // Only the first of them counts.
            let first = secret::ENCRYPTION_KEYS.into_iter().find(|key| {
                environment.has(key) || file_variable(key).is_some_and(|file| environment.has(&file))
            });
            match first {
                Some(first) if first != variable.name => (Became::Ignored, format!("{first} is set as well")),
                _ => (Became::Used, what.to_owned()),
            }
        }
        Used(what) => (Became::Used, what.to_owned()),
        Client(what) => (Became::Client, what.to_owned()),
        // A passphrase in a file is what takes the place of one in a variable.
        Deprecated(instead) => (Became::Deprecated, instead.to_owned()),
        Ignored(why) => (Became::Ignored, why.to_owned()),
    }
}

/// Whether a setting has its value from a variable. `HOST` and `PORT` make one value together.
fn gives(setting: &Setting, name: &str) -> bool {
    let together = ["HOST", "PORT"];
    setting
        .source
        .variable()
        .is_some_and(|source| source == name || (source == together[0] && together.contains(&name)))
}

/// The settings that a variable may give.
fn means(variable: &Variable) -> impl Iterator<Item = &'static str> {
    let first = match variable.fate {
        Means(id) => Some(id),
        _ => None,
    };
    let host = (variable.name == "INFISICAL_HOSTNAME").then_some("site_url");
    first.into_iter().chain(host)
}
