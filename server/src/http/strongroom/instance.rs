//! The state of the instance.

use std::sync::Arc;

use axum::extract::State;
use shared::wire::instance::{Database, DatabaseKind, Instance, LastBackup};

use crate::app::App;
use crate::app::data_dir::DataDir;
use crate::app::database::Place;
use crate::domain::backups::targets;
use crate::domain::instance;
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::Bearer;
use crate::outside::egress;
use crate::store::Dialect;

/// What the instance is and how it is.
pub async fn state(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<Instance>, Failure> {
    let (state, targets) = app
        .read_as(caller, |cx, caller| {
            Ok((instance::state(cx, caller)?, targets::list(cx)?))
        })
        .await?;
    let (unlocked_by, key_fingerprint) = state.unlocked_by.unzip();
    Ok(Json(Instance {
        version: env!("CARGO_PKG_VERSION").into(),
        started_at: app.started_at(),
        database: Database {
            kind: match state.database {
                Dialect::Sqlite => DatabaseKind::Sqlite,
                Dialect::Postgres => DatabaseKind::Postgres,
            },
            size_bytes: state.size,
        },
        state: "unlocked".into(),
        key_fingerprint,
        unlocked_by,
        unlockers: state.unlockers.try_into().unwrap_or(u64::MAX),
        last_backup: state.last_backup.map(|backup| LastBackup {
            at: backup.at,
            size_bytes: backup.size,
        }),
        data_directory: app.data_dir().map(|dir| dir.path().display().to_string()),
        outbound: egress::now(
            targets.iter().map(|stored| &stored.target.place),
            app.tls().directory().as_deref(),
            &database_elsewhere(&app),
        ),
        outbound_allowed: app
            .host()
            .outbound
            .allowed()
            .iter()
            .map(ToString::to_string)
            .collect(),
    }))
}

/// The hosts of the database, if it is on another machine.
fn database_elsewhere(app: &App) -> Vec<(String, u16)> {
    match app.data_dir().map(DataDir::place) {
        Some(Ok(Place::Postgres(address))) => address.elsewhere(),
        _ => Vec::new(),
    }
}
