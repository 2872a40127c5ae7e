//! Attaching tags to a secret and detaching them.

use std::sync::Arc;

use axum::extract::State;
use shared::model::names::SecretName;
use shared::wire::secrets::{SecretResponse, TagSecretBody};

use super::{body, kind_of};
use crate::app::App;
use crate::domain::secrets::tagging::{self, Tagging};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, parsed};
use crate::http::guard::Bearer;
use crate::http::infisical::places::{Spelling, place_of};

/// `POST /api/v3/secrets/tags/{name}`
pub async fn attach(
    app: State<Arc<App>>,
    bearer: Bearer,
    name: Path<String>,
    request: Json<TagSecretBody>,
) -> Result<Json<SecretResponse>, Failure> {
    tag(app, bearer, name, request, Tagging::Attach).await
}

/// `DELETE /api/v3/secrets/tags/{name}`
pub async fn detach(
    app: State<Arc<App>>,
    bearer: Bearer,
    name: Path<String>,
    request: Json<TagSecretBody>,
) -> Result<Json<SecretResponse>, Failure> {
    tag(app, bearer, name, request, Tagging::Detach).await
}

async fn tag(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(name): Path<String>,
    Json(request): Json<TagSecretBody>,
    tagging: Tagging,
) -> Result<Json<SecretResponse>, Failure> {
    let name: SecretName = parsed("secretName", &name)?;
    let place = place_of(&Spelling::from(&request))?;
    let kind = kind_of(request.kind);
    let slugs = request.tag_slugs;
    if slugs.is_empty() {
        return Err(Failure::invalid("tagSlugs", "at least one is needed"));
    }
    let secret = app
        .write_as(caller, move |cx, caller| {
            tagging::tag(cx, caller, &place, kind, &name, (tagging, &slugs))
        })
        .await?;
    Ok(Json(SecretResponse { secret: body(secret) }))
}
