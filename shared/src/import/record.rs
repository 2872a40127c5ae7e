//! An object of a list, or a member of a map: what JSON and YAML have in common.

use super::found::Found;
use crate::model::names::SecretName;
use crate::model::text::SecretText;

/// A value as a format has it.
pub enum Scalar {
    /// Text, or a number or a truth value as it is written.
    Text(SecretText),
    /// `null`.
    Null,
    /// An object or a list.
    Nested(&'static str),
    /// Another thing that holds no value, and what that is.
    Other(&'static str),
    /// Text with escapes that stand for no character.
    Broken,
}

impl Scalar {
    /// Text.
    pub fn text(text: String) -> Self {
        Self::Text(SecretText::new(text))
    }
}

/// What is known of one secret.
#[derive(Default)]
pub struct Fields {
    key: Option<Key>,
    value: Option<Scalar>,
    comment: Option<SecretText>,
    is_personal: bool,
}

enum Key {
    Text(String),
    Wrong,
}

impl Fields {
    /// A member of a map of names and values.
    pub fn named(name: String, value: Scalar) -> Self {
        Self {
            key: Some(Key::Text(name)),
            value: Some(value),
            ..Self::default()
        }
    }

    /// A field of an object, by the names that exports of this product and of Infisical give it. Others say nothing that
    /// is imported.
    pub fn set(&mut self, field: &str, value: Scalar) {
        match field {
            "key" | "secretKey" => {
                self.key = Some(match value {
                    // A name is no secret.
                    Scalar::Text(text) => Key::Text(text.expose().to_owned()),
                    _ => Key::Wrong,
                });
            }
            "value" | "secretValue" => self.value = Some(value),
            "comment" | "secretComment" => {
                self.comment = match value {
                    Scalar::Text(text) => Some(text),
                    _ => None,
                };
            }
            "type" => self.is_personal = matches!(&value, Scalar::Text(text) if text.is("personal")),
            _ => {}
        }
    }

    /// Adds the secret, or says why it is none.
    pub fn add(self, line: usize, found: &mut Found) {
        let name = match self.key {
            Some(Key::Text(name)) => name,
            Some(Key::Wrong) => {
                return found.problem(line, None, "The key is no text", "Put the name into quotes.");
            }
            None => {
                return found.problem(
                    line,
                    None,
                    "There is no key",
                    "Each object has key, value and, if you like, comment.",
                );
            }
        };
        let parsed: Option<SecretName> = name.parse().ok();
        let mut refuse = |what: &str, why: &str| found.problem(line, parsed.as_ref(), what, why);
        if self.is_personal {
            return refuse(
                "This is somebody's personal value",
                "An import is for everybody in the project. Take out its type to import it.",
            );
        }
        match self.value {
            Some(Scalar::Text(value)) => found.entry(line, &name, value, self.comment),
            Some(Scalar::Null) => refuse("The value is null", "Write \"\" for an empty value."),
            Some(Scalar::Nested(kind)) => refuse(
                &format!("The value is {kind}"),
                "A value is a text, a number or true or false. To keep a structure, put it into quotes as one text.",
            ),
            Some(Scalar::Other(kind)) => refuse(
                &format!("The value is {kind}"),
                "Write the value itself: nothing is looked up or converted.",
            ),
            Some(Scalar::Broken) => refuse(
                "The value has an escape that stands for no character",
                "Both halves of a surrogate pair must be there.",
            ),
            None => refuse("There is no value", "Write \"value\": \"\" for an empty one."),
        }
    }
}
