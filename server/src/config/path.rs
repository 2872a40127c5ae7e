//! Names of files as they may be shown. Somebody who puts a secret where the name of its file belongs has named a file that is
//! not there, and the name is the secret.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path};

/// A longer one is the content of a file.
const LONGEST: usize = 200;

/// A name that may be shown: that of a file that is there, one in a folder that is there, or one that only a path has: whatever is
/// made at random has capitals.
pub fn shown(path: &Path) -> Option<String> {
    let there = |path: &Path| match fs::metadata(path) {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::PermissionDenied,
    };
    let folder = path.parent().filter(|_| path.is_absolute());
    let in_folder = folder.is_some_and(|folder| folder.parent().is_some() && there(folder));
    (there(path) || in_folder || reads_like_a_path(path)).then(|| path.display().to_string())
}

fn reads_like_a_path(path: &Path) -> bool {
    let plain = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
    };
    path.is_absolute()
        && path.as_os_str().len() <= LONGEST
        && path.components().all(|component| match component {
            Component::Normal(part) => part.to_str().is_some_and(plain),
            _ => true,
        })
}

/// A reason with the file in front of it, if its name may be shown.
pub fn reason(path: &Path, reason: &str) -> String {
    match shown(path) {
        Some(path) => format!("{path}: {reason}"),
        None => reason.to_owned(),
    }
}

/// Whether this is what a file holds, and not its name.
pub fn is_content(text: &str) -> bool {
    let begins = |with: &str| {
        text.get(..with.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    text.contains('\n') || begins("-----BEGIN") || begins("AGE-SECRET-KEY-") || begins("AGE-PLUGIN-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        let long = format!("/{}", "a".repeat(300));
        for secret in [
            "hunter2",
            "correct horse battery staple",
            "/9j4AAQSkZJRgABAQ==",
            "/with space",
            "a/b",
            &long,
        ] {
            assert_eq!(shown(Path::new(secret)), None, "{secret}");
            assert_eq!(reason(Path::new(secret), "why"), "why");
        }
        for path in ["/nowhere", "/run/secrets/encryption_key", "/etc/hostname"] {
            assert_eq!(shown(Path::new(path)).as_deref(), Some(path));
        }
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("A Key");
        fs::write(&there, "x").unwrap();
        assert!(shown(&there).is_some());
        assert!(shown(&folder.path().join("Another")).is_some());
    }

    #[test]
    fn content_in_the_place_of_a_name() {
        for content in ["-----BEGIN PRIVATE KEY-----", "age-secret-key-1ABC", "a\nb"] {
            assert!(is_content(content), "{content}");
        }
        for name in ["", "/etc/key.pem", "-----", "ключ.pem"] {
            assert!(!is_content(name), "{name}");
        }
    }
}
