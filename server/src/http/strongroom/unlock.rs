//! A locked server: what would open it, and the opening.

use std::sync::Arc;

use axum::extract::State;
use shared::wire::unlock::{Locked, Unlock, Unlocked, UnlockerName};

use crate::app::App;
use crate::app::unlock::to_bring;
use crate::domain::keys;
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::{From, OnThisMachine};
use crate::http::refused_login;

/// Whether the store is locked, and what would open it. Nothing of it is secret.
pub async fn locked(State(app): State<Arc<App>>, OnThisMachine(near): OnThisMachine) -> Json<Locked> {
    let why = app.why_locked();
    let unlockers = why.iter().flat_map(|why| to_bring(&why.slots));
    let unlockers = unlockers.map(|slot| UnlockerName {
        name: slot.name.clone(),
        kind: keys::kind(slot.kind),
        fingerprint: slot.fingerprint.clone(),
    });
    Json(Locked {
        locked: why.is_some(),
        fingerprint: why.as_ref().and_then(|why| why.fingerprint().map(str::to_owned)),
        unlockers: unlockers.collect(),
        // Without a fingerprint there is nothing to compare.
        confirmation_needed: why.is_some_and(|why| why.fingerprint().is_some()) && !near,
    })
}

/// Opens the store with a key. From another machine only with the fingerprint of this server, as a sign that somebody
/// looked at whom he sends it to.
pub async fn unlock(
    State(app): State<Arc<App>>,
    From(source): From,
    OnThisMachine(near): OnThisMachine,
    Json(request): Json<Unlock>,
) -> Result<Json<Unlocked>, Failure> {
    let confirmed = (!near).then_some(request.confirmed_fingerprint);
    let outcome = app.unlock(&request.identity, confirmed, source.clone()).await;
    let unlocked_by = refused_login::noted(&source, "unlock", outcome)?;
    Ok(Json(Unlocked { unlocked_by }))
}
