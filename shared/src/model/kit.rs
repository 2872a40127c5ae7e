//! Recovery kits as text: the same whether the command line or the browser makes one.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::ids::InstanceId;
use super::text::SecretText;
use super::time::UnixMillis;

/// What stands in a kit beside its key.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The installation whose store and backups it opens.
    pub instance: InstanceId,
    /// The address under which a browser reaches that installation, where it is known.
    pub address: Option<&'a str>,
    /// When the kit was made.
    pub created: UnixMillis,
    /// The public age recipient of its key (`age1…`).
    pub recipient: &'a str,
}

/// A recipient in 16 hex digits that people can compare: `1f2e 3d4c 5b6a 7988`.
pub fn fingerprint(recipient: &str) -> String {
    let mut text = String::with_capacity(19);
    for (at, byte) in Sha256::digest(recipient.as_bytes()).iter().take(8).enumerate() {
        if at > 0 && at % 2 == 0 {
            text.push(' ');
        }
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The text of a recovery kit: an age identity file with what its finder needs to know.
pub fn text(facts: &Facts, identity: &SecretText) -> SecretText {
    let address = facts
        .address
        .map(|address| format!("# Address:     {address}\n"))
        .unwrap_or_default();
    let comments = format!(
        "# Strongroom recovery kit\n\
         #\n\
         # Instance:    {instance}\n\
         {address}\
         # Created:     {created}\n\
         # Fingerprint: {fingerprint}\n\
         # public key: {recipient}\n\
         #\n\
         # Whoever has this file can open the keyring and every backup made since it was created.\n\
         # Keep it away from the server: printed in a safe, or on a stick in a drawer. The server keeps no copy.\n\
         #\n\
         # To bring a backup back onto an empty machine (BACKUP is the backup, KIT this file):\n\
         #   strongroom restore BACKUP --data-dir NEW --identity KIT\n\
         #   strongroom serve --data-dir NEW\n\
         #\n\
         # To look into a backup without Strongroom:\n\
         #   age --decrypt --identity KIT BACKUP | zstd -d | tar -x\n\
         #\n\
         # The last line is the key.\n",
        instance = facts.instance,
        created = facts.created.date(),
        fingerprint = fingerprint(facts.recipient),
        recipient = facts.recipient,
    );
    identity_file(&comments, identity)
}

/// An age identity file: lines that begin with `#`, then the key.
pub fn identity_file(comments: &str, identity: &SecretText) -> SecretText {
    // In one piece: growing would leave a copy of the key behind.
    let mut text = String::with_capacity(comments.len() + identity.len() + 1);
    for part in [comments, identity.expose(), "\n"] {
        text.push_str(part);
    }
    SecretText::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_four_groups_of_hex() {
        // printf 'age1example' | sha256sum
        assert_eq!(fingerprint("age1example"), "e374 2525 5c92 f8d2");
    }

    #[test]
    fn the_key_is_the_only_line_that_is_no_comment() {
        let facts = Facts {
            instance: InstanceId::from_random([3; 16]),
            address: Some("https://vault.example"),
            created: UnixMillis(1_763_769_600_120),
            recipient: "age1example",
        };
        let kit = text(&facts, &SecretText::from("AGE-SECRET-KEY-1X"));
        let keys: Vec<&str> = kit
            .expose()
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        assert_eq!(keys, ["AGE-SECRET-KEY-1X"]);
        assert!(
            kit.expose()
                .contains("# Address:     https://vault.example\n# Created:     2025-11-22\n")
        );
        let without = text(
            &Facts {
                address: None,
                ..facts
            },
            &SecretText::from("X"),
        );
        assert!(!without.expose().contains("Address"));
        assert_eq!(without.expose().lines().filter(|line| line.is_empty()).count(), 0);
    }
}
