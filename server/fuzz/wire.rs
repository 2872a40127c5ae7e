//! Bodies and queries: a refusal says which field is wrong and never what stands in it; what is accepted can be
//! written and read again.

use std::future::Future;

use arbitrary::Unstructured;
use axum::body::Body;
use axum::extract::{FromRequest as _, FromRequestParts as _};
use axum::http::Request;
use axum::response::IntoResponse as _;
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;
use server::http::error::{Failure, describe};
use server::http::extract::{Json, Query};
use shared::wire::auth::{LoginRequest, UniversalAuthLoginRequest};
use shared::wire::secrets::{MoveBody, SecretBody, SecretQuery, SecretsBody, TagSecretBody, ValueBody};

use crate::{CANARY, CANARY_NUMBER, json, play};

const FIELDS: &[&str] = &[
    "workspaceId",
    "projectId",
    "workspaceSlug",
    "environment",
    "secretPath",
    "type",
    "secretKey",
    "secretValue",
    "secretComment",
    "newSecretName",
    "skipMultilineEncoding",
    "expectedVersion",
    "tagIds",
    "secretMetadata",
    "metadata",
    "secretReminderNote",
    "secretReminderRepeatDays",
    "key",
    "value",
    "isEncrypted",
    "secrets",
    "mode",
    "secretIds",
    "shouldOverwrite",
    "sourceEnvironment",
    "clientId",
    "clientSecret",
    "email",
    "password",
];

fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(work)
}

/// What the caller is told.
fn told(failure: Failure) -> String {
    let response = describe(failure.into_response(), "req-fuzz");
    let status = response.status().as_u16();
    assert!([400, 413, 422].contains(&status), "refused with {status}");
    let bytes = wait(response.into_body().collect()).unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let body: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["statusCode"], status);
    text
}

fn quotes_nothing(text: &str, sent: &str) {
    let shown = text.contains(CANARY) || text.contains(&CANARY_NUMBER.to_string());
    assert!(!shown, "{sent}\nis answered\n{text}");
}

fn read<T: DeserializeOwned>(body: Vec<u8>) -> Result<T, String> {
    let request = Request::builder()
        .header("content-type", "application/json")
        .body(Body::from(body));
    wait(Json::<T>::from_request(request.unwrap(), &()))
        .map(|Json(read)| read)
        .map_err(told)
}

fn body<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match read::<T>(bytes.to_vec()) {
        Ok(read) => Some(read),
        Err(text) => {
            quotes_nothing(&text, &String::from_utf8_lossy(bytes));
            None
        }
    }
}

fn stable<T: DeserializeOwned + Serialize>(bytes: &[u8]) {
    if let Some(first) = body::<T>(bytes) {
        let written = serde_json::to_vec(&first).unwrap();
        let Ok(second) = read::<T>(written.clone()) else {
            panic!("{} is not read again", String::from_utf8_lossy(&written));
        };
        assert_eq!(serde_json::to_vec(&second).unwrap(), written);
    }
}

fn every_body(bytes: &[u8]) {
    stable::<SecretBody>(bytes);
    stable::<SecretsBody>(bytes);
    stable::<ValueBody>(bytes);
    stable::<MoveBody>(bytes);
    stable::<TagSecretBody>(bytes);
    stable::<LoginRequest>(bytes);
    stable::<UniversalAuthLoginRequest>(bytes);
}

#[test]
fn bodies_that_are_nearly_right() {
    play(3_000, |input| {
        let value = json::object(input, FIELDS, 3)?;
        every_body(value.to_string().as_bytes());
        Ok(())
    });
}

#[test]
fn bodies_that_are_broken() {
    play(3_000, |input| {
        let mut bytes = json::value(input, FIELDS, 2)?.to_string().into_bytes();
        for _ in 0..input.int_in_range(0..=3)? {
            let at = input.choose_index(bytes.len().max(1))?.min(bytes.len());
            match input.int_in_range(0..=2)? {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, *input.choose(b"{}[]\",:0\\\xff ")?),
                _ => drop(bytes.splice(at..at, *b"\"canary-7Qx0vJr2")),
            }
        }
        every_body(&bytes);
        Ok(())
    });
}

#[test]
fn queries() {
    const QUERY: &[&str] = &[
        "workspaceId",
        "projectId",
        "workspaceSlug",
        "environment",
        "secretPath",
        "type",
        "version",
        "recursive",
        "include_imports",
        "includeImports",
        "expandSecretReferences",
        "viewSecretValue",
        "tagSlugs",
        "metadataFilter",
        "includePersonalOverrides",
        "limit",
        "offset",
        "unknown",
    ];
    play(5_000, |input| {
        let mut query = String::from("/api/v3/secrets/raw?");
        for _ in 0..input.int_in_range(0..=6)? {
            query.push_str(input.choose(QUERY)?);
            if !input.ratio(1, 8)? {
                query.push('=');
            }
            let values = [
                CANARY,
                "",
                "true",
                "%00",
                "%ff",
                "%",
                "a+b",
                "1,2",
                "key=a,value=b|key=c",
                "&",
                "%F0%9F",
            ];
            query.push_str(input.choose(&values)?);
            query.push('&');
        }
        let Ok(request) = Request::builder().uri(&query).body(()) else {
            return Ok(());
        };
        let (mut parts, ()) = request.into_parts();
        match wait(Query::<SecretQuery>::from_request_parts(&mut parts, &())) {
            Ok(_) => {}
            Err(failure) => quotes_nothing(&told(failure), &query),
        }
        Ok(())
    });
}

#[test]
fn the_canary_would_be_seen() {
    let shown = Failure::invalid("field", CANARY);
    assert!(told(shown).contains(CANARY));
    let refused = (0..500).filter(|case| {
        let bytes = crate::bytes_of(*case);
        let value = json::object(&mut Unstructured::new(&bytes), FIELDS, 3);
        value.is_ok_and(|value| read::<SecretBody>(value.to_string().into_bytes()).is_err())
    });
    assert!(
        refused.count() > 50,
        "the inputs are not wrong often enough to show anything"
    );
}
