//! Set-up by a script, as Infisical's `bootstrap` does it.

use std::sync::Arc;

use axum::extract::State;
use serde_json::{Value, json};
use shared::model::names::{DisplayName, Email};
use shared::model::text::SecretText;
use shared::wire::setup::{
    BootstrapCredentials, BootstrapIdentity, BootstrapOrganization, BootstrapResponse, SetupRequest,
};

use super::auth;
use crate::app::App;
use crate::crypto::policy;
use crate::domain::caller::Source;
use crate::domain::setup;
use crate::domain::users::NewUser;
use crate::http::error::Failure;
use crate::http::extract::{Json, parsed};
use crate::http::guard::{From, LocalScript, SetupCode};
use crate::http::refused_login;
use crate::store::organizations::Organization;

/// A set-up request that may be carried out.
pub struct Prepared {
    /// The administrator to be.
    pub user: NewUser,
    /// Name of the organization to be.
    pub organization: DisplayName,
}

/// Checks a set-up request, whose header may carry the code: not set up yet, the right to do it, then the fields; the password is hashed last, because
/// it costs most.
pub async fn prepare(
    app: &App,
    source: &Source,
    local: bool,
    code: Option<SecretText>,
    request: SetupRequest,
) -> Result<Prepared, Failure> {
    if app.read(setup::is_done).await? {
        return Err(setup::already_done().into());
    }
    let email: Email = parsed("email", &request.email)?;
    let organization: DisplayName = parsed("organization", &request.organization)?;
    policy::check(&request.password, Some(&email))
        .map_err(|reason| Failure::invalid("password", &reason.to_string()))?;
    require_code(app, source, local, request.setup_code.or(code)).await?;
    let password_hash = app.hash_password(request.password).await?;
    let user = NewUser {
        email,
        first_name: "Admin".into(),
        last_name: String::new(),
        password_hash,
        instance_admin: true,
    };
    Ok(Prepared { user, organization })
}

/// Asks for the set-up code, which a script on the same machine need not know. Wrong ones are counted.
pub async fn require_code(
    app: &App,
    source: &Source,
    local: bool,
    code: Option<SecretText>,
) -> Result<(), Failure> {
    if local {
        return Ok(());
    }
    let from = source.clone();
    let outcome = match code {
        None => Ok(false),
        Some(code) => app.write(move |cx| setup::code_fits(cx, &code, &from)).await,
    };
    let outcome = outcome.and_then(|fits| if fits { Ok(()) } else { Err(setup::code_refused()) });
    refused_login::noted(source, "setup-code", outcome)
}

/// An organization as set-up answers it.
pub fn organization_body(organization: &Organization) -> BootstrapOrganization {
    BootstrapOrganization {
        id: organization.id,
        name: organization.name.clone(),
        slug: organization.slug.clone(),
    }
}

/// `POST /api/v1/admin/bootstrap`
pub async fn bootstrap(
    State(app): State<Arc<App>>,
    From(source): From,
    LocalScript(local): LocalScript,
    SetupCode(code): SetupCode,
    Json(request): Json<SetupRequest>,
) -> Result<Json<BootstrapResponse>, Failure> {
    let prepared = prepare(&app, &source, local, code, request).await?;
    let (done, (identity, name, issued)) = app
        .write(move |cx| {
            let done = setup::create(cx, &prepared.user, &prepared.organization, &source)?;
            let identity = setup::create_identity(cx, &done)?;
            Ok((done, identity))
        })
        .await?;
    Ok(Json(BootstrapResponse {
        message: "Successfully bootstrapped instance".into(),
        identity: BootstrapIdentity {
            id: identity,
            name: name.into(),
            credentials: BootstrapCredentials { token: issued.token },
        },
        organization: organization_body(&done.organization),
        user: auth::user_body(&done.user),
    }))
}

/// `GET /api/v1/admin/config`: nothing of it is ever changed after set-up.
pub async fn config(State(app): State<Arc<App>>) -> Result<Json<Value>, Failure> {
    let (initialized, set_up_at) = app
        .read(|cx| Ok((setup::is_done(cx)?, setup::done_at(cx)?)))
        .await?;
    let instance = app.store()?.keyring().instance();
    Ok(Json(json!({ "config": {
        "id": "00000000-0000-0000-0000-000000000000",
        "createdAt": set_up_at,
        "updatedAt": set_up_at,
        "initialized": initialized,
        "allowSignUp": false,
        "allowedSignUpDomain": null,
        "instanceId": instance,
        "trustSamlEmails": false,
        "trustLdapEmails": false,
        "trustOidcEmails": false,
        "defaultAuthOrgId": null,
        "enabledLoginMethods": null,
        "defaultAuthOrgSlug": null,
        "isMigrationModeOn": false,
        "isSecretScanningDisabled": true,
    }})))
}
