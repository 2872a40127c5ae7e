//! Backups for download.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::model::text::SecretText;
use shared::wire::backups::{Backup, BackupStarted, BackupState, StartBackup};

use crate::app::App;
use crate::app::backups::Job;
use crate::http::error::Failure;
use crate::http::extract::{Json, Path};
use crate::http::file_body::FileBody;
use crate::http::guard::{Bearer, From};
use crate::http::reauthenticate;

/// Begins a backup, once the password was given again: a backup is everything there is.
pub async fn start(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<StartBackup>,
) -> Result<Response, Failure> {
    reauthenticate::by_password(&app, &caller, request.password, |caller| {
        caller.require_instance_admin()
    })
    .await?;
    let id = app.start_backup(caller).await?;
    Ok((StatusCode::ACCEPTED, Json(BackupStarted { id })).into_response())
}

/// How far a backup is, and when it is complete, a ticket for its file.
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<Backup>, Failure> {
    let (job, ticket) = app.backup(caller, id).await?;
    Ok(Json(backup(&job, ticket)))
}

fn backup(job: &Job, ticket: Option<SecretText>) -> Backup {
    let (state, finished, error) = match job.outcome() {
        None => (BackupState::Writing, None, None),
        Some(Ok(finished)) => (BackupState::Ready, Some(finished), None),
        Some(Err(reason)) => (BackupState::Failed, None, Some(reason.clone())),
    };
    Backup {
        state,
        rows_done: job.progress.done.load(Ordering::Relaxed),
        rows_total: job.progress.total.load(Ordering::Relaxed),
        size: finished.map(|file| file.size),
        sha256: finished.map(|file| file.sha256.clone()),
        file_name: finished.map(|file| file.name.clone()),
        opens_with: job.opens_with.clone(),
        counts: finished.and_then(|_| job.progress.contents.get()).copied(),
        unreadable: finished.map_or(0, |file| file.unreadable),
        ticket,
        error,
    }
}

/// The file of a backup, for whoever has an unused ticket.
pub async fn download(
    State(app): State<Arc<App>>,
    From(source): From,
    Path(ticket): Path<String>,
) -> Result<Response, Failure> {
    let (file, finished) = app.download_backup(&SecretText::new(ticket), source).await?;
    let mut response = Response::new(Body::new(FileBody::new(file, finished.size)));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(finished.size));
    // The name is ours: letters, digits and dashes.
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{}\"", finished.name)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
