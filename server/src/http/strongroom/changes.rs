//! Many changes to the secrets of a folder at once.

use std::sync::Arc;

use axum::extract::State;
use serde_json::json;
use shared::model::names::SecretName;
use shared::model::text::SecretText;
use shared::wire::changes::{Applied, Change, ChangesRequest, ChangesResponse};
use shared::wire::error::Issue;

use crate::app::App;
use crate::domain::places::{Origin, Place};
use crate::domain::secrets::changes::{self, Undo};
use crate::domain::secrets::write::{self, NewSecret};
use crate::domain::secrets::{DetailsChange, TagWord};
use crate::http::error::Failure;
use crate::http::extract::{Bulk, Json, filled, parsed};
use crate::http::guard::Bearer;

/// Longest value and longest comment, in bytes: what every other route can carry.
const LONGEST: usize = 1024 * 1024;

/// `POST /api/strongroom/v1/changes`
pub async fn make(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Bulk(request): Bulk<ChangesRequest>,
) -> Result<Json<ChangesResponse>, Failure> {
    let place = place_of(&request)?;
    let create_path = request.create_path;
    let changes = read_all(request.changes)?;
    let applied = app
        .write_as(caller, move |cx, caller| {
            changes::apply(cx, caller, &place, create_path, &changes)
        })
        .await?;
    Ok(Json(response(applied)))
}

fn place_of(request: &ChangesRequest) -> Result<Place, Failure> {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let path = filled(request.secret_path.as_ref());
    Ok(Place {
        project: given(&request.project_id),
        environment: given(&request.environment),
        path: parsed("secretPath", path.unwrap_or("/"))?,
        origin: Origin::Request {
            path_given: path.is_some(),
        },
    })
}

/// Reads the changes; a refusal names all that cannot be read.
fn read_all(changes: Vec<Change>) -> Result<Vec<changes::Change>, Failure> {
    let mut read = Vec::with_capacity(changes.len());
    let mut issues = Vec::new();
    for (index, change) in changes.into_iter().enumerate() {
        match read_one(change) {
            Ok(change) => read.push(change),
            Err(Failure::Issues(found)) => issues.extend(found.into_iter().map(|issue| at(index, issue))),
            Err(other) => return Err(other),
        }
    }
    if issues.is_empty() {
        Ok(read)
    } else {
        Err(Failure::Issues(issues))
    }
}

fn at(index: usize, mut issue: Issue) -> Issue {
    issue.path.splice(0..0, [json!("changes"), json!(index)]);
    issue
}

fn read_one(change: Change) -> Result<changes::Change, Failure> {
    let slugs = |slugs: Option<Vec<String>>| slugs.map(|slugs| (TagWord::Slug, slugs));
    Ok(match change {
        Change::Create {
            name,
            value,
            comment,
            tag_slugs,
        } => changes::Change::Create(NewSecret {
            name: parsed("name", &name)?,
            value: text("value", &value)?.normalized_value(),
            comment: text("comment", &comment.unwrap_or_default())?.trimmed(),
            skip_multiline_encoding: None,
            tags: slugs(tag_slugs),
            details: DetailsChange::default(),
        }),
        Change::Update {
            id,
            version,
            name,
            value,
            comment,
            tag_slugs,
        } => changes::Change::Update {
            id,
            change: write::Change {
                name: new_name(name)?,
                value: match &value {
                    Some(value) => Some(text("value", value)?.normalized_value()),
                    None => None,
                },
                comment: match &comment {
                    Some(comment) => Some(text("comment", comment)?.trimmed()),
                    None => None,
                },
                skip_multiline_encoding: None,
                tags: slugs(tag_slugs),
                details: DetailsChange::default(),
                expected_version: Some(version),
            },
        },
        Change::Delete { id, version } => changes::Change::Delete { id, version },
        Change::Restore { id } => changes::Change::Restore { id },
        Change::Revert {
            id,
            version,
            to,
            name,
        } => changes::Change::Revert {
            id,
            version,
            to,
            name: new_name(name)?,
        },
    })
}

fn new_name(name: Option<String>) -> Result<Option<SecretName>, Failure> {
    name.map(|name| parsed("name", &name)).transpose()
}

fn text<'a>(field: &str, text: &'a SecretText) -> Result<&'a SecretText, Failure> {
    if text.len() > LONGEST {
        return Err(Failure::invalid(field, "longer than 1 MiB"));
    }
    Ok(text)
}

fn response(applied: Vec<changes::Applied>) -> ChangesResponse {
    // Backwards, as one would do it by hand.
    let undo = applied.iter().rev().map(undo).collect();
    let applied = applied.into_iter().map(|applied| Applied {
        op: applied.op,
        id: applied.id,
        name: applied.name,
        version: applied.version,
    });
    ChangesResponse {
        applied: applied.collect(),
        undo,
    }
}

fn undo(applied: &changes::Applied) -> Change {
    let id = applied.id;
    match &applied.undo {
        Undo::Delete(version) => Change::Delete {
            id,
            version: Some(*version),
        },
        Undo::Restore => Change::Restore { id },
        Undo::Revert(version, to, name) => Change::Revert {
            id,
            version: *version,
            to: *to,
            name: name.clone(),
        },
    }
}
