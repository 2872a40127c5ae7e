//! Which passwords people may choose: long ones that nobody would try first. Digits or signs are not demanded, because
//! that makes `Password1234!` and not strength.

use std::collections::HashSet;

use shared::model::names::Email;
use shared::model::text::SecretText;
use zeroize::Zeroizing;

/// Fewest characters.
pub const MIN_CHARACTERS: usize = 12;
/// Most bytes, so that nobody hashes a book.
pub const MAX_BYTES: usize = 1024;

/// Why a password was refused; the message is for the person who chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Too few characters.
    #[error("the password is too short: 12 or more characters are needed; several words in a row are fine")]
    TooShort,
    /// Too many bytes.
    #[error("the password is too long: at most 1024 bytes are possible")]
    TooLong,
    /// The e-mail address, or the part before the @.
    #[error("the password must not be the e-mail address")]
    SameAsEmail,
    /// The same few characters again and again.
    #[error("the password repeats a few characters; choose one that is harder to guess")]
    Repetitive,
    /// A walk over the keyboard or along the alphabet.
    #[error("the password follows the keyboard or the alphabet; choose one that is harder to guess")]
    Sequence,
    /// On everybody's list.
    #[error("the password is one of those that attackers try first; choose one that is harder to guess")]
    Common,
}

/// Judges a new password. `email` is the address of its owner, where there is one.
pub fn check(password: &SecretText, email: Option<&Email>) -> Result<(), Weakness> {
    let text = password.expose();
    if text.len() > MAX_BYTES {
        return Err(Weakness::TooLong);
    }
    if text.chars().count() < MIN_CHARACTERS {
        return Err(Weakness::TooShort);
    }
    let lower = Zeroizing::new(text.trim().to_lowercase());
    let letters = Zeroizing::new(lower.chars().filter(|c| c.is_alphanumeric()).collect::<String>());
    if email.is_some_and(|email| is_email(&lower, email.as_str())) {
        Err(Weakness::SameAsEmail)
    } else if is_repetitive(&lower) {
        Err(Weakness::Repetitive)
    } else if is_sequence(&letters) {
        Err(Weakness::Sequence)
    } else if is_common(&lower, &letters) {
        Err(Weakness::Common)
    } else {
        Ok(())
    }
}

fn is_email(lower: &str, email: &str) -> bool {
    let email = email.to_lowercase();
    lower == email || email.split_once('@').is_some_and(|(local, _)| lower == local)
}

/// Three different characters or fewer, or one piece of at most six characters over and over (the last time it may be
/// cut off).
fn is_repetitive(lower: &str) -> bool {
    let characters = Zeroizing::new(lower.chars().collect::<Vec<char>>());
    let different: HashSet<&char> = characters.iter().collect();
    different.len() <= 3
        || (1..=6).any(|period| {
            characters
                .iter()
                .zip(characters.iter().skip(period))
                .all(|(a, b)| a == b)
        })
}

/// Keyboard rows (US, German, French), the ways down them, the alphabet and the digits. Each is a ring, so that
/// `890123` is found too.
const WALKS: [&str; 10] = [
    "abcdefghijklmnopqrstuvwxyz",
    "1234567890",
    "1234567890qwertyuiopasdfghjklzxcvbnm",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "qweasdzxcrtyfghvbnuiojklm",
];

/// Whether the text is made of nothing but walks of four or more steps.
fn is_sequence(letters: &str) -> bool {
    const SHORTEST: usize = 4;
    let characters = Zeroizing::new(letters.chars().collect::<Vec<char>>());
    let mut rest = characters.as_slice();
    while !rest.is_empty() {
        let longest = WALKS
            .iter()
            .map(|walk| {
                let ring: Vec<char> = walk.chars().collect();
                steps(&ring, rest, 1).max(steps(&ring, rest, ring.len() - 1))
            })
            .max()
            .unwrap_or(0);
        if longest < SHORTEST {
            return false;
        }
        rest = &rest[longest..];
    }
    !letters.is_empty()
}

/// How many characters of `text` follow the ring, going `step` places each time.
fn steps(ring: &[char], text: &[char], step: usize) -> usize {
    let Some(start) = text
        .first()
        .and_then(|first| ring.iter().position(|c| c == first))
    else {
        return 0;
    };
    text.iter()
        .enumerate()
        .take_while(|(place, c)| ring[(start + place * step) % ring.len()] == **c)
        .count()
}

/// Compiled from the patterns that lists of leaked passwords repeat: twelve or more letters and digits, lower case.
const COMMON: &str = include_str!("common_passwords.txt");

/// Words that stay weak with a few digits or signs around them, written with letters only.
const WORDS: [&str; 64] = [
    "abc",
    "abcd",
    "admin",
    "administrator",
    "adminadmin",
    "alexander",
    "asdf",
    "asdfgh",
    "azerty",
    "baseball",
    "basketball",
    "butterfly",
    "changeit",
    "changeme",
    "charlie",
    "chocolate",
    "company",
    "computer",
    "default",
    "demo",
    "dragon",
    "facebook",
    "family",
    "football",
    "freedom",
    "guest",
    "hello",
    "helloworld",
    "iloveyou",
    "infisical",
    "internet",
    "jesus",
    "letmein",
    "liverpool",
    "login",
    "master",
    "michael",
    "monkey",
    "mustang",
    "mypassword",
    "pass",
    "passwd",
    "passphrase",
    "password",
    "passwords",
    "passwort",
    "pokemon",
    "princess",
    "qwerty",
    "qwertyuiop",
    "root",
    "rootroot",
    "secret",
    "server",
    "shadow",
    "starwars",
    "strongroom",
    "sunshine",
    "superman",
    "system",
    "test",
    "testtest",
    "user",
    "welcome",
];

/// With more digits and signs than this around them, known words are no longer the whole story.
const MAX_PADDING: usize = 8;

fn is_common(lower: &str, letters: &str) -> bool {
    COMMON.lines().any(|common| common == letters)
        || [lower, letters]
            .iter()
            .any(|text| ['i', 'l'].iter().any(|one| is_padded_words(text, *one)))
}

/// Whether every letter belongs to a known word, and around the words there is only a little padding:
/// `!!Password1234`, `P@ssw0rd-2024!`, `test_test_1234`. `one` is the letter that a 1 stands for.
fn is_padded_words(text: &str, one: char) -> bool {
    let given = Zeroizing::new(text.chars().collect::<Vec<char>>());
    let read = Zeroizing::new(given.iter().map(|c| undisguised(*c, one)).collect::<Vec<char>>());
    let mut known = vec![false; read.len()];
    for word in WORDS {
        let word: Vec<char> = word.chars().collect();
        for (start, window) in read.windows(word.len()).enumerate() {
            if *window == *word {
                known[start..start + word.len()].fill(true);
            }
        }
    }
    let padding = || given.iter().zip(&known).filter(|(_, known)| !**known);
    known.contains(&true)
        && padding().all(|(c, _)| !c.is_alphabetic())
        && padding().filter(|(c, _)| !c.is_whitespace()).count() <= MAX_PADDING
}

/// The letter that a digit or sign often stands for.
fn undisguised(c: char, one: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => one,
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        other => other,
    }
}

#[cfg(test)]
mod tests;
