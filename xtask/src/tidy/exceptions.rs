//! The two lists of named exceptions. An entry that is no longer needed is a finding too, so the lists stay true.

use super::Finding;
use super::source::Source;

/// An exception and its reason.
pub struct Exception {
    /// The file.
    pub path: &'static str,
    /// Why it may.
    pub reason: &'static str,
}

const MOST_LINES: usize = 500;

/// Files longer than 500 lines without tests.
pub const LONG_FILES: &[Exception] = &[];

/// Files that see the plaintext of a `SecretText`. This list is the review of where plaintext goes: a new line here is
/// a decision, not a formality.
pub const EXPOSING_FILES: &[Exception] = &[
    Exception {
        path: "server/src/cli/client.rs",
        reason: "looks whether a token is a service token",
    },
    Exception {
        path: "server/src/cli/custom_headers.rs",
        reason: "takes headers for a proxy out of their variable",
    },
    Exception {
        path: "server/src/cli/export/data.rs",
        reason: "writes values in the format that was asked for",
    },
    Exception {
        path: "server/src/cli/export/infisical.rs",
        reason: "writes values in the format that was asked for",
    },
    Exception {
        path: "server/src/cli/export/lines.rs",
        reason: "writes values in the format that was asked for",
    },
    Exception {
        path: "server/src/cli/export/template.rs",
        reason: "puts values into the template that was given",
    },
    Exception {
        path: "server/src/cli/login.rs",
        reason: "prints the token for `login --plain`",
    },
    Exception {
        path: "server/src/cli/login/browser.rs",
        reason: "reads what a person carries over from the page of a browser",
    },
    Exception {
        path: "server/src/cli/migrate_env/classify.rs",
        reason: "looks whether a value seems to be secret",
    },
    Exception {
        path: "server/src/cli/operator/database.rs",
        reason: "reads the address of PostgreSQL, which has a password in it",
    },
    Exception {
        path: "server/src/cli/operator/keys/cards.rs",
        reason: "writes cards and kits into the files that were asked for",
    },
    Exception {
        path: "server/src/cli/operator/keys/identity.rs",
        reason: "writes the server's identity into the file that was asked for",
    },
    Exception {
        path: "server/src/cli/operator/keys/kit.rs",
        reason: "writes a recovery kit into the file that was asked for",
    },
    Exception {
        path: "server/src/cli/operator/plugin.rs",
        reason: "looks for a plugin's identity in what was given, and hands a PIN on to the plugin that asks for it",
    },
    Exception {
        path: "server/src/cli/operator/first_lines.rs",
        reason: "shows the set-up code to whoever starts the server",
    },
    Exception {
        path: "server/src/cli/operator/setup_code.rs",
        reason: "prints the set-up code that was asked for",
    },
    Exception {
        path: "server/src/cli/run.rs",
        reason: "puts values into the environment of the command",
    },
    Exception {
        path: "server/src/cli/secrets.rs",
        reason: "prints the values that were asked for",
    },
    Exception {
        path: "server/src/cli/secrets/example.rs",
        reason: "reads the comments of secrets",
    },
    Exception {
        path: "server/src/cli/secrets/infisical.rs",
        reason: "prints the values that were asked for",
    },
    Exception {
        path: "server/src/cli/secrets/set.rs",
        reason: "shows new values with --show-values",
    },
    Exception {
        path: "server/src/cli/surroundings.rs",
        reason: "checks that a token from the environment is not empty space",
    },
    Exception {
        path: "server/src/cli/tokens.rs",
        reason: "prints the token that was asked for",
    },
    Exception {
        path: "server/src/cli/user.rs",
        reason: "prints the token that was asked for",
    },
    Exception {
        path: "server/src/config/environment.rs",
        reason: "hands settings from variables and files to their parsers",
    },
    Exception {
        path: "server/src/crypto/brought.rs",
        reason: "looks what kind of key somebody brings",
    },
    Exception {
        path: "server/src/crypto/encryption_key.rs",
        reason: "derives an identity from the value",
    },
    Exception {
        path: "server/src/crypto/escrow.rs",
        reason: "hands passphrases to age",
    },
    Exception {
        path: "server/src/crypto/identity.rs",
        reason: "writes identity files and kits",
    },
    Exception {
        path: "server/src/crypto/keyring.rs",
        reason: "reads keys of the sealed part",
    },
    Exception {
        path: "server/src/crypto/password.rs",
        reason: "hashes passwords",
    },
    Exception {
        path: "server/src/crypto/policy.rs",
        reason: "judges passwords",
    },
    Exception {
        path: "server/src/crypto/sealed.rs",
        reason: "encrypts values",
    },
    Exception {
        path: "server/src/crypto/token.rs",
        reason: "hashes tokens, takes them apart, reads set-up codes",
    },
    Exception {
        path: "server/src/domain/backups/targets.rs",
        reason: "reads the sealed list of targets, and looks whether a secret key is empty",
    },
    Exception {
        path: "server/src/domain/references.rs",
        reason: "finds references in values and puts in what they stand for",
    },
    Exception {
        path: "server/src/domain/settings.rs",
        reason: "reads settings that are sealed, not secret",
    },
    Exception {
        path: "server/src/domain/secrets/details.rs",
        reason: "reads the sealed text of metadata and measures it",
    },
    Exception {
        path: "server/src/domain/tls.rs",
        reason: "parses what it kept sealed: keys of certificates and accounts of ACME",
    },
    Exception {
        path: "server/src/http/infisical/access_tokens.rs",
        reason: "verifies the token that stands in the body",
    },
    Exception {
        path: "server/src/http/infisical/auth.rs",
        reason: "puts the refresh token into its cookie",
    },
    Exception {
        path: "server/src/outside/backup_target/s3.rs",
        reason: "signs requests with the secret key",
    },
    Exception {
        path: "server/src/outside/fetch.rs",
        reason: "sends the bearer token",
    },
    Exception {
        path: "server/src/tls/acme.rs",
        reason: "hands the key of an ACME account to the library",
    },
    Exception {
        path: "server/src/tls/authority.rs",
        reason: "hands the key of the server's own authority to the library that signs with it",
    },
    Exception {
        path: "server/src/tls/certificate.rs",
        reason: "hands the key of a certificate to the TLS library",
    },
    Exception {
        path: "server/src/tls/locked.rs",
        reason: "writes the key of a locked server's certificate into its file (0600)",
    },
    Exception {
        path: "shared/src/model/kit.rs",
        reason: "puts a key into the text of an identity file",
    },
    Exception {
        path: "shared/src/import/record.rs",
        reason: "takes the name of a secret out of a field that could have been any text",
    },
    Exception {
        path: "web/src/plaintext.rs",
        reason: "shows and copies a revealed value",
    },
];

/// Files that are too long.
pub fn lengths(sources: &[Source], exceptions: &[Exception]) -> Vec<Finding> {
    let is_long = |source: &Source| source.lines_without_tests() > MOST_LINES;
    compare(sources, exceptions, is_long, |source| {
        (
            1,
            format!(
                "{} lines without tests, {MOST_LINES} at most: split it by nouns",
                source.lines_without_tests()
            ),
        )
    })
}

/// Files that see plaintext.
pub fn exposures(sources: &[Source], exceptions: &[Exception]) -> Vec<Finding> {
    let line = |source: &Source| {
        let found = source
            .code_lines()
            .find(|(_, code)| code.contains(".expose()") || code.contains("::expose"));
        found.map(|(line, _)| line)
    };
    compare(
        sources,
        exceptions,
        |source| line(source).is_some(),
        |source| {
            let message = "calls expose() and is not on the list of files that see plaintext (xtask/src/tidy/exceptions.rs)";
            (line(source).unwrap_or(1), message.to_owned())
        },
    )
}

fn compare(
    sources: &[Source],
    exceptions: &[Exception],
    breaks: impl Fn(&Source) -> bool,
    describe: impl Fn(&Source) -> (usize, String),
) -> Vec<Finding> {
    let broken: Vec<&Source> = sources
        .iter()
        .filter(|source| !source.is_test && breaks(source))
        .collect();
    let mut findings: Vec<Finding> = broken
        .iter()
        .filter(|source| !exceptions.iter().any(|exception| exception.path == source.path))
        .map(|source| {
            let (line, message) = describe(source);
            Finding::new(&source.path, line, message)
        })
        .collect();
    for exception in exceptions {
        if !broken.iter().any(|source| source.path == exception.path) {
            let message = format!(
                "is listed in xtask/src/tidy/exceptions.rs (\"{}\") without need: remove the entry",
                exception.reason
            );
            findings.push(Finding::new(exception.path, 1, message));
        }
        if exception.reason.trim().is_empty() {
            findings.push(Finding::new(
                exception.path,
                1,
                "is listed in xtask/src/tidy/exceptions.rs without a reason",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTED: &[Exception] = &[Exception {
        path: "server/src/a.rs",
        reason: "it must",
    }];

    fn source(path: &str, text: &str) -> Vec<Source> {
        vec![Source::new(path, text)]
    }

    #[test]
    fn plaintext_is_seen_by_listed_files_only() {
        let calling = "fn f(s: SecretText) { s.expose(); }";
        assert_eq!(exposures(&source("server/src/a.rs", calling), &[]).len(), 1);
        assert_eq!(
            exposures(&source("server/src/a.rs", "x.map(SecretText::expose)"), &[]).len(),
            1
        );
        assert!(exposures(&source("server/src/a.rs", calling), LISTED).is_empty());
        assert_eq!(
            exposures(&source("server/src/a.rs", "fn f() {}"), LISTED).len(),
            1,
            "a stale entry"
        );
        assert_eq!(
            exposures(&[], LISTED).len(),
            1,
            "an entry for a file that is gone"
        );
        assert!(exposures(&source("server/src/a/tests.rs", calling), &[]).is_empty());
        assert!(
            exposures(
                &source("shared/src/text.rs", "pub fn expose(&self) -> &str {}"),
                &[]
            )
            .is_empty()
        );
    }

    #[test]
    fn long_files_are_found_and_tests_do_not_count() {
        let long = "fn f() {}\n".repeat(501);
        assert_eq!(lengths(&source("server/src/a.rs", &long), &[]).len(), 1);
        assert!(lengths(&source("server/src/a.rs", &long), LISTED).is_empty());
        let short = "fn f() {}\n".repeat(500);
        assert!(lengths(&source("server/src/a.rs", &short), &[]).is_empty());
        assert_eq!(
            lengths(&source("server/src/a.rs", &short), LISTED).len(),
            1,
            "a stale entry"
        );
        let tested = format!("{short}#[cfg(test)]\nmod tests {{\n{short}}}\n");
        assert!(lengths(&source("server/src/a.rs", &tested), &[]).is_empty());
    }

    #[test]
    fn an_exception_needs_a_reason() {
        let listed = [Exception {
            path: "server/src/a.rs",
            reason: " ",
        }];
        assert_eq!(
            exposures(&source("server/src/a.rs", "s.expose();"), &listed).len(),
            1
        );
    }
}
