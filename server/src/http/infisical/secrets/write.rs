//! Making, changing and deleting a secret.

use std::sync::Arc;

use axum::extract::State;
use shared::model::names::SecretName;
use shared::wire::secrets::{SecretBody, SecretQuery, SecretResponse, ValueBody};

use super::{body, kind_of};
use crate::app::App;
use crate::domain::caller::Credential;
use crate::domain::places::Place;
use crate::domain::secrets::write::{self, Change, NewSecret};
use crate::domain::secrets::{DetailsChange, Kind, MetadataItem, TagWord};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query, filled, parsed};
use crate::http::guard::Bearer;
use crate::http::infisical::places::{Spelling, place_of};

fn details(request: &mut SecretBody) -> DetailsChange {
    let metadata = request.secret_metadata.take().map(|items| {
        let items = items.into_iter().map(|item| MetadataItem {
            key: item.key,
            value: item.value,
            encrypted: item.is_encrypted,
        });
        items.collect()
    });
    DetailsChange {
        metadata,
        legacy: request.metadata.take(),
        reminder_note: request.secret_reminder_note.take(),
        reminder_repeat_days: request.secret_reminder_repeat_days,
    }
}

/// The secret that a request wants made.
pub(super) fn new_secret(name: SecretName, mut request: SecretBody) -> Result<NewSecret, Failure> {
    let details = details(&mut request);
    let Some(value) = request.secret_value else {
        return Err(Failure::invalid("secretValue", "Required"));
    };
    Ok(NewSecret {
        name,
        value: value.normalized_value(),
        comment: request.secret_comment.unwrap_or_default().trimmed(),
        skip_multiline_encoding: request.skip_multiline_encoding,
        tags: request.tag_ids.map(|ids| (TagWord::Id, ids)),
        details,
    })
}

/// The change that a request wants.
pub(super) fn change(mut request: SecretBody) -> Result<Change, Failure> {
    let details = details(&mut request);
    Ok(Change {
        // An empty name is a mistake, not the wish to keep the old one.
        name: request
            .new_secret_name
            .map(|name| parsed("newSecretName", name.trim()))
            .transpose()?,
        value: request.secret_value.map(|value| value.normalized_value()),
        comment: request.secret_comment.map(|comment| comment.trimmed()),
        skip_multiline_encoding: request.skip_multiline_encoding,
        tags: request.tag_ids.map(|ids| (TagWord::Id, ids)),
        details,
        expected_version: request.expected_version,
    })
}

/// The place of a write. Its environment must be named, except by a service token, which may have but one.
pub(super) fn place_to_write(credential: &Credential, spelling: &Spelling) -> Result<Place, Failure> {
    let place = place_of(spelling)?;
    if place.environment.is_none() && !matches!(credential, Credential::ServiceToken { .. }) {
        return Err(Failure::invalid(
            "environment",
            "Required: the slug of the environment, such as dev",
        ));
    }
    Ok(place)
}

/// `POST /api/v3/secrets/raw/{name}` and `POST /api/v4/secrets/{name}`
pub async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(name): Path<String>,
    Json(request): Json<SecretBody>,
) -> Result<Json<SecretResponse>, Failure> {
    let place = place_to_write(&caller.0, &Spelling::from(&request))?;
    let kind = kind_of(request.kind);
    let new = new_secret(parsed("secretName", &name)?, request)?;
    let secret = app
        .write_as(caller, move |cx, caller| {
            write::create(cx, caller, &place, kind, &new)
        })
        .await?;
    Ok(Json(SecretResponse { secret: body(secret) }))
}

/// `PATCH /api/v3/secrets/raw/{name}` and `PATCH /api/v4/secrets/{name}`
pub async fn update(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(name): Path<String>,
    Json(request): Json<SecretBody>,
) -> Result<Json<SecretResponse>, Failure> {
    let name: SecretName = parsed("secretName", &name)?;
    let place = place_to_write(&caller.0, &Spelling::from(&request))?;
    let kind = kind_of(request.kind);
    let change = change(request)?;
    let secret = app
        .write_as(caller, move |cx, caller| {
            write::update(cx, caller, &place, kind, &name, &change)
        })
        .await?;
    Ok(Json(SecretResponse { secret: body(secret) }))
}

/// `PATCH /api/v1/secrets/{name}`: the short form for scripts. The place stands in the body, in the query, or in the
/// service token.
pub async fn set_value(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(name): Path<String>,
    Query(query): Query<SecretQuery>,
    Json(request): Json<ValueBody>,
) -> Result<Json<SecretResponse>, Failure> {
    let name: SecretName = parsed("secretName", &name)?;
    let (asked, said) = (Spelling::from(&query), Spelling::from(&request));
    let project = said.projects.into_iter().chain(asked.projects);
    let given = |word: &&String| filled(Some(*word)).is_some();
    let place: Place = place_of(&Spelling {
        projects: [
            project.into_iter().find(|word| filled(*word).is_some()).flatten(),
            None,
            None,
            None,
        ],
        environment: said.environment.filter(given).or(asked.environment),
        path: said.path.filter(given).or(asked.path),
    })?;
    let Some(value) = request.value.or(request.secret_value) else {
        return Err(Failure::invalid("value", "Required: {\"value\": \"…\"}"));
    };
    let change = Change {
        value: Some(value.normalized_value()),
        ..Change::default()
    };
    let secret = app
        .write_as(caller, move |cx, caller| {
            write::update(cx, caller, &place, Kind::Shared, &name, &change)
        })
        .await?;
    Ok(Json(SecretResponse { secret: body(secret) }))
}

/// `DELETE /api/v3/secrets/raw/{name}` and `DELETE /api/v4/secrets/{name}`
pub async fn delete(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(name): Path<String>,
    Json(request): Json<SecretBody>,
) -> Result<Json<SecretResponse>, Failure> {
    let name: SecretName = parsed("secretName", &name)?;
    let place = place_to_write(&caller.0, &Spelling::from(&request))?;
    let kind = kind_of(request.kind);
    let secret = app
        .write_as(caller, move |cx, caller| {
            write::delete(cx, caller, &place, kind, &name)
        })
        .await?;
    Ok(Json(SecretResponse { secret: body(secret) }))
}
