//! A symmetric key.

use std::{fmt, io};

use data_encoding::HEXLOWER;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{Error, mac::mac, random};

/// 256 secret bits. Wiped when dropped; `Debug` shows nothing of them. The bytes lie on the heap, so that moving a key
/// leaves no copy behind on the stack.
#[derive(Clone)]
pub struct Key(Box<[u8; Self::LENGTH]>);

impl Key {
    /// Length in bytes.
    pub const LENGTH: usize = 32;

    /// A fresh key.
    pub fn random() -> Result<Self, Error> {
        let mut key = Self(Box::new([0; Self::LENGTH]));
        random::fill(key.0.as_mut_slice())?;
        Ok(key)
    }

    /// A key from bytes that are already uniformly random. Wiping those bytes is up to the caller.
    pub fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Self {
        Self(Box::new(*bytes))
    }

    /// Like [`Key::from_bytes`] for bytes whose length was never checked.
    pub(super) fn from_slice(bytes: &[u8]) -> Result<Self, Error> {
        let mut key = Self(Box::new([0; Self::LENGTH]));
        if bytes.len() != Self::LENGTH {
            return Err(Error::Malformed("a key has 32 bytes"));
        }
        key.0.copy_from_slice(bytes);
        Ok(key)
    }

    /// The key written by [`Key::to_hex`].
    pub(super) fn from_hex(text: &str) -> Result<Self, Error> {
        let bytes = HEXLOWER
            .decode(text.as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| Error::Malformed("a key is written as 64 lower-case hex digits"))?;
        Self::from_slice(&bytes)
    }

    /// Whether it is the same key. Takes the same time for any two.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }

    /// Keeps the key out of swap, as long as the process lives. Refused where the limit of locked memory is used up.
    pub(super) fn keep_in_memory(&self) -> io::Result<()> {
        let guard = region::lock(self.0.as_ptr(), Self::LENGTH).map_err(io::Error::other)?;
        // Unlocking would unlock the other keys of the page too. Pages are few, and a key wipes itself when it goes.
        std::mem::forget(guard);
        Ok(())
    }

    pub(super) fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    /// 64 lower-case hex digits: how the keyring stores keys, and how SQLCipher takes a raw key. In clear.
    pub(crate) fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(HEXLOWER.encode(self.0.as_slice()))
    }

    /// A key for one purpose, from which neither this key nor one for another purpose can be found.
    ///
    /// HKDF-Expand with SHA-256 (RFC 5869); a key here is uniformly random, so HKDF-Extract is not needed (section 3.3).
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        let mut block = mac(self, &[purpose.as_bytes(), &[1]]);
        let key = Self::from_bytes(&block);
        block.zeroize();
        key
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Key {}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Key::from_bytes(&[7; 32])), "Key([redacted])");
    }

    #[test]
    fn hex_round_trip_and_refusals() {
        let key = Key::random().unwrap();
        assert_eq!(Key::from_hex(&key.to_hex()).unwrap().as_bytes(), key.as_bytes());
        for bad in [
            "",
            "00",
            &"0".repeat(63),
            &"0".repeat(66),
            &"g".repeat(64),
            &"A".repeat(64),
        ] {
            assert!(matches!(Key::from_hex(bad), Err(Error::Malformed(_))), "{bad}");
        }
        assert!(Key::from_slice(&[0; 31]).is_err());
    }

    #[test]
    fn derived_keys_equal_hkdf_and_differ_by_purpose() {
        let key = Key::from_bytes(&[9; 32]);
        let mut expected = [0; 32];
        hkdf::Hkdf::<sha2::Sha256>::from_prk(&[9; 32])
            .unwrap()
            .expand(b"tokens", &mut expected)
            .unwrap();
        assert_eq!(key.derive("tokens").as_bytes(), &expected);
        assert_ne!(key.derive("token").as_bytes(), &expected);
        assert_ne!(key.derive("tokens").as_bytes(), key.as_bytes());
    }
}
