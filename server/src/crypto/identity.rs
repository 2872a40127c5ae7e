//! age identity files: the server's own, and recovery kits.

use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
pub use age::x25519::Identity;
use bech32::{Bech32, Hrp};
use shared::model::ids::InstanceId;
use shared::model::kit;
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;
use zeroize::Zeroizing;

use super::keyring::fingerprint;
use super::{Error, private_file};

/// What the text of an identity begins with, before its `1`.
const SECRET_PREFIX: &str = "age-secret-key-";
/// Name of the server's own identity in the data directory.
pub const SERVER_FILE: &str = "identity";

/// A new identity.
pub fn generate() -> Identity {
    Identity::generate()
}

/// The public recipient of an identity (`age1…`).
pub fn recipient(identity: &Identity) -> String {
    identity.to_public().to_string()
}

/// The identity whose secret key these 32 bytes are, as X25519 takes them.
pub fn from_bytes(bytes: &[u8]) -> Result<Identity, Error> {
    const MALFORMED: Error = Error::Malformed("the secret key of an identity has 32 bytes");
    if bytes.len() != 32 {
        return Err(MALFORMED);
    }
    let hrp = Hrp::parse(SECRET_PREFIX).map_err(|_| MALFORMED)?;
    let text = Zeroizing::new(bech32::encode_upper::<Bech32>(hrp, bytes).map_err(|_| MALFORMED)?);
    text.parse().map_err(|_| MALFORMED)
}

/// The secret key of an identity.
pub fn to_bytes(identity: &Identity) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (_, bytes) = bech32::decode(identity.to_string().expose_secret())
        .map_err(|_| Error::Malformed("the text of an identity"))?;
    Ok(Zeroizing::new(bytes))
}

/// The path of the server's own identity.
pub fn server_path(data_dir: &Path) -> PathBuf {
    data_dir.join(SERVER_FILE)
}

/// Makes the server's own identity in the data directory, whose lock the caller holds, and refuses if there is one:
/// it may be the only key to the store. The file appears complete or not at all.
pub fn create_server_identity(data_dir: &Path, now: UnixMillis) -> Result<Identity, Error> {
    let identity = generate();
    keep_server_identity(data_dir, &identity, now)?;
    Ok(identity)
}

/// The same for an identity that was made already.
pub fn keep_server_identity(data_dir: &Path, identity: &Identity, now: UnixMillis) -> Result<(), Error> {
    let path = server_path(data_dir);
    if path.symlink_metadata().is_ok() {
        return Err(Error::IdentityFile {
            path,
            why: "an identity exists already and was not touched".to_owned(),
        });
    }
    let text = server_text(identity, now);
    private_file::replace(&path, text.expose().as_bytes())
}

/// The file of a server's own identity.
pub fn server_text(identity: &Identity, now: UnixMillis) -> SecretText {
    let comments = format!(
        "# Identity with which this Strongroom server unlocks its keyring when it starts.\n\
         # Created: {created}\n\
         # Fingerprint: {fingerprint}\n\
         # public key: {recipient}\n\
         #\n\
         # Lying beside the data, it protects a copied database or backup, not a copy of the whole directory.\n\
         # To keep it elsewhere: strongroom keys identity --move-to FILE\n",
        created = now.date(),
        fingerprint = fingerprint(&recipient(identity)),
        recipient = recipient(identity),
    );
    kit::identity_file(&comments, &secret_text(identity))
}

/// The text of a recovery kit. It is handed out once and never stored by the server.
pub fn kit_text(identity: &Identity, instance: InstanceId, now: UnixMillis) -> SecretText {
    let facts = kit::Facts {
        instance,
        address: None,
        created: now,
        recipient: &recipient(identity),
    };
    kit::text(&facts, &secret_text(identity))
}

/// An identity as it stands in a file.
pub fn secret_text(identity: &Identity) -> SecretText {
    SecretText::from(identity.to_string().expose_secret())
}

/// The identities in a file: one to a line, with empty lines and `#` comments between them. At least one is needed.
pub fn read_identities(path: &Path) -> Result<Vec<Identity>, Error> {
    let refuse = |why: &str| Error::IdentityFile {
        path: path.to_owned(),
        why: why.to_owned(),
    };
    match private_file::read(path) {
        Ok(Some(text)) => parse_identities(&text).map_err(|why| refuse(&why)),
        Ok(None) => Err(refuse("there is no such file")),
        Err(Error::Malformed(why)) => Err(refuse(&format!("{why}; an age identity file is expected"))),
        Err(other) => Err(other),
    }
}

/// The identities in a text that somebody sent: a kit as it was downloaded, or its last line alone.
pub fn parse_secret(text: &SecretText) -> Result<Vec<Identity>, String> {
    parse_identities(text.expose())
}

/// The identities in a text. The error says what is wrong and never repeats any of the text, which may be a secret.
pub fn parse_identities(text: &str) -> Result<Vec<Identity>, String> {
    let text = text.trim_start_matches('\u{feff}');
    if text.starts_with("age-encryption.org/") || text.starts_with("-----BEGIN AGE ENCRYPTED FILE-----") {
        return Err(
            "the file is itself encrypted with age; decrypt it first (age --decrypt) and use the result"
                .into(),
        );
    }
    let mut identities = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let upper_start = line.get(..15).map(str::to_ascii_uppercase).unwrap_or_default();
        let why = match line.parse::<Identity>() {
            Ok(identity) => {
                identities.push(identity);
                continue;
            }
            Err(_) if upper_start.starts_with("AGE-PLUGIN-") => {
                "is the identity of an age plugin, which works on the machine that has the plugin, and on a running server: \
                 strongroom unlock --identity FILE"
            }
            Err(_) if line.starts_with("AGE-SECRET-KEY-PQ-") => {
                "is an identity of a kind that is not supported; only X25519 identities (AGE-SECRET-KEY-1…) are"
            }
            Err(_) if upper_start == "AGE-SECRET-KEY-" => "is a damaged key: a character is missing or wrong",
            Err(_) if line.starts_with("age1") => {
                "is a public recipient; the secret part (AGE-SECRET-KEY-1…) is needed"
            }
            Err(_) => "is not an age identity; a line such as AGE-SECRET-KEY-1… is expected",
        };
        return Err(format!("line {number} {why}"));
    }
    if identities.is_empty() {
        return Err("the file holds no identity; a line such as AGE-SECRET-KEY-1… is expected".into());
    }
    Ok(identities)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW: UnixMillis = UnixMillis(1_763_769_600_120);

    fn secret(identity: &Identity) -> String {
        identity.to_string().expose_secret().to_owned()
    }

    #[test]
    fn what_is_no_identity_is_refused_without_repeating_it() {
        let good = secret(&generate());
        for (text, expected) in [
            (String::new(), "holds no identity"),
            ("# only a comment\n\n".into(), "holds no identity"),
            ("hunter2".into(), "line 1 is not an age identity"),
            (
                format!("# kit\n{good}\nhunter2\n"),
                "line 3 is not an age identity",
            ),
            (good[..73].to_owned(), "line 1 is a damaged key"),
            (good.replace("KEY-1", "KEY-1Q"), "line 1 is a damaged key"),
            (good.to_lowercase()[..good.len() - 1].into(), "damaged key"),
            (format!("\n\n{good}x"), "line 3 is a damaged key"),
            ("AGE-PLUGIN-YUBIKEY-1QQQ".into(), "identity of an age plugin"),
            ("AGE-SECRET-KEY-PQ-1QQQ".into(), "not supported"),
            (recipient(&generate()), "is a public recipient"),
            ("age-encryption.org/v1\n-> X25519".into(), "encrypted with age"),
            (
                "-----BEGIN AGE ENCRYPTED FILE-----\n".into(),
                "encrypted with age",
            ),
            ("ä".repeat(20), "not an age identity"),
        ] {
            let why = parse_identities(&text).map(|_| ()).unwrap_err();
            assert!(why.contains(expected), "{why}");
            assert!(!why.contains("hunter2") && !why.contains(&good[20..40]));
        }
    }

    #[test]
    fn several_keys_comments_and_line_ends() {
        let (one, two) = (generate(), generate());
        let text = format!(
            "\u{feff}# created: today\r\n# public key: x\r\n\r\n{}\r\n  \n# second\n  {}  ",
            secret(&one),
            secret(&two)
        );
        let parsed = parse_identities(&text).unwrap();
        assert_eq!(
            parsed.iter().map(recipient).collect::<Vec<_>>(),
            [recipient(&one), recipient(&two)]
        );
    }

    #[test]
    fn errors_name_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kit.txt");
        let refused = |path: &Path| read_identities(path).map(|_| ()).unwrap_err().to_string();
        assert!(refused(&path).ends_with("kit.txt: there is no such file"));
        fs::write(&path, "nonsense").unwrap();
        assert!(refused(&path).contains("kit.txt: line 1 is not"));
        fs::write(&path, [0xff, 0x00]).unwrap();
        assert!(refused(&path).contains("kit.txt: the file is not text"));
        assert!(refused(folder.path()).contains(folder.path().to_str().unwrap()));
    }

    #[test]
    fn the_server_identity_is_private_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let made = create_server_identity(folder.path(), NOW).unwrap();
        let path = server_path(folder.path());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        let refused = create_server_identity(folder.path(), NOW)
            .map(|_| ())
            .unwrap_err();
        assert!(refused.to_string().contains("exists already"));
        let read = read_identities(&path).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(recipient(&read[0]), recipient(&made));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_kit_is_an_identity_file_that_explains_itself() {
        let identity = generate();
        let instance = InstanceId::from_random([3; 16]);
        let kit = kit_text(&identity, instance, NOW);
        let text = kit.expose();
        for expected in [
            &instance.to_string(),
            "2025-11-22",
            &fingerprint(&recipient(&identity)),
            &recipient(&identity),
            "strongroom restore",
        ] {
            assert!(text.contains(expected), "{expected}");
        }
        let keys: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(keys, [secret(&identity)]);
        let parsed = parse_identities(text).unwrap();
        assert_eq!(recipient(&parsed[0]), recipient(&identity));
    }
}
