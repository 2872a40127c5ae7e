//! Numbers for Prometheus: what is asked for, whether the store can serve, how old the last backup is, and whether it
//! restores.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use shared::model::backups::Backups;
use shared::model::time::UnixMillis;
use shared::model::tls::TlsState;

use super::error::Failure;
use super::guard::{self, LocalScript};
use crate::app::App;
use crate::domain::{Error, audit, backups, instance};
use crate::observe::metrics::show_process;
use crate::store;

/// They name no secret, but tell when a server is weak: read by programs on the same machine, and by who shows the token.
pub async fn get(
    State(app): State<Arc<App>>,
    LocalScript(local): LocalScript,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if !local && !shows_token(&app, &headers) {
        return Err(Error::Forbidden(
            "Metrics are given to programs on the same machine, at a loopback address, and to whoever sends the token \
             of --metrics-token-file as a bearer token"
                .into(),
        )
        .into());
    }
    let text = text(&app)
        .await
        .map_err(|error| Error::Store(store::Error::Unavailable(error.to_string())))?;
    let mut response = text.into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
    );
    Ok(response)
}

fn shows_token(app: &App, headers: &HeaderMap) -> bool {
    let Some(wanted) = &app.host().metrics_token else {
        return false;
    };
    guard::bearer_text(headers).is_some_and(|shown| wanted.is(shown))
}

/// What the database knows.
struct Stored {
    backups: Backups,
    database_bytes: u64,
    audit: audit::Counts,
}

/// Everything. A store that cannot be asked is said so, and leaves out what only it knows.
async fn text(app: &App) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("strongroom");
    app.metrics.show(&mut registry);
    let locked = truth(app.store().is_err());
    set(&mut registry, "locked", "Whether the store is locked", locked);
    let stored = app.read(|cx| {
        Ok(Stored {
            backups: backups::state_for_operator(cx)?,
            database_bytes: instance::database_bytes(cx)?,
            audit: audit::counts(cx)?,
        })
    });
    let stored = stored.await.inspect_err(|error| {
        tracing::debug!(%error, "the store could not be asked for its numbers");
    });
    let up = truth(stored.is_ok());
    set(&mut registry, "database_up", "Whether the database answers", up);
    if let Ok(stored) = stored {
        show_stored(&mut registry, &stored);
    }
    show_tls(&mut registry, &app.tls().state());
    let mut text = String::new();
    let mut process = Registry::default();
    show_process(&mut process, app.started_at());
    encode(&mut text, &process)?;
    // Each ends with the mark of an end, of which there may be one.
    let whole = text.trim_end_matches("# EOF\n").len();
    text.truncate(whole);
    encode(&mut text, &registry)?;
    Ok(text)
}

fn show_stored(registry: &mut Registry, stored: &Stored) {
    let size = as_float(stored.database_bytes);
    set(
        registry,
        "database_size_bytes",
        "What the data takes on disk",
        size,
    );
    registry.register(
        "audit_records",
        "Records of the audit log since the beginning",
        ConstCounter::new(stored.audit.records),
    );
    let unlinked = as_float(stored.audit.unlinked);
    set(
        registry,
        "audit_unlinked",
        "Records that are not in the chain yet",
        unlinked,
    );
    show_backups(registry, &stored.backups);
}

fn show_tls(registry: &mut Registry, tls: &TlsState) {
    if let Some(first) = tls
        .certificates
        .iter()
        .map(|certificate| certificate.not_after)
        .min()
    {
        set(
            registry,
            "tls_certificate_expiry_timestamp_seconds",
            "When the first of the certificates ends that come from elsewhere",
            seconds(first),
        );
    }
    let failures: u64 = tls.orders.iter().map(|order| u64::from(order.failures)).sum();
    set(
        registry,
        "tls_renewal_failures",
        "Attempts to get certificates that failed since the last one that did not",
        as_float(failures + u64::from(tls.files_failure.is_some())),
    );
}

fn truth(truth: bool) -> f64 {
    if truth { 1.0 } else { 0.0 }
}

fn show_backups(registry: &mut Registry, backups: &Backups) {
    if let Some(newest) = backups.backups.first() {
        let at = seconds(newest.created_at);
        set(
            registry,
            "backup_last_timestamp_seconds",
            "When the newest backup was made",
            at,
        );
        set(
            registry,
            "backup_last_size_bytes",
            "Size of the newest backup",
            as_float(newest.size),
        );
        let copies = newest.copies.iter();
        let made = copies.filter(|copy| copy.copied_at.is_some()).count();
        let missing = as_float(backups.targets.len().saturating_sub(made) as u64);
        set(
            registry,
            "backup_last_copies_missing",
            "Targets that do not have a copy of it",
            missing,
        );
    }
    let failed = truth(backups.failure.is_some());
    set(
        registry,
        "backup_failed",
        "Whether the last attempt failed",
        failed,
    );
    set(
        registry,
        "backup_overdue",
        "Whether there should have been one",
        truth(backups.overdue),
    );
    if let Some(drill) = backups.drills.first() {
        let at = seconds(drill.at);
        set(
            registry,
            "drill_last_timestamp_seconds",
            "When a restore was rehearsed last",
            at,
        );
        set(
            registry,
            "drill_ok",
            "Whether the last rehearsed restore passed",
            truth(drill.passed),
        );
    }
    let overdue = truth(backups.drill_overdue);
    set(
        registry,
        "drill_overdue",
        "Whether none passed for two weeks",
        overdue,
    );
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
