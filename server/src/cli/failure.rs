//! Why a command could not do what was asked.

use serde::Serialize;

/// Exit codes of the process. Scripts read them: they are part of the interface, as docs/COMMAND-LINE.md lists them.
pub mod code {
    /// Anything that has no code of its own.
    pub const FAILED: u8 = 1;
    /// The command line itself is wrong.
    pub const USAGE: u8 = 2;
    /// There is no login, or it has ended.
    pub const NOT_LOGGED_IN: u8 = 3;
    /// The server knows who asks, and says no.
    pub const FORBIDDEN: u8 = 4;
    /// Project, environment, folder or secret does not exist.
    pub const NOT_FOUND: u8 = 5;
    /// No server answered.
    pub const UNREACHABLE: u8 = 6;
    /// The server is locked: its store waits for a key.
    pub const LOCKED: u8 = 7;
    /// The configuration of the server has problems.
    pub const MISCONFIGURED: u8 = 8;
}

/// A failure in three parts: what happened, why, and the next step. The first is always there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    #[serde(rename = "error")]
    what: String,
    #[serde(rename = "reason", skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip)]
    quiet: bool,
}

impl Failure {
    /// Something could not be done.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: None,
            next: None,
            code: code::FAILED,
            status: None,
            quiet: false,
        }
    }

    /// The command line itself is wrong.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(what).with_code(code::USAGE)
    }

    /// What was named does not exist.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(what).with_code(code::NOT_FOUND)
    }

    /// The process ends with this exit code, and all that had to be said was said.
    pub fn quiet(code: u8) -> Self {
        Self {
            quiet: true,
            code,
            ..Self::new("")
        }
    }

    /// Adds the reason.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn advise(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Sets the exit code of the process.
    #[must_use]
    pub fn with_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// Notes the HTTP status that the server refused with, and the exit code that goes with it.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self.code = match status {
            401 => code::NOT_LOGGED_IN,
            403 => code::FORBIDDEN,
            404 => code::NOT_FOUND,
            _ => self.code,
        };
        self
    }

    /// What happened.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// The exit code of the process.
    pub fn code(&self) -> u8 {
        self.code
    }

    /// The HTTP status, when a server refused.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// The failure for programs: one line of JSON; nothing for a quiet end.
    pub fn json(&self) -> Option<String> {
        if self.quiet {
            return None;
        }
        serde_json::to_string(self).ok()
    }

    /// The three parts, a line or more each; nothing for a quiet end.
    pub fn lines(&self) -> Option<String> {
        if self.quiet {
            return None;
        }
        let parts = [Some(&self.what), self.why.as_ref(), self.next.as_ref()];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        Some(parts.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_parts_in_order() {
        let failure = Failure::new("it broke").advise("mend it").because("it is old");
        assert_eq!(failure.lines().as_deref(), Some("it broke\nit is old\nmend it"));
        assert_eq!(failure.code(), 1);
        assert_eq!(Failure::usage("no").code(), 2);
        assert_eq!(Failure::new("no").lines().as_deref(), Some("no"));
    }

    #[test]
    fn statuses_have_exit_codes() {
        for (status, code) in [(400, 1), (401, 3), (403, 4), (404, 5), (409, 1), (500, 1)] {
            assert_eq!(Failure::new("no").with_status(status).code(), code, "{status}");
        }
    }

    #[test]
    fn programs_read_json() {
        let failure = Failure::new("no").because("why").with_status(404);
        assert_eq!(
            failure.json().as_deref(),
            Some(r#"{"error":"no","reason":"why","code":5,"status":404}"#)
        );
        assert_eq!(Failure::quiet(1).json(), None);
    }

    #[test]
    fn a_quiet_end_has_only_a_code() {
        assert_eq!(Failure::quiet(2).lines(), None);
        assert_eq!(Failure::quiet(2).code(), 2);
    }
}
