//! Folders of an environment.

use shared::model::ids::FolderId;
use shared::model::names::FolderName;
use shared::wire::folders::{Folder, FolderBody, FolderResponse, FoldersResponse};

use super::error::Error;
use super::request::Request;
use super::secrets::Place;
use crate::session::Session;

fn body(place: &Place) -> FolderBody {
    FolderBody {
        workspace_id: Some(place.project.clone()),
        environment: Some(place.environment.clone()),
        path: Some(place.folder.to_string()),
        ..FolderBody::default()
    }
}

/// The folders that stand in a place.
pub async fn list(session: Session, place: &Place) -> Result<Vec<Folder>, Error> {
    let answer: FoldersResponse = Request::get("/api/v1/folders")
        .query("workspaceId", place.project.as_str())
        .query("environment", place.environment.as_str())
        .query("path", place.folder.to_string())
        .send(session)
        .await?;
    Ok(answer.folders)
}

/// Makes a folder.
pub async fn create(session: Session, place: &Place, name: &FolderName) -> Result<Folder, Error> {
    let body = FolderBody {
        name: Some(name.to_string()),
        ..body(place)
    };
    let answer: FolderResponse = Request::post("/api/v1/folders")
        .json(&body)?
        .send(session)
        .await?;
    Ok(answer.folder)
}

/// Renames a folder. What is in it stays.
pub async fn rename(session: Session, place: &Place, id: FolderId, name: &FolderName) -> Result<(), Error> {
    let body = FolderBody {
        name: Some(name.to_string()),
        ..body(place)
    };
    let _: FolderResponse = Request::patch(format!("/api/v1/folders/{id}"))
        .json(&body)?
        .send(session)
        .await?;
    Ok(())
}

/// Brings a deleted folder back, with what was deleted with it.
pub async fn restore(session: Session, id: FolderId) -> Result<(), Error> {
    let _: FolderResponse = Request::post(format!("/api/strongroom/v1/folders/{id}/restore"))
        .send(session)
        .await?;
    Ok(())
}

/// Deletes a folder with all that is in it.
pub async fn delete(session: Session, place: &Place, id: FolderId) -> Result<(), Error> {
    let _: FolderResponse = Request::delete(format!("/api/v1/folders/{id}"))
        .json(&body(place))?
        .send(session)
        .await?;
    Ok(())
}
