//! Secret text: values, passwords, tokens.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Text that must not be seen by accident: wiped from memory when dropped, shown as `[redacted]`, compared in
/// constant time.
///
/// It serializes as its content, because wire types carry values on purpose; logs and error messages use `Debug`
/// and have no way to print it.
#[derive(Clone, Default, Zeroize, ZeroizeOnDrop)]
pub struct SecretText(String);

impl SecretText {
    /// Takes ownership of the text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself. Every file that calls this is listed in `cargo xtask tidy`: that list is the review of
    /// where plaintext goes.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is this text, compared in constant time.
    pub fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same text with white space removed from both ends.
    #[must_use]
    pub fn trimmed(&self) -> Self {
        Self(self.0.trim().to_owned())
    }

    /// The form in which Infisical stores a value: white space removed from both ends, but one final newline kept
    /// when there was one (observed with its server of 2024-10).
    #[must_use]
    pub fn normalized_value(&self) -> Self {
        let trimmed = self.0.trim();
        if self.0.ends_with('\n') && !trimmed.is_empty() {
            let mut kept = String::with_capacity(trimmed.len() + 1);
            kept.push_str(trimmed);
            kept.push('\n');
            return Self(kept);
        }
        Self(trimmed.to_owned())
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl PartialEq for SecretText {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretText {}

impl Serialize for SecretText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_text() {
        assert_eq!(format!("{:?}", SecretText::from("hunter2")), "[redacted]");
    }

    #[test]
    fn equality_is_by_content() {
        assert_eq!(SecretText::from("a"), SecretText::from("a"));
        assert_ne!(SecretText::from("a"), SecretText::from("b"));
        assert_ne!(SecretText::from("a"), SecretText::from("aa"));
    }

    #[test]
    fn values_keep_one_final_newline() {
        for (given, kept) in [
            ("  a  ", "a"),
            ("a\n", "a\n"),
            ("a\n\n\n", "a\n"),
            ("\n a b \r\n", "a b\n"),
            ("a\n ", "a"),
            ("\n", ""),
            ("", ""),
        ] {
            assert_eq!(
                SecretText::from(given).normalized_value().expose(),
                kept,
                "{given:?}"
            );
        }
    }
}
