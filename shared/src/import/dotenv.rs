//! `.env` files.
//!
//! There is no standard; four readers matter, and where they agree this one agrees with them: dotenvy (Rust),
//! python-dotenv, dotenv (Node) and `docker run --env-file`. Where they do not:
//!
//! * a comment begins at a `#` after white space (Node: at every `#`; docker: only at the beginning of a line); `A=#b` has
//!   the value `#b`, as python-dotenv and docker have it: rather a password too long than none;
//! * white space inside an unquoted value belongs to it (dotenvy refuses it);
//! * `'`, `"` and, as in Node, `` ` `` quote, over lines if need be (docker keeps the quotes);
//! * in double quotes `\n \r \t \a \b \f \v \\ \" \' \$` and `` \` `` are escapes, as python-dotenv, dotenvy and shells
//!   know them, and any other backslash is one; in single quotes only `\'` is;
//! * text after a closing quote is refused: every reader makes something else of it;
//! * a name without a value is refused: there is no environment to take it from.

use zeroize::Zeroizing;

use super::found::Found;
use crate::model::names::SecretName;
use crate::model::text::SecretText;

/// Reads a whole text.
pub fn read(text: &str, found: &mut Found) {
    let unix;
    let text = if text.contains('\r') {
        unix = Zeroizing::new(text.replace("\r\n", "\n").replace('\r', "\n"));
        unix.as_str()
    } else {
        text
    };
    let mut reader = Reader { rest: text, line: 1 };
    while !reader.rest.is_empty() && !found.has_given_up() {
        reader.statement(found);
    }
}

/// Whether a line begins like an assignment whose name no one can doubt.
pub fn is_assignment(line: &str) -> bool {
    let line = line.trim_start();
    let line = line
        .strip_prefix("export")
        .filter(|rest| rest.starts_with([' ', '\t']))
        .map_or(line, str::trim_start);
    line.split_once('=').is_some_and(|(name, _)| {
        let name = name.trim_end();
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    })
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

/// What stands at the beginning of a line.
enum Head<'a> {
    Name { name: &'a str, value: &'a str },
    Exports(&'a str),
    Wrong { what: &'static str, why: &'static str },
}

/// What stands after an opening quote.
enum Quoted<'a> {
    Closed {
        value: SecretText,
        comment: Option<SecretText>,
        rest: &'a str,
    },
    TextBehind,
    Open,
}

impl<'a> Reader<'a> {
    fn statement(&mut self, found: &mut Found) {
        let (head, below) = split_line(self.rest);
        let line = self.line;
        let trimmed = head.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return self.go_on(below);
        }
        match self::head(trimmed) {
            Head::Wrong { what, why } => found.problem(line, None, what, why),
            Head::Exports(names) => exports(names, line, found),
            Head::Name { name, value } => {
                let start = value.trim_start();
                let quote = start.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'));
                let Some(quote) = quote else {
                    let (value, comment) = unquoted(value);
                    found.entry(line, name, value.into(), comment.map(SecretText::from));
                    return self.go_on(below);
                };
                // The trimmed head lies in `rest`, and so does what follows the quote.
                let at = start.as_ptr().addr() - self.rest.as_ptr().addr() + 1;
                match quoted(&self.rest[at..], quote) {
                    Quoted::Closed { value, comment, rest } => {
                        found.entry(line, name, value, comment);
                        return self.go_on(rest);
                    }
                    Quoted::Open if quote == '`' => {
                        let (value, comment) = unquoted(value);
                        found.entry(line, name, value.into(), comment.map(SecretText::from));
                    }
                    Quoted::Open => {
                        return self.lost(found, below, name, "The quote that begins here is never closed");
                    }
                    Quoted::TextBehind => {
                        return self.lost(found, below, name, "Text follows the closing quote");
                    }
                }
            }
        }
        self.go_on(below);
    }

    fn go_on(&mut self, rest: &'a str) {
        let read = &self.rest[..self.rest.len() - rest.len()];
        self.line += read.bytes().filter(|byte| *byte == b'\n').count();
        self.rest = rest;
    }

    /// After a value whose end is not known: what follows may be a part of it, so the next line that is read is the next
    /// one that is an assignment without doubt.
    fn lost(&mut self, found: &mut Found, mut below: &'a str, name: &str, what: &str) {
        let line = self.line;
        loop {
            let (next, after) = split_line(below);
            // `Zm9v==` is the end of something in base64.
            let is_padding =
                next.trim_end().ends_with('=') && !next.trim_end_matches([' ', '\t', '=']).contains('=');
            if below.is_empty() || (is_assignment(next) && !is_padding) {
                break;
            }
            below = after;
        }
        let skipped = &self.rest[..self.rest.len() - below.len()];
        self.go_on(below);
        let last = self.line - usize::from(!self.rest.is_empty() || skipped.ends_with('\n'));
        let left_out = if last > line {
            format!(" Lines {line} to {last} were left out.")
        } else {
            String::new()
        };
        let why = format!(
            "Close the quote at the end of the value, and write a quote inside it as \\\".{left_out}"
        );
        let name: Option<SecretName> = name.parse().ok();
        found.problem(line, name.as_ref(), what, why);
    }
}

fn split_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// Takes a trimmed line apart. What is wrong is told without repeating it: it could be a piece of a value.
fn head(line: &str) -> Head<'_> {
    let after_export = line
        .strip_prefix("export")
        .filter(|rest| rest.starts_with([' ', '\t']))
        .map(str::trim_start)
        .filter(|rest| !rest.starts_with('='));
    let rest = after_export.unwrap_or(line);
    let separator = rest.char_indices().find(|(at, c)| match c {
        '=' => true,
        ':' => rest[at + 1..].is_empty() || rest[at + 1..].starts_with([' ', '\t']),
        _ => false,
    });
    let Some((at, _)) = separator else {
        return match after_export {
            Some(names) => Head::Exports(names),
            None => Head::Wrong {
                what: "The line has a name but no value, or is no assignment",
                why: "Write NAME=value, or NAME= for an empty value. Nothing is taken from an environment.",
            },
        };
    };
    let name = rest[..at].trim_end();
    let name = ['\'', '"']
        .into_iter()
        .find_map(|quote| name.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(name);
    if name.is_empty() {
        return Head::Wrong {
            what: "There is no name before the =",
            why: "Write NAME=value.",
        };
    }
    if !name.chars().all(|c| c.is_alphanumeric() || "_.-/:@+".contains(c)) {
        return Head::Wrong {
            what: "The name cannot be used",
            why: "In dotenv a name has letters, digits, _, . and -, and no spaces or quotes.",
        };
    }
    Head::Name {
        name,
        value: &rest[at + 1..],
    }
}

/// `export NAME` after `NAME=value` says nothing new.
fn exports(names: &str, line: usize, found: &mut Found) {
    let names = names.split('#').next().unwrap_or_default();
    if !names.split_whitespace().all(|name| found.has(name)) {
        found.problem(
            line,
            None,
            "A name is exported that has no value",
            "Write export NAME=value. Nothing is taken from an environment.",
        );
    }
}

/// Value and comment of the rest of a line.
fn unquoted(text: &str) -> (&str, Option<&str>) {
    // `A=#b` has a value; `A= #b` has a comment.
    let comment = text
        .match_indices('#')
        .find(|(at, _)| text[..*at].ends_with([' ', '\t']));
    match comment {
        Some((at, _)) => (text[..at].trim(), Some(text[at + 1..].trim())),
        None => (text.trim(), None),
    }
}

/// A quoted value, from behind its opening quote.
fn quoted(text: &str, quote: char) -> Quoted<'_> {
    let bytes = text.as_bytes();
    let mut at = 0;
    // Found anew only past it: a line may be megabytes of quotes.
    let mut line_end = 0;
    let end = loop {
        match bytes.get(at) {
            None => return Quoted::Open,
            Some(b'\\') if quote == '"' => at += 2,
            Some(byte) if char::from(*byte) == quote => {
                // `'C:\'` ends in a backslash, `'it\'s'` has a quote: what follows tells.
                let escaped = quote == '\'' && at > 0 && bytes[at - 1] == b'\\';
                if line_end <= at {
                    line_end = text[at..].find('\n').map_or(text.len(), |length| at + length);
                }
                if !escaped || is_end(&text[at + 1..line_end]) {
                    break at;
                }
                at += 1;
            }
            Some(_) => at += 1,
        }
    };
    let (behind, rest) = split_line(&text[end + 1..]);
    if !is_end(behind) {
        return Quoted::TextBehind;
    }
    let comment = behind
        .trim()
        .strip_prefix('#')
        .map(|comment| comment.trim().into());
    Quoted::Closed {
        value: unescaped(&text[..end], quote),
        comment,
        rest,
    }
}

/// Nothing or a comment.
fn is_end(text: &str) -> bool {
    let text = text.trim_start();
    text.is_empty() || text.starts_with('#')
}

fn unescaped(text: &str, quote: char) -> SecretText {
    // Long enough for all of it: a text that grows leaves copies behind.
    let mut value = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' || quote == '`' {
            value.push(c);
            continue;
        }
        let next = chars.clone().next();
        let meant = match (quote, next) {
            (_, Some('\'')) => Some('\''),
            ('"', Some(next)) => match next {
                '\\' | '"' | '$' | '`' => Some(next),
                'n' => Some('\n'),
                'r' => Some('\r'),
                't' => Some('\t'),
                'a' => Some('\u{7}'),
                'b' => Some('\u{8}'),
                'f' => Some('\u{c}'),
                'v' => Some('\u{b}'),
                _ => None,
            },
            _ => None,
        };
        value.push(meant.unwrap_or('\\'));
        if meant.is_some() {
            chars.next();
        }
    }
    SecretText::new(value)
}
