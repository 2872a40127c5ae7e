//! `~/.infisical/infisical-config.json`, where Infisical's command line remembers who logged in where. It is read as a
//! suggestion at login, and written with `--compat`. Tokens are not in it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::address::Address;
use super::failure::Failure;
use super::file::write_private;

/// Where it lies below a home.
pub fn place(home: &Path) -> PathBuf {
    home.join(".infisical/infisical-config.json")
}

/// Who logged in last, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suggestion {
    /// E-mail address.
    pub email: Option<String>,
    /// Server; none for Infisical's own, which is not where anybody means to log in with this program.
    pub address: Option<Address>,
}

/// What the file suggests. One that is missing or damaged suggests nothing.
pub fn suggestion(path: &Path) -> Suggestion {
    let content = read(path).unwrap_or_default();
    let text = |name: &str| {
        let text = content.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let address = text("LoggedInUserDomain").and_then(|text| text.parse::<Address>().ok());
    Suggestion {
        email: text("loggedInUserEmail"),
        address: address.filter(|address| {
            let host = address.url().host_str().unwrap_or_default();
            host != "infisical.com" && !host.ends_with(".infisical.com")
        }),
    }
}

/// Notes a login. What the file says beside that stays.
pub fn note(path: &Path, email: &str, address: &Address) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(format!("{} could not be written", path.display())).because(error.to_string())
    };
    let mut content = read(path).unwrap_or_default();
    let domain = format!("{address}/api");
    let mut users = match content.remove("loggedInUsers") {
        Some(Value::Array(users)) => users,
        _ => Vec::new(),
    };
    users.retain(|user| user["email"] != email);
    users.push(json!({"email": email, "domain": domain}));
    content.insert("loggedInUserEmail".to_owned(), json!(email));
    content.insert("LoggedInUserDomain".to_owned(), json!(domain));
    content.insert("loggedInUsers".to_owned(), Value::Array(users));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    write_private(path, Value::Object(content).to_string().as_bytes()).map_err(failed)
}

fn read(path: &Path) -> Option<Map<String, Value>> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_noted_and_suggested_and_the_rest_stays() {
        let home = tempfile::tempdir().unwrap();
        let path = place(home.path());
        assert_eq!(suggestion(&path), Suggestion::default());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(
            &path,
            r#"{"loggedInUserEmail": "b@example.com", "LoggedInUserDomain": "https://app.infisical.com/api", "vaultBackendType": "file", "loggedInUsers": [{"email": "b@example.com", "domain": "x"}]}"#,
        )
        .unwrap();
        assert_eq!(suggestion(&path).address, None);
        let address: Address = "http://10.0.0.5:8080".parse().unwrap();
        note(&path, "a@example.com", &address).unwrap();
        note(&path, "a@example.com", &address).unwrap();
        assert_eq!(
            suggestion(&path),
            Suggestion {
                email: Some("a@example.com".to_owned()),
                address: Some(address)
            }
        );
        let content = read(&path).unwrap();
        assert_eq!(content["vaultBackendType"], "file");
        assert_eq!(content["loggedInUsers"].as_array().unwrap().len(), 2);
        fs::write(&path, "{").unwrap();
        assert_eq!(suggestion(&path), Suggestion::default());
    }
}
