//! References: whatever is written, and whatever it leads to, expanding it ends and makes nothing up.

use std::collections::BTreeMap;
use std::rc::Rc;

use arbitrary::{Result, Unstructured};
use server::domain::Error;
use server::domain::references::{Address, Expansion, Found, Lookup, has_references, places_named};
use shared::model::names::FolderPath;
use shared::model::text::SecretText;

use crate::{CANARY, play};

const PIECES: [&str; 28] = [
    "${",
    "${",
    "${",
    "}",
    "}",
    "}",
    "$",
    "{",
    "$${",
    "A",
    "B",
    "C",
    "dev",
    "prod",
    ".",
    ".",
    "/",
    "@",
    " ",
    "\n",
    ":-x",
    "..",
    "${A}",
    "${B}",
    "${dev.A}",
    "${dev.app.B}",
    "${prod.C}",
    "ü",
];

fn text(input: &mut Unstructured, longest: usize) -> Result<String> {
    let mut text = String::new();
    for _ in 0..input.int_in_range(0..=longest)? {
        if input.ratio(1, 12)? {
            text.push(input.arbitrary()?);
        } else {
            text.push_str(input.choose(&PIECES)?);
        }
    }
    Ok(text)
}

/// Values by name, the same in every folder.
struct Values {
    values: BTreeMap<String, Rc<SecretText>>,
    /// This environment is closed to the caller.
    closed: bool,
}

impl Values {
    fn new(values: &[(&str, String)]) -> Self {
        let values = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Rc::new(SecretText::from(value.as_str()))));
        Self {
            values: values.collect(),
            closed: false,
        }
    }
}

impl Lookup for Values {
    fn look_up(&mut self, address: &Address) -> core::result::Result<Found, Error> {
        if self.closed && address.environment == "prod" {
            return Ok(Found::Denied);
        }
        let value = self.values.get(&address.name);
        Ok(value.map_or(Found::Missing, |value| Found::Value(Rc::clone(value))))
    }
}

fn expand(values: &mut Values, text: &str) -> core::result::Result<String, Error> {
    let here = Address {
        environment: "dev".into(),
        path: FolderPath::root(),
        name: "HERE".into(),
    };
    let expanded = Expansion::new(values).expand(SecretText::from(text), &here, false)?;
    Ok(expanded.expose().to_owned())
}

#[test]
fn what_leads_nowhere_stays_as_it_is_written() {
    play(20_000, |input| {
        let text = text(input, 30)?;
        assert_eq!(expand(&mut Values::new(&[]), &text).unwrap(), text);
        if !has_references(&SecretText::from(text.as_str())) {
            let mut values = Values::new(&[("", CANARY.into()), ("A", CANARY.into()), ("B", CANARY.into())]);
            assert_eq!(expand(&mut values, &text).unwrap(), text);
            assert!(
                places_named(&SecretText::from(text.as_str())).is_empty(),
                "{text:?}"
            );
        }
        Ok(())
    });
}

#[test]
fn circles_and_towers_end() {
    play(5_000, |input| {
        let names = ["A", "B", "C", "dev", "HERE"];
        let mut held = Vec::new();
        for name in names {
            held.push((name, text(input, 8)? + CANARY));
        }
        let written = text(input, 20)?;
        let mut values = Values::new(&held);
        values.closed = input.arbitrary()?;
        match expand(&mut values, &written) {
            Ok(expanded) => {
                assert!(expanded.len() <= 2 * 1024 * 1024, "{} bytes", expanded.len());
                let again = expand(&mut values, &written).unwrap();
                assert_eq!(expanded, again, "{written:?} with {held:?}");
            }
            Err(error) => {
                let told = error.to_string();
                assert!(!told.contains(CANARY), "{written:?} with {held:?}: {told}");
                assert!(
                    matches!(
                        error,
                        Error::BadRequest(_)
                            | Error::Forbidden(_)
                            | Error::PermissionDenied { .. }
                            | Error::ReferenceDenied { .. }
                    ),
                    "{written:?} with {held:?}: {told}"
                );
            }
        }
        Ok(())
    });
}

#[test]
fn plain_references_are_replaced_and_nothing_else_is() {
    play(20_000, |input| {
        let held = [
            ("A", "one".to_owned()),
            ("B", String::new()),
            ("C", "$1 \\0 ${".to_owned()),
        ];
        let (mut written, mut expected) = (String::new(), String::new());
        for _ in 0..input.int_in_range(0..=8)? {
            if input.arbitrary()? {
                let (name, value) = input.choose(&held)?;
                let space = *input.choose(&["", " ", "  "])?;
                let prefix = *input.choose(&["", "dev.", "prod.", "dev.app.deep."])?;
                written.extend(["${", space, prefix, name, space, "}"]);
                expected.push_str(value);
            } else {
                let plain =
                    *input.choose(&["x", "$", "}", "{", "${NOPE}", "${A:-x}", "${A B}", "\n", "é"])?;
                // `$` before a brace would open a reference that was not meant.
                if plain.starts_with('{') && written.ends_with('$') {
                    continue;
                }
                written.push_str(plain);
                expected.push_str(plain);
            }
        }
        assert_eq!(
            expand(&mut Values::new(&held), &written).unwrap(),
            expected,
            "{written:?}"
        );
        Ok(())
    });
}
