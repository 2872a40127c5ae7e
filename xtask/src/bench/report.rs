//! The table of results, with targets and a reference.

use std::time::Duration;

use crate::terminal::say;

/// What a number is and in which direction it is good.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
    /// No target: for information.
    None,
}

struct Row {
    what: String,
    value: f64,
    unit: &'static str,
    target: Target,
    reference: &'static str,
}

/// Rows collected so far.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Adds a number. The reference is Infisical's server of 2024-10 on the same kind of machine, or empty.
    pub fn add(
        &mut self,
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        target: Target,
        reference: &'static str,
    ) {
        self.rows.push(Row {
            what: what.into(),
            value,
            unit,
            target,
            reference,
        });
    }

    /// Prints the table; how many targets were missed.
    pub fn print(&self) -> usize {
        say(format_args!(
            "\n{:<46} {:>14}  {:<12} {:<7} {}",
            "measurement", "value", "target", "met", "Infisical 2024-10"
        ));
        for row in &self.rows {
            say(row.line());
        }
        self.rows.iter().filter(|row| row.met() == Some(false)).count()
    }
}

impl Row {
    fn met(&self) -> Option<bool> {
        match self.target {
            Target::AtMost(most) => Some(self.value <= most),
            Target::AtLeast(least) => Some(self.value >= least),
            Target::None => None,
        }
    }

    fn line(&self) -> String {
        let target = match self.target {
            Target::AtMost(most) => format!("<= {}", number(most)),
            Target::AtLeast(least) => format!(">= {}", number(least)),
            Target::None => String::new(),
        };
        let met = match self.met() {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        let value = format!("{} {}", number(self.value), self.unit);
        format!(
            "{:<46} {value:>14}  {target:<12} {met:<7} {}",
            self.what, self.reference
        )
        .trim_end()
        .to_owned()
    }
}

/// As many digits as say something.
fn number(value: f64) -> String {
    match value.abs() {
        0.0..1.0 => format!("{value:.3}"),
        1.0..100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// Milliseconds as a number.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missed_targets_are_counted_and_shown() {
        let mut report = Report::default();
        report.add("start", 120.0, "ms", Target::AtMost(100.0), "3,100 ms");
        report.add("rate", 9_999.0, "/s", Target::AtLeast(10_000.0), "");
        report.add("memory", 20.0, "MB", Target::AtMost(20.0), "");
        report.add("for information", 0.1234, "ms", Target::None, "");
        assert_eq!(report.print(), 2);
        assert!(report.rows[0].line().contains("NO") && report.rows[0].line().contains("3,100 ms"));
        assert!(report.rows[2].line().contains("yes"));
        assert!(report.rows[3].line().contains("0.123 ms"));
    }
}
