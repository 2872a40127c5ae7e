//! From the meaning of an error to its status and Infisical's name for it: the only such place.
//!
//! Infisical answers validation errors with 422 and a list of issues; a business rule is 400, also for "exists
//! already"; a token that is malformed or expired is 403, one that was revoked 401.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use shared::wire::changes::{Refused, RefusedKind};
use shared::wire::error::{ErrorBody, Issue, Message};

use crate::crypto;
use crate::domain::Error;
use crate::store;

/// An answer that says no. The body is written by [`describe`], which knows the id of the request.
#[derive(Debug)]
pub enum Failure {
    /// A rule said no.
    Domain(Error),
    /// Fields of body or query that could not be read.
    Issues(Vec<Issue>),
    /// The body is not JSON.
    NotJson(String),
    /// The body is larger than the route allows.
    TooLarge {
        /// What it allows, in MiB.
        most: usize,
    },
    /// The body did not arrive within 30 seconds.
    TooSlow,
    /// No route has this method and path.
    NoRoute(String),
    /// No file has this name.
    NoFile,
    /// The request comes from another site.
    CrossSite,
    /// The configuration has so many problems.
    Misconfigured(usize),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl Failure {
    /// A field of the request with an unacceptable value.
    pub fn invalid(field: &str, reason: &str) -> Self {
        Self::Issues(vec![Issue {
            code: "custom".into(),
            path: vec![json!(field)],
            message: reason.to_owned(),
        }])
    }
}

/// Status, Infisical's word, and what the caller is told.
struct Answer {
    status: StatusCode,
    error: &'static str,
    message: Message,
    details: Option<Value>,
    retry_after: Option<i64>,
}

impl Answer {
    fn new(status: StatusCode, error: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            error,
            message: Message::Text(message.into()),
            details: None,
            retry_after: None,
        }
    }

    fn unavailable(message: &str, retry_after: i64) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable", message)
        }
    }
}

fn answer(failure: &Failure) -> Answer {
    match failure {
        Failure::Domain(error) => domain_answer(error),
        Failure::Issues(issues) => Answer {
            message: Message::Issues(issues.clone()),
            ..Answer::new(StatusCode::UNPROCESSABLE_ENTITY, "ValidationFailure", "")
        },
        Failure::NotJson(reason) => Answer::new(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            format!("The body is not valid JSON: {reason}"),
        ),
        Failure::TooLarge { most } => Answer::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "PayloadTooLarge",
            format!("The body is larger than {most} MiB"),
        ),
        Failure::TooSlow => Answer::new(
            StatusCode::REQUEST_TIMEOUT,
            "RequestTimeout",
            "The body did not arrive within 30 seconds. Nothing was changed",
        ),
        Failure::NoRoute(route) => Answer::new(
            StatusCode::NOT_FOUND,
            "Not Found",
            format!("Route {route} not found"),
        ),
        Failure::NoFile => Answer::new(StatusCode::NOT_FOUND, "Not Found", "There is no such file"),
        Failure::CrossSite => Answer::new(
            StatusCode::FORBIDDEN,
            "ForbiddenRequestError",
            "This request comes from another site. Open Strongroom's own page and try again",
        ),
        Failure::Misconfigured(count) => Answer::unavailable(
            &format!(
                "The server waits for its configuration to be mended. Problems: {count}, listed on its page and in its log"
            ),
            60,
        ),
    }
}

fn domain_answer(error: &Error) -> Answer {
    match error {
        Error::Invalid { field, reason } => answer(&Failure::invalid(field, reason)),
        Error::BadRequest(message) => Answer::new(StatusCode::BAD_REQUEST, "BadRequest", message),
        Error::NotFound(message) => Answer::new(StatusCode::NOT_FOUND, "NotFound", message),
        Error::Unauthenticated(message) => {
            Answer::new(StatusCode::UNAUTHORIZED, "UnauthorizedError", message)
        }
        Error::InvalidToken(message) => Answer::new(StatusCode::FORBIDDEN, "TokenError", message),
        Error::Forbidden(message) => Answer::new(StatusCode::FORBIDDEN, "ForbiddenRequestError", message),
        Error::PermissionDenied { action, subject } => Answer {
            details: Some(json!([{ "action": action.to_string(), "subject": subject.to_string() }])),
            ..Answer::new(StatusCode::FORBIDDEN, "PermissionDenied", error.to_string())
        },
        Error::ReferenceDenied {
            message,
            referenced,
            referencing,
        } => Answer {
            details: Some(json!([
                format!("Referenced: {referenced}"),
                format!("Referencing: {referencing}")
            ])),
            ..Answer::new(StatusCode::FORBIDDEN, "PermissionDenied", message)
        },
        Error::ChangesRefused(refusals) => Answer {
            details: Some(json!(refusals)),
            ..changes_answer(refusals, error.to_string())
        },
        Error::Stale(message) | Error::Conflict(message) => {
            Answer::new(StatusCode::CONFLICT, "Conflict", message)
        }
        Error::TooManyAttempts { retry_after } => Answer {
            retry_after: Some(*retry_after),
            ..Answer::new(
                StatusCode::TOO_MANY_REQUESTS,
                "RateLimitExceeded",
                error.to_string(),
            )
        },
        Error::Locked => Answer::unavailable(
            "The store is locked: no key has opened it. The server's log names the keys that would",
            30,
        ),
        Error::Store(store::Error::Conflict) => Answer::unavailable(
            "Many writers touched the same rows. Nothing was changed; try again",
            1,
        ),
        Error::Store(store::Error::Full) => Answer::unavailable(
            "The server's disk is full. Nothing was changed and nothing is lost; free some space",
            60,
        ),
        Error::Store(store::Error::Unavailable(_)) => {
            Answer::unavailable("The database does not answer. Nothing was changed; try again", 5)
        }
        Error::Crypto(crypto::Error::Busy) => {
            Answer::unavailable("Too many logins at the same moment. Try again", 5)
        }
        Error::Store(_) | Error::Crypto(_) => Answer::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalServerError",
            "Something went wrong",
        ),
    }
}

/// The refusal of several changes: what the sender may not do or wrote wrongly comes before what changed in the meantime,
/// and that before what is not there.
fn changes_answer(refusals: &[Refused], message: String) -> Answer {
    let is = |kind: RefusedKind| refusals.iter().any(|refusal| refusal.kind == kind);
    if is(RefusedKind::Denied) {
        Answer::new(StatusCode::FORBIDDEN, "ForbiddenRequestError", message)
    } else if is(RefusedKind::Invalid) {
        Answer::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    } else if is(RefusedKind::Stale) || is(RefusedKind::Taken) {
        Answer::new(StatusCode::CONFLICT, "Conflict", message)
    } else {
        Answer::new(StatusCode::NOT_FOUND, "NotFound", message)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = answer(&self).status.into_response();
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}

/// Writes the body of an error answer and logs its cause when that is ours.
pub fn describe(response: Response, request_id: &str) -> Response {
    let Some(failure) = response.extensions().get::<std::sync::Arc<Failure>>() else {
        return response;
    };
    let answer = answer(failure);
    match answer.status {
        StatusCode::INTERNAL_SERVER_ERROR => tracing::error!(request_id, cause = ?failure, "request failed"),
        // Expected while locked, full or busy; said once where it begins, not at every request.
        StatusCode::SERVICE_UNAVAILABLE => tracing::debug!(request_id, cause = ?failure, "not served"),
        _ => {}
    }
    let body = ErrorBody {
        req_id: request_id.to_owned(),
        status_code: answer.status.as_u16(),
        message: answer.message,
        error: answer.error.to_owned(),
        details: answer.details,
    };
    let cookies = response.headers().get(header::SET_COOKIE).cloned();
    let mut described = (answer.status, super::extract::Json(body)).into_response();
    if let Some(cookies) = cookies {
        described.headers_mut().insert(header::SET_COOKIE, cookies);
    }
    if let Some(route) = response.extensions().get::<axum::extract::MatchedPath>() {
        described.extensions_mut().insert(route.clone());
    }
    if let Some(seconds) = answer.retry_after
        && let Ok(value) = HeaderValue::from_str(&seconds.to_string())
    {
        described.headers_mut().insert(header::RETRY_AFTER, value);
    }
    described
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_of_our_own_are_not_told() {
        let failure = Failure::Domain(Error::Store(store::Error::Sql("table secrets: CANARY".into())));
        let answer = answer(&failure);
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.message, Message::Text("Something went wrong".into()));
    }

    #[test]
    fn waiting_is_said_in_seconds() {
        let failure = Failure::Domain(Error::TooManyAttempts { retry_after: 7 });
        let response = describe(failure.into_response(), "req-x");
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "7");
    }
}
