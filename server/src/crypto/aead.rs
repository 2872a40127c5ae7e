//! XChaCha20-Poly1305: encryption that notices every change of the bytes, the key or the associated data.
//!
//! The nonce is 24 random bytes, so neither a counter nor a limit of messages per key has to be kept, and a restored
//! backup cannot repeat one.

use chacha20poly1305::{AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use super::{Error, Key, random};

/// Length of the nonce.
pub const NONCE: usize = 24;
/// Length of the authentication tag.
pub const TAG: usize = 16;
/// How much longer the sealed bytes are than the plaintext.
pub const OVERHEAD: usize = NONCE + TAG;

/// Encrypts: nonce, ciphertext, tag. What stands in `associated` is not part of the result and must be given again to
/// [`open`].
pub fn seal(key: &Key, associated: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, Error> {
    let mut sealed = Vec::with_capacity(plaintext.len() + OVERHEAD);
    seal_onto(&mut sealed, key, associated, plaintext)?;
    Ok(sealed)
}

/// Appends nonce, ciphertext and tag to `out`. The caller reserves the room ([`OVERHEAD`]), otherwise growing the
/// vector could leave plaintext in freed memory.
pub(super) fn seal_onto(
    out: &mut Vec<u8>,
    key: &Key,
    associated: &[u8],
    plaintext: &[u8],
) -> Result<(), Error> {
    let nonce = random::bytes::<NONCE>()?;
    out.extend_from_slice(&nonce);
    let start = out.len();
    out.extend_from_slice(plaintext);
    let encrypted =
        cipher(key).encrypt_inout_detached(&XNonce::from(nonce), associated, (&mut out[start..]).into());
    if let Ok(tag) = encrypted {
        out.extend_from_slice(&tag);
        Ok(())
    } else {
        // Only beyond 256 GB; what lies in `out` is plaintext then and must not survive.
        zeroize::Zeroize::zeroize(out);
        Err(Error::Malformed("too long to be encrypted"))
    }
}

/// Decrypts what [`seal`] made with the same key and associated data.
pub fn open(key: &Key, associated: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let too_short = Error::Malformed("sealed bytes are shorter than nonce and tag");
    let Some((nonce, rest)) = sealed.split_first_chunk::<NONCE>() else {
        return Err(too_short);
    };
    let Some((ciphertext, tag)) = rest.split_last_chunk::<TAG>() else {
        return Err(too_short);
    };
    let mut plaintext = Zeroizing::new(ciphertext.to_vec());
    cipher(key)
        .decrypt_inout_detached(
            &XNonce::from(*nonce),
            associated,
            plaintext.as_mut_slice().into(),
            &Tag::from(*tag),
        )
        .map_err(|_| Error::WrongKey)?;
    Ok(plaintext)
}

/// Several parts as associated data, each with its length before it, so that no two lists give the same bytes.
pub(super) fn associated_data(parts: &[&[u8]]) -> Vec<u8> {
    let mut data = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        data.extend_from_slice(&(part.len() as u64).to_be_bytes());
        data.extend_from_slice(part);
    }
    data
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.as_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::seeded::Seeded;

    #[test]
    fn other_key_or_associated_data_is_refused() {
        let key = Key::random().unwrap();
        let sealed = seal(&key, b"here", b"value").unwrap();
        assert!(matches!(
            open(&Key::random().unwrap(), b"here", &sealed),
            Err(Error::WrongKey)
        ));
        assert!(matches!(open(&key, b"there", &sealed), Err(Error::WrongKey)));
        assert!(matches!(open(&key, b"", &sealed), Err(Error::WrongKey)));
        assert_eq!(open(&key, b"here", &sealed).unwrap().as_slice(), b"value");
    }

    #[test]
    fn known_answer() {
        // draft-irtf-cfrg-xchacha-03, appendix A.3.1.
        let hex = |text: &str| data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap();
        let key = Key::from_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f").unwrap();
        let sealed = hex(concat!(
            "404142434445464748494a4b4c4d4e4f5051525354555657",
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb",
            "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452",
            "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9",
            "21f9664c97637da9768812f615c68b13b52e",
            "c0875924c1c7987947deafd8780acf49"
        ));
        let opened = open(&key, &hex("50515253c0c1c2c3c4c5c6c7"), &sealed).unwrap();
        assert!(opened.starts_with(b"Ladies and Gentlemen of the class of '99"));
    }

    #[test]
    fn random_lengths_round_trip_and_never_repeat_a_nonce() {
        let mut seeded = Seeded(1);
        let key = Key::random().unwrap();
        let mut nonces = std::collections::HashSet::new();
        for _ in 0..300 {
            let length = seeded.below(5000);
            let (plaintext, associated) = (seeded.bytes(length), seeded.bytes(length % 100));
            let sealed = seal(&key, &associated, &plaintext).unwrap();
            assert_eq!(sealed.len(), plaintext.len() + OVERHEAD);
            assert_eq!(*open(&key, &associated, &sealed).unwrap(), plaintext);
            assert!(nonces.insert(sealed[..NONCE].to_vec()));
        }
    }

    #[test]
    fn garbage_never_opens_and_never_panics() {
        let mut seeded = Seeded(2);
        let key = Key::random().unwrap();
        for length in 0..200 {
            assert!(open(&key, b"", &seeded.bytes(length)).is_err());
        }
    }
}
