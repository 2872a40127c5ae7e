//! Backups: the list, what can be done with them, and downloads.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use shared::model::ids::BackupId;
use shared::model::text::SecretText;
use shared::wire::backups::{
    Backup, BackupStarted, BackupState, BackupTicket, Backups, BackupsDone, DoBackups, StartBackup,
};

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

/// Everything there is to know about backups.
pub async fn list(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<Backups>, Failure> {
    Ok(Json(app.backups(caller).await?))
}

/// Does something with backups, once the password was given again.
pub async fn act(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<DoBackups>,
) -> Result<Json<BackupsDone>, Failure> {
    reauthenticate::by_password(&app, &caller, request.password, |caller| {
        caller.require_instance_admin()
    })
    .await?;
    let message = app.act_on_backups(caller.clone(), request.act).await?;
    let backups = app.backups(caller).await?;
    Ok(Json(BackupsDone { message, backups }))
}

/// A ticket for the file of any backup that is kept, once the password was given again.
pub async fn offer(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<BackupId>,
    Json(request): Json<StartBackup>,
) -> Result<Json<BackupTicket>, Failure> {
    reauthenticate::by_password(&app, &caller, request.password, |caller| {
        caller.require_instance_admin()
    })
    .await?;
    let ticket = app.offer_backup(caller, id).await?;
    Ok(Json(BackupTicket { ticket }))
}

/// The file of a backup, for whoever has an unused ticket. A download that was interrupted goes on with `Range: bytes=N-`.
pub async fn download(
    State(app): State<Arc<App>>,
    From(source): From,
    Path(ticket): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let from = headers.get(header::RANGE).and_then(first_byte).unwrap_or(0);
    let download = app
        .download_backup(&SecretText::new(ticket), from, source)
        .await?;
    let (size, from) = (download.size, download.from);
    let body = FileBody::new(download.file, size - from).counting(download.handed_out, from);
    let mut response = Response::new(Body::new(body));
    if from > 0 {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    );
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(size - from));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // The name is ours: letters, digits and dashes. A browser goes on only with a file that is still the same.
    let texts = [
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", download.name),
        ),
        (header::ETAG, format!("\"{}\"", download.sha256)),
        (
            header::CONTENT_RANGE,
            format!("bytes {from}-{}/{size}", size.saturating_sub(1)),
        ),
    ];
    for (name, text) in texts {
        if (name != header::CONTENT_RANGE || from > 0)
            && let Ok(value) = HeaderValue::from_str(&text)
        {
            headers.insert(name, value);
        }
    }
    Ok(response)
}

/// The first byte of a range that goes to the end, the only kind that continues a download. Any other is ignored, as RFC 9110
/// allows.
fn first_byte(range: &HeaderValue) -> Option<u64> {
    range
        .to_str()
        .ok()?
        .strip_prefix("bytes=")?
        .strip_suffix('-')?
        .parse()
        .ok()
}
