//! How hard a password is to guess, roughly. It advises; the server decides.

use crate::problem::Problem;

/// What the server accepts at least, in characters.
pub const MINIMUM_LENGTH: usize = 12;

/// Refuses a new password that the server would refuse for its length. `what` says what the reader was doing.
pub fn refuse_short(what: &str, password: &str) -> Result<(), Problem> {
    if password.chars().count() >= MINIMUM_LENGTH {
        return Ok(());
    }
    Err(Problem::local(
        what,
        format!("The password has fewer than {MINIMUM_LENGTH} characters."),
        "Choose a longer one.",
    ))
}

/// Beginnings of what is tried first, in any spelling.
const TRIED_FIRST: [&str; 14] = [
    "password",
    "passwort",
    "strongroom",
    "infisical",
    "qwerty",
    "qwertz",
    "letmein",
    "welcome",
    "admin",
    "secret",
    "iloveyou",
    "dragon",
    "monkey",
    "changeme",
];

/// The result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strength {
    /// Nothing typed.
    Empty,
    /// So many characters are missing.
    TooShort(usize),
    /// Guessed soon.
    Weak,
    /// Will do.
    Fair,
    /// Hard to guess.
    Good,
    /// Not to be guessed.
    Strong,
}

impl Strength {
    /// Of a password.
    pub fn of(password: &str) -> Self {
        let length = password.chars().count();
        if length == 0 {
            return Self::Empty;
        }
        if length < MINIMUM_LENGTH {
            return Self::TooShort(MINIMUM_LENGTH - length);
        }
        match bits(password) {
            ..45 => Self::Weak,
            45..60 => Self::Fair,
            60..80 => Self::Good,
            _ => Self::Strong,
        }
    }

    /// How many of four bars are lit.
    pub fn bars(self) -> usize {
        match self {
            Self::Empty => 0,
            Self::TooShort(_) | Self::Weak => 1,
            Self::Fair => 2,
            Self::Good => 3,
            Self::Strong => 4,
        }
    }
}

/// Bits that a guesser needs, if he knows that people repeat, count and take words.
fn bits(password: &str) -> u32 {
    let mut text = password.to_lowercase();
    for word in TRIED_FIRST {
        text = text.replace(word, "a");
    }
    let mut letters = false;
    let mut digits = false;
    let mut others = false;
    let mut count = 0_u32;
    let mut before: Option<char> = None;
    for character in text.chars() {
        match character {
            'a'..='z' => letters = true,
            '0'..='9' => digits = true,
            _ => others = true,
        }
        // "aaaa" and "1234" are one thought, not four.
        let expected = before.is_some_and(|before| {
            let step = i64::from(u32::from(character)) - i64::from(u32::from(before));
            (-1..=1).contains(&step)
        });
        if !expected {
            count += 1;
        }
        before = Some(character);
    }
    let capitals = password.chars().any(char::is_uppercase) && password.chars().any(char::is_lowercase);
    // Letters stand for words, which have fewer possibilities than their letters.
    let each = 3 + u32::from(letters && digits) + u32::from(others) + u32::from(capitals);
    count * each
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_weak() {
        for weak in [
            "aaaaaaaaaaaaaaaa",
            "123456789012345",
            "passwordpassword",
            "Password123456",
            "qwertyqwerty1",
            "abcdefghijklmnop",
        ] {
            assert_eq!(Strength::of(weak), Strength::Weak, "{weak}");
        }
    }

    #[test]
    fn words_and_random_characters_are_good() {
        for good in [
            "correct horse battery",
            "kX9$mQ2#vL7&pR4!",
            "quiet river, seven lamps",
        ] {
            assert!(
                matches!(Strength::of(good), Strength::Good | Strength::Strong),
                "{good}: {:?}",
                Strength::of(good)
            );
        }
    }

    #[test]
    fn it_counts_characters_not_bytes() {
        assert_eq!(Strength::of(""), Strength::Empty);
        assert_eq!(Strength::of("äöüäöüäöüäö"), Strength::TooShort(1));
        assert!(!matches!(Strength::of("äöüäöüäöüäöü"), Strength::TooShort(_)));
    }
}
