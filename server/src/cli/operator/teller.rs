//! Who starts the server: a person reads plain lines, a program gets them as part of the log.

use crate::cli::printer::Printer;
use crate::observe::logging::Format;

/// Says things to whoever starts the server.
pub struct Teller<'a> {
    printer: Option<&'a Printer>,
}

impl<'a> Teller<'a> {
    /// For a log of this kind.
    pub fn of(format: Format, printer: &'a Printer) -> Self {
        Self {
            printer: (format == Format::Text).then_some(printer),
        }
    }

    /// Something to know.
    pub fn note(&self, text: &str) {
        if let Some(printer) = self.printer {
            printer.note(text);
        } else {
            text.lines().for_each(|line| tracing::info!("{line}"));
        }
    }

    /// Something to mend.
    pub fn warn(&self, text: &str) {
        if let Some(printer) = self.printer {
            printer.warn(text);
        } else {
            tracing::warn!("{text}");
        }
    }
}
