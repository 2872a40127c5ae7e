//! The words of a request for a project, an environment and a folder, in all their spellings.

use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};

use crate::domain::places::{Origin, Place};
use crate::http::error::Failure;
use crate::http::extract::{filled, parsed};

/// What a request says about its place. Empty texts count as absent.
#[derive(Debug, Clone, Copy)]
pub struct Spelling<'a> {
    /// The project in its spellings, ids before slugs: the first that is filled counts.
    pub projects: [Option<&'a String>; 4],
    /// Slug of the environment.
    pub environment: Option<&'a String>,
    /// Folder, `/` when absent.
    pub path: Option<&'a String>,
}

/// The first that is filled.
pub fn first<const N: usize>(spellings: [Option<&String>; N]) -> Option<&String> {
    spellings
        .into_iter()
        .find(|text| filled(*text).is_some())
        .flatten()
}

/// Makes a [`Spelling`] of each of these requests, which name the project and the environment as all do, and the folder
/// in one of these fields.
macro_rules! spelled {
    ($($request:ty: $($path:ident),+;)+) => {$(
        impl<'a> From<&'a $request> for crate::http::infisical::places::Spelling<'a> {
            fn from(request: &'a $request) -> Self {
                Self {
                    projects: [
                        request.project_id.as_ref(),
                        request.workspace_id.as_ref(),
                        request.workspace_slug.as_ref(),
                        request.project_slug.as_ref(),
                    ],
                    environment: request.environment.as_ref(),
                    path: crate::http::infisical::places::first([$(request.$path.as_ref()),+]),
                }
            }
        }
    )+};
}
pub(super) use spelled;

/// The place that a request means. Whether project and environment are given is decided with the credential at hand:
/// a service token supplies its own.
pub fn place_of(spelling: &Spelling) -> Result<Place, Failure> {
    Ok(Place {
        project: spelling.projects.into_iter().find_map(filled).map(str::to_owned),
        environment: filled(spelling.environment).map(str::to_owned),
        path: parsed("secretPath", spelling.path.map_or("/", |path| path.as_str()))?,
        origin: Origin::Request {
            path_given: filled(spelling.path).is_some(),
        },
    })
}

/// A list with a header that says what is missing when it is empty because its environment or folder does not exist.
pub fn hinted(list: impl IntoResponse, missing: Option<&str>) -> Response {
    let mut response = list.into_response();
    if let Some(missing) = missing
        && let Ok(hint) = HeaderValue::from_str(missing)
    {
        response.headers_mut().insert("x-strongroom-hint", hint);
    }
    response
}
