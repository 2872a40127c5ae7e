//! Restoring a backup into an instance that nobody has set up.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use shared::model::text::SecretText;
use shared::wire::restore::{InForce, RestoreReport, Restored, StartRestore, Uploaded};

use crate::app::App;
use crate::domain::caller::{Caller, Source};
use crate::domain::{Error, audit, setup};
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::{From, LocalScript, SetupCode};
use crate::http::infisical::admin;

/// Longest time for the next bytes of a backup.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a refused backup that are taken in all the same: a browser shows an answer only when it could send everything.
const POLITENESS: u64 = 16 * 1024 * 1024;

/// Takes a backup.
pub async fn upload(
    State(app): State<Arc<App>>,
    From(source): From,
    LocalScript(local): LocalScript,
    SetupCode(code): SetupCode,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Json<Uploaded>, Failure> {
    let taken = match require_right(&app, &source, local, code).await {
        Ok(()) => take(&app, source, &headers, &mut body).await,
        Err(refused) => Err(refused),
    };
    if taken.is_err() {
        let mut left = POLITENESS;
        while let Ok(Some(bytes)) = next(&mut body).await {
            left = left.saturating_sub(bytes.len() as u64);
            if left == 0 {
                break;
            }
        }
    }
    taken.map(Json)
}

async fn take(app: &App, source: Source, headers: &HeaderMap, body: &mut Body) -> Result<Uploaded, Failure> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let mut receiving = app.receive_backup(announced).await?;
    while let Some(bytes) = next(body).await? {
        receiving.write(&bytes).await?;
    }
    let (id, size) = receiving.finish().await?;
    app.write(move |cx| {
        let entry = audit::Entry::new("instance.restore.upload").with("bytes", &size);
        audit::record(cx, &Caller::anonymous(source.clone()), &entry)
    })
    .await?;
    Ok(Uploaded { upload: id, size })
}

/// The next bytes of a body; none at its end.
async fn next(body: &mut Body) -> Result<Option<axum::body::Bytes>, Failure> {
    loop {
        let arriving = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx));
        let frame = tokio::time::timeout(PATIENCE, arriving)
            .await
            .map_err(|_| Failure::TooSlow)?;
        match frame.transpose().map_err(|_| broke_off())? {
            None => return Ok(None),
            Some(frame) => {
                // Anything else is a trailer, which says nothing about a backup.
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
        }
    }
}

fn broke_off() -> Error {
    Error::BadRequest("The backup did not arrive whole. Nothing was changed. Send it again".into())
}

/// Only while nobody has set the instance up, and only for whoever may do that.
async fn require_right(
    app: &App,
    source: &Source,
    local: bool,
    code: Option<SecretText>,
) -> Result<(), Failure> {
    if app.read(setup::is_done).await? {
        return Err(setup::already_done().into());
    }
    admin::require_code(app, source, local, code).await
}

/// Restores the backup that was sent.
pub async fn restore(
    State(app): State<Arc<App>>,
    From(source): From,
    LocalScript(local): LocalScript,
    Json(request): Json<StartRestore>,
) -> Result<Json<Restored>, Failure> {
    require_right(&app, &source, local, request.code).await?;
    let restored = app
        .restore(
            &request.upload,
            &request.identity,
            source,
            request.revoke_sessions,
        )
        .await?;
    let mut counts = BTreeMap::new();
    for credential in restored.in_force {
        *counts.entry(credential.kind).or_default() += 1;
    }
    let in_force = counts.into_iter().map(|(kind, count)| InForce { kind, count });
    let manifest = restored.summary.manifest;
    Ok(Json(Restored {
        report: RestoreReport {
            created_at: manifest.created_at,
            version: manifest.program_version,
            counts: restored.contents,
            unreadable: restored.summary.unreadable,
            in_force: in_force.collect(),
        },
    }))
}
