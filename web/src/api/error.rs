//! Why a request to the server did not succeed.

use shared::wire::error::{ErrorBody, Message};

/// The few meanings that pages tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No answer came.
    Unreachable,
    /// The session is over, or there was none.
    SignedOut,
    /// The role does not allow it.
    Forbidden,
    /// It does not exist, or may not be seen.
    NotFound,
    /// Somebody else was faster.
    Conflict,
    /// The server did not accept what was entered.
    Refused,
    /// Too many attempts.
    TooMany,
    /// The store is locked or cannot be used.
    Unavailable,
    /// Anything else.
    Broken,
}

/// A request that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What it means.
    pub kind: Kind,
    /// One sentence for the reader.
    pub message: String,
    /// The id of the request in the server's log.
    pub request_id: Option<String>,
    /// The fields that were refused, each with its reason.
    pub fields: Vec<(String, String)>,
}

impl Error {
    /// No answer came.
    pub fn unreachable() -> Self {
        Self {
            kind: Kind::Unreachable,
            message: "No answer came from the server.".to_owned(),
            request_id: None,
            fields: Vec::new(),
        }
    }

    /// An answer came that this page does not understand.
    pub fn not_understood() -> Self {
        Self {
            kind: Kind::Broken,
            message: "The server's answer has a form that this page does not know; \
                      perhaps the server was updated. Reload the page."
                .to_owned(),
            request_id: None,
            fields: Vec::new(),
        }
    }

    /// Reads the answer to a request that failed.
    pub fn from_answer(status: u16, body: &str) -> Self {
        let body = serde_json::from_str::<ErrorBody>(body).ok();
        Self {
            kind: kind(status),
            message: body
                .as_ref()
                .map(ErrorBody::text)
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| format!("The server answered with status {status} and gave no reason.")),
            fields: body.as_ref().map(fields).unwrap_or_default(),
            request_id: body.map(|body| body.req_id),
        }
    }

    /// Why a field was refused, if it was.
    pub fn of_field(&self, name: &str) -> Option<String> {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, reason)| reason.clone())
    }
}

fn fields(body: &ErrorBody) -> Vec<(String, String)> {
    let Message::Issues(issues) = &body.message else {
        return Vec::new();
    };
    issues
        .iter()
        .filter_map(|issue| Some((issue.path.first()?.as_str()?.to_owned(), issue.message.clone())))
        .collect()
}

fn kind(status: u16) -> Kind {
    match status {
        401 => Kind::SignedOut,
        403 => Kind::Forbidden,
        404 => Kind::NotFound,
        409 => Kind::Conflict,
        400 | 413 | 422 => Kind::Refused,
        429 => Kind::TooMany,
        502..=504 => Kind::Unavailable,
        _ => Kind::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_reason_and_request_id_are_kept() {
        let body =
            r#"{"reqId":"req-1","statusCode":409,"message":"Version 3 is current","error":"Conflict"}"#;
        let error = Error::from_answer(409, body);
        assert_eq!(error.kind, Kind::Conflict);
        assert_eq!(error.message, "Version 3 is current");
        assert_eq!(error.request_id.as_deref(), Some("req-1"));
    }

    #[test]
    fn refused_fields_become_one_sentence() {
        let body = r#"{"reqId":"req-2","statusCode":422,"error":"ValidationFailure",
                       "message":[{"code":"custom","path":["email"],"message":"looks like name@example.com"}]}"#;
        let error = Error::from_answer(422, body);
        assert_eq!(error.kind, Kind::Refused);
        assert_eq!(error.message, "email: looks like name@example.com");
        assert_eq!(
            error.of_field("email").as_deref(),
            Some("looks like name@example.com")
        );
        assert_eq!(error.of_field("name"), None);
    }

    #[test]
    fn an_answer_of_a_proxy_is_still_told() {
        let error = Error::from_answer(502, "<html>Bad Gateway</html>");
        assert_eq!(error.kind, Kind::Unavailable);
        assert!(error.message.contains("502"));
        assert_eq!(error.request_id, None);
    }

    #[test]
    fn each_status_has_its_meaning() {
        for (status, expected) in [
            (400, Kind::Refused),
            (401, Kind::SignedOut),
            (403, Kind::Forbidden),
            (404, Kind::NotFound),
            (422, Kind::Refused),
            (429, Kind::TooMany),
            (500, Kind::Broken),
            (503, Kind::Unavailable),
            (418, Kind::Broken),
        ] {
            assert_eq!(kind(status), expected, "{status}");
        }
    }
}
