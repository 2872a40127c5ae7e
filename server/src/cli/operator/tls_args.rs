//! Arguments of `serve` about TLS.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use shared::model::tls::{AcmeSettings, InvalidTls, TlsMode, TlsSettings};

use crate::config::{Problem, path, without_value};
use crate::tls::TlsFlags;
use crate::tls::certificate::certificates;
use crate::tls::files::FilePair;

/// How connections are encrypted.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "TLS")]
pub struct TlsArgs {
    /// Where certificates come from: off, internal (an authority of the server's own), files, or acme (such as Let's
    /// Encrypt). Without it, administrators choose on the page Certificates, and until then it is off
    #[arg(long, value_name = "MODE", env = "STRONGROOM_TLS")]
    pub tls: Option<TlsMode>,
    /// Name or address by which the server is reached, beside those it knows itself; may be given several times
    #[arg(long, value_name = "NAME", env = "STRONGROOM_TLS_NAME", value_delimiter = ',')]
    pub tls_name: Vec<String>,
    /// For --tls files: the certificate and those that vouch for it, PEM; read again when it changes
    #[arg(long, value_name = "FILE", env = "STRONGROOM_TLS_CERT")]
    pub tls_cert: Option<PathBuf>,
    /// For --tls files: its private key, PEM
    #[arg(long, value_name = "FILE", env = "STRONGROOM_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// For --tls acme: public name to get a certificate for, which accepts the terms of the authority; may be given several
    /// times
    #[arg(
        long,
        value_name = "NAME",
        env = "STRONGROOM_ACME_DOMAIN",
        value_delimiter = ','
    )]
    pub acme_domain: Vec<String>,
    /// Where the authority may write to
    #[arg(long, value_name = "ADDRESS", env = "STRONGROOM_ACME_EMAIL")]
    pub acme_email: Option<String>,
    /// Directory of the authority [default: Let's Encrypt]
    #[arg(long, value_name = "URL", env = "STRONGROOM_ACME_DIRECTORY")]
    pub acme_directory: Option<String>,
    /// Certificates (PEM) that vouch for the directory, if this machine does not trust it
    #[arg(long, value_name = "FILE", env = "STRONGROOM_ACME_CA")]
    pub acme_ca: Option<PathBuf>,
    /// Further port for plain HTTP: while TLS is on it answers challenges by HTTP-01 and sends browsers to HTTPS
    #[arg(long, value_name = "ADDR:PORT", env = "STRONGROOM_HTTP_LISTEN")]
    pub http_listen: Option<SocketAddr>,
    /// Port of HTTPS as browsers see it, if it is not that of --listen
    #[arg(long, value_name = "PORT", env = "STRONGROOM_HTTPS_PORT")]
    pub https_port: Option<u16>,
}

impl TlsArgs {
    /// What they say, or everything that is wrong with them.
    pub fn flags(&self) -> Result<TlsFlags, Vec<Problem>> {
        let mut problems = Vec::new();
        let files = self.files(&mut problems);
        let settings = self.settings(&mut problems);
        if !problems.is_empty() {
            let told = problems.into_iter().map(|reason: String| {
                Problem::new(
                    "TLS cannot be set up as it was asked for",
                    reason,
                    "`strongroom serve --help` says what belongs together",
                )
            });
            return Err(told.collect());
        }
        Ok(TlsFlags {
            settings,
            files,
            http_port: self.http_listen.is_some(),
        })
    }

    fn settings(&self, problems: &mut Vec<String>) -> Option<TlsSettings> {
        let about_acme = !self.acme_domain.is_empty()
            || self.acme_email.is_some()
            || self.acme_directory.is_some()
            || self.acme_ca.is_some();
        if about_acme && self.tls != Some(TlsMode::Acme) {
            problems.push("--acme-… needs --tls acme".to_owned());
        }
        let Some(mode) = self.tls else {
            if !self.tls_name.is_empty() {
                problems.push("--tls-name needs --tls internal or --tls acme".to_owned());
            }
            return None;
        };
        let settings = TlsSettings {
            mode,
            names: self.tls_name.clone(),
            acme: AcmeSettings {
                domains: self.acme_domain.clone(),
                email: self.acme_email.clone(),
                directory: self.acme_directory.clone().unwrap_or_default(),
                directory_root: self.root(problems),
            },
        };
        if has_login(&settings.acme.directory) {
            problems.push("--acme-directory: an address must not hold a user name or password".to_owned());
        }
        match settings.checked() {
            Ok(settings) => Some(settings),
            Err(invalid) => {
                problems.push(self.named(&invalid));
                None
            }
        }
    }

    fn root(&self, problems: &mut Vec<String>) -> Option<String> {
        let file = self.acme_ca.as_ref()?;
        let read = fs::read_to_string(file).map_err(|error| error.to_string());
        let checked = read.and_then(|text| match certificates(&text) {
            Ok(_) => Ok(text),
            Err(error) => Err(error.to_string()),
        });
        checked
            .map_err(|reason| problems.push(format!("--acme-ca: {}", path::reason(file, &reason))))
            .ok()
    }

    /// What is wrong, in the words of the command line and without the value.
    fn named(&self, invalid: &InvalidTls) -> String {
        let flag = match invalid.field {
            "names" => "--tls-name",
            "domains" => "--acme-domain",
            "email" => "--acme-email",
            "directory" => "--acme-directory",
            other => other,
        };
        let mut reason = invalid.reason.clone();
        for name in self.tls_name.iter().chain(&self.acme_domain) {
            reason = without_value(&without_value(&reason, name), &name.to_lowercase());
        }
        format!("{flag}: {reason}")
    }

    fn files(&self, problems: &mut Vec<String>) -> Option<FilePair> {
        let pair = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(FilePair {
                certificate: certificate.clone(),
                key: key.clone(),
            }),
            (None, None) => None,
            _ => {
                problems.push("--tls-cert and --tls-key belong together".to_owned());
                return None;
            }
        };
        match (self.tls == Some(TlsMode::Files), &pair) {
            (true, None) => problems.push("--tls files needs --tls-cert and --tls-key".to_owned()),
            (false, Some(_)) => problems.push("--tls-cert and --tls-key need --tls files".to_owned()),
            (true, Some(pair)) => {
                let named = [("--tls-cert", &pair.certificate), ("--tls-key", &pair.key)];
                let nowhere = named.iter().find(|(_, file)| path::shown(file).is_none());
                if let Some((flag, _)) = nowhere {
                    problems.push(format!("{flag}: there is no such file"));
                } else if let Err(reason) = pair.load() {
                    problems.push(reason);
                }
            }
            (false, None) => {}
        }
        pair
    }
}

/// Whether an address holds a user name or a password, which would be shown with it.
fn has_login(address: &str) -> bool {
    let authority = address.split_once("://").map_or("", |(_, rest)| rest);
    authority.split('/').next().is_some_and(|host| host.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(args: &TlsArgs) -> String {
        let problems = args.flags().err().unwrap_or_default();
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        told.join("\n")
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let told = problems(&TlsArgs {
            tls: Some(TlsMode::Acme),
            tls_cert: Some("/nowhere.pem".into()),
            acme_domain: vec!["10.0.0.1".into()],
            acme_ca: Some("/nowhere/ca.pem".into()),
            ..TlsArgs::default()
        });
        for part in [
            "--tls-cert and --tls-key belong together",
            "--acme-domain: \"…\" is no public name",
            "--acme-ca: /nowhere/ca.pem: ",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }

    #[test]
    fn no_value_is_repeated() {
        let told = problems(&TlsArgs {
            tls: Some(TlsMode::Acme),
            tls_name: vec!["Canary 1".into()],
            acme_directory: Some("https://kavi:canary@ca.lan/directory".into()),
            acme_ca: Some("canary".into()),
            ..TlsArgs::default()
        });
        assert!(
            told.contains("--tls-name") && told.contains("--acme-directory"),
            "{told}"
        );
        assert!(told.contains("--acme-ca: "), "{told}");
        assert!(!told.to_lowercase().contains("canary"), "{told}");
        let told = problems(&TlsArgs {
            tls: Some(TlsMode::Files),
            tls_cert: Some("/etc/hostname".into()),
            tls_key: Some("canary".into()),
            ..TlsArgs::default()
        });
        assert!(told.contains("--tls-key: there is no such file"), "{told}");
        assert!(!told.contains("canary"), "{told}");
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let with = |tls: Option<TlsMode>, change: fn(&mut TlsArgs)| {
            let mut args = TlsArgs {
                tls,
                ..TlsArgs::default()
            };
            change(&mut args);
            problems(&args)
        };
        let pair = |args: &mut TlsArgs| {
            args.tls_cert = Some("/nowhere/c".into());
            args.tls_key = Some("/nowhere/k".into());
        };
        let told = with(Some(TlsMode::Files), |_| {});
        assert!(told.contains("--tls files needs"), "{told}");
        let told = with(Some(TlsMode::Files), pair);
        assert!(told.contains("/nowhere/c: "), "{told}");
        let told = with(None, pair);
        assert!(told.contains("need --tls files"), "{told}");
        let told = with(None, |args| args.acme_domain = vec!["a.example".into()]);
        assert!(told.contains("needs --tls acme"), "{told}");
        let told = with(None, |args| args.tls_name = vec!["box".into()]);
        assert!(told.contains("--tls-name needs"), "{told}");
        assert_eq!(with(None, |_| {}), "");
        assert_eq!(with(Some(TlsMode::Off), |_| {}), "");
    }
}
