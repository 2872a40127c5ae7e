//! Input that a person types or pipes in.

use std::io::{BufRead as _, IsTerminal as _, Read as _};

use shared::model::text::SecretText;
use tokio::sync::oneshot;
use zeroize::{Zeroize as _, Zeroizing};

use super::failure::Failure;
use super::printer::Printer;

/// Whether there is a person to ask.
pub fn possible() -> bool {
    std::io::stdin().is_terminal()
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new("The input could not be read").because(error.to_string())
}

/// Asks for a line of text.
pub fn line(printer: &Printer, question: &str) -> Result<String, Failure> {
    printer.ask(question);
    let mut text = String::new();
    let read = std::io::stdin().lock().read_line(&mut text);
    if read.map_err(|error| unreadable(&error))? == 0 {
        return Err(Failure::new("The input ended before the question was answered"));
    }
    Ok(text.trim().to_owned())
}

/// The next line that is typed, while something else goes on. Whoever stops waiting leaves a thread behind that reads until the
/// process ends.
pub fn line_meanwhile() -> oneshot::Receiver<SecretText> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut text = Zeroizing::new(String::new());
        // At the end of the input there is nothing to say: the other way is still open.
        if std::io::stdin()
            .lock()
            .read_line(&mut text)
            .is_ok_and(|read| read > 0)
        {
            let _ = sender.send(SecretText::from(text.trim()));
        }
    });
    receiver
}

/// Asks for one of several, by its number or its name. Plain lines work over every connection.
pub fn choice(printer: &Printer, title: &str, names: &[String]) -> Result<usize, Failure> {
    let list: Vec<String> = (1..)
        .zip(names)
        .map(|(number, name): (usize, _)| format!("\n  {number}) {name}"))
        .collect();
    printer.say_always(&format!("{title}{}", list.concat()));
    loop {
        let typed = line(printer, "Number:")?;
        if let Some(chosen) = chosen(&typed, names) {
            return Ok(chosen);
        }
        printer.say_always(&format!("Type a number from 1 to {}", names.len()));
    }
}

fn chosen(typed: &str, names: &[String]) -> Option<usize> {
    let by_number = typed
        .parse()
        .ok()
        .and_then(|number: usize| number.checked_sub(1))
        .filter(|index| *index < names.len());
    by_number.or_else(|| names.iter().position(|name| name == typed))
}

/// Asks for something that must not be seen on the screen.
pub fn hidden(printer: &Printer, question: &str) -> Result<SecretText, Failure> {
    printer.ask(question);
    rpassword::read_password()
        .map(SecretText::new)
        .map_err(|error| unreadable(&error))
}

/// Everything on standard input, without the newline that `echo` and editors add at the end.
pub fn piped() -> Result<SecretText, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| unreadable(&error))?;
    without_final_newline(&bytes)
}

fn without_final_newline(bytes: &[u8]) -> Result<SecretText, Failure> {
    let mut text = str::from_utf8(bytes)
        .map_err(|_| {
            Failure::new("The input is not text in UTF-8").advise("Encode it first, for example with base64")
        })?
        .to_owned();
    let kept = text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n'));
    let secret = SecretText::from(kept.unwrap_or(&text));
    text.zeroize();
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_number_or_by_name() {
        let names = ["alpha".to_owned(), "2nd".to_owned()];
        for (typed, index) in [
            ("1", Some(0)),
            ("2", Some(1)),
            ("alpha", Some(0)),
            ("2nd", Some(1)),
            ("0", None),
            ("3", None),
            ("", None),
            ("beta", None),
        ] {
            assert_eq!(chosen(typed, &names), index, "{typed}");
        }
    }

    #[test]
    fn one_final_newline_is_dropped() {
        for (given, kept) in [
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("a", "a"),
            (" a ", " a "),
            ("", ""),
        ] {
            assert_eq!(
                without_final_newline(given.as_bytes()).unwrap().expose(),
                kept,
                "{given:?}"
            );
        }
        assert!(without_final_newline(&[0xff]).is_err());
    }
}
