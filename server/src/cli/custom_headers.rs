//! `INFISICAL_CUSTOM_HEADERS`: what a proxy in front of the server wants to see, such as an access token of its own.

use shared::model::text::SecretText;

use super::failure::Failure;

/// The variable.
pub const VARIABLE: &str = "INFISICAL_CUSTOM_HEADERS";

/// Headers that are ours to set.
const OURS: [&str; 6] = [
    "accept",
    "authorization",
    "content-length",
    "content-type",
    "host",
    "user-agent",
];

/// Names and values from a list such as `X-One=1 X-Two="two words"`; those that are ours to set are left out.
pub fn parsed(list: &SecretText) -> Result<Vec<(String, SecretText)>, Failure> {
    let mut headers = Vec::new();
    for word in words(list.expose()).ok_or_else(|| wrong("A quote is not closed"))? {
        // The word may hold a secret: it is not repeated.
        let (name, value) = word
            .split_once('=')
            .filter(|(name, _)| !name.is_empty())
            .ok_or_else(|| wrong("A header has no name, or no = after it"))?;
        if !OURS.contains(&name.to_lowercase().as_str()) {
            headers.push((name.to_owned(), SecretText::from(value)));
        }
    }
    Ok(headers)
}

/// What to say of a list that is not right.
pub fn wrong(why: &str) -> Failure {
    Failure::usage(format!("The environment variable {VARIABLE} is not right"))
        .because(format!("{why}."))
        .advise("Write NAME=value for each header, with spaces between and quotes around what has spaces")
}

/// Words with spaces between; quotes keep spaces. Nothing when a quote stays open.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut open = None;
    for c in text.chars() {
        match (open, c) {
            (Some(quote), c) if c == quote => open = None,
            (None, '"' | '\'') => open = Some(c),
            (None, c) if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            (_, c) => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    open.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let given = "X-One=1  X-Two=\"two words\" 'X-Three=a=b' Authorization=no user-agent=no";
        let headers = parsed(&given.into()).unwrap();
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
            .collect();
        assert_eq!(
            headers,
            [("X-One", "1"), ("X-Two", "two words"), ("X-Three", "a=b")]
        );
        assert_eq!(parsed(&" ".into()).unwrap().len(), 0);
        for bad in ["canary", "=canary", "A=\"canary"] {
            let lines = parsed(&bad.into()).unwrap_err().lines().unwrap();
            assert!(lines.contains(VARIABLE) && !lines.contains("canary"), "{lines}");
        }
    }
}
