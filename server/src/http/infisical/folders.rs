//! Folders, v1 and v2.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use shared::model::change::Change;
use shared::model::ids::FolderId;
use shared::model::names::{Description, FolderName};
use shared::model::time::UnixMillis;
use shared::wire::folders::{
    Folder, FolderBatchBody, FolderBatchItem, FolderBody, FolderDetails, FolderDetailsResponse,
    FolderEnvironment, FolderQuery, FolderResponse, FoldersResponse,
};

use crate::app::App;
use crate::domain::Error;
use crate::domain::caller::{Credential, Source};
use crate::domain::folders::{self, BatchChange, FolderChange};
use crate::domain::places::Place;
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query, filled, parsed, switch};
use crate::http::guard::Bearer;
use crate::http::infisical::places::{Spelling, hinted, place_of, spelled};

spelled! {
    FolderQuery: path, directory, secret_path;
    FolderBody: path, directory, secret_path;
}

fn body(folder: folders::Folder) -> Folder {
    let row = folder.row;
    Folder {
        id: row.id,
        name: if row.parent_id.is_some() {
            row.name
        } else {
            "root".into()
        },
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
        env_id: row.environment_id,
        parent_id: row.parent_id,
        is_reserved: false,
        description: row.description,
        last_secret_modified: folder.last_secret_modified,
        path: folder.path.to_string(),
        relative_path: folder.relative_path.map(|path| path.to_string()),
    }
}

fn details(folder: folders::Folder) -> Json<FolderDetailsResponse> {
    let environment = FolderEnvironment {
        env_id: folder.environment.id,
        env_name: folder.environment.name.clone(),
        env_slug: folder.environment.slug.clone(),
    };
    Json(FolderDetailsResponse {
        folder: FolderDetails {
            project_id: folder.project,
            environment,
            folder: body(folder),
        },
    })
}

/// A folder as the answer to what was done with it.
pub fn one(folder: folders::Folder) -> Json<FolderResponse> {
    Json(FolderResponse { folder: body(folder) })
}

/// An id in a path. What is none is an id that nothing has.
pub fn id_of(text: &str) -> Result<FolderId, Failure> {
    text.parse()
        .map_err(|_| Error::NotFound(format!("Folder with id '{text}' not found")).into())
}

fn described(text: Change<String>) -> Result<Change<Description>, Failure> {
    text.try_map(|text| parsed("description", &text))
}

/// `GET /api/v1/folders` and `GET /api/v2/folders`
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Query(query): Query<FolderQuery>,
) -> Result<Response, Failure> {
    let place = place_of(&Spelling::from(&query))?;
    let recursive = switch("recursive", query.recursive.as_ref(), false)?;
    let since: Option<UnixMillis> = filled(query.last_secret_modified.as_ref())
        .map(|text| parsed("lastSecretModified", text))
        .transpose()?;
    let listing = app
        .read_as(caller, move |cx, caller| {
            folders::list(cx, caller, &place, recursive, since)
        })
        .await?;
    let answer = FoldersResponse {
        folders: listing.folders.into_iter().map(body).collect(),
    };
    Ok(hinted(Json(answer), listing.missing.as_deref()))
}

/// `GET /api/v1/folders/{id}` and `GET /api/v2/folders/{id}`
pub async fn get(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(id): Path<String>,
) -> Result<Json<FolderDetailsResponse>, Failure> {
    let id = id_of(&id)?;
    let found = app
        .read_as(caller, move |cx, caller| folders::get(cx, caller, id))
        .await?;
    Ok(details(found))
}

/// `GET /api/v1/folders/{project}/{environment}/{path}`: the path is one segment, percent-encoded.
pub async fn get_by_path(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path((project, environment, path)): Path<(String, String, String)>,
) -> Result<Json<FolderDetailsResponse>, Failure> {
    let place = Place {
        project: Some(project),
        environment: Some(environment),
        path: parsed("path", &path)?,
        ..Place::default()
    };
    let found = app
        .read_as(caller, move |cx, caller| folders::get_by_path(cx, caller, &place))
        .await?;
    Ok(details(found))
}

/// `POST /api/v1/folders` and `POST /api/v2/folders`
pub async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<FolderBody>,
) -> Result<Json<FolderResponse>, Failure> {
    let Some(name) = &request.name else {
        return Err(Failure::invalid("name", "Required"));
    };
    let name: FolderName = parsed("name", name)?;
    // When it makes a folder, Infisical does not look at `directory`, and what clients made so lies at the top.
    let spelling = Spelling {
        path: request.path.as_ref(),
        ..Spelling::from(&request)
    };
    let place = place_of(&spelling)?;
    let description = described(request.description)?.apply(None);
    let made = app
        .write_as(caller, move |cx, caller| {
            folders::create(cx, caller, &place, &name, description.as_ref())
        })
        .await?;
    Ok(one(made))
}

/// `PATCH /api/v1/folders/{id}` and `PATCH /api/v2/folders/{id}`
pub async fn update(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(reference): Path<String>,
    Json(request): Json<FolderBody>,
) -> Result<Json<FolderResponse>, Failure> {
    let place = place_of(&Spelling::from(&request))?;
    let change = FolderChange {
        name: request
            .name
            .as_ref()
            .map(|name| parsed("name", name))
            .transpose()?,
        description: described(request.description)?,
    };
    let changed = app
        .write_as(caller, move |cx, caller| {
            folders::update(cx, caller, &place, &reference, &change)
        })
        .await?;
    Ok(one(changed))
}

/// `PATCH /api/v1/folders/batch` and `PATCH /api/v2/folders/batch`
pub async fn update_all(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<FolderBatchBody>,
) -> Result<Json<FoldersResponse>, Failure> {
    if request.folders.is_empty() {
        return Err(Failure::invalid("folders", "Give at least one"));
    }
    let projects = [
        request.project_id.as_ref(),
        request.workspace_id.as_ref(),
        request.project_slug.as_ref(),
        None,
    ];
    let changes = request
        .folders
        .iter()
        .map(|item| batch_change(projects, item))
        .collect::<Result<Vec<_>, Failure>>()?;
    let changed = app
        .write_as(caller, move |cx, caller| {
            folders::update_all(cx, caller, &changes)
        })
        .await?;
    Ok(Json(FoldersResponse {
        folders: changed.into_iter().map(body).collect(),
    }))
}

fn batch_change(projects: [Option<&String>; 4], item: &FolderBatchItem) -> Result<BatchChange, Failure> {
    let spelling = Spelling {
        projects,
        environment: Some(&item.environment),
        path: item.path.as_ref(),
    };
    Ok(BatchChange {
        place: place_of(&spelling)?,
        reference: item.id.clone(),
        change: FolderChange {
            name: Some(parsed("name", &item.name)?),
            description: described(item.description.clone())?,
        },
    })
}

async fn removed(
    app: &App,
    caller: (Credential, Source),
    reference: String,
    request: &FolderBody,
    force: bool,
) -> Result<Json<FolderResponse>, Failure> {
    let place = place_of(&Spelling::from(request))?;
    let deleted = app
        .write_as(caller, move |cx, caller| {
            folders::delete(cx, caller, &place, &reference, force)
        })
        .await?;
    Ok(one(deleted))
}

/// `DELETE /api/v1/folders/{idOrName}`: with everything in it.
pub async fn delete(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(reference): Path<String>,
    Json(request): Json<FolderBody>,
) -> Result<Json<FolderResponse>, Failure> {
    removed(&app, caller, reference, &request, true).await
}

/// `DELETE /api/v2/folders/{idOrName}`: an empty folder, or any with `forceDelete`.
pub async fn delete_empty(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(reference): Path<String>,
    Json(request): Json<FolderBody>,
) -> Result<Json<FolderResponse>, Failure> {
    let force = request.force_delete.unwrap_or(false);
    removed(&app, caller, reference, &request, force).await
}
