//! The readable values of one environment as JSON text. It may be longer than memory, so it is made while it is read.

use std::io::{self, Read};

use serde::Serialize;
use shared::model::ids::FolderId;
use zeroize::{Zeroize, Zeroizing};

use super::Error;
use crate::domain::Context;
use crate::domain::secrets::export::{Environment, ExportedValue};

/// The text `{"/folder": {"NAME": "value"}}`, with each value on a line.
pub struct ValuesText<'a, 'c> {
    cx: &'a mut Context<'c>,
    environment: &'a Environment,
    place: Place,
    /// What is made and not read yet begins at `read`.
    made: Zeroizing<Vec<u8>>,
    read: usize,
    /// Number of values so far.
    pub values: u64,
    /// Number of those that did not open.
    pub unreadable: u64,
    failed: Option<Error>,
}

/// Where the text is.
enum Place {
    /// Before the folder with this number.
    Before(usize),
    /// In it, after this name; empty before the first.
    In(usize, FolderId, String),
    End,
}

impl<'a, 'c> ValuesText<'a, 'c> {
    /// The text from its beginning.
    pub fn new(cx: &'a mut Context<'c>, environment: &'a Environment) -> Self {
        Self {
            cx,
            environment,
            place: Place::Before(0),
            made: Zeroizing::default(),
            read: 0,
            values: 0,
            unreadable: 0,
            failed: None,
        }
    }

    /// Reads all of it and returns its length. `kept` has the whole text afterwards if its capacity is enough; otherwise it is
    /// empty.
    pub fn measure(&mut self, kept: &mut Vec<u8>) -> Result<u64, Error> {
        let mut length = 0;
        wipe(kept);
        while self.make_more()? {
            length += self.made.len() as u64;
            // A text that grew would leave a copy of itself behind.
            if length <= kept.capacity() as u64 {
                kept.extend_from_slice(&self.made);
            } else {
                wipe(kept);
            }
        }
        Ok(length)
    }

    /// Why it could not be read: reading itself only says that it could not.
    pub fn failure(self, other: io::Error) -> Error {
        self.failed.unwrap_or(Error::Io(other))
    }

    /// Puts the next piece into `made`; false at the end.
    fn make_more(&mut self) -> Result<bool, Error> {
        wipe(&mut self.made);
        self.read = 0;
        self.place = match std::mem::replace(&mut self.place, Place::End) {
            Place::End => return Ok(false),
            Place::Before(number) => self.begin_folder(number)?,
            Place::In(number, folder, last) => self.go_on(number, folder, &last)?,
        };
        Ok(true)
    }

    fn begin_folder(&mut self, number: usize) -> Result<Place, Error> {
        let Some((path, folder)) = self.environment.folder(number) else {
            self.made
                .extend_from_slice(if number == 0 { b"{}\n" } else { b"\n}\n" });
            return Ok(Place::End);
        };
        self.made.extend_from_slice(if number == 0 { b"{" } else { b"," });
        self.made.extend_from_slice(b"\n  ");
        self.json(&path)?;
        self.made.extend_from_slice(b": {");
        Ok(Place::In(number, folder, String::new()))
    }

    fn go_on(&mut self, number: usize, folder: FolderId, last: &str) -> Result<Place, Error> {
        let page = self.environment.values_after(self.cx, folder, last)?;
        let Some(end) = page.last().map(|(name, _)| name.clone()) else {
            self.made
                .extend_from_slice(if last.is_empty() { b"}" } else { b"\n  }" });
            return Ok(Place::Before(number + 1));
        };
        let mut first = last.is_empty();
        for (name, value) in page {
            self.values += 1;
            self.unreadable += u64::from(matches!(value, ExportedValue::Unreadable { .. }));
            if !first {
                self.made.push(b',');
            }
            first = false;
            self.made.extend_from_slice(b"\n    ");
            self.json(&name)?;
            self.made.extend_from_slice(b": ");
            self.json(&value)?;
        }
        Ok(Place::In(number, folder, end))
    }

    fn json(&mut self, value: &impl Serialize) -> Result<(), Error> {
        Ok(serde_json::to_writer(&mut *self.made, value).map_err(io::Error::from)?)
    }
}

/// Empties it. Beyond its length nothing was written, or it was wiped before.
fn wipe(text: &mut Vec<u8>) {
    text.as_mut_slice().zeroize();
    text.clear();
}

impl Read for ValuesText<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.made.len() {
            match self.make_more() {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(error) => {
                    let told = io::Error::other(error.to_string());
                    self.failed = Some(error);
                    return Err(told);
                }
            }
        }
        let read = (&self.made[self.read..]).read(buffer)?;
        self.read += read;
        Ok(read)
    }
}
