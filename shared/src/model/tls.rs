//! How the server speaks TLS, and with which certificates.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::time::UnixMillis;

/// Most names of a kind: more are a mistake.
const MOST_NAMES: usize = 100;
/// Before devices have to trust another authority, whoever looks after them has a year.
const YEAR_MILLIS: i64 = 365 * 24 * 60 * 60 * 1000;
/// Longest name of a host, as DNS has it.
const LONGEST_NAME: usize = 253;

/// Where certificates come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// There are none: the server speaks plain HTTP, behind a proxy or on its own machine.
    #[default]
    Off,
    /// From the server's own authority.
    Internal,
    /// From files that somebody else renews.
    Files,
    /// From an authority that speaks ACME, and meanwhile from the server's own.
    Acme,
}

impl TlsMode {
    /// As it is written on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Internal => "internal",
            Self::Files => "files",
            Self::Acme => "acme",
        }
    }
}

impl fmt::Display for TlsMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for TlsMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Off, Self::Internal, Self::Files, Self::Acme]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| "must be off, internal, files or acme".to_owned())
    }
}

/// What is configured.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsSettings {
    /// Where certificates come from.
    pub mode: TlsMode,
    /// Names and addresses by which the server is reached, beside those that it knows itself.
    #[serde(default)]
    pub names: Vec<String>,
    /// For [`TlsMode::Acme`].
    #[serde(default)]
    pub acme: AcmeSettings,
}

/// Who is asked for certificates, and for which names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcmeSettings {
    /// Public names, each of which gets a certificate of its own.
    pub domains: Vec<String>,
    /// Where the authority may write to.
    #[serde(default)]
    pub email: Option<String>,
    /// Address of the authority's directory; empty for Let's Encrypt.
    #[serde(default)]
    pub directory: String,
    /// Certificates (PEM) of whoever vouches for the directory's own, when the machine does not know him.
    #[serde(default)]
    pub directory_root: Option<String>,
}

/// A part of the settings that cannot be, and why; both for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidTls {
    /// Which one.
    pub field: &'static str,
    /// What is expected.
    pub reason: String,
}

impl TlsSettings {
    /// The same with names as they are compared, or why they cannot be.
    pub fn checked(mut self) -> Result<Self, InvalidTls> {
        let refuse = |field, reason: String| Err(InvalidTls { field, reason });
        match host_names(&self.names, false) {
            Ok(names) => self.names = names,
            Err(reason) => return refuse("names", reason),
        }
        match host_names(&self.acme.domains, true) {
            Ok(domains) => self.acme.domains = domains,
            Err(reason) => return refuse("domains", reason),
        }
        if self.mode == TlsMode::Acme && self.acme.domains.is_empty() {
            return refuse("domains", "must name the public name of this server".to_owned());
        }
        self.acme.email = self
            .acme
            .email
            .map(|email| email.trim().to_owned())
            .filter(|email| !email.is_empty());
        if self.acme.email.as_ref().is_some_and(|email| {
            !email.contains('@') || email.chars().any(|c| c.is_whitespace() || c.is_control())
        }) {
            return refuse(
                "email",
                "must be an e-mail address, such as ops@example.com".to_owned(),
            );
        }
        let directory = self.acme.directory.trim();
        let is_address = directory.starts_with("https://") && !directory.chars().any(char::is_whitespace);
        if !directory.is_empty() && !is_address {
            return refuse(
                "directory",
                "must be an address with https://, or empty for Let's Encrypt".to_owned(),
            );
        }
        self.acme.directory = directory.to_owned();
        Ok(self)
    }
}

/// The names of hosts as they are compared, each once.
fn host_names(given: &[String], public: bool) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for text in given {
        let name = host_name(text)?;
        if public && (name.parse::<IpAddr>().is_ok() || !name.contains('.')) {
            return Err(format!("\"{name}\" is no public name, such as vault.example.com"));
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.len() > MOST_NAMES {
        return Err(format!("more than {MOST_NAMES} are not possible"));
    }
    Ok(names)
}

/// The name or address of a host in the form in which it is compared: lower case, no dot at the end, no brackets.
pub fn host_name(text: &str) -> Result<String, String> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(address.to_canonical().to_string());
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > LONGEST_NAME || !name.split('.').all(label) {
        return Err(format!(
            "\"{text}\" is no name of a host: give it without https:// and port; names with other letters in their \
             xn-- form; * is not possible"
        ));
    }
    Ok(name)
}

/// How it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsState {
    /// What is in force.
    pub settings: TlsSettings,
    /// Whether flags of the command line decide, so that nothing can be changed while the server runs.
    pub by_flag: bool,
    /// Whether a plain port answers challenges by HTTP-01 and sends browsers to HTTPS.
    pub http_port: bool,
    /// The server's own authority.
    pub authority: Option<TlsAuthority>,
    /// What is served, but for certificates of the server's own authority: those are made as they are needed.
    pub certificates: Vec<TlsCertificate>,
    /// What became of the attempts to get certificates by ACME.
    pub orders: Vec<AcmeOrder>,
    /// Why the files as they are now are not served.
    pub files_failure: Option<String>,
    /// Fingerprint of the certificate that is served while the store is locked.
    pub locked_fingerprint: Option<String>,
}

impl TlsState {
    /// What somebody has to look at, in sentences; nothing when all is well.
    pub fn warnings(&self, now: UnixMillis) -> Vec<String> {
        let mut warnings = Vec::new();
        for order in &self.orders {
            let Some(error) = &order.error else {
                continue;
            };
            let left = self
                .certificates
                .iter()
                .find(|certificate| certificate.names.contains(&order.domain))
                .map(|certificate| (certificate.not_after.0 - now.0).max(0) / 86_400_000);
            let state = match left {
                Some(days) => format!("the present one ends in {days} days"),
                None => "there is none yet".to_owned(),
            };
            let attempts = if order.failures == 1 {
                "attempt"
            } else {
                "attempts"
            };
            warnings.push(format!(
                "No certificate for {} could be had ({} {attempts}; {state}): {error}",
                order.domain, order.failures
            ));
        }
        if let Some(reason) = &self.files_failure {
            warnings.push(format!(
                "The certificate files as they are now cannot be used, and those of before are served on: {reason}"
            ));
        }
        if let Some(authority) = &self.authority
            && authority.not_after.0 - now.0 < YEAR_MILLIS
        {
            warnings.push(format!(
                "The server's own authority ends at {}. Then it makes a new one, which every device has to trust in its place",
                authority.not_after
            ));
        }
        for certificate in &self.certificates {
            let sixth = (certificate.not_after.0 - certificate.not_before.0) / 6;
            if certificate.not_after.0 - now.0 < sixth {
                warnings.push(format!(
                    "The certificate for {} ends at {}",
                    certificate.names.join(", "),
                    certificate.not_after
                ));
            }
        }
        warnings
    }
}

/// The server's own authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsAuthority {
    /// Its name, as lists of authorities show it.
    pub name: String,
    /// SHA-256 of its certificate.
    pub fingerprint: String,
    /// When it ends.
    pub not_after: UnixMillis,
}

/// A certificate that is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsCertificate {
    /// Names and addresses it is for.
    pub names: Vec<String>,
    /// Who issued it.
    pub issuer: String,
    /// SHA-256.
    pub fingerprint: String,
    /// Not valid before.
    pub not_before: UnixMillis,
    /// Not valid after.
    pub not_after: UnixMillis,
}

impl TlsCertificate {
    /// When it is time for the next one: after two thirds of its life.
    pub fn renew_at(&self) -> UnixMillis {
        UnixMillis(self.not_before.0 + (self.not_after.0 - self.not_before.0) / 3 * 2)
    }
}

/// What became of the attempts to get a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AcmeOrder {
    /// For which name.
    pub domain: String,
    /// When it was tried last since the server began.
    pub attempted_at: Option<UnixMillis>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// Attempts that failed since the last one that did not.
    pub failures: u32,
    /// When it is tried next.
    pub next_at: UnixMillis,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_of_a_host() {
        let long = "a".repeat(64);
        for text in [
            "",
            ".",
            "a..b",
            "https://a.example",
            "a.example:443",
            "*.example.com",
            "-a.example",
            "a-.example",
            "ä.example",
            "a b",
            "a/b",
            "[::1",
            "1.2.3.4/8",
            &long,
        ] {
            assert!(host_name(text).is_err(), "{text}");
        }
        for (text, name) in [
            ("Vault.Example.COM.", "vault.example.com"),
            (" box ", "box"),
            ("192.168.1.5", "192.168.1.5"),
            ("[FD00::1]", "fd00::1"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("my_box.lan", "my_box.lan"),
        ] {
            assert_eq!(host_name(text).as_deref(), Ok(name), "{text}");
        }
    }

    fn acme(domains: &[&str]) -> TlsSettings {
        TlsSettings {
            mode: TlsMode::Acme,
            names: Vec::new(),
            acme: AcmeSettings {
                domains: domains.iter().map(|&domain| domain.to_owned()).collect(),
                ..AcmeSettings::default()
            },
        }
    }

    #[test]
    fn settings_that_cannot_be() {
        let field = |settings: TlsSettings| settings.checked().err().map(|error| error.field);
        assert_eq!(field(acme(&[])), Some("domains"));
        assert_eq!(field(acme(&["10.0.0.1"])), Some("domains"));
        assert_eq!(field(acme(&["box"])), Some("domains"));
        let with = |change: fn(&mut TlsSettings)| {
            let mut settings = acme(&["a.example"]);
            change(&mut settings);
            field(settings)
        };
        assert_eq!(
            with(|s| s.acme.directory = "http://ca.lan/dir".into()),
            Some("directory")
        );
        assert_eq!(with(|s| s.acme.email = Some("nobody".into())), Some("email"));
        assert_eq!(with(|s| s.names = vec!["a b".into()]), Some("names"));
        assert_eq!(with(|s| s.acme.email = Some("  ".into())), None);
        let kept = acme(&["A.example", "a.example."])
            .checked()
            .map(|s| s.acme.domains);
        assert_eq!(kept, Ok(vec!["a.example".to_owned()]));
    }

    #[test]
    fn what_somebody_has_to_look_at() {
        let day = 86_400_000;
        let certificate = TlsCertificate {
            names: vec!["a.example".into()],
            issuer: "CA".into(),
            fingerprint: String::new(),
            not_before: UnixMillis(0),
            not_after: UnixMillis(90 * day),
        };
        assert_eq!(certificate.renew_at(), UnixMillis(60 * day));
        let mut state = TlsState {
            settings: acme(&["a.example"]),
            by_flag: true,
            http_port: false,
            authority: None,
            certificates: vec![certificate],
            orders: vec![AcmeOrder {
                domain: "a.example".into(),
                attempted_at: None,
                error: None,
                failures: 0,
                next_at: UnixMillis(60 * day),
            }],
            files_failure: None,
            locked_fingerprint: None,
        };
        assert!(state.warnings(UnixMillis(61 * day)).is_empty());
        state.orders[0].error = Some("refused".into());
        state.orders[0].failures = 3;
        let warned = state.warnings(UnixMillis(61 * day));
        assert_eq!(warned.len(), 1);
        assert!(
            warned[0].contains("ends in 29 days") && warned[0].contains("refused"),
            "{warned:?}"
        );
        assert_eq!(state.warnings(UnixMillis(80 * day)).len(), 2);
        state.certificates.clear();
        assert!(state.warnings(UnixMillis(0))[0].contains("there is none yet"));
        state.orders.clear();
        state.authority = Some(TlsAuthority {
            name: "Authority".into(),
            fingerprint: String::new(),
            not_after: UnixMillis(400 * day),
        });
        assert!(state.warnings(UnixMillis(34 * day)).is_empty());
        assert!(state.warnings(UnixMillis(36 * day))[0].contains("makes a new one"));
    }
}
