//! Imports of folders, v1 and v2: the two differ in how the project is called.

use std::sync::Arc;

use axum::extract::State;
use shared::model::ids::SecretImportId;
use shared::wire::secret_imports::{
    ImportEnvironment, PlacedSecretImport, SecretImport, SecretImportChangeResponse, SecretImportRequest,
    SecretImportResponse, SecretImportsResponse,
};

use crate::app::App;
use crate::domain::Error;
use crate::domain::secret_imports::{self, Change, Source};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query, filled, parsed};
use crate::http::guard::Bearer;
use crate::http::infisical::places::{Spelling, place_of, spelled};
use crate::store::secret_imports::SecretImport as Row;

spelled! { SecretImportRequest: path; }

fn body(row: Row) -> SecretImport {
    SecretImport {
        id: row.id,
        version: row.version,
        import_path: row.source_path,
        import_env: ImportEnvironment {
            id: row.source_environment_id,
            name: row.source_name,
            slug: row.source_slug,
        },
        position: row.position,
        folder_id: row.folder_id,
        is_replication: false,
        is_replication_success: None,
        replication_status: None,
        last_replicated: None,
        is_reserved: false,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn change(message: &str, row: Row) -> Json<SecretImportChangeResponse> {
    Json(SecretImportChangeResponse {
        message: message.to_owned(),
        secret_import: body(row),
    })
}

/// `GET /api/v1/secret-imports` and v2
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Query(request): Query<SecretImportRequest>,
) -> Result<Json<SecretImportsResponse>, Failure> {
    let place = place_of(&Spelling::from(&request))?;
    let rows = app
        .read_as(caller, move |cx, caller| secret_imports::list(cx, caller, &place))
        .await?;
    Ok(Json(SecretImportsResponse {
        message: "Successfully fetched secret imports".into(),
        secret_imports: rows.into_iter().map(body).collect(),
    }))
}

/// `GET /api/v1/secret-imports/{import}` and v2
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<SecretImportResponse>, Failure> {
    let id: SecretImportId = parsed("secretImportId", &id)?;
    let (row, folder) = app
        .read_as(caller, move |cx, caller| secret_imports::get(cx, caller, id))
        .await?;
    Ok(Json(SecretImportResponse {
        secret_import: PlacedSecretImport {
            import: body(row),
            environment: ImportEnvironment {
                id: folder.environment.id,
                name: folder.environment.name,
                slug: folder.environment.slug,
            },
            project_id: folder.project,
            secret_path: folder.path.to_string(),
        },
    }))
}

/// `POST /api/v1/secret-imports` and v2
pub async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<SecretImportRequest>,
) -> Result<Json<SecretImportChangeResponse>, Failure> {
    let place = place_of(&Spelling::from(&request))?;
    if request.is_replication == Some(true) {
        return Err(Error::BadRequest(
            "Replicated imports are not supported yet. Leave isReplication out for an import that shows its source"
                .into(),
        )
        .into());
    }
    let import = request.import.unwrap_or_default();
    let Some(environment) = filled(import.environment.as_ref()).map(str::to_owned) else {
        return Err(Failure::invalid("import.environment", "Required"));
    };
    let Some(path) = filled(import.path.as_ref()) else {
        return Err(Failure::invalid("import.path", "Required"));
    };
    let source = Source {
        environment,
        path: parsed("import.path", path)?,
    };
    let row = app
        .write_as(caller, move |cx, caller| {
            secret_imports::create(cx, caller, &place, &source)
        })
        .await?;
    Ok(change("Successfully created secret import", row))
}

/// `PATCH /api/v1/secret-imports/{import}` and v2
pub async fn update(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Json(request): Json<SecretImportRequest>,
) -> Result<Json<SecretImportChangeResponse>, Failure> {
    let id: SecretImportId = parsed("secretImportId", &id)?;
    let place = place_of(&Spelling::from(&request))?;
    let import = request.import.unwrap_or_default();
    let position = import.position.filter(|position| *position != 0);
    if position.is_some_and(|position| position < 0) {
        return Err(Failure::invalid("import.position", "expected a number from 1"));
    }
    let wanted = Change {
        environment: filled(import.environment.as_ref()).map(str::to_owned),
        path: filled(import.path.as_ref())
            .map(|path| parsed("import.path", path))
            .transpose()?,
        position,
    };
    let row = app
        .write_as(caller, move |cx, caller| {
            secret_imports::update(cx, caller, &place, id, &wanted)
        })
        .await?;
    Ok(change("Successfully updated secret import", row))
}

/// `DELETE /api/v1/secret-imports/{import}` and v2
pub async fn delete(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
    Json(request): Json<SecretImportRequest>,
) -> Result<Json<SecretImportChangeResponse>, Failure> {
    let id: SecretImportId = parsed("secretImportId", &id)?;
    let place = place_of(&Spelling::from(&request))?;
    let row = app
        .write_as(caller, move |cx, caller| {
            secret_imports::delete(cx, caller, &place, id)
        })
        .await?;
    Ok(change("Successfully deleted secret import", row))
}
