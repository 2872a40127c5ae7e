//! A recovery kit made in this browser: its secret key never travels.

use bech32::{Bech32, Hrp};
use leptos::prelude::window;
use shared::model::kit::fingerprint;
use shared::model::text::SecretText;
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::Zeroizing;

/// How many characters at the end of the key are typed back.
pub const TYPED_BACK: usize = 6;

/// A key of the age file format with its public half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKit {
    /// The secret half, `AGE-SECRET-KEY-1…`.
    pub identity: SecretText,
    /// The public half, `age1…`; all that the server learns.
    pub recipient: String,
    /// Short form of the public half for people to compare.
    pub fingerprint: String,
}

impl NewKit {
    /// A new one from the browser's random numbers; nothing when the browser has none.
    pub fn generate() -> Option<Self> {
        let mut random = Zeroizing::new([0; 32]);
        window()
            .crypto()
            .ok()?
            .get_random_values_with_u8_array(random.as_mut_slice())
            .ok()?;
        Self::from_random(&random)
    }

    /// The key that these random bytes are.
    fn from_random(random: &[u8; 32]) -> Option<Self> {
        let secret = StaticSecret::from(*random);
        let recipient =
            bech32::encode::<Bech32>(Hrp::parse("age").ok()?, PublicKey::from(&secret).as_bytes()).ok()?;
        let identity =
            bech32::encode_upper::<Bech32>(Hrp::parse("age-secret-key-").ok()?, secret.as_bytes()).ok()?;
        Some(Self {
            fingerprint: fingerprint(&recipient),
            identity: SecretText::new(identity),
            recipient,
        })
    }
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret;
    use age::x25519::Identity;

    use super::*;

    fn kits() -> impl Iterator<Item = NewKit> {
        [[0; 32], [1; 32], [0xff; 32], [0x5a; 32]]
            .iter()
            .map(|random| NewKit::from_random(random).unwrap())
            .collect::<Vec<_>>()
            .into_iter()
    }

    #[test]
    fn age_accepts_the_identity_and_derives_the_same_recipient() {
        for kit in kits() {
            let identity: Identity = kit.identity.expose().parse().unwrap();
            assert_eq!(identity.to_public().to_string(), kit.recipient);
            assert!(kit.identity.is(identity.to_string().expose_secret()));
        }
    }

    #[test]
    fn what_age_encrypts_to_the_recipient_opens_with_the_identity_only() {
        for (kit, other) in kits().zip(kits().skip(1)) {
            let recipient: age::x25519::Recipient = kit.recipient.parse().unwrap();
            let encrypted = age::encrypt(&recipient, b"all secrets").unwrap();
            let identity: Identity = kit.identity.expose().parse().unwrap();
            assert_eq!(age::decrypt(&identity, &encrypted).unwrap(), b"all secrets");
            let stranger: Identity = other.identity.expose().parse().unwrap();
            assert!(age::decrypt(&stranger, &encrypted).is_err());
        }
    }

    #[test]
    fn different_randomness_gives_different_kits() {
        let fingerprints: std::collections::HashSet<_> = kits().map(|kit| kit.fingerprint).collect();
        assert_eq!(fingerprints.len(), 4);
    }
}
