//! The bytes that Infisical's own command line writes, for `--compat`. Its formats do not escape everything: a value
//! can end early or run in a shell. That is why they are not the default.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize as _;
use serde_json::ser::{CharEscape, Formatter};
use shared::wire::secrets::Secret;
use zeroize::Zeroizing;

use super::Format;
use super::data::{self, Exported, failed};
use crate::cli::failure::Failure;

/// The bytes of a format that Infisical has; nothing for the others.
pub fn write(format: Format, secrets: &[Secret]) -> Result<Option<Zeroizing<String>>, Failure> {
    // The flag's effect is the reverse of its name.
    let encoded: Vec<Secret> = secrets
        .iter()
        .map(|secret| {
            let mut secret = secret.clone();
            if secret.skip_multiline_encoding == Some(true) {
                secret.secret_value = secret.secret_value.expose().replace('\n', "\\n").as_str().into();
            }
            secret
        })
        .collect();
    let lines = |before: &str, secrets: &[Secret], escape: bool| {
        let mut text = Zeroizing::new(String::new());
        for secret in secrets {
            let value = secret.secret_value.expose();
            let value = if escape {
                value.replace('\'', "'\\''")
            } else {
                value.to_owned()
            };
            text.extend([before, &secret.secret_key, "='", &value, "'\n"]);
        }
        text
    };
    let text = match format {
        Format::Dotenv => lines("", &encoded, false),
        Format::DotenvExport => lines("export ", &encoded, false),
        Format::DotenvEval => lines("export ", secrets, true),
        Format::Csv => data::csv(&encoded)?,
        Format::Json => json(secrets)?,
        Format::Yaml => yaml(&encoded),
        _ => return Ok(None),
    };
    Ok(Some(text))
}

/// Writes as Go does: `<`, `>` and `&` are escaped, for the sake of pages that hold JSON.
struct GoFormatter;

impl Formatter for GoFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        for c in text.chars() {
            match c {
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => write!(writer, "\\u{:04x}", u32::from(c))?,
                c => write!(writer, "{c}")?,
            }
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        match escape {
            CharEscape::Quote => writer.write_all(b"\\\""),
            CharEscape::ReverseSolidus => writer.write_all(b"\\\\"),
            CharEscape::Solidus => writer.write_all(b"/"),
            CharEscape::Backspace => writer.write_all(b"\\b"),
            CharEscape::FormFeed => writer.write_all(b"\\f"),
            CharEscape::LineFeed => writer.write_all(b"\\n"),
            CharEscape::CarriageReturn => writer.write_all(b"\\r"),
            CharEscape::Tab => writer.write_all(b"\\t"),
            CharEscape::AsciiControl(byte) => write!(writer, "\\u{byte:04x}"),
        }
    }
}

fn json(secrets: &[Secret]) -> Result<Zeroizing<String>, Failure> {
    let objects: Vec<Exported> = secrets
        .iter()
        .map(|secret| Exported::of(secret, Some("")))
        .collect();
    let mut bytes = Zeroizing::new(Vec::new());
    let mut writer = serde_json::Serializer::with_formatter(&mut *bytes, GoFormatter);
    objects
        .serialize(&mut writer)
        .map_err(|error| failed("JSON", &error))?;
    Ok(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
}

fn yaml(secrets: &[Secret]) -> Zeroizing<String> {
    let map: BTreeMap<&str, &str> = secrets
        .iter()
        .map(|secret| (secret.secret_key.as_str(), secret.secret_value.expose()))
        .collect();
    if map.is_empty() {
        return Zeroizing::new("{}\n".to_owned());
    }
    let mut text = Zeroizing::new(String::new());
    for (name, value) in map {
        text.extend([&scalar(name), ": ", &scalar(value), "\n"]);
    }
    text
}

/// A scalar as Go's yaml.v2 writes it: bare, a literal block for lines, double quotes around what would be read as
/// something else than text, single quotes around the rest.
fn scalar(text: &str) -> String {
    if text.contains('\n') && !text.contains(|c: char| c.is_control() && c != '\n' && c != '\t') {
        let chomping = match text.len() - text.trim_end_matches('\n').len() {
            0 => "-",
            1 => "",
            _ => "+",
        };
        let indent = if text.starts_with([' ', '\n']) { "2" } else { "" };
        let mut block = format!("|{indent}{chomping}");
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            block.push('\n');
            if !line.is_empty() {
                block.push_str("  ");
                block.push_str(line);
            }
        }
        return block;
    }
    if is_other_than_text(text) || text.chars().any(char::is_control) {
        return serde_json::json!(text).to_string();
    }
    if is_plain(text) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// Whether YAML 1.1 reads a bare word as a number, a truth value, nothing or a merge.
fn is_other_than_text(text: &str) -> bool {
    let words = [
        "y", "yes", "on", "n", "no", "off", "true", "false", "null", "~", "<<", ".nan", ".inf", "-.inf",
        "+.inf",
    ];
    let number = text.replace('_', "");
    text.is_empty()
        || words.contains(&text.to_lowercase().as_str())
        || (number.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
            && (number.parse::<f64>().is_ok()
                || number
                    .trim_start_matches(['+', '-'])
                    .strip_prefix("0x")
                    .is_some_and(|hex| i64::from_str_radix(hex, 16).is_ok())))
}

fn is_plain(text: &str) -> bool {
    let first_is_fine = !text.starts_with([
        '-', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', ' ',
    ]) || (text.starts_with(['-', '?', ':'])
        && text.chars().nth(1).is_some_and(|next| next != ' '));
    first_is_fine && !text.ends_with([' ', ':']) && !text.contains(": ") && !text.contains(" #")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::client::fixture::secret;

    fn written(format: Format, secrets: &[Secret]) -> String {
        write(format, secrets).unwrap().unwrap().to_string()
    }

    #[test]
    fn lines_are_escaped_where_infisical_does() {
        let secrets = [secret("A", "it's"), secret("B", "two\nlines")];
        assert_eq!(written(Format::Dotenv, &secrets), "A='it's'\nB='two\nlines'\n");
        assert_eq!(
            written(Format::DotenvExport, &secrets),
            "export A='it's'\nexport B='two\nlines'\n"
        );
        assert_eq!(
            written(Format::DotenvEval, &secrets),
            "export A='it'\\''s'\nexport B='two\nlines'\n"
        );
    }

    #[test]
    fn the_flag_puts_lines_into_one() {
        let flagged = [Secret {
            skip_multiline_encoding: Some(true),
            ..secret("B", "two\nlines")
        }];
        assert_eq!(written(Format::Dotenv, &flagged), "B='two\\nlines'\n");
        assert_eq!(written(Format::Csv, &flagged), "Key,Value\nB,two\\nlines\n");
        assert_eq!(written(Format::Yaml, &flagged), "B: two\\nlines\n");
        assert_eq!(written(Format::DotenvEval, &flagged), "export B='two\nlines'\n");
    }

    #[test]
    fn json_has_no_newline_and_escapes_as_go_does() {
        let text = written(Format::Json, &[secret("A", "<a&b>")]);
        assert!(text.starts_with(r#"[{"key":"A","workspace":""#), "{text}");
        assert!(text.contains(r#""value":"\u003ca\u0026b\u003e""#), "{text}");
        assert!(
            text.ends_with(r#""comment":"","Etag":"","skipMultilineEncoding":false}]"#),
            "{text}"
        );
        assert_eq!(written(Format::Json, &[]), "[]");
    }

    #[test]
    fn yaml_scalars() {
        for (value, shown) in [
            ("plain", "plain"),
            ("", "\"\""),
            ("yes", "\"yes\""),
            ("5432", "\"5432\""),
            ("1.5e3", "\"1.5e3\""),
            ("a: b", "'a: b'"),
            ("it's", "it's"),
            ("'quoted'", "'''quoted'''"),
            ("# no", "'# no'"),
            ("-x", "-x"),
            ("- x", "'- x'"),
            ("two\nlines", "|-\n  two\n  lines"),
            ("one\n", "|\n  one"),
        ] {
            assert_eq!(scalar(value), shown, "{value:?}");
        }
        assert_eq!(written(Format::Yaml, &[]), "{}\n");
    }
}
