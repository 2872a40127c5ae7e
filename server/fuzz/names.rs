//! Names, slugs and paths: what is accepted is written as it is read again.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use arbitrary::{Result, Unstructured};
use shared::model::names::{Description, DisplayName, Email, EnvSlug, FolderPath, ProjectSlug, SecretName};

use crate::play;

const PIECES: [&str; 16] = [
    "/", "//", ".", "..", "\\", "a", "app", "A-1_b", " ", "\t", "%2F", "ü", "\u{202e}", "@", "-", "\n",
];

fn text(input: &mut Unstructured) -> Result<String> {
    let mut text = String::new();
    for _ in 0..input.int_in_range(0..=8)? {
        if input.ratio(1, 6)? {
            text.push(input.arbitrary()?);
        } else {
            text.push_str(input.choose(&PIECES)?);
        }
    }
    Ok(text)
}

fn stable<T: FromStr + Display + PartialEq + Debug>(text: &str)
where
    T::Err: Debug,
{
    if let Ok(parsed) = text.parse::<T>() {
        let written = parsed.to_string();
        assert_eq!(
            written.parse::<T>().unwrap(),
            parsed,
            "{text:?} is written {written:?}"
        );
    }
}

#[test]
fn what_is_accepted_is_stable() {
    play(20_000, |input| {
        let text = text(input)?;
        stable::<SecretName>(&text);
        stable::<EnvSlug>(&text);
        stable::<ProjectSlug>(&text);
        stable::<DisplayName>(&text);
        stable::<Description>(&text);
        stable::<Email>(&text);
        stable::<FolderPath>(&text);
        Ok(())
    });
}

#[test]
fn a_path_leads_nowhere_but_down() {
    play(20_000, |input| {
        let text = text(input)?;
        if let Ok(path) = text.parse::<FolderPath>() {
            let written = path.to_string();
            assert!(written.starts_with('/'), "{text:?} is written {written:?}");
            assert!(
                !written.contains("//") && !written.contains('\\'),
                "{text:?} is written {written:?}"
            );
            assert!(
                written == "/" || !written.ends_with('/'),
                "{text:?} is written {written:?}"
            );
            let up = written
                .split('/')
                .any(|segment| segment == "." || segment == "..");
            assert!(!up, "{text:?} is written {written:?}");
        }
        Ok(())
    });
}
