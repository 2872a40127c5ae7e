//! The past of a secret.

use std::sync::Arc;

use axum::extract::State;
use shared::wire::secrets::{SecretVersionsResponse, VersionsQuery};

use super::body;
use super::located::id_of;
use crate::app::App;
use crate::domain::secrets::versions;
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query};
use crate::http::guard::Bearer;

/// `GET /api/v1/secret/{secret}/secret-versions`
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Query(query): Query<VersionsQuery>,
) -> Result<Json<SecretVersionsResponse>, Failure> {
    let id = id_of(&id)?;
    let versions = app
        .read_audited(caller, move |cx, caller| {
            versions::list(cx, caller, id, query.offset, query.limit)
        })
        .await?;
    Ok(Json(SecretVersionsResponse {
        secret_versions: versions.into_iter().map(body).collect(),
    }))
}
