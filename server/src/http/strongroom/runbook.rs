//! The runbook of the instance.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::http::error::Failure;
use crate::http::guard::Bearer;

/// It, as a Markdown file.
pub async fn get(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Response, Failure> {
    let mut response = app.runbook(caller).await?.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/markdown; charset=utf-8"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"strongroom-runbook.md\""),
    );
    Ok(response)
}
