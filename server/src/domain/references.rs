//! References: `${KEY}` and `${environment.folder.KEY}` inside values, and what stands in their place.
//!
//! A bare key is looked up in the folder of the secret that holds it. What cannot be found stays as it is written, and
//! so does a reference that leads back to where it came from or more than [`MOST_HOPS`] references away. The name of a
//! reference may hold references itself: `${prod.${REGION}.KEY}`.
//!
//! A short chain of values can stand for more text than any machine holds. So every step and every byte counts, also
//! those that are thrown away again, and too many are refused.

use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;

use shared::model::names::FolderPath;
use shared::model::text::SecretText;
use zeroize::Zeroizing;

use super::Error;

/// References followed one behind the other; the next one stays as it is written.
pub const MOST_HOPS: usize = 10;
/// References inside the name of a reference, one inside the other.
const MOST_NESTED: usize = 10;
/// Longest name that is put together from references.
const LONGEST_NAME: usize = 4_096;
/// Look-ups for one value: many more than anybody writes into one.
const MOST_STEPS: usize = 2_000;
/// Bytes that one value may expand to: as many as a value may have.
const MOST_BYTES: usize = 1024 * 1024;
/// Look-ups for everything that is expanded together: ten thousand secrets with five references each, read at once. Most
/// of them are answered from memory; one takes a small statement or two only while little of its folder was asked for.
const MOST_STEPS_TOGETHER: usize = 50_000;
/// Bytes that everything expanded together may have.
const MOST_BYTES_TOGETHER: usize = 64 * MOST_BYTES;

/// Where a secret is, in words.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// Slug of the environment.
    pub environment: String,
    /// Folder.
    pub path: FolderPath,
    /// Name of the secret.
    pub name: String,
}

/// What is at an address.
#[derive(Debug)]
pub enum Found {
    /// A secret with this value.
    Value(Rc<SecretText>),
    /// Nothing.
    Missing,
    /// Something that the caller may not know.
    Denied,
}

/// Where references are looked up.
pub trait Lookup {
    /// The value at an address.
    fn look_up(&mut self, address: &Address) -> Result<Found, Error>;
}

/// A piece of a value.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// Stands as it is.
    Text(Range<usize>),
    /// A reference.
    Reference(Reference),
}

/// A reference as it is written.
#[derive(Debug, PartialEq, Eq)]
struct Reference {
    /// All of it, with its braces.
    written: Range<usize>,
    /// What stands between the braces, without the spaces at its ends.
    name: Vec<Part>,
    /// How deep references are nested in it; 1 for a plain one.
    depth: usize,
}

fn may_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@')
}

/// An open `${`.
struct Opened {
    /// Where it begins.
    at: usize,
    /// Number of parts before it.
    parts: usize,
}

/// Takes a value apart, in time that grows with its length and not faster: a part is moved once, into the reference
/// that it belongs to.
fn parse(value: &str) -> Vec<Part> {
    let bytes = value.as_bytes();
    let mut parts = Vec::new();
    let mut opened: Vec<Opened> = Vec::new();
    // Where the text begins that no part holds yet. That of a `${` begins with it: it may turn out to be nothing else.
    let mut text_from = 0;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                push_text(&mut parts, text_from..at);
                opened.push(Opened {
                    at,
                    parts: parts.len(),
                });
                text_from = at;
                at += 1;
            }
            b'}' if !opened.is_empty() => {
                let reference = opened
                    .pop()
                    .and_then(|open| close(value, &mut parts, &open, text_from..at));
                match reference {
                    Some(reference) => {
                        parts.push(Part::Reference(reference));
                        text_from = at + 1;
                    }
                    // Plain text with a brace in it, so what is open around it is no reference either.
                    None => opened.clear(),
                }
            }
            b' ' => {}
            byte if may_name(*byte) => {}
            _ => opened.clear(),
        }
        at += 1;
    }
    push_text(&mut parts, text_from..value.len());
    parts
}

fn push_text(parts: &mut Vec<Part>, range: Range<usize>) {
    if !range.is_empty() {
        parts.push(Part::Text(range));
    }
}

/// The reference that ends with a `}`, unless what stands in it is no name. `rest` is the text before the brace that no
/// part holds yet.
fn close(value: &str, parts: &mut Vec<Part>, open: &Opened, rest: Range<usize>) -> Option<Reference> {
    let written = open.at..rest.end + 1;
    let content = value.get(open.at + 2..rest.end)?;
    let start = open.at + 2 + (content.len() - content.trim_start_matches(' ').len());
    let end = start + content.trim_matches(' ').len();
    let clipped = |range: &Range<usize>| range.start.max(start)..range.end.min(end);
    let has_space = |range: &Range<usize>| value.get(clipped(range)).is_some_and(|text| text.contains(' '));
    let mut depth = 1;
    for part in parts.get(open.parts..)? {
        match part {
            Part::Text(range) if has_space(range) => return None,
            Part::Text(_) => {}
            Part::Reference(reference) => depth = depth.max(reference.depth + 1),
        }
    }
    if start == end || has_space(&rest) || depth > MOST_NESTED {
        return None;
    }
    let mut name = Vec::with_capacity(parts.len() - open.parts + 1);
    for part in parts.drain(open.parts..) {
        match part {
            Part::Text(range) => push_text(&mut name, clipped(&range)),
            Part::Reference(_) => name.push(part),
        }
    }
    push_text(&mut name, clipped(&rest));
    Some(Reference { written, name, depth })
}

impl Address {
    /// The address that a name between braces means in a folder; none when nothing could ever be there.
    fn of_name(name: &str, from: &Self) -> Option<Self> {
        // The beginning of `${@project.environment.KEY}`: another project, which takes a share nobody can give yet.
        if name.starts_with('@') {
            return None;
        }
        let mut words: Vec<&str> = name.split('.').collect();
        if words.iter().any(|word| word.is_empty()) {
            return None;
        }
        let key = words.pop()?.to_owned();
        let Some((environment, folders)) = words.split_first() else {
            return Some(Self {
                environment: from.environment.clone(),
                path: from.path.clone(),
                name: key,
            });
        };
        Some(Self {
            environment: (*environment).to_owned(),
            path: folders.join("/").parse().ok()?,
            name: key,
        })
    }
}

/// The places that a value refers to by environment, each once: who writes such a value has to be allowed to read there.
/// Names that are put together from other references are not known before they are looked up.
pub fn places_named(value: &SecretText) -> Vec<(String, FolderPath)> {
    let text = value.expose();
    let nowhere = Address {
        environment: String::new(),
        path: FolderPath::root(),
        name: String::new(),
    };
    let mut seen = HashSet::new();
    let mut places = Vec::new();
    let mut waiting = parse(text);
    while let Some(part) = waiting.pop() {
        let Part::Reference(reference) = part else {
            continue;
        };
        if let [Part::Text(range)] = reference.name.as_slice() {
            let address = text
                .get(range.clone())
                .and_then(|name| Address::of_name(name, &nowhere));
            if let Some(Address {
                environment, path, ..
            }) = address
                && !environment.is_empty()
                && seen.insert((environment.clone(), path.clone()))
            {
                places.push((environment, path));
            }
        } else {
            waiting.extend(reference.name);
        }
    }
    places.sort_by_cached_key(|(environment, path)| (environment.clone(), path.to_string()));
    places
}

/// Whether a value has a reference whose name is put together from other references.
pub fn has_composed_names(value: &SecretText) -> bool {
    let composed = |reference: &Reference| reference.depth > 1;
    parse(value.expose())
        .iter()
        .any(|part| matches!(part, Part::Reference(reference) if composed(reference)))
}

/// Whether a value has a reference at all.
pub fn has_references(value: &SecretText) -> bool {
    value.expose().contains("${")
        && parse(value.expose())
            .iter()
            .any(|part| matches!(part, Part::Reference(_)))
}

/// Expands the references of values that are shown together.
pub struct Expansion<'a> {
    lookup: &'a mut dyn Lookup,
    steps_left: usize,
    bytes_left: usize,
}

impl<'a> Expansion<'a> {
    /// Nothing expanded yet.
    pub fn new(lookup: &'a mut dyn Lookup) -> Self {
        Self {
            lookup,
            steps_left: MOST_STEPS_TOGETHER,
            bytes_left: MOST_BYTES_TOGETHER,
        }
    }

    /// The value of a secret with what its references stand for. With `skip_multiline`, one that has references and
    /// several lines comes back in quotes with `\n` for each new line, as Infisical's clients expect it.
    pub fn expand(
        &mut self,
        value: SecretText,
        from: &Address,
        skip_multiline: bool,
    ) -> Result<SecretText, Error> {
        if !value.expose().contains("${") {
            return Ok(value);
        }
        let parts = parse(value.expose());
        if !parts.iter().any(|part| matches!(part, Part::Reference(_))) {
            return Ok(value);
        }
        let value = Rc::new(value);
        let mut walk = Walk {
            together: self,
            secret: &from.name,
            chain: Vec::new(),
            steps_left: MOST_STEPS,
            bytes_left: MOST_BYTES,
        };
        let mut pieces = Vec::new();
        walk.through(&value, &parts, from, &mut pieces)?;
        let expanded = join(&pieces);
        if skip_multiline && expanded.contains('\n') {
            return Ok(quoted(&expanded));
        }
        Ok(SecretText::from(expanded.as_str()))
    }
}

/// Text of a value.
type Piece = (Rc<SecretText>, Range<usize>);

fn text_of(piece: &Piece) -> &str {
    piece.0.expose().get(piece.1.clone()).unwrap_or_default()
}

/// The pieces in one text, whose buffer never grows: growing would leave a copy behind that nobody wipes.
fn join(pieces: &[Piece]) -> Zeroizing<String> {
    let length = pieces.iter().map(|(_, range)| range.len()).sum();
    let mut text = Zeroizing::new(String::with_capacity(length));
    for piece in pieces {
        text.push_str(text_of(piece));
    }
    text
}

fn quoted(text: &str) -> SecretText {
    let lines = text.bytes().filter(|byte| *byte == b'\n').count();
    let mut quoted = String::with_capacity(text.len() + lines + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    SecretText::new(quoted)
}

/// The expansion of one value.
struct Walk<'a, 'b> {
    together: &'a mut Expansion<'b>,
    /// Name of the secret, for refusals.
    secret: &'a str,
    /// What the present reference was reached through.
    chain: Vec<Address>,
    steps_left: usize,
    bytes_left: usize,
}

impl Walk<'_, '_> {
    /// Adds the pieces of a value that lies at an address.
    fn through(
        &mut self,
        value: &Rc<SecretText>,
        parts: &[Part],
        at: &Address,
        pieces: &mut Vec<Piece>,
    ) -> Result<(), Error> {
        for part in parts {
            match part {
                Part::Text(range) => self.add(value, range, pieces)?,
                Part::Reference(reference) => {
                    if !self.enter(value, reference, at, pieces)? {
                        self.add(value, &reference.written, pieces)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        value: &Rc<SecretText>,
        range: &Range<usize>,
        pieces: &mut Vec<Piece>,
    ) -> Result<(), Error> {
        self.bytes_left = self
            .bytes_left
            .checked_sub(range.len())
            .ok_or_else(|| self.too_long())?;
        self.together.bytes_left = self
            .together
            .bytes_left
            .checked_sub(range.len())
            .ok_or_else(too_much_together)?;
        pieces.push((Rc::clone(value), range.clone()));
        Ok(())
    }

    /// Adds what a reference stands for, or says that it stays as it is written.
    fn enter(
        &mut self,
        value: &Rc<SecretText>,
        reference: &Reference,
        at: &Address,
        pieces: &mut Vec<Piece>,
    ) -> Result<bool, Error> {
        if self.chain.len() >= MOST_HOPS {
            return Ok(false);
        }
        let Some(address) = self.address(value, reference, at)? else {
            return Ok(false);
        };
        if self.chain.contains(&address) {
            return Ok(false);
        }
        self.step()?;
        match self.together.lookup.look_up(&address)? {
            Found::Missing => Ok(false),
            Found::Denied if reference.depth > 1 => {
                let written = value.expose().get(reference.written.clone());
                Err(denied_as_written(written.unwrap_or_default(), at))
            }
            Found::Denied => Err(denied(&address, at)),
            Found::Value(found) => {
                let parts = parse(found.expose());
                self.chain.push(address.clone());
                self.through(&found, &parts, &address, pieces)?;
                self.chain.pop();
                Ok(true)
            }
        }
    }

    /// What the name of a reference means, after the references in it are expanded.
    fn address(
        &mut self,
        value: &Rc<SecretText>,
        reference: &Reference,
        at: &Address,
    ) -> Result<Option<Address>, Error> {
        let mut name = Vec::with_capacity(reference.name.len());
        self.through(value, &reference.name, at, &mut name)?;
        let length: usize = name.iter().map(|(_, range)| range.len()).sum();
        if length > LONGEST_NAME {
            return Ok(None);
        }
        let name = join(&name);
        let name = name.trim_matches(' ');
        if !name.bytes().all(may_name) {
            return Ok(None);
        }
        Ok(Address::of_name(name, at))
    }

    fn step(&mut self) -> Result<(), Error> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or_else(|| self.too_long())?;
        self.together.steps_left = self
            .together
            .steps_left
            .checked_sub(1)
            .ok_or_else(too_much_together)?;
        Ok(())
    }

    fn too_long(&self) -> Error {
        Error::BadRequest(format!(
            "The references in secret '{}' stand for too much: more than {MOST_BYTES} bytes or {MOST_STEPS} values. \
             Shorten the chain of references, or read it with expandSecretReferences=false",
            self.secret
        ))
    }
}

fn too_much_together() -> Error {
    Error::BadRequest(format!(
        "The references of these secrets stand for too much together: more than {MOST_BYTES_TOGETHER} bytes or \
         {MOST_STEPS_TOGETHER} values. Read fewer secrets at once, or with expandSecretReferences=false"
    ))
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            environment,
            path,
            name,
        } = self;
        write!(
            f,
            "secret '{name}' in environment '{environment}' at path '{path}'"
        )
    }
}

fn denied(address: &Address, from: &Address) -> Error {
    Error::ReferenceDenied {
        message: format!("You are not allowed to read {address}, to which {from} refers"),
        referenced: address.to_string(),
        referencing: from.to_string(),
    }
}

/// The same for a name that is put together: what it is made of are values, and no message shows those.
fn denied_as_written(written: &str, from: &Address) -> Error {
    Error::ReferenceDenied {
        message: format!("You are not allowed to read what {from} refers to as {written}"),
        referenced: written.to_owned(),
        referencing: from.to_string(),
    }
}

#[cfg(test)]
mod tests;
