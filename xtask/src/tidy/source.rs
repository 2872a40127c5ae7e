//! A Rust file seen three ways: code, text in quotes, comments. Each view has the lines of the file, with everything
//! else blanked, so that a word in a comment is never taken for code.

/// The three views of a file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it lies, from the top of the repository.
    pub path: String,
    /// The file as it is.
    pub text: String,
    /// Code without comments, without the content of literals and without test modules.
    pub code: String,
    /// The content of string literals outside test modules.
    pub strings: String,
    /// Whether the whole file is test code.
    pub is_test: bool,
    /// Lines that are part of test modules.
    test_lines: Vec<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Text,
    Comment,
}

impl Source {
    /// Reads a file's text.
    pub fn new(path: &str, text: &str) -> Self {
        let kinds = classify(text.as_bytes());
        let mut code = view(text, &kinds, Kind::Code);
        let mut strings = view(text, &kinds, Kind::Text);
        let mut test_lines = vec![false; text.lines().count()];
        for (start, end) in test_items(&code) {
            let first = line_at(text, start) - 1;
            let last = line_at(text, end.saturating_sub(1)) - 1;
            for line in test_lines.iter_mut().take(last + 1).skip(first) {
                *line = true;
            }
            code = blank(&code, start, end);
            strings = blank(&strings, start, end);
        }
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            code,
            strings,
            is_test: is_test_path(path),
            test_lines,
        }
    }

    /// How many lines a reader of the product has to read.
    pub fn lines_without_tests(&self) -> usize {
        self.test_lines.iter().filter(|test| !**test).count()
    }

    /// The lines of code, numbered as in the file.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }

    /// Modules declared as `#[cfg(test)] mod name;`: their files are test code too.
    pub fn test_modules(&self) -> Vec<String> {
        let kinds = classify(self.text.as_bytes());
        let whole = view(&self.text, &kinds, Kind::Code);
        test_items(&whole)
            .into_iter()
            .filter_map(|(start, end)| {
                let item = whole[start..end].trim().strip_suffix(';')?;
                let name = item.rsplit_once("mod ")?.1.trim();
                is_identifier(name).then(|| name.to_owned())
            })
            .collect()
    }
}

/// The line of a byte, counted from 1.
pub fn line_at(text: &str, byte: usize) -> usize {
    let before = text.get(..byte.min(text.len())).unwrap_or(text);
    before.matches('\n').count() + 1
}

/// Whether a text is one identifier.
pub fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_word) && !text.as_bytes()[0].is_ascii_digit()
}

/// Whether a byte may be part of an identifier.
pub fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn is_test_path(path: &str) -> bool {
    path.starts_with("e2e/")
        || path
            .split('/')
            .any(|part| ["tests", "tests.rs", "benches", "fuzz", "examples"].contains(&part))
}

/// What each byte is.
fn classify(text: &[u8]) -> Vec<Kind> {
    let mut kinds = vec![Kind::Code; text.len()];
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let (length, kind) = if rest.starts_with(b"//") {
            (
                rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
                Kind::Comment,
            )
        } else if rest.starts_with(b"/*") {
            (block_comment(rest), Kind::Comment)
        } else if let Some(hashes) = raw_string(rest, at.checked_sub(1).map(|before| text[before])) {
            let prefix = rest.iter().position(|byte| *byte == b'"').unwrap_or(0) + 1;
            let mut end = vec![b'"'];
            end.extend(std::iter::repeat_n(b'#', hashes));
            let length = rest[prefix..].windows(end.len()).position(|window| window == end);
            (
                length.map_or(rest.len(), |length| prefix + length + end.len()),
                Kind::Text,
            )
        } else if rest[0] == b'"' {
            (quoted(rest, b'"'), Kind::Text)
        } else if let Some(length) = character(rest) {
            (length, Kind::Text)
        } else {
            (1, Kind::Code)
        };
        kinds[at..at + length].fill(kind);
        at += length;
    }
    kinds
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The number of `#` of a raw string that starts here.
fn raw_string(rest: &[u8], before: Option<u8>) -> Option<usize> {
    if before.is_some_and(is_word) {
        return None;
    }
    let after = rest
        .strip_prefix(b"r")
        .or_else(|| rest.strip_prefix(b"br"))
        .or_else(|| rest.strip_prefix(b"cr"))?;
    let hashes = after.iter().take_while(|byte| **byte == b'#').count();
    (after.get(hashes) == Some(&b'"')).then_some(hashes)
}

fn quoted(rest: &[u8], end: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            byte if byte == end => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a character literal, if this quote does not begin a lifetime.
fn character(rest: &[u8]) -> Option<usize> {
    if rest[0] != b'\'' {
        return None;
    }
    if rest.get(1) == Some(&b'\\') {
        return Some(quoted(rest, b'\''));
    }
    let text = std::str::from_utf8(&rest[1..rest.len().min(5)])
        .or_else(|error| std::str::from_utf8(&rest[1..=error.valid_up_to()]))
        .ok()?;
    let length = text.chars().next()?.len_utf8();
    (rest.get(1 + length) == Some(&b'\'')).then_some(length + 2)
}

fn view(text: &str, kinds: &[Kind], wanted: Kind) -> String {
    text.char_indices()
        .flat_map(|(at, character)| {
            let shown = character == '\n' || kinds[at] == wanted;
            // A blank for every byte keeps positions comparable between the views.
            let (shown, blanks) = if shown {
                (Some(character), 0)
            } else {
                (None, character.len_utf8())
            };
            shown.into_iter().chain(std::iter::repeat_n(' ', blanks))
        })
        .collect()
}

fn blank(text: &str, start: usize, end: usize) -> String {
    let blanked: String = text[start..end]
        .bytes()
        .map(|byte| if byte == b'\n' { '\n' } else { ' ' })
        .collect();
    format!("{}{blanked}{}", &text[..start], &text[end..])
}

/// The byte ranges of items under `#[cfg(test)]`.
fn test_items(code: &str) -> Vec<(usize, usize)> {
    let bytes = code.as_bytes();
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (start, attribute) in code.match_indices("#[cfg(test)]") {
        if found.last().is_some_and(|(_, end)| start < *end) {
            continue;
        }
        let (mut at, mut depth) = (start + attribute.len(), 0_usize);
        while at < bytes.len() {
            match bytes[at] {
                b'(' | b'[' | b'{' => depth += 1,
                b')' | b']' => depth = depth.saturating_sub(1),
                b'}' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        break;
                    }
                }
                b';' | b',' if depth == 0 => break,
                _ => {}
            }
            at += 1;
        }
        found.push((start, (at + 1).min(bytes.len())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_not_code() {
        let source = Source::new(
            "server/src/x.rs",
            "let a = \"axum::x // no\"; // rusqlite\n/* postgres /* nested */ http */ let b = 'x'; fn f<'a>() {}\n\
             let c = r#\"raw \" SELECT\"#; let d = b\"\\\"bytes\"; let e = '\\''; let g = 'é'; done();\n",
        );
        for word in ["axum", "rusqlite", "postgres", "http", "SELECT", "bytes", "raw"] {
            assert!(!source.code.contains(word), "{word}: {}", source.code);
        }
        for word in ["let a", "let b", "fn f<'a>() {}", "let e", "done();"] {
            assert!(source.code.contains(word), "{word}: {}", source.code);
        }
        assert!(source.strings.contains("SELECT") && source.strings.contains("axum"));
        assert!(!source.strings.contains("rusqlite") && !source.strings.contains("done"));
        assert_eq!(source.code.len(), source.text.len());
        assert_eq!(source.strings.lines().count(), source.text.lines().count());
    }

    #[test]
    fn test_items_are_blanked_and_not_counted() {
        let source = Source::new(
            "server/src/x.rs",
            "fn real() {}\n#[cfg(test)]\n#[path = \"x\"]\nmod fixtures;\n#[cfg(test)]\nmod tests {\n    fn f() { let s = \
             \"}\"; }\n}\nfn also() {}\n",
        );
        assert!(source.code.contains("real") && source.code.contains("also"));
        assert!(!source.code.contains("mod tests") && !source.code.contains("fixtures"));
        assert_eq!(source.lines_without_tests(), 2);
        assert_eq!(source.test_modules(), ["fixtures"]);
    }

    #[test]
    fn test_paths() {
        assert!(Source::new("server/src/store/tests.rs", "").is_test);
        assert!(Source::new("server/tests/it/main.rs", "").is_test);
        assert!(Source::new("e2e/src/lib.rs", "").is_test);
        assert!(!Source::new("server/src/store/mod.rs", "").is_test);
    }
}
