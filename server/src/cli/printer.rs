//! The only writer to standard output and standard error of this crate's command line.
//!
//! Standard output carries data and nothing else, so that `> file` and `| command` are safe. Everything said to a
//! person goes to standard error.

use std::io::{ErrorKind, IsTerminal as _, Write};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use zeroize::Zeroizing;

use super::failure::Failure;

type Stream = Mutex<Box<dyn Write + Send>>;

/// Writes data and messages.
pub struct Printer {
    out: Stream,
    err: Stream,
    colors: bool,
    silent: bool,
    form: Form,
}

/// Whom results are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A person.
    Text,
    /// A program.
    Json,
    /// A script that knows the bytes of Infisical's own command line.
    Infisical,
}

impl Printer {
    /// The streams of this process. Colours only on a terminal and unless `NO_COLOR` is set to something.
    pub fn of_process() -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            out: Mutex::new(Box::new(std::io::stdout())),
            err: Mutex::new(Box::new(std::io::stderr())),
            colors: !plain && std::io::stderr().is_terminal(),
            silent: false,
            form: Form::Text,
        }
    }

    /// The same, without notes: only data, prompts and failures.
    #[must_use]
    pub fn silenced(mut self, silent: bool) -> Self {
        self.silent = silent;
        self
    }

    /// The same for programs: results and failures are JSON.
    #[must_use]
    pub fn in_json(mut self, json: bool) -> Self {
        if json {
            self.form = Form::Json;
        }
        self
    }

    /// The same in the bytes of Infisical's own command line, unless JSON was asked for.
    #[must_use]
    pub fn in_compat(mut self, compat: bool) -> Self {
        if compat && !self.is_json() {
            self.form = Form::Infisical;
        }
        self
    }

    /// Whether scripts expect the bytes of Infisical's own command line.
    pub fn is_compat(&self) -> bool {
        self.form == Form::Infisical
    }

    /// Whether a program reads what is printed.
    pub fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// Whether messages may be coloured.
    pub fn colors(&self) -> bool {
        self.colors
    }

    /// Writes data to standard output, exactly as given.
    pub fn data(&self, data: &str) -> Result<(), Failure> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        let written = out.write_all(data.as_bytes()).and_then(|()| out.flush());
        written.map_err(|error| {
            if error.kind() == ErrorKind::BrokenPipe {
                // As with `export | head`: the reader has what it wanted.
                Failure::quiet(0)
            } else {
                Failure::new("The output could not be written").because(error.to_string())
            }
        })
    }

    /// Writes a result: as text for a person, or as a line of JSON for a program.
    pub fn result(&self, text: impl FnOnce() -> String, value: &impl Serialize) -> Result<(), Failure> {
        if self.is_json() {
            self.data(&json_line(value)?)
        } else {
            self.data(&Zeroizing::new(text()))
        }
    }

    /// Says that something was done; a program gets `value` as its result.
    pub fn done(&self, text: &str, value: &impl Serialize) -> Result<(), Failure> {
        if self.is_json() {
            return self.data(&json_line(value)?);
        }
        self.note(text);
        Ok(())
    }

    /// Says something worth knowing.
    pub fn note(&self, text: &str) {
        if !self.silent {
            self.say(&format!("{}\n", harmless(text)));
        }
    }

    /// Says that something is not as it should be, though the command goes on.
    pub fn warn(&self, text: &str) {
        if !self.silent {
            self.say(&format!("{} {}\n", self.paint("33", "Warning:"), harmless(text)));
        }
    }

    /// Says what belongs to a question; silence does not hide it.
    pub fn say_always(&self, text: &str) {
        self.say(&format!("{}\n", harmless(text)));
    }

    /// Asks for input: the answer is typed on the same line.
    pub fn ask(&self, question: &str) {
        self.say(&format!("{} ", harmless(question)));
    }

    /// Shows a failure in its parts.
    pub fn failure(&self, failure: &Failure) {
        if self.is_json() {
            if let Some(line) = failure.json() {
                self.say(&format!("{line}\n"));
            }
        } else if let Some(lines) = failure.lines() {
            self.say(&format!("{} {}\n", self.paint("31", "Error:"), harmless(&lines)));
        }
    }

    /// Shows text of the argument parser, which has its own colours.
    pub fn usage(&self, text: &str) {
        self.say(text);
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colors {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn say(&self, text: &str) {
        let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody can be told that the stream for telling is closed; the exit code still says it.
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }
}

/// One line of JSON.
pub fn json_line(value: &impl Serialize) -> Result<Zeroizing<String>, Failure> {
    let mut text = serde_json::to_string(value).map_err(|error| {
        Failure::new("The result could not be written as JSON").because(error.to_string())
    })?;
    text.push('\n');
    Ok(Zeroizing::new(text))
}

/// Text without characters that steer a terminal: part of it comes from servers and file names.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// Columns for people, two spaces apart. Control characters are shown escaped: each row stays one line.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let shown: Vec<Vec<String>> = std::iter::once(header.iter().map(|title| (*title).to_owned()).collect())
        .chain(
            rows.iter()
                .map(|row| row.iter().map(|cell| escaped(cell)).collect()),
        )
        .collect();
    let widths: Vec<usize> = (0..header.len())
        .map(|column| {
            let cells = shown.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &shown {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width.saturating_sub(cell.chars().count()) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn escaped(cell: &str) -> String {
    cell.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect::<Vec<char>>()
            } else {
                vec![c]
            }
        })
        .collect()
}

/// A printer whose output tests can read.
#[cfg(test)]
pub(crate) mod captured {
    use std::sync::Arc;

    use super::{Form, Mutex, Printer, Write};

    /// What was written to one stream.
    #[derive(Clone, Default)]
    pub struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Sink {
        pub fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    pub fn printer() -> (Printer, Sink, Sink) {
        let (out, err) = (Sink::default(), Sink::default());
        let printer = Printer {
            out: Mutex::new(Box::new(out.clone())),
            err: Mutex::new(Box::new(err.clone())),
            colors: false,
            silent: false,
            form: Form::Text,
        };
        (printer, out, err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_ends_quietly_and_a_full_disk_does_not() {
        let (mut printer, _, _) = captured::printer();
        printer.out = Mutex::new(Box::new(Broken(ErrorKind::BrokenPipe)));
        assert_eq!(printer.data("x"), Err(Failure::quiet(0)));
        printer.out = Mutex::new(Box::new(Broken(ErrorKind::StorageFull)));
        assert_eq!(printer.data("x").unwrap_err().code(), 1);
    }

    #[test]
    fn streams_are_kept_apart() {
        let (printer, out, err) = captured::printer();
        printer.data("data").unwrap();
        printer.note("note");
        printer.warn("careful");
        printer.failure(&Failure::new("broke").because("why").advise("next"));
        assert_eq!(out.text(), "data");
        assert_eq!(err.text(), "note\nWarning: careful\nError: broke\nwhy\nnext\n");
    }

    #[test]
    fn programs_get_json_on_both_streams() {
        let (printer, out, err) = captured::printer();
        let printer = printer.in_json(true);
        printer.result(|| "A person".to_owned(), &["a", "b"]).unwrap();
        printer.done("Done", &serde_json::json!({"done": true})).unwrap();
        printer.failure(&Failure::new("broke").because("why\nso"));
        assert_eq!(out.text(), "[\"a\",\"b\"]\n{\"done\":true}\n");
        assert_eq!(
            err.text(),
            "{\"error\":\"broke\",\"reason\":\"why\\nso\",\"code\":1}\n"
        );
    }

    #[test]
    fn silence_keeps_failures() {
        let (printer, _, err) = captured::printer();
        let printer = printer.silenced(true);
        printer.note("note");
        printer.warn("careful");
        printer.failure(&Failure::new("broke"));
        assert_eq!(err.text(), "Error: broke\n");
    }

    #[test]
    fn colours_only_when_allowed() {
        let (mut printer, _, err) = captured::printer();
        printer.colors = true;
        printer.failure(&Failure::new("broke"));
        assert_eq!(err.text(), "\u{1b}[31mError:\u{1b}[0m broke\n");
    }

    #[test]
    fn a_server_cannot_steer_the_terminal() {
        let (printer, _, err) = captured::printer();
        printer.failure(&Failure::new("\u{1b}]0;owned\u{7}"));
        assert_eq!(err.text(), "Error: \u{fffd}]0;owned\u{fffd}\n");
    }

    #[test]
    fn table_rows_stay_one_line() {
        let rows = vec![
            vec!["A".to_owned(), "one\ntwo".to_owned()],
            vec!["LONGER".to_owned(), "\u{1b}[2J".to_owned()],
        ];
        assert_eq!(
            table(&["KEY", "VALUE"], &rows),
            "KEY     VALUE\nA       one\\ntwo\nLONGER  \\u{1b}[2J\n"
        );
        assert_eq!(table(&["KEY", "VALUE"], &[]), "KEY  VALUE\n");
    }
}
