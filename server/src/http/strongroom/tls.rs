//! TLS: how it is, what administrators choose, and the certificate that browsers are to trust.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use shared::wire::tls::{SetTls, TlsMode, TlsState};

use crate::app::App;
use crate::domain::{Error, tls as kept};
use crate::http::error::Failure;
use crate::http::extract::Json;
use crate::http::guard::Bearer;
use crate::http::reauthenticate;
use crate::tls::certificate::certificates;
use crate::tls::keeper;

/// Everything about it.
pub async fn state(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<TlsState>, Failure> {
    app.read_as(caller, |_, caller| caller.require_instance_admin())
        .await?;
    Ok(Json(app.tls().state()))
}

/// Chooses, once the password was given again: with the wrong choice nobody finds the server any more.
pub async fn set(
    State(app): State<Arc<App>>,
    Bearer(caller): Bearer,
    Json(request): Json<SetTls>,
) -> Result<Json<TlsState>, Failure> {
    reauthenticate::by_password(&app, &caller, request.password, |caller| {
        caller.require_instance_admin()
    })
    .await?;
    if app.tls().flags().settings.is_some() {
        return Err(Error::Conflict(
            "TLS is set on the command line of the server (--tls). Take it away there to choose here".into(),
        )
        .into());
    }
    if request.settings.mode == TlsMode::Files {
        return Err(Error::BadRequest(
            "Files are named on the command line of the server alone: --tls files --tls-cert FILE --tls-key FILE".into(),
        )
        .into());
    }
    let settings = request.settings.checked().map_err(|invalid| Error::Invalid {
        field: invalid.field,
        reason: invalid.reason,
    })?;
    if let Some(root) = &settings.acme.directory_root
        && let Err(error) = certificates(root)
    {
        return Err(Error::Invalid {
            field: "directoryRoot",
            reason: error.to_string(),
        }
        .into());
    }
    app.write_as(caller, move |cx, caller| {
        kept::set_settings(cx, caller, &settings)
    })
    .await?;
    app.tls().settings_changed();
    keeper::round(&app).await;
    Ok(Json(app.tls().state()))
}

/// Has what failed tried again at once.
pub async fn renew(State(app): State<Arc<App>>, Bearer(caller): Bearer) -> Result<Json<TlsState>, Failure> {
    app.read_as(caller, |_, caller| caller.require_instance_admin())
        .await?;
    app.tls().try_again();
    keeper::round(&app).await;
    Ok(Json(app.tls().state()))
}

/// The certificate of the server's own authority, as text.
pub async fn authority_pem(State(app): State<Arc<App>>) -> Result<Response, Failure> {
    let (pem, _) = root(&app)?;
    Ok(download("strongroom-authority.pem", pem))
}

/// The same in binary.
pub async fn authority_der(State(app): State<Arc<App>>) -> Result<Response, Failure> {
    let (_, der) = root(&app)?;
    Ok(download("strongroom-authority.crt", der))
}

fn root(app: &App) -> Result<(String, Vec<u8>), Error> {
    // A locked server cannot know it.
    app.store()?;
    app.tls().root().ok_or_else(|| {
        Error::NotFound(
            "This server has no authority of its own in use: its certificates come from elsewhere, or it speaks plain HTTP"
                .into(),
        )
    })
}

fn download(name: &'static str, content: impl IntoResponse) -> Response {
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-x509-ca-cert"),
    );
    if let Ok(attachment) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, attachment);
    }
    response
}
