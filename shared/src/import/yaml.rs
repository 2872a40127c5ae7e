//! YAML: a map of scalars, or a list of maps as exports have it.
//!
//! Read from the events of the parser, so that nothing is ever expanded: an alias is a problem, not a copy. A scalar is
//! its text, whatever type a reader would see in it: `yes` is `yes`, and `1.0` is `1.0`.

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput};

use super::found::Found;
use super::record::{Fields, Scalar};
use crate::model::text::SecretText;

/// Reads a whole text.
pub fn read(text: &str, found: &mut Found) {
    let options = granit_parser::options! { emit_unresolved_aliases: true };
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(text, options),
        line: 1,
    };
    if let Err(broken) = reader.stream(found) {
        let (what, why) = match broken {
            Broken::Syntax(column) => (
                "This is not valid YAML",
                format!(
                    "Reading ended at column {column}: look for a quote, a colon or an indentation that is wrong."
                ),
            ),
            Broken::Shape => (
                "This is no map of names and values",
                "Expected is NAME: value on each line, or a list of maps with key, value and comment."
                    .to_owned(),
            ),
        };
        found.give_up(reader.line, what, why);
    }
}

enum Broken {
    Syntax(usize),
    Shape,
}

impl From<&ScanError> for Broken {
    fn from(error: &ScanError) -> Self {
        // Its message can repeat what stands there; the place says enough.
        Self::Syntax(error.marker().col() + 1)
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
    /// Where the last event began.
    line: usize,
}

impl<'a> Reader<'a> {
    /// The next event that is more than a comment; none at the end.
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Broken> {
        loop {
            match self.parser.next_event() {
                None | Some(Ok((Event::StreamEnd, _))) => return Ok(None),
                Some(Ok((Event::Comment(..) | Event::StreamStart, _))) => {}
                Some(Ok((event, span))) => {
                    self.line = span.start.line();
                    return Ok(Some((event, span)));
                }
                Some(Err(error)) => {
                    self.line = error.marker().line();
                    return Err(Broken::from(&error));
                }
            }
        }
    }

    fn stream(&mut self, found: &mut Found) -> Result<(), Broken> {
        let mut documents = 0_usize;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        found.problem(
                            self.line,
                            None,
                            "A second document begins here",
                            "Only the first document of a file is read.",
                        );
                        return Ok(());
                    }
                }
                Event::DocumentEnd => {}
                Event::MappingStart(..) => self.map(found)?,
                Event::SequenceStart(..) => self.list(found)?,
                // A document of comments alone.
                Event::Scalar(text, ..) if text.is_empty() || span.is_empty() => {}
                _ => return Err(Broken::Shape),
            }
            if found.has_given_up() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn map(&mut self, found: &mut Found) -> Result<(), Broken> {
        while let Some((name, line)) = self.name(found)? {
            let value = self.value()?;
            if let Some(name) = name {
                Fields::named(name, value).add(line, found);
            }
            if found.has_given_up() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn list(&mut self, found: &mut Found) -> Result<(), Broken> {
        while let Some((event, span)) = self.next()? {
            let line = self.line;
            match event {
                Event::SequenceEnd => return Ok(()),
                Event::MappingStart(..) => {
                    let mut fields = Fields::default();
                    while let Some((name, _)) = self.name(found)? {
                        let value = self.value()?;
                        if let Some(name) = name {
                            fields.set(&name, value);
                        }
                    }
                    fields.add(line, found);
                }
                event => {
                    self.scalar(event, span)?;
                    found.problem(
                        line,
                        None,
                        "This is no map",
                        "A list has maps with key, value and, if you like, comment.",
                    );
                }
            }
            if found.has_given_up() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The next name of a map and its line; none at the end of the map. What cannot be a name is told.
    fn name(&mut self, found: &mut Found) -> Result<Option<(Option<String>, usize)>, Broken> {
        let Some((event, span)) = self.next()? else {
            return Ok(None);
        };
        let line = self.line;
        match event {
            Event::MappingEnd => Ok(None),
            Event::Scalar(text, ..) => Ok(Some((Some(text.into_owned()), line))),
            event => {
                self.scalar(event, span)?;
                found.problem(
                    line,
                    None,
                    "The name is no text",
                    "Write NAME: value; aliases, lists and maps are no names.",
                );
                Ok(Some((None, line)))
            }
        }
    }

    fn value(&mut self) -> Result<Scalar, Broken> {
        match self.next()? {
            Some((event, span)) => self.scalar(event, span),
            None => Ok(Scalar::Null),
        }
    }

    /// A value, whose first event this is.
    fn scalar(&mut self, event: Event<'a>, span: Span) -> Result<Scalar, Broken> {
        Ok(match event {
            Event::Alias(_) | Event::UnresolvedAlias(_) => Scalar::Other("an alias"),
            Event::MappingStart(..) => {
                self.skip()?;
                Scalar::Nested("a map")
            }
            Event::SequenceStart(..) => {
                self.skip()?;
                Scalar::Nested("a list")
            }
            Event::Scalar(text, style, _, tag) => {
                let is_text = tag.as_ref().is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                let is_known = tag
                    .as_ref()
                    .is_none_or(|tag| tag.is_yaml_core_schema() || tag.parts() == ("!", ""));
                if !is_known {
                    Scalar::Other("of a special type")
                } else if style != ScalarStyle::Plain || is_text {
                    Scalar::Text(SecretText::new(text.into_owned()))
                } else if span.is_empty() {
                    // `NAME:` with nothing behind it.
                    Scalar::Text(SecretText::default())
                } else if matches!(&*text, "~" | "null" | "Null" | "NULL") {
                    Scalar::Null
                } else {
                    Scalar::Text(SecretText::new(text.into_owned()))
                }
            }
            _ => return Err(Broken::Shape),
        })
    }

    /// Reads to the end of the list or map that has begun.
    fn skip(&mut self) -> Result<(), Broken> {
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next()? {
                Some((Event::MappingStart(..) | Event::SequenceStart(..), _)) => depth += 1,
                Some((Event::MappingEnd | Event::SequenceEnd, _)) => depth -= 1,
                Some(_) => {}
                None => return Ok(()),
            }
        }
        Ok(())
    }
}
