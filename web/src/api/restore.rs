//! Restoring a backup into an empty instance.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use shared::wire::restore::{RestoreReport, Restored, StartRestore, Uploaded};
use shared::wire::setup::SETUP_CODE_HEADER;
use web_sys::{File, ProgressEvent, XmlHttpRequest};

use super::error::Error;
use super::request::Request;

/// Sends the backup. `on_progress` hears how much of it has gone, from 0 to 1; `on_done` the end, exactly once. (`fetch`
/// knows no progress of an upload, so this is the browser's older interface.)
pub fn upload(
    file: &File,
    code: Option<&str>,
    on_progress: Callback<f64>,
    on_done: Callback<Result<Uploaded, Error>>,
) {
    if send(file, code, on_progress, on_done).is_none() {
        on_done.run(Err(Error::not_understood()));
    }
}

/// Nothing when the browser refused to begin.
fn send(
    file: &File,
    code: Option<&str>,
    on_progress: Callback<f64>,
    on_done: Callback<Result<Uploaded, Error>>,
) -> Option<()> {
    let request = XmlHttpRequest::new().ok()?;
    request
        .open_with_async("PUT", "/api/strongroom/v1/restore/upload", true)
        .ok()?;
    if let Some(code) = code {
        request.set_request_header(SETUP_CODE_HEADER, code).ok()?;
    }
    request
        .set_request_header("Content-Type", "application/octet-stream")
        .ok()?;
    let progress = Closure::<dyn FnMut(ProgressEvent)>::new(move |event: ProgressEvent| {
        if event.total() > 0.0 {
            on_progress.try_run(event.loaded() / event.total());
        }
    });
    let finished = request.clone();
    let done = Closure::once_into_js(move |_: ProgressEvent| {
        on_done.try_run(outcome(&finished));
    });
    if let Ok(upload) = request.upload() {
        upload.set_onprogress(Some(progress.as_ref().unchecked_ref()));
    }
    // The browser owns it from here on: the page may be gone before the upload is.
    progress.forget();
    request.set_onloadend(Some(done.unchecked_ref()));
    request.send_with_opt_blob(Some(file.as_ref())).ok()
}

fn outcome(request: &XmlHttpRequest) -> Result<Uploaded, Error> {
    let text = request.response_text().ok().flatten().unwrap_or_default();
    match request.status().unwrap_or_default() {
        0 => Err(Error::unreachable()),
        200..=299 => serde_json::from_str(&text).map_err(|_| Error::not_understood()),
        status => Err(Error::from_answer(status, &text)),
    }
}

/// Restores what was uploaded. The server checks everything before it changes anything.
pub async fn start(body: &StartRestore) -> Result<RestoreReport, Error> {
    let answer: Restored = Request::post("/api/strongroom/v1/restore")
        .json(body)?
        .send_anonymous()
        .await?;
    Ok(answer.report)
}
