//! The account of the person who asks.

use std::sync::Arc;

use axum::extract::State;
use shared::model::names::Email;
use shared::wire::account::{PasswordChange, PasswordChanged};

use crate::app::App;
use crate::crypto::policy;
use crate::domain::{account, users};
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::Bearer;
use crate::http::reauthenticate;

/// Replaces the password; the new one is judged first, so that a typing error there costs no attempt.
pub async fn change_password(
    State(app): State<Arc<App>>,
    Bearer(bearer): Bearer,
    Json(request): Json<PasswordChange>,
) -> Result<Json<PasswordChanged>, Failure> {
    let me = app.read_as(bearer.clone(), users::me).await?;
    let email = me.email.parse::<Email>().ok();
    policy::check(&request.new_password, email.as_ref())
        .map_err(|reason| Failure::invalid("newPassword", &reason.to_string()))?;
    if request.new_password == request.current_password {
        return Err(Failure::invalid(
            "newPassword",
            "the same as the current password",
        ));
    }
    reauthenticate::by_password(&app, &bearer, request.current_password, |_| Ok(())).await?;
    let hash = app.hash_password(request.new_password).await?;
    let ended = app
        .write_as(bearer, move |cx, caller| {
            account::change_password(cx, caller, &hash)
        })
        .await?;
    Ok(Json(PasswordChanged { ended }))
}
