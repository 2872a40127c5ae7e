//! Formats of lines: each secret a variable. What a reader would understand in another way is refused.

use shared::wire::secrets::Secret;
use zeroize::Zeroizing;

use super::Format;
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;

/// The engine reads lines of up to 64 KiB.
const LONGEST_DOCKER_LINE: usize = 64 * 1024 - 1;

/// Secrets, already sorted by name, one variable each.
pub fn write(format: Format, secrets: &[Secret], printer: &Printer) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::new());
    for secret in secrets {
        let (name, value) = (secret.secret_key.as_str(), secret.secret_value.expose());
        check_name(format, name)?;
        if let Some(why) = cannot_hold(format, name, value) {
            return Err(
                Failure::new(format!("The value of {name} cannot be written as {format}"))
                    .because(why.0)
                    .advise(format!("Use --format {}", why.1)),
            );
        }
        if matches!(format, Format::DotenvExport | Format::DotenvEval) {
            text.push_str("export ");
        }
        text.push_str(name);
        text.push('=');
        match format {
            Format::Docker => text.push_str(value),
            Format::DotenvEval => push_single_quoted(&mut text, value),
            // For a shell these are arguments of a command, in which it expands braces and names of files.
            Format::DotenvExport if value.contains(['{', '}', '[', ']', '*', '?', '^', '!']) => {
                push_single_quoted(&mut text, value);
            }
            Format::Systemd => push_double_quoted(&mut text, value, "\\\"$`"),
            Format::Compose => push_quoted(&mut text, value, "\\\"$"),
            _ => {
                if value.contains('`') && value.contains(['\'', '\\']) && format == Format::Dotenv {
                    // A shell would run what stands between backticks; readers that do not know this escape keep the
                    // backslash. Safety goes first, and nobody is left to find out alone.
                    printer.warn(&format!(
                        "{name} mixes ` with ' or \\: shells read it rightly, but Docker Compose sees \\` for `. Use --format compose there"
                    ));
                }
                push_quoted(&mut text, value, "\\\"$`");
            }
        }
        text.push('\n');
    }
    Ok(text)
}

/// Bare where every reader agrees, in single quotes where they do all of the work, else in double quotes.
fn push_quoted(text: &mut String, value: &str, escaped: &str) {
    if value.chars().all(is_plain) {
        text.push_str(value);
    } else if value.contains(['\'', '\\']) {
        push_double_quoted(text, value, escaped);
    } else {
        push_single_quoted(text, value);
    }
}

fn push_double_quoted(text: &mut String, value: &str, escaped: &str) {
    if value.chars().all(is_plain) {
        text.push_str(value);
        return;
    }
    text.push('"');
    for c in value.chars() {
        if escaped.contains(c) {
            text.push('\\');
        }
        text.push(c);
    }
    text.push('"');
}

fn push_single_quoted(text: &mut String, value: &str) {
    text.push('\'');
    text.push_str(&value.replace('\'', "'\\''"));
    text.push('\'');
}

/// Characters that need no quoting anywhere: for Compose and Docker they are themselves, and so they are for a shell
/// that reads an assignment. White space is not among them: there a shell would run what follows.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || "_./:@%+,=-*?[]{}^!".contains(c)
}

/// A name that a reader takes for something else is refused: in a shell it could be a command.
fn check_name(format: Format, name: &str) -> Result<(), Failure> {
    let shell = || {
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let (fits, why) = match format {
        Format::DotenvExport | Format::DotenvEval | Format::Systemd => (
            shell(),
            "Such a name begins with a letter or _ and goes on with letters, digits and _.",
        ),
        Format::Docker => (
            !name.is_empty()
                && !name.starts_with('#')
                && name.chars().all(|c| c.is_ascii_graphic() && c != '='),
            "Such a name holds no white space, no = and no letters beyond ASCII.",
        ),
        _ => (
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')),
            "Such a name begins with a letter or _ and goes on with letters, digits, _, . and -.",
        ),
    };
    if fits {
        return Ok(());
    }
    Err(
        Failure::new(format!("The name '{name}' cannot be written as {format}"))
            .because(why)
            .advise("Use --format json"),
    )
}

/// Why a format cannot hold a value, and one that can.
fn cannot_hold(format: Format, name: &str, value: &str) -> Option<(&'static str, &'static str)> {
    if value.contains('\0') {
        return Some(("It contains a NUL character.", "json"));
    }
    match format {
        Format::Docker if value.contains(['\n', '\r']) => Some((
            "It has several lines, and Docker reads one.",
            "compose, or `run -- docker run --env NAME`",
        )),
        Format::Docker if value.trim_end() != value => {
            Some(("It ends with white space, which some readers drop.", "compose"))
        }
        Format::Docker if name.len() + 1 + value.len() > LONGEST_DOCKER_LINE => Some((
            "It is longer than the 64 KiB that Docker reads as one line.",
            "compose",
        )),
        Format::Systemd if value.chars().any(|c| c.is_control() && c != '\n' && c != '\t') => Some((
            "It holds a control character, and systemd ignores such a variable.",
            "json",
        )),
        // A carriage return before a newline is lost where lines end so.
        Format::Compose if value.contains('\r') => {
            Some(("It holds a carriage return, which Docker Compose drops.", "json"))
        }
        _ => None,
    }
}
