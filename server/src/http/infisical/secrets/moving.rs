//! Moving secrets.

use std::sync::Arc;

use axum::extract::State;
use shared::model::ids::SecretId;
use shared::wire::secrets::{MoveBody, MoveResponse};

use crate::app::App;
use crate::domain::Error;
use crate::domain::secrets::batch::MOST;
use crate::domain::secrets::moving::{self, Move};
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::Bearer;
use crate::http::infisical::places::{Spelling, place_of};

/// `POST /api/v3/secrets/move` and `POST /api/v4/secrets/move`
pub async fn move_secrets(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<MoveBody>,
) -> Result<Json<MoveResponse>, Failure> {
    let required = |field: &str, word: &Option<String>| match word {
        Some(word) if !word.is_empty() => Ok(()),
        _ => Err(Failure::invalid(field, "Required")),
    };
    required("sourceEnvironment", &request.source_environment)?;
    required("destinationEnvironment", &request.destination_environment)?;
    if request.secret_ids.is_empty() || request.secret_ids.len() > MOST {
        return Err(Failure::invalid(
            "secretIds",
            &format!("between 1 and {MOST} ids are needed"),
        ));
    }
    let projects = [
        request.project_id.as_ref(),
        request.workspace_id.as_ref(),
        request.workspace_slug.as_ref(),
        request.project_slug.as_ref(),
    ];
    let ids = request.secret_ids.iter().map(|id| id.parse::<SecretId>());
    let request = Move {
        source: place_of(&Spelling {
            projects,
            environment: request.source_environment.as_ref(),
            path: request.source_secret_path.as_ref(),
        })?,
        destination: place_of(&Spelling {
            projects,
            environment: request.destination_environment.as_ref(),
            path: request.destination_secret_path.as_ref(),
        })?,
        ids: ids
            .collect::<Result<_, _>>()
            .map_err(|invalid| Error::BadRequest(format!("Invalid secrets: {invalid}")))?,
        overwrite: request.should_overwrite,
    };
    app.write_as(caller, move |cx, caller| {
        moving::move_secrets(cx, caller, &request)
    })
    .await?;
    Ok(Json(MoveResponse {
        is_source_updated: true,
        is_destination_updated: true,
    }))
}
