//! Why a command could not do what was asked.

/// A failure in three parts: what happened, why, and the next step. The first is always there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    what: String,
    why: Option<String>,
    next: Option<String>,
    code: u8,
    status: Option<u16>,
    quiet: bool,
}

impl Failure {
    /// Something could not be done; exit code 1.
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: None,
            next: None,
            code: 1,
            status: None,
            quiet: false,
        }
    }

    /// The command line itself is wrong; exit code 2.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(what).with_code(2)
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

    /// Notes the HTTP status that the server refused with.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
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
    fn a_quiet_end_has_only_a_code() {
        assert_eq!(Failure::quiet(2).lines(), None);
        assert_eq!(Failure::quiet(2).code(), 2);
    }
}
