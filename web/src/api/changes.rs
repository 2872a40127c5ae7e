//! Changes to the secrets of a folder, all together or none.

use shared::wire::changes::{Change, ChangesRequest, ChangesResponse, Refused};

use super::error::Error;
use super::request::Request;
use super::secrets::Place;
use crate::session::Session;

/// Why changes were not made: the error, and which of them it was about.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The error of the whole request.
    pub error: Error,
    /// What is wrong with single changes; may be empty.
    pub refused: Vec<Refused>,
}

/// Makes changes. A folder that is missing is made, too.
pub async fn make(session: Session, place: &Place, changes: Vec<Change>) -> Result<ChangesResponse, Refusal> {
    let body = ChangesRequest {
        project_id: place.project.clone(),
        environment: place.environment.clone(),
        secret_path: Some(place.folder.to_string()),
        create_path: true,
        changes,
    };
    let request = Request::post("/api/strongroom/v1/changes").json(&body);
    let refusal = |(error, refused): (Error, Option<Vec<Refused>>)| Refusal {
        error,
        refused: refused.unwrap_or_default(),
    };
    request
        .map_err(|error| refusal((error, None)))?
        .send_explained(session)
        .await
        .map_err(refusal)
}
