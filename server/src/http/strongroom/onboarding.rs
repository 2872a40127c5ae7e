//! The first hour.

use std::sync::Arc;

use axum::extract::State;
use shared::wire::onboarding::{Onboarding, OnboardingChange};

use crate::app::App;
use crate::domain::onboarding;
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::Bearer;

fn body(progress: onboarding::Progress) -> Onboarding {
    Onboarding {
        kit: progress.kit,
        kit_skipped: progress.kit_skipped,
        backup: progress.backup,
        project: progress.project,
        secret: progress.secret,
        identity: progress.identity,
        first_read: progress.first_read,
        dismissed: progress.dismissed,
        backup_trouble: progress.backup_trouble,
    }
}

/// What was done so far.
pub async fn progress(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
) -> Result<Json<Onboarding>, Failure> {
    let progress = app.read_as(caller, onboarding::progress).await?;
    Ok(Json(body(progress)))
}

/// Puts the checklist away, or gets it out again.
pub async fn dismiss(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<OnboardingChange>,
) -> Result<Json<Onboarding>, Failure> {
    let progress = app
        .write_as(caller, move |cx, caller| {
            onboarding::dismiss(cx, caller, request.dismissed)
        })
        .await?;
    Ok(Json(body(progress)))
}
