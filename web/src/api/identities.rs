//! Machine identities: the programs that read secrets.

use shared::model::access::ProjectRole;
use shared::model::ids::OrganizationId;
use shared::model::text::SecretText;
use shared::wire::identities::{
    CreateIdentityRequest, IdentitiesResponse, Identity, IdentityOrganizationMembership, IdentityResponse,
};
use shared::wire::members::{IdentityMembershipResponse, MembershipRequest, RolesResponse};
use shared::wire::universal_auth::{
    ClientSecretData, ClientSecretResponse, ClientSecretsResponse, CreateClientSecretRequest,
    CreateClientSecretResponse, UniversalAuth, UniversalAuthRequest, UniversalAuthResponse,
};

use super::error::{Error, Kind};
use super::request::Request;
use crate::session::Session;

/// Those of an organization, by name.
pub async fn list(
    session: Session,
    organization: OrganizationId,
) -> Result<Vec<IdentityOrganizationMembership>, Error> {
    let answer: IdentitiesResponse = Request::get("/api/v1/identities")
        .query("orgId", organization.to_string())
        .send(session)
        .await?;
    Ok(answer.identities)
}

/// Makes one that may do nothing yet.
pub async fn create(session: Session, organization: OrganizationId, name: String) -> Result<Identity, Error> {
    let body = CreateIdentityRequest {
        name,
        organization_id: organization.to_string(),
        role: None,
        has_delete_protection: None,
        metadata: None,
    };
    let answer: IdentityResponse = Request::post("/api/v1/identities")
        .json(&body)?
        .send(session)
        .await?;
    Ok(answer.identity)
}

/// Deletes one. What it holds is worth nothing at once.
pub async fn delete(session: Session, identity: &str) -> Result<(), Error> {
    let _: IdentityResponse = Request::delete(format!("/api/v1/identities/{identity}"))
        .send(session)
        .await?;
    Ok(())
}

fn universal_auth(identity: &str) -> String {
    format!("/api/v1/auth/universal-auth/identities/{identity}")
}

/// Lets it log in with a client id and client secrets.
pub async fn attach(session: Session, identity: &str) -> Result<UniversalAuth, Error> {
    let answer: UniversalAuthResponse = Request::post(universal_auth(identity))
        .json(&UniversalAuthRequest::default())?
        .send(session)
        .await?;
    Ok(answer.identity_universal_auth)
}

/// How it logs in; nothing when it cannot yet.
pub async fn login(session: Session, identity: &str) -> Result<Option<UniversalAuth>, Error> {
    match Request::get(universal_auth(identity))
        .send::<UniversalAuthResponse>(session)
        .await
    {
        Ok(answer) => Ok(Some(answer.identity_universal_auth)),
        Err(error) if matches!(error.kind, Kind::NotFound | Kind::Refused) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Its client secrets, without the secrets themselves: they are shown once.
pub async fn client_secrets(session: Session, identity: &str) -> Result<Vec<ClientSecretData>, Error> {
    let path = format!("{}/client-secrets", universal_auth(identity));
    let answer: ClientSecretsResponse = Request::get(path).send(session).await?;
    Ok(answer.client_secret_data)
}

/// Makes a client secret.
pub async fn create_client_secret(session: Session, identity: &str) -> Result<SecretText, Error> {
    let path = format!("{}/client-secrets", universal_auth(identity));
    let answer: CreateClientSecretResponse = Request::post(path)
        .json(&CreateClientSecretRequest::default())?
        .send(session)
        .await?;
    Ok(answer.client_secret)
}

/// Revokes a client secret and every token made from it.
pub async fn revoke_client_secret(session: Session, identity: &str, secret: &str) -> Result<(), Error> {
    let path = format!("{}/client-secrets/{secret}/revoke", universal_auth(identity));
    let _: ClientSecretResponse = Request::post(path).send(session).await?;
    Ok(())
}

fn membership(project: &str, identity: &str) -> String {
    format!("/api/v1/projects/{project}/memberships/identities/{identity}")
}

/// Its role in a project; nothing when it does not belong to it.
pub async fn role(session: Session, project: &str, identity: &str) -> Result<Option<ProjectRole>, Error> {
    match Request::get(membership(project, identity))
        .send::<IdentityMembershipResponse>(session)
        .await
    {
        Ok(answer) => Ok(answer.identity_membership.role()),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives it a role in a project, where it had `before`, or takes the last one away.
pub async fn set_role(
    session: Session,
    project: &str,
    identity: &str,
    before: Option<ProjectRole>,
    role: Option<ProjectRole>,
) -> Result<(), Error> {
    let path = membership(project, identity);
    let body = |role: ProjectRole| MembershipRequest {
        role: Some(role.to_string()),
        roles: None,
    };
    match (before, role) {
        (None, Some(role)) => {
            let _: IdentityMembershipResponse = Request::post(path).json(&body(role))?.send(session).await?;
        }
        (Some(_), Some(role)) => {
            let _: RolesResponse = Request::patch(path).json(&body(role))?.send(session).await?;
        }
        (Some(_), None) => {
            let _: IdentityMembershipResponse = Request::delete(path).send(session).await?;
        }
        (None, None) => {}
    }
    Ok(())
}
