//! JSON: an object of scalars, or an array of objects as exports have it.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;

use super::found::{Found, Lines};
use super::record::{Fields, Scalar};

/// Reads a whole text.
pub fn read(text: &str, found: &mut Found) {
    let mut lines = Lines::new(text.as_bytes());
    let mut line = |raw: &RawValue| lines.line(raw.get().as_ptr().addr() - text.as_ptr().addr());
    if text.trim_start().starts_with('[') {
        match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(items) => {
                for item in items {
                    object(item, line(item), found);
                    if found.has_given_up() {
                        break;
                    }
                }
            }
            Err(error) => refuse(&error, found),
        }
        return;
    }
    match serde_json::from_str::<Members>(text) {
        Ok(Members(members)) => {
            for (name, raw) in members {
                Fields::named(name, scalar(raw)).add(line(raw), found);
                if found.has_given_up() {
                    break;
                }
            }
        }
        Err(error) => refuse(&error, found),
    }
}

fn object(item: &RawValue, line: usize, found: &mut Found) {
    let mut fields = Fields::default();
    if item.get().starts_with('{')
        && let Ok(Members(members)) = serde_json::from_str(item.get())
    {
        for (field, raw) in members {
            fields.set(&field, scalar(raw));
        }
        fields.add(line, found);
    } else {
        found.problem(
            line,
            None,
            "This is no object",
            "A list has objects with key, value and, if you like, comment.",
        );
    }
}

fn scalar(raw: &RawValue) -> Scalar {
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') => Scalar::Nested("an object"),
        Some(b'[') => Scalar::Nested("a list"),
        Some(b'n') => Scalar::Null,
        Some(b'"') => serde_json::from_str::<String>(text).map_or(Scalar::Broken, Scalar::text),
        // As it is written: 1.0 is not 1.
        _ => Scalar::Text(text.into()),
    }
}

/// Says what is wrong with the syntax. Messages about data can quote it, those about syntax never do.
fn refuse(error: &serde_json::Error, found: &mut Found) {
    let why = match error.classify() {
        Category::Syntax => {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            format!("At column {}: {message}.", error.column())
        }
        Category::Eof => "The text ends before it is complete.".to_owned(),
        Category::Data | Category::Io => "Expected is an object, or a list of objects.".to_owned(),
    };
    found.give_up(error.line().max(1), "This is not valid JSON", why);
}

/// The members of an object in their order, doubles included, each with the text it is written in.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}
