//! Sessions of the person who asks.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use shared::model::ids::SessionId;
use shared::wire::sessions::{Session, Sessions, SessionsEnded};

use crate::app::App;
use crate::domain::sessions;
use crate::http::error::Failure;
use crate::http::extract::{Json, Path, Query, switch};
use crate::http::guard::Bearer;
use crate::http::infisical::auth;

/// The sessions in force.
pub async fn list(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<Sessions>, Failure> {
    let sessions = app
        .read_as(caller, |cx, caller| {
            let (_, current) = caller.user_session()?;
            let rows = sessions::list(cx, caller)?;
            Ok(rows.into_iter().map(|row| body(row, current)).collect())
        })
        .await?;
    Ok(Json(Sessions { sessions }))
}

fn body(row: crate::store::sessions::Session, current: SessionId) -> Session {
    Session {
        id: row.id,
        current: row.id == current,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        ip: row.ip,
        user_agent: row.user_agent,
        expires_at: row.expires_at,
    }
}

/// Ends one of them.
pub async fn end(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Path(session): Path<String>,
) -> Result<Response, Failure> {
    let session = session.parse::<SessionId>().ok();
    let own = app
        .write_as(caller, move |cx, caller| {
            let session = session.ok_or_else(sessions::unknown)?;
            sessions::end(cx, caller, session)?;
            Ok(caller.user_session()?.1 == session)
        })
        .await?;
    Ok(ended(1, own))
}

/// Which sessions end.
#[derive(Deserialize)]
pub struct EndQuery {
    /// Whether the one that asks goes on.
    others: Option<String>,
}

/// Ends all of them.
pub async fn end_all(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Query(query): Query<EndQuery>,
) -> Result<Response, Failure> {
    let others = switch("others", query.others.as_ref(), false)?;
    let count = app
        .write_as(caller, move |cx, caller| sessions::end_all(cx, caller, others))
        .await?;
    Ok(ended(count, !others))
}

/// The browser forgets the cookie of a session that is over.
fn ended(ended: u64, own: bool) -> Response {
    let body = Json(SessionsEnded { ended });
    if own {
        auth::without_cookie(body)
    } else {
        body.into_response()
    }
}
