//! Secret or configuration: what a name and a value look like. When in doubt it is a secret: a hidden port is a
//! nuisance, a password in a repository is not.

use std::collections::HashMap;
use std::fmt;

use shared::model::text::SecretText;

/// Where a line of a `.env` file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To the server.
    Secret,
    /// It stays in the file.
    Configuration,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secret => "server",
            Self::Configuration => "file",
        })
    }
}

/// Parts of names that mean a secret.
const SECRET_PARTS: [&str; 22] = [
    "key",
    "keys",
    "apikey",
    "secret",
    "secrets",
    "token",
    "tokens",
    "pass",
    "passwd",
    "password",
    "passphrase",
    "pwd",
    "pw",
    "credential",
    "credentials",
    "private",
    "salt",
    "pepper",
    "pin",
    "dsn",
    "webhook",
    "cookie",
];

/// Parts of names that mean something everybody may see.
const PUBLIC_PARTS: [&str; 2] = ["public", "pub"];

/// The kind, and why.
pub fn kind(name: &str, value: &SecretText) -> (Kind, &'static str) {
    let value = value.expose();
    let name = name.to_lowercase();
    let parts: Vec<&str> = name.split(['_', '-', '.']).collect();
    let has = |list: &[&str]| parts.iter().any(|part| list.contains(part));
    // The first that applies decides.
    let rules = [
        (value.is_empty(), Kind::Configuration, "it is empty"),
        (is_private_key(value), Kind::Secret, "it is a private key"),
        (
            has_password(value),
            Kind::Secret,
            "there is a password in its address",
        ),
        (is_switch(value), Kind::Configuration, "it is a switch"),
        (
            has(&PUBLIC_PARTS),
            Kind::Configuration,
            "its name says it is public",
        ),
        (names_file(&parts), Kind::Configuration, "it names a file"),
        (has(&SECRET_PARTS), Kind::Secret, "its name says so"),
        (value.contains('\n'), Kind::Secret, "it has several lines"),
        (looks_random(value), Kind::Secret, "it looks random"),
    ];
    let decided = rules.into_iter().find(|(applies, ..)| *applies);
    decided.map_or(
        (Kind::Configuration, "nothing says it is secret"),
        |(_, kind, why)| (kind, why),
    )
}

fn is_private_key(value: &str) -> bool {
    value.contains("-----BEGIN") && value.contains("PRIVATE KEY")
}

fn names_file(parts: &[&str]) -> bool {
    matches!(parts.last(), Some(&("file" | "path")))
}

fn is_switch(value: &str) -> bool {
    ["true", "false", "yes", "no", "on", "off", "0", "1"].contains(&value.to_lowercase().as_str())
}

/// `scheme://user:password@host`
fn has_password(value: &str) -> bool {
    value.split_once("://").is_some_and(|(_, rest)| {
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        authority
            .rsplit_once('@')
            .and_then(|(user, _)| user.split_once(':'))
            .is_some_and(|(_, password)| !password.is_empty())
    })
}

/// Long, of letters and digits mixed, and with more in each character than words have.
fn looks_random(value: &str) -> bool {
    const LONG: usize = 16;
    const BITS: f64 = 3.3;
    let is_token = |c: char| c.is_ascii_alphanumeric() || "+/=_-.".contains(c);
    if value.len() < LONG
        || !value.chars().all(is_token)
        || value.contains("..")
        || value.starts_with(['/', '.'])
    {
        return false;
    }
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().filter(char::is_ascii_alphabetic).count();
    if digits < 2 || letters < 2 {
        return false;
    }
    let mut counts: HashMap<char, u32> = HashMap::new();
    for c in value.chars() {
        *counts.entry(c).or_default() += 1;
    }
    let length = f64::from(u32::try_from(value.len()).unwrap_or(u32::MAX));
    let bits: f64 = counts
        .values()
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum();
    bits > BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lines_of_real_files_are() {
        use Kind::{Configuration, Secret};
        for (name, value, expected) in [
            ("POSTGRES_PASSWORD", "hunter2", Secret),
            ("ENCRYPTION_KEY", "f13dbc92aaaf86fa7cb0ed8ac3265f47", Secret),
            ("DATABASE_URL", "postgres://u:p@db:5432/app", Secret),
            ("DATABASE_URL", "postgres://db:5432/app", Configuration),
            ("SMTP_PASS", "x", Secret),
            (
                "TELEGRAM_BOT",
                "123456789:AAE-canary_canary1234567890abc",
                Configuration,
            ),
            ("STRIPE", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", Secret),
            ("PORT", "8080", Configuration),
            ("SITE_URL", "https://secrets.example.com", Configuration),
            ("TOKEN_ENABLED", "true", Configuration),
            ("NEXT_PUBLIC_KEY", "pk_123", Configuration),
            ("TLS_KEY_FILE", "/etc/tls/key.pem", Configuration),
            (
                "TLS",
                "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----",
                Secret,
            ),
            ("DATA_DIR", "/var/lib/app-2024/data01", Configuration),
            ("TZ", "Europe/Berlin", Configuration),
            ("MONKEY", "banana", Configuration),
            ("EMPTY_KEY", "", Configuration),
        ] {
            assert_eq!(kind(name, &value.into()).0, expected, "{name}={value}");
        }
    }
}
