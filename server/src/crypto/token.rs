//! What machines and people present once: client secrets, refresh tokens, set-up codes.
//!
//! Machine credentials are random enough that guessing is hopeless, so a keyed hash is kept instead of a slow one.

use data_encoding::{HEXLOWER, Specification};
use shared::model::text::SecretText;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Error, Key, mac::mac, random};

/// A new client secret or token: 256 random bits as 64 hex digits, the look of Infisical's.
pub fn new_secret() -> Result<SecretText, Error> {
    let bytes = Zeroizing::new(random::bytes::<32>()?);
    Ok(SecretText::new(HEXLOWER.encode(bytes.as_slice())))
}

/// What is stored of a token: HMAC-SHA256 under the keyring's token key. The purpose keeps a refresh token from ever
/// matching a client secret.
pub fn keyed_hash(key: &Key, purpose: &str, text: &SecretText) -> [u8; 32] {
    fingerprint(key, purpose, text.expose().as_bytes())
}

/// A keyed hash of public or secret bytes that says whether they changed and tells nothing else: who does not hold the
/// key cannot try guesses against it.
pub fn fingerprint(key: &Key, purpose: &str, bytes: &[u8]) -> [u8; 32] {
    let length = (purpose.len() as u64).to_be_bytes();
    mac(key, &[&length, purpose.as_bytes(), bytes])
}

/// Whether two hashes are equal, in a time that does not tell where they differ.
pub fn matches(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// A token that names its row: `id.secret`.
pub fn join(id: &str, secret: &SecretText) -> SecretText {
    let mut text = String::with_capacity(id.len() + 1 + secret.len());
    text.push_str(id);
    text.push('.');
    text.push_str(secret.expose());
    SecretText::new(text)
}

/// The parts of [`join`].
pub fn split(token: &SecretText) -> Option<(&str, SecretText)> {
    let (id, secret) = token.expose().split_once('.')?;
    Some((id, SecretText::from(secret)))
}

/// The first four characters, by which people tell their client secrets apart.
pub fn prefix(secret: &SecretText) -> String {
    secret.expose().chars().take(4).collect()
}

/// Digits and letters without I, L, O and U, which are misread; 32 of them, so a character is 5 bits.
const CODE_LETTERS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_LENGTH: usize = 16;

/// A set-up code to be typed by a person: 80 random bits, as in `7K3D-M9QX-0R2T-WZ5A`.
pub fn new_setup_code() -> Result<SecretText, Error> {
    let mut specification = Specification::new();
    specification.symbols.push_str(CODE_LETTERS);
    let encoding = specification
        .encoding()
        .map_err(|_| Error::Malformed("the alphabet of set-up codes"))?;
    let bytes = Zeroizing::new(random::bytes::<10>()?);
    let letters = Zeroizing::new(encoding.encode(bytes.as_slice()));
    Ok(grouped(&letters))
}

/// A typed code in the form in which it was made: case, spaces and dashes do not matter, and O, I and L are read as
/// the digits that they look like.
pub fn normalized_setup_code(typed: &SecretText) -> Result<SecretText, Error> {
    let mut letters = Zeroizing::new(String::with_capacity(CODE_LENGTH));
    for typed in typed.expose().chars() {
        let letter = match typed.to_ascii_uppercase() {
            ' ' | '-' | '\t' | '\r' | '\n' => continue,
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        if letters.len() == CODE_LENGTH || !CODE_LETTERS.contains(letter) {
            return Err(Error::Malformed("a set-up code has 16 letters and digits"));
        }
        letters.push(letter);
    }
    if letters.len() == CODE_LENGTH {
        Ok(grouped(&letters))
    } else {
        Err(Error::Malformed("a set-up code has 16 letters and digits"))
    }
}

fn grouped(letters: &str) -> SecretText {
    let mut code = String::with_capacity(CODE_LENGTH + 3);
    for (place, letter) in letters.chars().enumerate() {
        if place > 0 && place % 4 == 0 {
            code.push('-');
        }
        code.push(letter);
    }
    SecretText::new(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_64_hex_digits_and_new_each_time() {
        let (a, b) = (new_secret().unwrap(), new_secret().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.len(), 64);
        assert!(a.expose().bytes().all(|byte| b"0123456789abcdef".contains(&byte)));
    }

    #[test]
    fn hashes_depend_on_key_purpose_and_text() {
        let key = Key::from_bytes(&[1; 32]);
        let hash = keyed_hash(&key, "client secret", &SecretText::from("abc"));
        for other in [
            keyed_hash(
                &Key::from_bytes(&[2; 32]),
                "client secret",
                &SecretText::from("abc"),
            ),
            keyed_hash(&key, "refresh token", &SecretText::from("abc")),
            keyed_hash(&key, "client secret", &SecretText::from("abd")),
            keyed_hash(&key, "client secre", &SecretText::from("tabc")),
        ] {
            assert!(!matches(&hash, &other));
        }
        assert!(matches(
            &hash,
            &keyed_hash(&key, "client secret", &SecretText::from("abc"))
        ));
        assert!(!matches(&hash, &hash[..31]));
        assert!(!matches(&hash, &[]));
    }

    #[test]
    fn setup_codes_survive_the_ways_people_type() {
        let code = new_setup_code().unwrap();
        assert_eq!(code.len(), 19);
        assert_ne!(code, new_setup_code().unwrap());
        let text = code.expose();
        for typed in [
            text.to_owned(),
            text.to_lowercase(),
            text.replace('-', ""),
            format!("  {} \n", text.replace('-', " ")),
            text.replace('0', "o").replace('1', "l"),
            text.replace('0', "O").replace('1', "I"),
        ] {
            assert_eq!(normalized_setup_code(&SecretText::new(typed)).unwrap(), code);
        }
    }

    #[test]
    fn what_is_no_setup_code_is_refused() {
        let code = new_setup_code().unwrap();
        for bad in [
            "",
            "7K3D",
            &code.expose()[..18],
            &format!("{}0", code.expose()),
            "UUUU-UUUU-UUUU-UUUU",
            "7K3D-M9QX-0R2T-WZ5!",
            "7K3D-M9QX-0R2T-WZ5Ä",
            "７K3D-M9QX-0R2T-WZ5A",
        ] {
            assert!(normalized_setup_code(&SecretText::from(bad)).is_err(), "{bad}");
        }
    }
}
