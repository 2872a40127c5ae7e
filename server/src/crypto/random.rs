//! The operating system's random numbers, the only source of randomness in the server.

use zeroize::Zeroizing;

use super::Error;

/// `N` random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// Fills a buffer that exists already, so that key material is written once, where it stays.
pub(super) fn fill(buffer: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(buffer).map_err(|_| Error::Random)
}

/// The bytes from which identifiers are made (`SecretId::from_random(…)`).
pub fn id_bytes() -> Result<[u8; 16], Error> {
    bytes()
}

/// Random letters and digits (`A-Z a-z 0-9`), each equally likely: 5.95 bits a character.
pub fn letters(count: usize) -> Result<String, Error> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    // 248 = 4 * 62: taking larger bytes modulo 62 would prefer the first letters.
    const LIMIT: u8 = 248;
    let mut text = String::with_capacity(count);
    while text.len() < count {
        let drawn = Zeroizing::new(bytes::<64>()?);
        let wanted = count - text.len();
        text.extend(
            drawn
                .iter()
                .filter(|byte| **byte < LIMIT)
                .take(wanted)
                .map(|byte| char::from(ALPHABET[usize::from(byte % 62)])),
        );
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_differ_from_call_to_call() {
        assert_ne!(bytes::<32>().unwrap(), bytes::<32>().unwrap());
        assert_ne!(id_bytes().unwrap(), id_bytes().unwrap());
    }

    #[test]
    fn letters_have_the_length_asked_for_and_no_bias() {
        for count in [0, 1, 21, 64, 65, 1000] {
            assert_eq!(letters(count).unwrap().len(), count);
        }
        let text = letters(62_000).unwrap();
        let mut counts = [0_u32; 128];
        for byte in text.bytes() {
            assert!(byte.is_ascii_alphanumeric());
            counts[usize::from(byte)] += 1;
        }
        let seen: Vec<u32> = counts.into_iter().filter(|count| *count > 0).collect();
        assert_eq!(seen.len(), 62);
        // Expected 1000 each with a deviation of 32; plain modulo would give the first eight letters 1211.
        assert!(seen.iter().all(|count| (800..1200).contains(count)), "{seen:?}");
    }
}
