//! What only our own interface does with environments.

use std::sync::Arc;

use axum::extract::State;
use shared::model::ids::EnvironmentId;
use shared::model::names::{DisplayName, EnvSlug};
use shared::wire::environments::{CloneEnvironmentRequest, CloneEnvironmentResponse};

use crate::app::App;
use crate::domain::environments::cloning;
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, parsed};
use crate::http::guard::Bearer;
use crate::http::infisical::environments::body;

/// `POST …/environments/{id}/clone`
pub async fn clone(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path((project, id)): Path<(String, String)>,
    Json(request): Json<CloneEnvironmentRequest>,
) -> Result<Json<CloneEnvironmentResponse>, Failure> {
    let id: EnvironmentId = parsed("environment", &id)?;
    let name: DisplayName = parsed("name", &request.name)?;
    let slug: EnvSlug = parsed("slug", &request.slug)?;
    let with_secrets = request.with_secrets;
    let made = app
        .write_as(caller, move |cx, caller| {
            cloning::clone(cx, caller, &project, id, (&name, &slug), with_secrets)
        })
        .await?;
    Ok(Json(CloneEnvironmentResponse {
        environment: body(made.environment),
        folders: made.folders,
        imports: made.imports,
        secrets: made.secrets,
    }))
}
