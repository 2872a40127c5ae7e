//! What a text from the clipboard is: one secret, many, or something else.

use shared::import::{Format, parse};
use shared::model::text::SecretText;

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value.
    pub value: SecretText,
}

/// What was pasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pasted {
    /// `KEY=value`, once.
    One(Pair),
    /// Several secrets, in whatever format.
    Many,
    /// No secrets.
    Other,
}

/// Looks at a text. Only what plainly is a list of secrets counts: an address with `=` in it is none.
pub fn read(text: &str) -> Pasted {
    let Some(first) = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'))
    else {
        return Pasted::Other;
    };
    if !(is_assignment(first) || first.starts_with(['{', '['])) {
        return Pasted::Other;
    }
    let format = is_assignment(first).then_some(Format::Dotenv);
    let mut entries = parse(text, format).entries;
    match entries.pop() {
        None => Pasted::Other,
        Some(one) if entries.is_empty() && format.is_some() => Pasted::One(Pair {
            name: one.name.to_string(),
            value: one.value,
        }),
        Some(_) => Pasted::Many,
    }
}

/// `KEY=`, perhaps after `export`. Names are those of environment variables here.
fn is_assignment(line: &str) -> bool {
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let Some((name, _)) = line.split_once('=') else {
        return false;
    };
    let name = name.trim_end();
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_lists_of_secrets_count() {
        for text in [
            "",
            "hello",
            "https://example.com/?a=b",
            "postgres://u:p@h/db?sslmode=off",
            "# only a comment",
            "a b=c",
            "1A=b",
            "[section",
        ] {
            assert_eq!(read(text), Pasted::Other, "{text:?}");
        }
        for text in [
            "A=1\nB=2",
            "# file\n\nexport A=1\nB=2\n",
            r#"{"A":"1","B":"2"}"#,
            r#"{"A":"1"}"#,
        ] {
            assert_eq!(read(text), Pasted::Many, "{text:?}");
        }
    }

    #[test]
    fn one_line_is_one_secret() {
        let pair = |name: &str, value: &str| {
            Pasted::One(Pair {
                name: name.to_owned(),
                value: SecretText::from(value),
            })
        };
        assert_eq!(
            read("DB_URL=postgres://a?b=c"),
            pair("DB_URL", "postgres://a?b=c")
        );
        assert_eq!(read("export A='x y'\n"), pair("A", "x y"));
    }
}
