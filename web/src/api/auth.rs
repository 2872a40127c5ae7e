//! Logging in and out, and the access token's renewal.

use std::cell::RefCell;

use js_sys::Promise;
use js_sys::futures::{JsFuture, future_to_promise};
use shared::model::text::SecretText;
use shared::wire::auth::{
    LoginRequest, LoginResponse, MessageResponse, SelectOrganizationRequest, SelectOrganizationResponse,
    TokenResponse,
};
use shared::wire::organizations::{Organization, OrganizationsResponse};

use super::error::{Error, Kind};
use super::request::Request;
use crate::session::Session;

/// First step of a login: who is it? The session holds a token without organization afterwards.
pub async fn login(session: Session, email: String, password: SecretText) -> Result<(), Error> {
    let body = LoginRequest { email, password };
    let answer: LoginResponse = Request::post("/api/v3/auth/login")
        .json(&body)?
        .send_anonymous()
        .await?;
    session.hold(answer.access_token);
    Ok(())
}

/// The organizations to choose from.
pub async fn organizations(session: Session) -> Result<Vec<Organization>, Error> {
    let answer: OrganizationsResponse = Request::get("/api/v1/organization").send(session).await?;
    Ok(answer.organizations)
}

/// Second step of a login: in which organization? The refresh cookie remembers the choice.
pub async fn select_organization(session: Session, organization_id: String) -> Result<(), Error> {
    let body = SelectOrganizationRequest { organization_id };
    let answer: SelectOrganizationResponse = Request::post("/api/v3/auth/select-organization")
        .json(&body)?
        .send(session)
        .await?;
    session.begin(answer.token);
    Ok(())
}

/// Ends the session on the server and in this tab.
pub async fn logout(session: Session) -> Result<(), Error> {
    let _: MessageResponse = Request::post("/api/v1/auth/logout").send(session).await?;
    session.end();
    Ok(())
}

thread_local! {
    /// The renewal under way. The refresh cookie changes with each use, so two at a time would end the session.
    static RENEWAL: RefCell<Option<Promise>> = const { RefCell::new(None) };
    /// How the last renewal ended.
    static OUTCOME: RefCell<Result<(), Error>> = const { RefCell::new(Ok(())) };
}

/// Gets a fresh access token for the refresh cookie. Callers that come while a renewal is under way wait for that one.
pub async fn refresh(session: Session) -> Result<(), Error> {
    let promise = RENEWAL.with_borrow_mut(|renewal| {
        renewal
            .get_or_insert_with(|| {
                future_to_promise(async move {
                    let outcome = renew(session).await;
                    OUTCOME.set(outcome);
                    RENEWAL.set(None);
                    Ok(true.into())
                })
            })
            .clone()
    });
    JsFuture::from(promise).await.map_err(|_| Error::unreachable())?;
    OUTCOME.with_borrow(Clone::clone)
}

async fn renew(session: Session) -> Result<(), Error> {
    let answer: TokenResponse = Request::post("/api/v1/auth/token").send_anonymous().await?;
    if session.is_of_another(&answer.token) {
        return Err(Error {
            kind: Kind::SignedOut,
            message: "Somebody else logged in with this browser.".to_owned(),
            request_id: None,
            fields: Vec::new(),
        });
    }
    if answer.organization_id.is_some() {
        session.begin(answer.token);
    } else {
        session.hold(answer.token);
    }
    Ok(())
}
