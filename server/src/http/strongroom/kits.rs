//! Recovery kits: what opens the store. The secret of a kit never gets here.

use std::sync::Arc;

use axum::extract::State;
use shared::model::names::DisplayName;
use shared::wire::kits::{AddKit, KitAdded, KitSkipped, Kits};

use crate::app::App;
use crate::domain::keys::unlocker;
use crate::domain::{Error, kits};
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::Bearer;
use crate::http::reauthenticate;

/// What opens the store.
pub async fn list(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<Kits>, Failure> {
    let kits = app.read_as(caller, kits::list).await?;
    Ok(Json(Kits {
        instance: kits.instance,
        unlockers: kits.unlockers.iter().map(unlocker).collect(),
        skipped_at: kits.skipped_at,
    }))
}

/// Adds a kit that was made elsewhere, once the password was given again: whoever has a kit has everything.
pub async fn add(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<AddKit>,
) -> Result<Json<KitAdded>, Failure> {
    reauthenticate::by_password(&app, &caller, request.password, |caller| {
        caller.require_instance_admin()
    })
    .await?;
    let name: DisplayName = request
        .name
        .parse()
        .map_err(|reason| Error::invalid("name", &reason))?;
    let slot = app.add_kit(caller, name, request.recipient).await?;
    Ok(Json(KitAdded {
        unlocker: unlocker(&slot),
    }))
}

/// Goes on without a kit.
pub async fn skip(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<KitSkipped>, Failure> {
    let skipped_at = app.write_as(caller, kits::skip).await?;
    Ok(Json(KitSkipped { skipped_at }))
}
