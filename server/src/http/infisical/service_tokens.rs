//! Service tokens.

use std::sync::Arc;

use axum::extract::State;
use shared::model::names::DisplayName;
use shared::wire::service_tokens::{
    CreateServiceTokenRequest, CreatedServiceTokenResponse, ServiceToken, ServiceTokenResponse,
    ServiceTokenScope, ServiceTokenUser, ServiceTokensResponse,
};

use crate::app::App;
use crate::domain::Error;
use crate::domain::service_tokens::scopes::Words;
use crate::domain::service_tokens::{self, NewServiceToken, Permissions, Shown};
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, filled, parsed};
use crate::http::guard::Bearer;

fn body(shown: Shown) -> ServiceToken {
    let Shown {
        row,
        scopes,
        permissions,
        ..
    } = shown;
    ServiceToken {
        id_again: row.id,
        id: row.id,
        name: row.name,
        workspace: row.project_id,
        project_id: row.project_id,
        scopes: scopes
            .into_iter()
            .map(|words| ServiceTokenScope {
                environment: words.environment,
                secret_path: words.path,
            })
            .collect(),
        permissions: permissions.words().into_iter().map(str::to_owned).collect(),
        expires_at: row.expires_at,
        last_used: row.last_used_at,
        encrypted_key: row.encrypted_key,
        iv: row.iv,
        tag: row.tag,
        created_by: row.created_by,
        user: None,
        created_at: row.created_at,
        updated_at: row.updated_at,
        revision: 0,
    }
}

/// `GET /api/v2/service-token`
pub async fn own(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<ServiceToken>, Failure> {
    let shown = app.read_as(caller, service_tokens::own).await?;
    let maker = &shown.maker;
    let user = ServiceTokenUser {
        id_again: maker.id,
        id: maker.id,
        username: maker.email.clone(),
        email: maker.email.clone(),
        first_name: maker.first_name.clone(),
        last_name: maker.last_name.clone(),
    };
    Ok(Json(ServiceToken {
        user: Some(user),
        ..body(shown)
    }))
}

/// `POST /api/v2/service-token`
pub async fn create(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<CreateServiceTokenRequest>,
) -> Result<Json<CreatedServiceTokenResponse>, Failure> {
    let name: DisplayName = parsed("name", &request.name)?;
    let project = filled(request.project_id.as_ref())
        .or(filled(request.workspace_id.as_ref()))
        .ok_or_else(|| Error::BadRequest("Which project? Give workspaceId".into()))?
        .to_owned();
    let scopes = request
        .scopes
        .into_iter()
        .map(|scope| Words {
            environment: scope.environment,
            path: scope.secret_path,
        })
        .collect();
    let new = NewServiceToken {
        name,
        scopes,
        permissions: Permissions::parse(request.permissions.iter().map(String::as_str))?,
        lifetime: request.expires_in.filter(|seconds| *seconds != 0),
        encrypted_key: request.encrypted_key.unwrap_or_default(),
        iv: request.iv.unwrap_or_default(),
        tag: request.tag.unwrap_or_default(),
    };
    let (service_token, shown) = app
        .write_as(caller, move |cx, caller| {
            service_tokens::create(cx, caller, &project, &new)
        })
        .await?;
    Ok(Json(CreatedServiceTokenResponse {
        service_token,
        service_token_data: body(shown),
    }))
}

/// `DELETE /api/v2/service-token/{token}`
pub async fn revoke(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(token): Path<String>,
) -> Result<Json<ServiceTokenResponse>, Failure> {
    // What is no id at all is the id of nothing.
    let token = token.trim().parse().ok();
    let shown = app
        .write_as(caller, move |cx, caller| {
            service_tokens::revoke(cx, caller, token)
        })
        .await?;
    Ok(Json(ServiceTokenResponse {
        service_token_data: body(shown),
    }))
}

/// `GET /api/v1/workspace/{project}/service-token-data`
pub async fn list(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(project): Path<String>,
) -> Result<Json<ServiceTokensResponse>, Failure> {
    let shown = app
        .read_as(caller, move |cx, caller| {
            service_tokens::list(cx, caller, &project)
        })
        .await?;
    Ok(Json(ServiceTokensResponse {
        service_token_data: shown.into_iter().map(body).collect(),
    }))
}
