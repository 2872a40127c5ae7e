//! Logging in a command line that waits on this computer. It gets a session of its own; that of the browser stays as it is.

use gloo_net::http::{Method, RequestBuilder};
use shared::model::text::SecretText;
use shared::wire::auth::{
    LoginRequest, LoginResponse, SelectOrganizationRequest, SelectOrganizationResponse,
};
use shared::wire::organizations::{Organization, OrganizationsResponse};
use web_sys::{RequestCache, RequestCredentials};

use super::error::Error;
use super::request::Request;
use crate::plaintext;

/// Opens a session that has no organization yet.
pub async fn login(email: String, password: SecretText) -> Result<SecretText, Error> {
    let answer: LoginResponse = Request::post("/api/v3/auth/login")
        .json(&LoginRequest { email, password })?
        .send_apart(None)
        .await?;
    Ok(answer.access_token)
}

/// The organizations to choose from.
pub async fn organizations(token: &SecretText) -> Result<Vec<Organization>, Error> {
    let answer: OrganizationsResponse = Request::get("/api/v1/organization")
        .send_apart(Some(token))
        .await?;
    Ok(answer.organizations)
}

/// Chooses one.
pub async fn select_organization(token: &SecretText, organization_id: String) -> Result<SecretText, Error> {
    let answer: SelectOrganizationResponse = Request::post("/api/v3/auth/select-organization")
        .json(&SelectOrganizationRequest { organization_id })?
        .send_apart(Some(token))
        .await?;
    Ok(answer.token)
}

/// Hands a login over to the port where the command line listens. False means that the browser did not get through, or that
/// something else listens there.
pub async fn hand_over(port: u16, login: &SecretText) -> bool {
    let request = RequestBuilder::new(&format!("http://127.0.0.1:{port}/"))
        .method(Method::POST)
        .cache(RequestCache::NoStore)
        .credentials(RequestCredentials::Omit)
        .header("Content-Type", "application/json")
        .body(plaintext::handed_over(login));
    match request {
        Ok(request) => request.send().await.is_ok_and(|answer| answer.ok()),
        Err(_) => false,
    }
}
