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
        aead::associated_data(&[
            &header,
            self.table.as_bytes(),
            self.row.as_bytes(),
            &self.version.to_be_bytes(),
            self.column.as_bytes(),
            self.owner.as_bytes(),
        ])
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
mod tests;
