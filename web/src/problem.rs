//! What a person reads when something did not work: what happened, why, the next step, and the request id.

use crate::api::error::{Error, Kind};

/// An error in words, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What did not happen, such as `DB_URL was not saved`.
    pub what: String,
    /// The reason, in the server's words where it gave one.
    pub why: String,
    /// What the reader can do now.
    pub next: String,
    /// The id under which the server's log has more.
    pub request_id: Option<String>,
}

impl Problem {
    /// Words for an error of the API. `what` says what the reader was doing.
    pub fn new(what: impl Into<String>, error: &Error) -> Self {
        let what = what.into();
        Self {
            why: if what.starts_with("Nothing was") {
                without_nothing(&error.message)
            } else {
                error.message.clone()
            },
            what,
            next: next_step(error.kind).to_owned(),
            request_id: error.request_id.clone(),
        }
    }

    /// A problem that the page noticed without asking the server.
    pub fn local(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
            next: next.into(),
            request_id: None,
        }
    }

    /// The same problem with a more fitting next step.
    #[must_use]
    pub fn with_next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }
}

/// The server's sentence without its own "Nothing was changed", for where that stands above it already.
pub fn without_nothing(message: &str) -> String {
    let reason = message
        .strip_prefix("Nothing was changed, because ")
        .or_else(|| message.strip_prefix("Nothing was changed: "));
    if let Some(reason) = reason {
        let mut letters = reason.chars();
        let first = letters.next().map(char::to_uppercase);
        return first.into_iter().flatten().chain(letters).collect();
    }
    let message = message.replace(". Nothing was changed; try again", "; try again");
    message
        .strip_suffix(". Nothing was changed")
        .map_or_else(|| message.replace(". Nothing was changed. ", ". "), str::to_owned)
}

fn next_step(kind: Kind) -> &'static str {
    match kind {
        Kind::Unreachable => "Check that the server runs and that this device reaches it, then try again.",
        Kind::SignedOut => "Log in and try again.",
        Kind::Forbidden => "Ask an administrator of the project for a role that allows it.",
        Kind::NotFound => "Reload the page: it may have been moved or deleted in the meantime.",
        Kind::Conflict => "Look at the current state, then try again.",
        Kind::Refused => "Change what you entered and try again.",
        Kind::TooMany => "Wait a minute, then try again.",
        Kind::Unavailable => {
            "Look at the server's log: it says which key or database it is waiting for. Then try again."
        }
        Kind::Broken => {
            "Try again. If it stays, give the request id to whoever runs the server: its log has the cause."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_keeps_the_servers_reason_and_request_id() {
        let error = Error {
            kind: Kind::Forbidden,
            message: "You are not allowed to read secrets in prod".to_owned(),
            request_id: Some("req-abc".to_owned()),
            fields: Vec::new(),
        };
        let problem = Problem::new("The secrets were not loaded", &error);
        assert_eq!(problem.what, "The secrets were not loaded");
        assert_eq!(problem.why, "You are not allowed to read secrets in prod");
        assert!(problem.next.contains("administrator"));
        assert_eq!(problem.request_id.as_deref(), Some("req-abc"));
    }

    #[test]
    fn that_nothing_was_changed_is_said_once() {
        let why = |message: &str| {
            let error = Error {
                kind: Kind::Refused,
                message: message.to_owned(),
                request_id: None,
                fields: Vec::new(),
            };
            Problem::new("Nothing was saved", &error).why
        };
        assert_eq!(
            why("Nothing was changed, because one change cannot be made. 'A': gone"),
            "One change cannot be made. 'A': gone"
        );
        assert_eq!(why("Nothing was changed: no such key"), "No such key");
        assert_eq!(
            why("The password is wrong. Nothing was changed"),
            "The password is wrong"
        );
        assert_eq!(
            why("It does not fit. Nothing was changed. Send it again"),
            "It does not fit. Send it again"
        );
        assert_eq!(
            why("Many writers touched the same rows. Nothing was changed; try again"),
            "Many writers touched the same rows; try again"
        );
        assert_eq!(
            why("The server's disk is full. Nothing was changed and nothing is lost; free some space"),
            "The server's disk is full. Nothing was changed and nothing is lost; free some space"
        );
    }
}
