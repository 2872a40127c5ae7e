//! What only our own interface does with folders.

use std::sync::Arc;

use axum::extract::State;
use shared::wire::folders::FolderResponse;

use crate::app::App;
use crate::domain::folders::restoring;
use crate::http::error::Failure;
use crate::http::extract::{Json, Path};
use crate::http::guard::Bearer;
use crate::http::infisical::folders::{id_of, one};

/// `POST /api/strongroom/v1/folders/{id}/restore`
pub async fn restore(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<FolderResponse>, Failure> {
    let id = id_of(&id)?;
    let restored = app
        .write_as(caller, move |cx, caller| restoring::restore(cx, caller, id))
        .await?;
    Ok(one(restored))
}
