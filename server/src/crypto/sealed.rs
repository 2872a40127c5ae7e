//! Values as they lie in the database: encrypted, and bound to the one place where they belong.
//!
//! ```text
//! byte 0       format, 1
//! byte 1       algorithm, 1 = XChaCha20-Poly1305
//! bytes 2-5    key version, big endian
//! bytes 6-29   nonce
//! rest         ciphertext and 16-byte tag
//! ```
//! The associated data is those first six bytes and the [`Context`], each part with its length before it. A value
//! that was copied to another row, column, version or owner does not open.

use shared::model::ids::ProjectId;
use shared::model::text::SecretText;

use super::{Error, Key, aead};

const FORMAT: u8 = 1;
const XCHACHA20_POLY1305: u8 = 1;
const HEADER: usize = 6;

/// Where a sealed value belongs. Only what never changes stands here: a renamed or moved secret still opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'a> {
    /// Table of the row.
    pub table: &'a str,
    /// Id of the row's owner across versions, such as the secret's id.
    pub row: &'a str,
    /// Version within the row, counted from 1; 0 where there are none.
    pub version: i64,
    /// Column.
    pub column: &'a str,
    /// Id of the user whose personal value it is; empty for shared ones.
    pub owner: &'a str,
}

impl Context<'_> {
    fn associated_data(&self, header: [u8; HEADER]) -> Vec<u8> {
        let version = self.version.to_be_bytes();
        let parts: [&[u8]; 6] = [
            &header,
            self.table.as_bytes(),
            self.row.as_bytes(),
            &version,
            self.column.as_bytes(),
            self.owner.as_bytes(),
        ];
        let mut data = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
        for part in parts {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}

/// Encrypts a value for its place. `key_version` is written in clear, so that [`open_with`] finds the key again.
pub fn seal(key: &Key, key_version: u32, context: &Context, text: &SecretText) -> Result<Vec<u8>, Error> {
    seal_bytes(key, key_version, context, text.expose().as_bytes())
}

/// Decrypts what [`seal`] made with the same key for the same place.
pub fn open(key: &Key, context: &Context, bytes: &[u8]) -> Result<SecretText, Error> {
    let mut plaintext = open_bytes(key, context, bytes)?;
    // Moved, not copied: the one allocation becomes the text that wipes itself.
    String::from_utf8(std::mem::take(&mut *plaintext))
        .map(SecretText::new)
        .map_err(|error| {
            drop(zeroize::Zeroizing::new(error.into_bytes()));
            Error::Malformed("a sealed value is not text")
        })
}

/// Like [`open`], where the value itself says which version of the key it needs.
pub fn open_with<'k>(
    key_for: impl FnOnce(u32) -> Option<&'k Key>,
    context: &Context,
    bytes: &[u8],
) -> Result<SecretText, Error> {
    let version = key_version(bytes)?;
    open(
        key_for(version).ok_or(Error::UnknownKeyVersion(version))?,
        context,
        bytes,
    )
}

/// The version of the key that a sealed value needs.
pub fn key_version(bytes: &[u8]) -> Result<u32, Error> {
    let (_, version) = split(bytes)?;
    Ok(version)
}

/// Wraps a project's data key under a root key.
pub fn seal_key(
    root: &Key,
    root_version: u32,
    project: ProjectId,
    version: u32,
    data_key: &Key,
) -> Result<Vec<u8>, Error> {
    let row = project.to_string();
    seal_bytes(
        root,
        root_version,
        &project_key(&row, version),
        data_key.as_bytes(),
    )
}

/// Unwraps a project's data key. `root_for` gets the version that the wrapped key names.
pub fn open_key<'k>(
    root_for: impl FnOnce(u32) -> Option<&'k Key>,
    project: ProjectId,
    version: u32,
    bytes: &[u8],
) -> Result<Key, Error> {
    let root_version = key_version(bytes)?;
    let root = root_for(root_version).ok_or(Error::UnknownKeyVersion(root_version))?;
    let row = project.to_string();
    Key::from_slice(&open_bytes(root, &project_key(&row, version), bytes)?)
}

fn project_key(row: &str, version: u32) -> Context<'_> {
    Context {
        table: "project_keys",
        row,
        version: version.into(),
        column: "key",
        owner: "",
    }
}

fn seal_bytes(key: &Key, key_version: u32, context: &Context, plaintext: &[u8]) -> Result<Vec<u8>, Error> {
    let [a, b, c, d] = key_version.to_be_bytes();
    let header = [FORMAT, XCHACHA20_POLY1305, a, b, c, d];
    let mut sealed = Vec::with_capacity(HEADER + plaintext.len() + aead::OVERHEAD);
    sealed.extend_from_slice(&header);
    aead::seal_onto(&mut sealed, key, &context.associated_data(header), plaintext)?;
    Ok(sealed)
}

fn open_bytes(key: &Key, context: &Context, bytes: &[u8]) -> Result<zeroize::Zeroizing<Vec<u8>>, Error> {
    let (header, _) = split(bytes)?;
    aead::open(key, &context.associated_data(header), &bytes[HEADER..])
}

/// The header, checked, and the key version in it.
fn split(bytes: &[u8]) -> Result<([u8; HEADER], u32), Error> {
    match bytes.first_chunk::<HEADER>() {
        None => Err(Error::Malformed("a sealed value is shorter than its header")),
        Some(header @ &[FORMAT, XCHACHA20_POLY1305, a, b, c, d]) => {
            Ok((*header, u32::from_be_bytes([a, b, c, d])))
        }
        Some(&[FORMAT, ..]) => Err(Error::Malformed("a sealed value names an unknown algorithm")),
        Some(_) => Err(Error::Malformed("a sealed value has an unknown format")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::seeded::Seeded;

    const HERE: Context = Context {
        table: "secret_versions",
        row: "7f1c0e9a-52f4-4a53-9a44-0c6f1d6f4b11",
        version: 3,
        column: "value",
        owner: "",
    };

    #[test]
    fn every_part_of_the_context_is_bound() {
        let key = Key::random().unwrap();
        let sealed = seal(&key, 1, &HERE, &SecretText::from("hunter2")).unwrap();
        let elsewhere = [
            Context {
                table: "secrets",
                ..HERE
            },
            Context { row: "7f1c", ..HERE },
            Context { version: 2, ..HERE },
            Context { version: -3, ..HERE },
            Context {
                column: "comment",
                ..HERE
            },
            Context {
                owner: "somebody",
                ..HERE
            },
            // The same letters, cut at another place.
            Context {
                table: "secret_versions7",
                row: &HERE.row[1..],
                ..HERE
            },
            Context {
                column: "",
                owner: "value",
                ..HERE
            },
        ];
        for context in elsewhere {
            assert!(
                matches!(open(&key, &context, &sealed), Err(Error::WrongKey)),
                "{context:?}"
            );
        }
        assert_eq!(open(&key, &HERE, &sealed).unwrap(), SecretText::from("hunter2"));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let key = Key::random().unwrap();
        let sealed = seal(&key, 1, &HERE, &SecretText::from("a value of some length")).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            // Any key version gives the right key here: the header must be protected by itself.
            assert!(open_with(|_| Some(&key), &HERE, &changed).is_err(), "bit {bit}");
        }
        assert!(open_with(|_| Some(&key), &HERE, &sealed).is_ok());
    }

    #[test]
    fn every_truncation_and_extension_is_refused() {
        let key = Key::random().unwrap();
        let mut sealed = seal(&key, 1, &HERE, &SecretText::from("value")).unwrap();
        for length in 0..sealed.len() {
            assert!(open(&key, &HERE, &sealed[..length]).is_err(), "{length}");
        }
        sealed.push(0);
        assert!(open(&key, &HERE, &sealed).is_err());
    }

    #[test]
    fn the_key_version_is_read_and_must_be_known() {
        let (old, new) = (Key::random().unwrap(), Key::random().unwrap());
        let keys = |version| match version {
            1 => Some(&old),
            0x0102_0304 => Some(&new),
            _ => None,
        };
        for (key, version) in [(&old, 1), (&new, 0x0102_0304)] {
            let sealed = seal(key, version, &HERE, &SecretText::from("v")).unwrap();
            assert_eq!(key_version(&sealed).unwrap(), version);
            assert_eq!(open_with(keys, &HERE, &sealed).unwrap(), SecretText::from("v"));
        }
        let sealed = seal(&old, 9, &HERE, &SecretText::from("v")).unwrap();
        assert!(matches!(
            open_with(keys, &HERE, &sealed),
            Err(Error::UnknownKeyVersion(9))
        ));
    }

    #[test]
    fn random_values_round_trip_and_do_not_show() {
        let mut seeded = Seeded(3);
        let key = Key::random().unwrap();
        for _ in 0..200 {
            let text = SecretText::new(seeded.text(2000));
            let sealed = seal(&key, 1, &HERE, &text).unwrap();
            assert_eq!(open(&key, &HERE, &sealed).unwrap(), text);
            if text.len() >= 8 {
                let shown = &text.expose().as_bytes()[..8];
                assert!(!sealed.windows(8).any(|window| window == shown));
            }
        }
    }

    #[test]
    fn random_bytes_never_open_and_never_panic() {
        let mut seeded = Seeded(4);
        let key = Key::random().unwrap();
        for length in 0..300 {
            let mut bytes = seeded.bytes(length);
            assert!(open_with(|_| Some(&key), &HERE, &bytes).is_err());
            if length > 2 {
                bytes[..2].copy_from_slice(&[FORMAT, XCHACHA20_POLY1305]);
                assert!(open_with(|_| Some(&key), &HERE, &bytes).is_err());
            }
        }
    }

    #[test]
    fn wrapped_keys_are_bound_to_project_and_version() {
        let (root, data_key) = (Key::random().unwrap(), Key::random().unwrap());
        let (project, other) = (ProjectId::from_random([1; 16]), ProjectId::from_random([2; 16]));
        let wrapped = seal_key(&root, 4, project, 2, &data_key).unwrap();
        assert_eq!(key_version(&wrapped).unwrap(), 4);
        for (project, version) in [(other, 2), (project, 1)] {
            assert!(matches!(
                open_key(|_| Some(&root), project, version, &wrapped),
                Err(Error::WrongKey)
            ));
        }
        assert!(matches!(
            open_key(|_| None, project, 2, &wrapped),
            Err(Error::UnknownKeyVersion(4))
        ));
        let opened = open_key(|_| Some(&root), project, 2, &wrapped).unwrap();
        assert_eq!(opened.as_bytes(), data_key.as_bytes());
    }

    #[test]
    fn a_wrapped_key_is_no_value() {
        let root = Key::random().unwrap();
        let project = ProjectId::from_random([1; 16]);
        let wrapped = seal_key(&root, 1, project, 1, &Key::random().unwrap()).unwrap();
        assert!(matches!(open(&root, &HERE, &wrapped), Err(Error::WrongKey)));
        // A value of another length in the place of a key is refused as well.
        let row = project.to_string();
        let value = seal(&root, 1, &project_key(&row, 1), &SecretText::from("short")).unwrap();
        assert!(matches!(
            open_key(|_| Some(&root), project, 1, &value),
            Err(Error::Malformed(_))
        ));
    }
}
