//! Reading requests and writing answers as JSON, with errors in Infisical's shape.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shared::wire::error::Issue;

use super::error::Failure;

const MIB: usize = 1024 * 1024;
/// Infisical's limit for a body, in MiB.
const BODY_LIMIT: usize = 1;
/// The limit for many changes at once, in MiB: thousands of secrets of a file, as JSON.
const BULK_LIMIT: usize = 8;
/// Longest time for a body to arrive.
const BODY_TIME: Duration = Duration::from_secs(30);

/// A JSON body. When reading: 400 for what is not JSON, 422 for what has the wrong shape, 413 for what is too large.
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        read(request, BODY_LIMIT).await.map(Self)
    }
}

/// The same for a body that holds many changes.
pub struct Bulk<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Bulk<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        read(request, BULK_LIMIT).await.map(Self)
    }
}

async fn read<T: DeserializeOwned>(request: Request, most: usize) -> Result<T, Failure> {
    let is_json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .split(';')
                .next()
                .is_some_and(|kind| kind.trim().ends_with("json"))
        });
    let arriving = axum::body::to_bytes(request.into_body(), most * MIB);
    let bytes = tokio::time::timeout(BODY_TIME, arriving)
        .await
        .map_err(|_| Failure::TooSlow)?
        .map_err(|_| Failure::TooLarge { most })?;
    if !is_json {
        return Err(issue(
            Vec::new(),
            "Expected a JSON object with the header Content-Type: application/json",
        ));
    }
    parse(&bytes)
}

fn issue(path: Vec<Value>, message: &str) -> Failure {
    Failure::Issues(vec![Issue {
        code: "invalid_type".into(),
        path,
        message: message.to_owned(),
    }])
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    // serde would take a list for the fields in their order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(issue(Vec::new(), "Expected a JSON object, not a list"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed: Result<T, _> = serde_path_to_error::deserialize(&mut deserializer);
    parsed.map_err(|error| {
        if !error.inner().is_data() {
            return Failure::NotJson(position(error.inner()));
        }
        let (message, field) = without_the_given(&error.inner().to_string());
        let path = error.path().iter().filter_map(segment);
        issue(path.chain(field.map(Value::from)).collect(), &message)
    })
}

/// Where the JSON breaks; never what stands there, it may be a secret.
fn position(error: &serde_json::Error) -> String {
    format!("it breaks at line {} column {}", error.line(), error.column())
}

/// What serde says is wrong, without what was given: that may be a secret, as text and as a number. The second part is
/// the field it is about, when the message names one.
fn without_the_given(message: &str) -> (String, Option<String>) {
    let text = message.rsplit_once(" at line ").map_or(message, |(text, _)| text);
    let named = |prefix: &str| text.strip_prefix(prefix)?.strip_suffix('`').map(str::to_owned);
    if let Some(field) = named("missing field `") {
        return ("Required".into(), Some(field));
    }
    if let Some(field) = named("duplicate field `") {
        return ("given more than once".into(), Some(field));
    }
    let Some((given, expected)) = text.rsplit_once(", expected ") else {
        return (text.to_owned(), None);
    };
    let problem = match given.split_once(": ") {
        Some((problem @ ("invalid type" | "invalid value"), given)) => match given.split([' ', ',']).next() {
            Some(kind @ ("string" | "integer" | "boolean" | "character" | "null" | "sequence" | "map")) => {
                format!("{problem}: {kind}")
            }
            Some("floating") => format!("{problem}: number"),
            _ => problem.to_owned(),
        },
        _ if given.starts_with("unknown variant") => "an unknown word".into(),
        _ => "invalid".into(),
    };
    (format!("{problem}, expected {expected}"), None)
}

fn segment(segment: &serde_path_to_error::Segment) -> Option<Value> {
    use serde_path_to_error::Segment;
    match segment {
        Segment::Map { key } => Some(json!(key)),
        Segment::Seq { index } => Some(json!(index)),
        Segment::Enum { variant } => Some(json!(variant)),
        Segment::Unknown => None,
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => {
                let mut response = Response::new(Body::from(bytes));
                response.headers_mut().insert(
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json; charset=utf-8"),
                );
                response
            }
            Err(error) => {
                let cause = crate::store::Error::Sql(format!("answer cannot be written as JSON: {error}"));
                Failure::Domain(crate::domain::Error::Store(cause)).into_response()
            }
        }
    }
}

/// The query of the URL.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|error| {
                // `Failed to …: field: what is wrong`, without a field when that is what is wrong.
                let told = error.body_text();
                let told = told.split_once(": ").map_or(&*told, |(_, told)| told);
                let (at, told) = told
                    .split_once(": ")
                    .map_or((None, told), |(at, told)| (Some(at), told));
                let (message, field) = without_the_given(told);
                let field = field.or(at.map(str::to_owned));
                issue(field.into_iter().map(Value::from).collect(), &message)
            })
    }
}

/// The variable parts of the path, decoded once.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(path) => Ok(Self(path.0)),
            Err(error) => Err(issue(vec![json!("path")], &error.body_text())),
        }
    }
}

/// Text that counts as absent when it is empty: several clients send empty parameters for those they do not use.
pub fn filled(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.trim()).filter(|text| !text.is_empty())
}

/// A switch in a query.
pub fn switch(field: &str, text: Option<&String>, default: bool) -> Result<bool, Failure> {
    match filled(text) {
        None => Ok(default),
        Some(word) if word.eq_ignore_ascii_case("true") => Ok(true),
        Some(word) if word.eq_ignore_ascii_case("false") => Ok(false),
        Some(_) => Err(Failure::invalid(field, "expected true or false")),
    }
}

/// The largest number of entries on one page of a list.
const LONGEST_PAGE: i64 = 1_000;

/// Which part of a list: how many entries to leave out and how many to show, from the first up to 1,000.
pub fn page(offset: Option<&String>, limit: Option<&String>) -> Result<(i64, i64), Failure> {
    let number =
        |field, text: Option<&String>, range: std::ops::RangeInclusive<i64>, default| match filled(text) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|number| range.contains(number))
                .ok_or_else(|| {
                    let (least, most) = (range.start(), range.end());
                    Failure::invalid(field, &format!("expected a number from {least} to {most}"))
                }),
        };
    Ok((
        number("offset", offset, 0..=i64::from(i32::MAX), 0)?,
        number("limit", limit, 1..=LONGEST_PAGE, LONGEST_PAGE)?,
    ))
}

/// Text parsed into a name or id, or an issue about the field.
pub fn parsed<T>(field: &str, text: &str) -> Result<T, Failure>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error: T::Err| Failure::invalid(field, &error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::wire::secrets::SecretBody;

    #[test]
    fn broken_json_is_refused_without_quoting_it() {
        let Err(Failure::NotJson(reason)) = parse::<SecretBody>(b"{\"secretValue\": \"CANARY") else {
            panic!("expected NotJson")
        };
        assert!(!reason.contains("CANARY"), "{reason}");
    }

    #[test]
    fn a_wrong_type_names_the_field_and_not_the_text() {
        let body = br#"{"expectedVersion": "CANARY"}"#;
        let Err(Failure::Issues(issues)) = parse::<SecretBody>(body) else {
            panic!("expected issues")
        };
        assert_eq!(issues[0].path, [json!("expectedVersion")]);
        assert!(!issues[0].message.contains("CANARY"), "{}", issues[0].message);
    }

    fn issue_of<T: DeserializeOwned>(body: &str) -> (Vec<Value>, String) {
        match parse::<T>(body.as_bytes()) {
            Err(Failure::Issues(mut issues)) => {
                let issue = issues.remove(0);
                (issue.path, issue.message)
            }
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("{body} was accepted"),
        }
    }

    #[test]
    fn a_secret_of_digits_is_not_quoted_either() {
        use shared::wire::auth::UniversalAuthLoginRequest;
        for wrong in ["4711", "4711.5", "[4711]", "{\"x\": 4711}", "true"] {
            let body = format!("{{\"clientId\": \"x\", \"clientSecret\": {wrong}}}");
            let (path, message) = issue_of::<UniversalAuthLoginRequest>(&body);
            assert_eq!(path, [json!("clientSecret")]);
            assert!(!message.contains("4711"), "{message}");
        }
        for text in ["4711, expected x", "4711 at line 1", "4711\\\", expected \\\"x"] {
            let (_, message) = issue_of::<SecretBody>(&format!("{{\"expectedVersion\": \"{text}\"}}"));
            assert!(!message.contains("4711"), "{message}");
        }
    }

    #[test]
    fn a_missing_field_is_named() {
        use shared::wire::auth::UniversalAuthLoginRequest;
        let (path, message) = issue_of::<UniversalAuthLoginRequest>("{}");
        assert_eq!((path, message), (vec![json!("clientId")], "Required".to_owned()));
        let twice = r#"{"clientId": "a", "clientId": "b", "clientSecret": "c"}"#;
        assert_eq!(
            issue_of::<UniversalAuthLoginRequest>(twice).0,
            [json!("clientId")]
        );
    }

    #[test]
    fn unknown_fields_are_ignored() {
        assert!(parse::<SecretBody>(br#"{"secretName": 7, "x": null}"#).is_ok());
    }

    #[test]
    fn switches() {
        assert!(switch("x", None, true).unwrap());
        assert!(!switch("x", Some(&"False".into()), true).unwrap());
        assert!(switch("x", Some(&String::new()), true).unwrap());
        assert!(switch("x", Some(&"yes".into()), true).is_err());
    }
}
