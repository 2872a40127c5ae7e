//! `generate`: random text for a secret.

use clap::{Args, ValueEnum};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use serde_json::json;
use zeroize::Zeroizing;

use super::failure::Failure;
use super::printer::Printer;

/// Arguments of `generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// How long: characters, or bytes before they are written as base64 or hex
    #[arg(long, short = 'l', default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=4096))]
    length: u16,
    /// What it is made of
    #[arg(long, short = 'f', value_enum, default_value_t = Kind::Alphanumeric)]
    format: Kind,
}

/// What a secret is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Letters and digits, safe in every file and address
    Alphanumeric,
    /// Letters, digits and signs, for rules that ask for signs
    Password,
    /// Bytes as openssl rand -base64 writes them
    Base64,
    /// The same without + and /
    Base64url,
    /// Bytes as openssl rand -hex writes them
    Hex,
}

const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// No quotes, no $, no backslash, no space: these signs survive shells and .env files.
const PASSWORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:+=@%,/";

/// Runs `generate`.
pub fn run(args: &GenerateArgs, printer: &Printer) -> Result<(), Failure> {
    let text = generated(args.format, usize::from(args.length))?;
    printer.result(|| format!("{}\n", *text), &json!({"value": *text}))
}

fn generated(kind: Kind, length: usize) -> Result<Zeroizing<String>, Failure> {
    let text = match kind {
        Kind::Alphanumeric => picked(ALPHANUMERIC, length)?,
        Kind::Password => picked(PASSWORD, length)?,
        Kind::Base64 => BASE64.encode(&random(length)?),
        Kind::Base64url => BASE64URL_NOPAD.encode(&random(length)?),
        Kind::Hex => HEXLOWER.encode(&random(length)?),
    };
    Ok(Zeroizing::new(text))
}

/// Characters of an alphabet, each as likely as any other.
fn picked(alphabet: &str, length: usize) -> Result<String, Failure> {
    let letters = alphabet.as_bytes();
    // Bytes from here on would make the first letters likelier.
    let fair = 256 - 256 % letters.len();
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in random(length)?.iter().map(|byte| usize::from(*byte)) {
            if byte < fair && text.len() < length {
                text.push(char::from(letters[byte % letters.len()]));
            }
        }
    }
    Ok(text)
}

fn random(length: usize) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new("There are no random numbers").because(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_alphabets() {
        for (kind, length, written) in [
            (Kind::Alphanumeric, 32, 32),
            (Kind::Password, 7, 7),
            (Kind::Base64, 32, 44),
            (Kind::Base64url, 32, 43),
            (Kind::Hex, 16, 32),
        ] {
            let (one, other) = (generated(kind, length).unwrap(), generated(kind, length).unwrap());
            assert_eq!(one.len(), written, "{kind:?}");
            assert_ne!(one, other, "{kind:?}");
        }
    }

    #[test]
    fn every_letter_comes() {
        let text = generated(Kind::Password, 4096).unwrap();
        for letter in PASSWORD.chars() {
            assert!(text.contains(letter), "{letter}");
        }
        assert!(text.chars().all(|c| PASSWORD.contains(c)));
    }
}
