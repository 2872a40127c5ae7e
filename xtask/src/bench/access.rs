//! A project on the server under measurement, the credentials for it, and the requests that the loads are made of.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::connection::{Connection, Request};
use super::load::{self, Limit};

const VALUE: &str = "postgres://app:a-password-of-usual-length@database.internal:5432/app";
const EMAIL: &str = "bench@example.com";
const PASSWORD: &str = "a long enough passphrase";

/// A project to work in, and the credentials for it.
pub struct Access {
    address: SocketAddr,
    project: String,
    token: String,
    client_id: String,
    client_secret: String,
}

impl Access {
    /// Sets a server up. The first administrator comes with a machine identity; its token does everything here.
    pub fn set_up(address: SocketAddr) -> Result<Self> {
        let mut connection = Connection::open(address)?;
        let mut post = |path: &str, token: Option<&str>, body: &Value| -> Result<Value> {
            let answer = connection.send(&Request::new("POST", path, address, token, Some(body)))?;
            answer.json().with_context(|| format!("POST {path}"))
        };
        let body = json!({ "email": EMAIL, "password": PASSWORD, "organization": "Benchmark" });
        let answer = post("/api/v1/admin/bootstrap", None, &body)?;
        let organization = text(&answer, "/organization/id")?;
        let token = text(&answer, "/identity/credentials/token")?;
        let mut post = |path: &str, body: &Value| post(path, Some(&token), body);

        let answer = post("/api/v2/workspace", &json!({ "projectName": "bench" }))?;
        let project = text(&answer, "/project/id")?;
        let body = json!({ "name": "poller", "organizationId": organization, "role": "no-access" });
        let identity = text(&post("/api/v1/identities", &body)?, "/identity/id")?;
        let settings = format!("/api/v1/auth/universal-auth/identities/{identity}");
        let client_id = text(&post(&settings, &json!({}))?, "/identityUniversalAuth/clientId")?;
        let answer = post(&format!("{settings}/client-secrets"), &json!({}))?;
        let client_secret = text(&answer, "/clientSecret")?;
        Ok(Self {
            address,
            project,
            token,
            client_id,
            client_secret,
        })
    }

    /// The variables with which the command line works in the project.
    pub fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("INFISICAL_DOMAIN", format!("http://{}", self.address)),
            ("INFISICAL_TOKEN", self.token.clone()),
            ("INFISICAL_PROJECT_ID", self.project.clone()),
        ]
    }

    /// Id of the project.
    pub fn project(&self) -> &str {
        &self.project
    }

    /// The same project on the server as it was started again.
    #[must_use]
    pub fn at(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Request {
        Request::new(method, path, self.address, Some(&self.token), body)
    }

    /// Reads one secret of `dev`.
    pub fn read(&self, name: &str) -> Request {
        let path = format!(
            "/api/v3/secrets/raw/{name}?workspaceId={}&environment=dev",
            self.project
        );
        self.request("GET", &path, None)
    }

    /// Lists a folder.
    pub fn list(&self, environment: &str, folder: &str) -> Request {
        let path = format!(
            "/api/v3/secrets/raw?workspaceId={}&environment={environment}&secretPath={}",
            self.project,
            folder.replace('/', "%2F")
        );
        self.request("GET", &path, None)
    }

    /// Creates one secret.
    pub fn create(&self, environment: &str, folder: &str, name: &str) -> Request {
        let body = json!({
            "workspaceId": self.project,
            "environment": environment,
            "secretPath": folder,
            "type": "shared",
            "secretValue": VALUE,
        });
        self.request("POST", &format!("/api/v3/secrets/raw/{name}"), Some(&body))
    }

    /// Creates a further project.
    pub fn create_project(&self, name: &str) -> Request {
        self.request("POST", "/api/v2/workspace", Some(&json!({ "projectName": name })))
    }

    /// Creates many secrets at once.
    pub fn create_batch(&self, environment: &str, folder: &str, count: u64) -> Request {
        self.create_batch_of(environment, folder, count, VALUE)
    }

    /// The same with another value.
    pub fn create_batch_of(&self, environment: &str, folder: &str, count: u64, value: &str) -> Request {
        self.create_batch_from(environment, folder, 0, count, value)
    }

    /// The same, with names counted from `first`.
    pub fn create_batch_from(
        &self,
        environment: &str,
        folder: &str,
        first: u64,
        count: u64,
        value: &str,
    ) -> Request {
        let secrets: Vec<Value> = (first..first + count)
            .map(|number| json!({ "secretKey": format!("SECRET_{number:05}"), "secretValue": value }))
            .collect();
        let body = json!({
            "projectId": self.project,
            "environment": environment,
            "secretPath": folder,
            "secrets": secrets,
        });
        self.request("POST", "/api/v4/secrets/batch", Some(&body))
    }

    /// Logs a machine in.
    pub fn log_in(&self) -> Request {
        let body = json!({ "clientId": self.client_id, "clientSecret": self.client_secret });
        let path = "/api/v1/auth/universal-auth/login";
        Request::new("POST", path, self.address, None, Some(&body))
    }

    /// Has the server make one of the backups that it keeps, as the administrator does on the page.
    pub fn back_up(&self, patience: Duration) -> Result<()> {
        let mut connection = Connection::open(self.address)?;
        let mut call = |method: &str, path: &str, token: Option<&str>, body: Option<&Value>| {
            let answer = connection.send(&Request::new(method, path, self.address, token, body))?;
            answer.json().with_context(|| format!("{method} {path}"))
        };
        let body = json!({ "email": EMAIL, "password": PASSWORD });
        let token = text(
            &call("POST", "/api/v3/auth/login", None, Some(&body))?,
            "/accessToken",
        )?;
        let organizations = call("GET", "/api/v1/organization", Some(&token), None)?;
        let body = json!({ "organizationId": text(&organizations, "/organizations/0/id")? });
        let path = "/api/v3/auth/select-organization";
        let token = text(&call("POST", path, Some(&token), Some(&body))?, "/token")?;
        let body = json!({ "password": PASSWORD });
        let begun = call("POST", "/api/strongroom/v1/backups", Some(&token), Some(&body))?;
        let path = format!("/api/strongroom/v1/backups/{}", text(&begun, "/id")?);
        let since = Instant::now();
        loop {
            let state = call("GET", &path, Some(&token), None)?;
            match text(&state, "/state")?.as_str() {
                "ready" => return Ok(()),
                "writing" if since.elapsed() < patience => std::thread::sleep(Duration::from_millis(50)),
                _ => bail!("the backup does not end well: {state}"),
            }
        }
    }

    /// Makes a folder below the root.
    pub fn make_folder(&self, environment: &str, name: &str) -> Result<()> {
        let body = json!({
            "workspaceId": self.project,
            "environment": environment,
            "name": name,
            "path": "/",
        });
        let request = self.request("POST", "/api/v1/folders", Some(&body));
        let answer = Connection::open(self.address)?.send(&request)?;
        answer.json().with_context(|| format!("folder {name}"))?;
        Ok(())
    }

    /// Fills a folder with secrets.
    pub fn fill(&self, environment: &str, folder: &str, count: u64) -> Result<()> {
        let limit = Limit {
            requests: count,
            time: Duration::from_mins(2),
        };
        let request = |number| self.create(environment, folder, &format!("SECRET_{number:05}"));
        let made = load::run(self.address, 8, limit, request)?.requests();
        if u64::try_from(made)? != count {
            bail!("only {made} of {count} secrets could be made in two minutes");
        }
        Ok(())
    }
}

fn text(answer: &Value, pointer: &str) -> Result<String> {
    let found = answer.pointer(pointer).and_then(Value::as_str);
    found
        .map(str::to_owned)
        .with_context(|| format!("the answer has no {pointer}: {answer}"))
}
