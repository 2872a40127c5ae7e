//! Reading secrets. v3 raw and v4 differ in what they do unasked.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use shared::model::names::SecretName;
use shared::wire::secret_imports::ImportedSecretsResponse;
use shared::wire::secrets::{SecretQuery, SecretResponse, SecretsResponse};

use super::{body, import_block};
use crate::app::App;
use crate::domain::caller::{Credential, Source};
use crate::domain::secrets::Kind;
use crate::domain::secrets::read::{self, Filter, GetOptions, ListOptions, Overrides, References};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query, filled, parsed, switch};
use crate::http::guard::Bearer;
use crate::http::infisical::places::{Spelling, first, hinted, place_of};

/// Infisical's limit for the pairs of a filter by metadata.
const MOST_PAIRS: usize = 10;
/// Most tags to filter by: as many as a secret can have.
const MOST_SLUGS: usize = 100;

fn kind(query: &SecretQuery) -> Result<Kind, Failure> {
    match filled(query.kind.as_ref()) {
        None | Some("shared") => Ok(Kind::Shared),
        Some("personal") => Ok(Kind::Personal),
        Some(_) => Err(Failure::invalid("type", "expected shared or personal")),
    }
}

fn includes_imports(query: &SecretQuery, default: bool) -> Result<bool, Failure> {
    let default = switch("includeImports", query.include_imports.as_ref(), default)?;
    switch("include_imports", query.include_imports_v3.as_ref(), default)
}

fn expands(query: &SecretQuery, default: bool) -> Result<bool, Failure> {
    let asked = query.expand_secret_references.as_ref();
    switch("expandSecretReferences", asked, default)
}

fn shows_values(query: &SecretQuery) -> Result<bool, Failure> {
    switch("viewSecretValue", query.view_secret_value.as_ref(), true)
}

fn filter(query: &SecretQuery) -> Result<Filter, Failure> {
    let tags = filled(query.tag_slugs.as_ref()).unwrap_or_default();
    let metadata = filled(query.metadata_filter.as_ref()).unwrap_or_default();
    let metadata: Vec<(String, String)> = metadata.split('|').filter_map(pair).collect();
    if metadata.len() > MOST_PAIRS {
        return Err(Failure::invalid(
            "metadataFilter",
            &format!("at most {MOST_PAIRS} pairs of key and value"),
        ));
    }
    let tags: HashSet<String> = tags
        .split(',')
        .map(str::trim)
        .filter(|slug| !slug.is_empty())
        .map(str::to_owned)
        .collect();
    if tags.len() > MOST_SLUGS {
        return Err(Failure::invalid(
            "tagSlugs",
            &format!("at most {MOST_SLUGS} slugs of tags. Ask for fewer, or filter the answer yourself"),
        ));
    }
    Ok(Filter { tags, metadata })
}

/// A pair such as `key=a,value=b`; none when one of the two is missing.
fn pair(text: &str) -> Option<(String, String)> {
    let field = |name: &str| {
        text.split(',').find_map(|part| {
            let (word, content) = part.split_once('=')?;
            let content = content.trim();
            (word.trim() == name && !content.is_empty()).then(|| content.to_owned())
        })
    };
    Some((field("key")?, field("value")?))
}

fn options(query: &SecretQuery) -> Result<ListOptions, Failure> {
    Ok(ListOptions {
        values: shows_values(query)?,
        recursive: switch("recursive", query.recursive.as_ref(), false)?,
        filter: filter(query)?,
        ..ListOptions::default()
    })
}

/// `GET /api/v3/secrets/raw`: by itself without imports and references, but with the caller's overrides; imports come
/// with their references expanded unless that is refused in so many words.
pub async fn list_raw(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Query(query): Query<SecretQuery>,
) -> Result<Response, Failure> {
    let references = match (
        filled(query.expand_secret_references.as_ref()),
        expands(&query, false)?,
    ) {
        (None, _) => References::ExpandedInImports,
        (_, true) => References::Expanded,
        (_, false) => References::Kept,
    };
    let options = ListOptions {
        imports: includes_imports(&query, false)?,
        references,
        overrides: Overrides::Beside,
        ..options(&query)?
    };
    list(&app, caller, &query, options).await
}

/// `GET /api/v4/secrets`: by itself with imports and references, without the caller's overrides.
pub async fn list_v4(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Query(query): Query<SecretQuery>,
) -> Result<Response, Failure> {
    let overrides = query.include_personal_overrides.as_ref();
    let options = ListOptions {
        imports: includes_imports(&query, true)?,
        references: if expands(&query, true)? {
            References::Expanded
        } else {
            References::Kept
        },
        overrides: if switch("includePersonalOverrides", overrides, false)? {
            Overrides::Instead
        } else {
            Overrides::Hidden
        },
        ..options(&query)?
    };
    list(&app, caller, &query, options).await
}

async fn list(
    app: &App,
    caller: (Credential, Source),
    query: &SecretQuery,
    options: ListOptions,
) -> Result<Response, Failure> {
    let place = place_of(&Spelling::from(query))?;
    let listing = app
        .read_audited(caller, move |cx, caller| read::list(cx, caller, &place, &options))
        .await?;
    let body = Json(SecretsResponse {
        secrets: listing.secrets.into_iter().map(body).collect(),
        imports: listing.imports.into_iter().map(import_block).collect(),
    });
    Ok(hinted(body, listing.missing.as_deref()))
}

/// `GET /api/v1/secret-imports/secrets` and `…/secrets/raw`: what the imports of a folder bring, without its own secrets.
pub async fn list_imported(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Query(query): Query<SecretQuery>,
) -> Result<Response, Failure> {
    let place = place_of(&Spelling {
        path: first([query.path.as_ref(), query.secret_path.as_ref()]),
        ..Spelling::from(&query)
    })?;
    let options = ListOptions {
        references: if expands(&query, false)? {
            References::Expanded
        } else {
            References::ExpandedInImports
        },
        ..options(&query)?
    };
    let listing = app
        .read_audited(caller, move |cx, caller| {
            read::list_imported(cx, caller, &place, &options)
        })
        .await?;
    let body = Json(ImportedSecretsResponse {
        secrets: listing.imports.into_iter().map(import_block).collect(),
    });
    Ok(hinted(body, listing.missing.as_deref()))
}

/// `GET /api/v3/secrets/raw/{name}`
pub async fn get_raw(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(name): Path<String>,
    Query(query): Query<SecretQuery>,
) -> Result<Json<SecretResponse>, Failure> {
    get(&app, caller, &name, &query, false).await
}

/// `GET /api/v4/secrets/{name}`
pub async fn get_v4(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(name): Path<String>,
    Query(query): Query<SecretQuery>,
) -> Result<Json<SecretResponse>, Failure> {
    get(&app, caller, &name, &query, true).await
}

/// `unasked` says whether imports are searched and references expanded by default.
async fn get(
    app: &App,
    caller: (Credential, Source),
    name: &str,
    query: &SecretQuery,
    unasked: bool,
) -> Result<Json<SecretResponse>, Failure> {
    let name: SecretName = parsed("secretName", name)?;
    let place = place_of(&Spelling::from(query))?;
    let options = GetOptions {
        kind: kind(query)?,
        version: filled(query.version.as_ref())
            .map(|version| parsed("version", version))
            .transpose()?,
        value: shows_values(query)?,
        imports: includes_imports(query, unasked)?,
        expand: expands(query, unasked)?,
    };
    let secret = app
        .read_audited(caller, move |cx, caller| {
            read::get(cx, caller, &place, &name, options)
        })
        .await?;
    Ok(Json(SecretResponse { secret: body(secret) }))
}
