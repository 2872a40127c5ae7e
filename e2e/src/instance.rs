//! A server that somebody has set up: an administrator, a project, and the tokens to use it.

use std::net::SocketAddr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::http::{Answer, Connection, encoded, once};

/// Longest wait for a backup.
const PATIENCE: Duration = Duration::from_mins(1);

/// E-mail address of the administrator.
pub const EMAIL: &str = "kavi@example.com";
/// Password of the administrator.
pub const PASSWORD: &str = "lantern-orbit-gravel-42";
/// Name of the organization.
pub const ORGANIZATION: &str = "Home";

/// What set-up answered, and one project.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Token of the administrator, a person.
    pub user: String,
    /// Token of the machine identity that set-up made.
    pub machine: String,
    /// Id of the organization.
    pub organization: String,
    /// Id of the project.
    pub project: String,
}

/// A text inside JSON.
pub fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    Ok(found
        .with_context(|| format!("no text at {pointer} in {value}"))?
        .to_owned())
}

/// The body of a bootstrap request.
pub fn bootstrap_body() -> Value {
    json!({ "email": EMAIL, "password": PASSWORD, "organization": ORGANIZATION })
}

/// Posts JSON without a token.
pub fn post(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &Value) -> Result<Answer> {
    let mut all = vec![("Content-Type", "application/json")];
    all.extend_from_slice(headers);
    once(address, "POST", path, &all, body.to_string().as_bytes())
}

/// Logs the administrator in.
pub fn log_in(address: SocketAddr) -> Result<String> {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let answer = post(address, "/api/v3/auth/login", &[], &body)?.ok()?;
    let early = text(&answer, "/accessToken")?;
    let mut connection = Connection::open(address)?;
    let organizations = connection
        .call(&early, "GET", "/api/v1/organization", None)?
        .ok()?;
    let organization = text(&organizations, "/organizations/0/id")?;
    let chosen = json!({ "organizationId": organization });
    let answer = connection.call(&early, "POST", "/api/v3/auth/select-organization", Some(&chosen))?;
    text(&answer.ok()?, "/token")
}

impl Instance {
    /// Sets a new server up as a script does, and makes the project `Home Lab`.
    pub fn set_up(address: SocketAddr) -> Result<Self> {
        let answer = post(address, "/api/v1/admin/bootstrap", &[], &bootstrap_body())?.ok()?;
        let machine = text(&answer, "/identity/credentials/token")?;
        let organization = text(&answer, "/organization/id")?;
        let user = log_in(address)?;
        let body = json!({ "projectName": "Home Lab", "slug": "home-lab" });
        let created = Connection::open(address)?
            .call(&user, "POST", "/api/v1/projects", Some(&body))?
            .ok()?;
        Ok(Self {
            user,
            machine,
            organization,
            project: text(&created, "/project/id")?,
        })
    }

    /// Makes a machine identity that may write in the project; returns its client id and client secret.
    pub fn machine_identity(&self, address: SocketAddr, name: &str) -> Result<(String, String)> {
        let mut connection = Connection::open(address)?;
        let mut post =
            |path: String, body: Value| connection.call(&self.user, "POST", &path, Some(&body))?.ok();
        let body = json!({ "name": name, "organizationId": self.organization, "role": "no-access" });
        let identity = text(&post("/api/v1/identities".into(), body)?, "/identity/id")?;
        let settings = format!("/api/v1/auth/universal-auth/identities/{identity}");
        let attached = post(settings.clone(), json!({}))?;
        let client_id = text(&attached, "/identityUniversalAuth/clientId")?;
        let made = post(format!("{settings}/client-secrets"), json!({}))?;
        let membership = format!(
            "/api/v2/workspace/{}/identity-memberships/{identity}",
            self.project
        );
        post(membership, json!({ "role": "member" }))?;
        Ok((client_id, text(&made, "/clientSecret")?))
    }

    /// Has a backup made as the page does, and waits for it.
    pub fn back_up(&self, address: SocketAddr) -> Result<()> {
        const BACKUPS: &str = "/api/strongroom/v1/backups";
        let mut connection = Connection::open(address)?;
        let body = json!({ "password": PASSWORD });
        let begun = connection
            .call(&self.user, "POST", BACKUPS, Some(&body))?
            .expect(202)?;
        let path = format!("{BACKUPS}/{}", text(&begun, "/id")?);
        let since = Instant::now();
        loop {
            let state = connection.call(&self.user, "GET", &path, None)?.ok()?;
            match text(&state, "/state")?.as_str() {
                "ready" => return Ok(()),
                "writing" => ensure!(since.elapsed() < PATIENCE, "the backup does not end"),
                _ => bail!("{state}"),
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// Where a secret of the environment `dev` is written.
    pub fn path(name: &str) -> String {
        format!("/api/v3/secrets/raw/{}", encoded(name))
    }

    /// Where it is read.
    pub fn query(&self, name: &str) -> String {
        format!(
            "{}?workspaceId={}&environment=dev&secretPath=%2F",
            Self::path(name),
            self.project
        )
    }

    /// The body that writes a value.
    pub fn body(&self, value: &str) -> Value {
        json!({ "workspaceId": self.project, "environment": "dev", "secretPath": "/", "secretValue": value })
    }

    /// Creates a secret in `dev`.
    pub fn create(&self, connection: &mut Connection, name: &str, value: &str) -> Result<Answer> {
        connection.call(&self.user, "POST", &Self::path(name), Some(&self.body(value)))
    }

    /// Reads a secret's value.
    pub fn read(&self, connection: &mut Connection, name: &str) -> Result<String> {
        let answer = connection.call(&self.user, "GET", &self.query(name), None)?;
        text(&answer.ok()?, "/secret/secretValue")
    }

    /// Every secret of `dev`: names with values.
    pub fn list(&self, connection: &mut Connection) -> Result<std::collections::BTreeMap<String, String>> {
        let path = format!(
            "/api/v3/secrets/raw?workspaceId={}&environment=dev&secretPath=%2F",
            self.project
        );
        let answer = connection.call(&self.user, "GET", &path, None)?.ok()?;
        let secrets = answer
            .pointer("/secrets")
            .and_then(Value::as_array)
            .context("no list")?;
        secrets
            .iter()
            .map(|secret| Ok((text(secret, "/secretKey")?, text(secret, "/secretValue")?)))
            .collect()
    }
}
