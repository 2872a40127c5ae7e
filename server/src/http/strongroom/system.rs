//! What a caller may know of himself and of the server.

use std::sync::Arc;

use axum::extract::State;
use shared::wire::system::Me;

use crate::app::App;
use crate::domain::caller::Actor;
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::Bearer;

/// Who the bearer of the token is.
pub async fn me(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<Me>, Failure> {
    let me = app
        .read_as(caller, |_, caller| {
            Ok(Me {
                kind: caller.actor.kind().to_owned(),
                name: caller.name.clone(),
                email: match caller.actor {
                    Actor::User(_) => Some(caller.name.clone()),
                    _ => None,
                },
                organization_id: caller.organization.map(|(id, _)| id),
                instance_admin: caller.instance_admin,
            })
        })
        .await?;
    Ok(Json(me))
}
