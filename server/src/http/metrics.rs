//! Numbers for Prometheus: how old the last backup is, and whether it restores.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use shared::model::backups::Backups;
use shared::model::time::UnixMillis;

use super::error::Failure;
use super::guard::LocalScript;
use crate::app::App;
use crate::domain::{Error, backups};
use crate::store;

/// They name no secret, but tell when a server is weak: only a program on the same machine reads them.
pub async fn get(State(app): State<Arc<App>>, LocalScript(local): LocalScript) -> Result<Response, Failure> {
    if !local {
        return Err(Error::Forbidden(
            "Metrics are given to programs on the same machine only, at a loopback address".into(),
        )
        .into());
    }
    let backups = app.read(backups::state_for_operator).await?;
    let text = text(&backups).map_err(|error| Error::Store(store::Error::Unavailable(error.to_string())))?;
    let mut response = text.into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
    );
    Ok(response)
}

fn text(backups: &Backups) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("strongroom");
    let truth = |truth: bool| if truth { 1.0 } else { 0.0 };
    if let Some(newest) = backups.backups.first() {
        let at = seconds(newest.created_at);
        set(
            &mut registry,
            "backup_last_timestamp_seconds",
            "When the newest backup was made",
            at,
        );
        set(
            &mut registry,
            "backup_last_size_bytes",
            "Size of the newest backup",
            as_float(newest.size),
        );
        let copies = newest.copies.iter();
        let made = copies.filter(|copy| copy.copied_at.is_some()).count();
        let missing = as_float(backups.targets.len().saturating_sub(made) as u64);
        set(
            &mut registry,
            "backup_last_copies_missing",
            "Targets that do not have a copy of it",
            missing,
        );
    }
    let failed = truth(backups.failure.is_some());
    set(
        &mut registry,
        "backup_failed",
        "Whether the last attempt failed",
        failed,
    );
    set(
        &mut registry,
        "backup_overdue",
        "Whether there should have been one",
        truth(backups.overdue),
    );
    if let Some(drill) = backups.drills.first() {
        let at = seconds(drill.at);
        set(
            &mut registry,
            "drill_last_timestamp_seconds",
            "When a restore was rehearsed last",
            at,
        );
        set(
            &mut registry,
            "drill_ok",
            "Whether the last rehearsed restore passed",
            truth(drill.passed),
        );
    }
    let overdue = truth(backups.drill_overdue);
    set(
        &mut registry,
        "drill_overdue",
        "Whether none passed for two weeks",
        overdue,
    );
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn set(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Gauge::<f64, AtomicU64>::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn seconds(at: UnixMillis) -> f64 {
    as_float(u64::try_from(at.seconds()).unwrap_or_default())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact up to 2^53, which no size or time here reaches"
)]
fn as_float(number: u64) -> f64 {
    number as f64
}
