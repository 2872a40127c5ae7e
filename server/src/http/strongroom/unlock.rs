//! A locked server: what would open it, and the opening.

use std::sync::Arc;

use axum::extract::State;
use shared::wire::unlock::{Locked, Unlock, Unlocked, UnlockerName};

use crate::app::App;
use crate::app::unlock::{Confirmation, to_bring};
use crate::domain::keys;
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::{From, OnThisMachine};
use crate::http::refused_login;
use crate::http::transport::LockedCertificate;

/// Whether the store is locked, and what would open it. Nothing of it is secret.
pub async fn locked(
    State(app): State<Arc<App>>,
    OnThisMachine(near): OnThisMachine,
    LockedCertificate(certificate): LockedCertificate,
) -> Json<Locked> {
    let why = app.why_locked();
    let unlockers = why.iter().flat_map(|why| to_bring(&why.slots));
    let unlockers = unlockers.map(|slot| UnlockerName {
        name: slot.name.clone(),
        kind: keys::kind(slot.kind),
        fingerprint: slot.fingerprint.clone(),
    });
    let unlockers = unlockers.collect();
    let key = why.as_ref().and_then(|why| why.fingerprint());
    let certificate = certificate.filter(|_| key.is_some());
    Json(Locked {
        locked: why.is_some(),
        certificate: certificate.is_some(),
        // Without a fingerprint there is nothing to compare.
        confirmation_needed: key.is_some() && !near,
        fingerprint: certificate.or_else(|| key.map(str::to_owned)),
        unlockers,
    })
}

/// Opens the store with a key. From another machine only with the fingerprint of this server, as a sign that somebody
/// looked at whom he sends it to.
pub async fn unlock(
    State(app): State<Arc<App>>,
    From(source): From,
    OnThisMachine(near): OnThisMachine,
    LockedCertificate(certificate): LockedCertificate,
    Json(request): Json<Unlock>,
) -> Result<Json<Unlocked>, Failure> {
    let confirmed = (!near).then_some(Confirmation {
        given: request.confirmed_fingerprint,
        certificate,
    });
    let outcome = app.unlock(&request.identity, confirmed, source.clone()).await;
    let unlocked_by = refused_login::noted(&source, "unlock", outcome)?;
    Ok(Json(Unlocked { unlocked_by }))
}
