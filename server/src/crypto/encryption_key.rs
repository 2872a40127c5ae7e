//! Infisical's `ENCRYPTION_KEY` and `ROOT_ENCRYPTION_KEY` as a way to unlock: in every form that guides tell people to make.
//!
//! Nothing is encrypted under such a value itself. It becomes the identity of one slot of the keyring, so a changed or lost
//! value costs that slot and nothing else.

use argon2::Argon2;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER_PERMISSIVE;
use hkdf::Hkdf;
use sha2::Sha256;
use shared::model::text::SecretText;
use zeroize::Zeroizing;

use super::Error;
use super::identity::{self, Identity};

/// Which form a value has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// 32 hexadecimal digits: `openssl rand -hex 16`.
    Hex16,
    /// 64 hexadecimal digits: `openssl rand -hex 32`.
    Hex32,
    /// 32 bytes in base64: `openssl rand -base64 32`.
    Base64,
    /// Any other text of 32 characters or more.
    Passphrase,
}

impl Form {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Hex16 => "32 hexadecimal digits",
            Self::Hex32 => "64 hexadecimal digits",
            Self::Base64 => "32 bytes in base64",
            Self::Passphrase => "a passphrase",
        }
    }
}

/// The form of a value and the identity it stands for. A passphrase takes a moment; the error does not repeat the value.
pub fn recognise(value: &SecretText) -> Result<(Form, Identity), Error> {
    let text = value.expose().trim();
    let hex = || {
        HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .ok()
            .map(Zeroizing::new)
    };
    let (form, material) = match text.len() {
        32 if hex().is_some() => (Form::Hex16, hex()),
        64 if hex().is_some() => (Form::Hex32, hex()),
        _ => match STANDARD.decode(text).map(Zeroizing::new) {
            Ok(bytes) if bytes.len() == 32 => (Form::Base64, Some(bytes)),
            _ if text.chars().count() >= 32 => (Form::Passphrase, None),
            _ => {
                return Err(Error::Malformed(
                    "an encryption key is 32 or 64 hexadecimal digits, 32 bytes in base64, or a passphrase of at least 32 characters",
                ));
            }
        },
    };
    let material = match material {
        Some(material) => material,
        None => stretched(text)?,
    };
    let mut bytes = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(None, &material)
        .expand(b"strongroom/1/encryption-key/identity", bytes.as_mut_slice())
        .map_err(|_| Error::Malformed("an encryption key"))?;
    Ok((form, identity::from_bytes(bytes.as_slice())?))
}

/// The value alone must give the same identity on every machine, so the salt is no secret and no random number.
fn stretched(text: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(vec![0; 32]);
    Argon2::default()
        .hash_password_into(
            text.as_bytes(),
            b"strongroom/1/encryption-key/passphrase",
            &mut bytes,
        )
        .map_err(|_| Error::Malformed("an encryption key"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognised(text: &str) -> Option<(Form, String)> {
        let (form, identity) = recognise(&SecretText::from(text)).ok()?;
        Some((form, identity::recipient(&identity)))
    }

    #[test]
    fn every_form_of_the_guides_is_recognised() {
        for (text, form) in [
            ("6c1fe4e407b8911c104518103505b218", Form::Hex16),
            ("6C1FE4E407B8911C104518103505B218", Form::Hex16),
            (
                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                Form::Hex32,
            ),
            ("5IhWSYOtWOqLSVaYDEHOZHJd8ZZoQ1hn0aC4Pj0bd8w=", Form::Base64),
            (
                "a phrase of several words, thirty-two characters or more",
                Form::Passphrase,
            ),
        ] {
            assert_eq!(recognised(text).map(|(form, _)| form), Some(form), "{text}");
            assert_eq!(recognised(text), recognised(&format!(" {text}\n")));
        }
    }

    #[test]
    fn spelling_does_not_matter_and_values_do() {
        let lower = recognised("6c1fe4e407b8911c104518103505b218");
        assert_eq!(lower, recognised("6C1FE4E407B8911C104518103505B218"));
        assert_ne!(lower, recognised("6c1fe4e407b8911c104518103505b219"));
    }

    #[test]
    fn what_is_too_short_is_refused_without_repeating_it() {
        for text in ["", "hunter2", "6c1fe4e407b8911c104518103505b2"] {
            let error = recognise(&SecretText::from(text))
                .map(drop)
                .unwrap_err()
                .to_string();
            assert!(error.contains("at least 32 characters"));
            assert!(text.is_empty() || !error.contains(text));
        }
    }
}
