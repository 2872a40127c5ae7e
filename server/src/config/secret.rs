//! Secrets that have no flag, because arguments are seen by everybody on a machine.

use shared::model::text::SecretText;

use super::load::Setting;
use super::{Environment, Problem};

/// The passphrase of the store.
pub const PASSPHRASE: &str = "STRONGROOM_PASSPHRASE";

/// The token for the metrics.
pub const METRICS_TOKEN: &str = "STRONGROOM_METRICS_TOKEN";

/// The address of PostgreSQL.
pub const DATABASE_URL: &str = "STRONGROOM_DATABASE_URL";
/// The same in Infisical's.
pub const CONNECTION_URI: &str = "DB_CONNECTION_URI";

/// Both, the first that is set counts.
pub const ADDRESSES: [&str; 2] = [DATABASE_URL, CONNECTION_URI];

/// Infisical takes the first one that is set; the second is how a guide calls the first.
pub const ENCRYPTION_KEYS: [&str; 3] = [
    "ENCRYPTION_KEY",
    "INFISICAL_ENCRYPTION_KEY",
    "ROOT_ENCRYPTION_KEY",
];

/// A passphrase for the store, if one is at hand.
pub fn passphrase(environment: &Environment) -> Result<Option<SecretText>, Problem> {
    Ok(environment.said(PASSPHRASE, true)?.map(|(_, value)| value))
}

/// A secret of this name, if it is at hand.
pub fn said(
    environment: &Environment,
    name: &'static str,
) -> Result<Option<(&'static str, SecretText)>, Problem> {
    Ok(environment.said(name, true)?.map(|(_, value)| (name, value)))
}

/// What a program on another machine shows for the metrics, if there is such a token.
pub fn metrics_token(environment: &Environment) -> Result<Option<SecretText>, Problem> {
    let said = environment.said(METRICS_TOKEN, true)?;
    Ok(said.map(|(_, value)| value.trimmed()))
}

/// Infisical's key, if one is at hand, and the variable it comes from.
pub fn encryption_key(environment: &Environment) -> Result<Option<(&'static str, SecretText)>, Problem> {
    for name in ENCRYPTION_KEYS {
        if let Some((_, value)) = environment.said(name, true)? {
            return Ok(Some((name, value)));
        }
    }
    Ok(None)
}

/// Those that are set, without their values, and what is wrong with the others.
pub fn set(environment: &Environment, problems: &mut Vec<Problem>) -> Vec<Setting> {
    let mut set = Vec::new();
    let others = [PASSPHRASE, METRICS_TOKEN].into_iter().chain(ADDRESSES);
    for name in others.chain(ENCRYPTION_KEYS) {
        match environment.said(name, true) {
            Ok(Some((source, _))) => set.push(Setting {
                id: name.to_owned(),
                name: name.to_owned(),
                values: vec!["(set)".into()],
                source,
                secret: true,
                takes_value: true,
                names_file: false,
                about: match name {
                    PASSPHRASE => "Passphrase that opens the store".to_owned(),
                    METRICS_TOKEN => "Token for the metrics".to_owned(),
                    DATABASE_URL | CONNECTION_URI => "Address of PostgreSQL".to_owned(),
                    _ => "One of the keys that open the store".to_owned(),
                },
            }),
            Ok(None) => {}
            Err(problem) => problems.push(match name {
                PASSPHRASE => problem.of("passphrase_file"),
                METRICS_TOKEN => problem.of("metrics_token_file"),
                DATABASE_URL => problem.of("database_url_file"),
                _ => problem,
            }),
        }
    }
    set
}
