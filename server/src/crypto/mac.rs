//! HMAC-SHA256 under a [`Key`].

use hmac::digest::array::Array;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroize;

use super::Key;

/// HMAC-SHA256 of the concatenated parts. Callers make sure that different lists of parts cannot concatenate to the
/// same bytes.
pub(super) fn mac(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
    // HMAC itself pads a shorter key with zeros to the block; doing it here leaves nothing that could fail.
    let mut block = Array::from([0_u8; 64]);
    block[..Key::LENGTH].copy_from_slice(key.as_bytes());
    let mut mac = Hmac::<Sha256>::new(&block);
    block.zeroize();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_hmac_made_from_a_slice() {
        let key = Key::from_bytes(&[7; 32]);
        let mut other = Hmac::<Sha256>::new_from_slice(&[7; 32]).unwrap();
        other.update(b"hello world");
        assert_eq!(
            mac(&key, &[b"hello ", b"world"]),
            <[u8; 32]>::from(other.finalize().into_bytes())
        );
    }

    #[test]
    fn known_answer() {
        // RFC 4231, test case 3 has a 20-byte key; padded with zeros to 32 bytes HMAC sees the same block.
        let mut bytes = [0_u8; 32];
        bytes[..20].fill(0xaa);
        let expected = data_encoding::HEXLOWER
            .decode(b"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe")
            .unwrap();
        assert_eq!(mac(&Key::from_bytes(&bytes), &[&[0xdd; 50]]).as_slice(), expected);
    }
}
