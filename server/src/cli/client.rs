//! Typed requests to a server, over the shapes of [`shared::wire`].

use std::path::Path;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use serde_json::{Value, json};
use shared::model::text::SecretText;
use shared::wire::auth::{
    AccessTokenResponse, LoginRequest, LoginResponse, MessageResponse, RevokeTokenRequest,
    SelectOrganizationRequest, SelectOrganizationResponse, UniversalAuthLoginRequest,
};
use shared::wire::changes::{ChangesRequest, ChangesResponse, Refused};
use shared::wire::error::ErrorBody;
use shared::wire::organizations::{Organization, OrganizationsResponse};
use shared::wire::projects::{Project, WorkspacesResponse};
use shared::wire::secrets::{Secret, SecretBody, SecretQuery, SecretResponse, SecretsResponse};
use shared::wire::system::Me;
use shared::wire::unlock::Locked;
use zeroize::Zeroizing;

use super::address::Address;
use super::called;
use super::custom_headers;
use super::failure::{Failure, code};
use super::resolve::{Connection, Credentials, not_logged_in};
use crate::outside::fetch::{self, Answer, Body, Fetch, Login, Method, Request, Timeouts, Url};

const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    total: Duration::from_mins(1),
};

mod content;

/// A server, and the token to show it.
#[derive(Debug, Clone)]
pub struct Client {
    fetch: Fetch,
    address: Address,
    token: Option<SecretText>,
    from_session: bool,
}

/// Whether a secret was made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// There was none of this name.
    Created,
    /// It has a new version.
    Updated,
}

impl Client {
    /// A client that has yet to log in.
    pub fn anonymous(address: Address) -> Result<Self, Failure> {
        Self::trusting(address, None)
    }

    /// The same, to a server whose certificate an authority of one's own has signed.
    pub fn trusting(address: Address, authority: Option<&Path>) -> Result<Self, Failure> {
        let authority = match authority {
            None => None,
            Some(file) => Some(std::fs::read(file).map_err(|error| {
                Failure::new(format!(
                    "The certificate authority {} cannot be read",
                    file.display()
                ))
                .because(error.to_string())
                .advise("Name a file in PEM format with --ca-cert")
            })?),
        };
        let headers = match std::env::var(custom_headers::VARIABLE) {
            Ok(list) => custom_headers::parsed(&SecretText::new(list))?,
            Err(_) => Vec::new(),
        };
        let fetch = Fetch::trusting(address.url(), TIMEOUTS, authority.as_deref(), &headers)
            .map_err(|error| unreachable_server(&address, &error))?;
        Ok(Self {
            fetch,
            address,
            token: None,
            from_session: false,
        })
    }

    /// A client with credentials; a machine identity's are exchanged for a token at once.
    pub async fn connect(connection: Connection) -> Result<Self, Failure> {
        let mut client = Self::trusting(connection.address, connection.authority.as_deref())?;
        let token = match connection.credentials {
            Credentials::Token(token) => token,
            Credentials::Session(token) => {
                client.from_session = true;
                token
            }
            Credentials::UniversalAuth {
                client_id,
                client_secret,
            } => client.universal_auth(client_id, client_secret).await?,
        };
        Ok(client.with_token(token))
    }

    /// The same client with a token.
    #[must_use]
    pub fn with_token(mut self, token: SecretText) -> Self {
        self.token = Some(token);
        self
    }

    /// Whether the token is a service token, which belongs to one project.
    pub fn has_service_token(&self) -> bool {
        self.token
            .as_ref()
            .is_some_and(|token| token.expose().starts_with("st."))
    }

    /// The server.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Ends the session of the token.
    pub async fn logout(&self) -> Result<(), Failure> {
        let path = ["api", "v1", "auth", "logout"];
        let _: MessageResponse = self.write("log out", Method::POST, &path, &json!({})).await?;
        Ok(())
    }

    /// Ends a machine identity's token.
    pub async fn revoke(&self, access_token: SecretText) -> Result<(), Failure> {
        let path = ["api", "v1", "auth", "token", "revoke"];
        let body = RevokeTokenRequest { access_token };
        let _: MessageResponse = self.write("revoke the token", Method::POST, &path, &body).await?;
        Ok(())
    }

    /// Logs a person in; the token knows no organization yet.
    pub async fn login(&self, email: String, password: SecretText) -> Result<SecretText, Failure> {
        let body = LoginRequest { email, password };
        let path = ["api", "v3", "auth", "login"];
        let answer: LoginResponse = self.write("log in", Method::POST, &path, &body).await?;
        Ok(answer.access_token)
    }

    /// The organizations of the caller.
    pub async fn organizations(&self) -> Result<Vec<Organization>, Failure> {
        let answer: OrganizationsResponse = self
            .read("list the organizations", &["api", "v1", "organization"], &[])
            .await?;
        Ok(answer.organizations)
    }

    /// A token for one of them.
    pub async fn select_organization(&self, organization_id: String) -> Result<SecretText, Failure> {
        let body = SelectOrganizationRequest { organization_id };
        let path = ["api", "v3", "auth", "select-organization"];
        let answer: SelectOrganizationResponse = self
            .write("select the organization", Method::POST, &path, &body)
            .await?;
        Ok(answer.token)
    }

    /// Logs a machine identity in.
    pub async fn universal_auth(
        &self,
        client_id: String,
        client_secret: SecretText,
    ) -> Result<SecretText, Failure> {
        let body = UniversalAuthLoginRequest {
            client_id,
            client_secret,
        };
        let path = ["api", "v1", "auth", "universal-auth", "login"];
        let answer: AccessTokenResponse = self
            .write("log the machine identity in", Method::POST, &path, &body)
            .await?;
        Ok(answer.access_token)
    }

    /// Who the bearer of the token is.
    pub async fn me(&self) -> Result<Me, Failure> {
        self.read("ask who is logged in", &["api", "strongroom", "v1", "me"], &[])
            .await
    }

    /// The projects of the caller.
    pub async fn projects(&self) -> Result<Vec<Project>, Failure> {
        let answer: WorkspacesResponse = self
            .read("list the projects", &["api", "v1", "workspace"], &[])
            .await?;
        Ok(answer.workspaces)
    }

    /// The secrets of a folder as the server lists them, those of the folders below after them, then what it imports, of the last import first: the first of
    /// a name counts. An environment or a folder that does not exist is a failure
    /// with status 404: whoever runs a program must not run it without its secrets because of a misspelt name.
    pub async fn secrets(&self, query: &SecretQuery) -> Result<Vec<Secret>, Failure> {
        let doing = "list the secrets";
        let mut url = self.url(doing, &["api", "v4", "secrets"])?;
        url.query_pairs_mut().extend_pairs(pairs(query));
        let answer = self.exchange(doing, Method::GET, url, None).await?;
        if let Some(missing) = &answer.hint {
            return Err(Failure::new(format!("Could not {doing}: {missing}"))
                .advise("Check --env and --path")
                .with_status(404));
        }
        let mut listed: SecretsResponse = self.understood(doing, &answer)?;
        // The folders below come after those above them.
        listed
            .secrets
            .sort_by_key(|secret| secret.secret_path.trim_end_matches('/').matches('/').count());
        let imported = listed.imports.into_iter().rev().flat_map(|block| block.secrets);
        Ok(listed.secrets.into_iter().chain(imported).collect())
    }

    /// Makes a secret, or changes the one of that name. `exists` is what a list said a moment ago.
    pub async fn set_secret(&self, name: &str, exists: bool, body: &SecretBody) -> Result<Change, Failure> {
        let path = ["api", "v3", "secrets", "raw", name];
        let doing = format!("set the secret {name}");
        if exists {
            let _: SecretResponse = self.write(&doing, Method::PATCH, &path, body).await?;
            return Ok(Change::Updated);
        }
        let created: Result<SecretResponse, Failure> = self.write(&doing, Method::POST, &path, body).await;
        match created {
            Ok(_) => Ok(Change::Created),
            // Somebody else was faster.
            Err(failure) if already_exists(&failure) => {
                let _: SecretResponse = self.write(&doing, Method::PATCH, &path, body).await?;
                Ok(Change::Updated)
            }
            Err(failure) => Err(failure),
        }
    }

    /// Deletes a secret.
    pub async fn delete_secret(&self, name: &str, body: &SecretBody) -> Result<(), Failure> {
        let path = ["api", "v3", "secrets", "raw", name];
        let doing = format!("delete the secret {name}");
        let _: SecretResponse = self.write(&doing, Method::DELETE, &path, body).await?;
        Ok(())
    }

    /// Makes changes to the secrets of a folder, all of them or none.
    pub async fn change(&self, changes: &ChangesRequest) -> Result<ChangesResponse, Failure> {
        let path = ["api", "strongroom", "v1", "changes"];
        self.write("change the secrets", Method::POST, &path, changes)
            .await
    }

    async fn read<T: DeserializeOwned>(
        &self,
        doing: &str,
        path: &[&str],
        query: &[(String, String)],
    ) -> Result<T, Failure> {
        let mut url = self.url(doing, path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(doing, Method::GET, url, None).await
    }

    async fn write<T: DeserializeOwned>(
        &self,
        doing: &str,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let url = self.url(doing, path)?;
        let json = serde_json::to_vec(body).map_err(|error| {
            Failure::new(format!("Could not {doing}"))
                .because(format!("The request cannot be written: {error}"))
        })?;
        self.send(doing, method, url, Some(Zeroizing::new(json))).await
    }

    fn url(&self, doing: &str, path: &[&str]) -> Result<Url, Failure> {
        self.address.at(path).ok_or_else(|| {
            Failure::new(format!("Could not {doing}"))
                .because("A secret named `.` or `..` has no address of its own.")
                .advise("Rename it in the web interface")
        })
    }

    async fn send<T: DeserializeOwned>(
        &self,
        doing: &str,
        method: Method,
        url: Url,
        json: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<T, Failure> {
        let answer = self.exchange(doing, method, url, json).await?;
        self.understood(doing, &answer)
    }

    /// Sends a request; whatever is not a success is a failure.
    async fn exchange(
        &self,
        doing: &str,
        method: Method,
        url: Url,
        json: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<Answer, Failure> {
        let request = Request {
            login: self.token.as_ref().map_or(Login::None, Login::Bearer),
            body: json.map_or(Body::Empty, Body::Json),
            ..Request::new(method, url)
        };
        let sent = self.fetch.send(request).await;
        let answer = sent.map_err(|error| unreachable_server(&self.address, &error))?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        if answer.status == 503 && self.is_locked().await {
            return Err(Failure::new(format!("Could not {doing}: the server is locked"))
                .because(format!("{} has a store that no key has opened.", self.address))
                .advise(
                    "On the server: strongroom unlock. Its log and its page name the keys that would open it",
                )
                .with_status(503)
                .with_code(code::LOCKED));
        }
        Err(self.refusal(doing, &answer))
    }

    /// Asked when a server cannot serve: busy passes by itself, locked needs a person with a key.
    async fn is_locked(&self) -> bool {
        let Some(url) = self.address.at(&["api", "strongroom", "v1", "locked"]) else {
            return false;
        };
        let request = Request::new(Method::GET, url);
        let answer = self.fetch.send(request).await;
        answer.is_ok_and(|answer| {
            serde_json::from_slice::<Locked>(&answer.body).is_ok_and(|state| state.locked)
        })
    }

    fn understood<T: DeserializeOwned>(&self, doing: &str, answer: &Answer) -> Result<T, Failure> {
        // The parser's own words could repeat a value.
        serde_json::from_slice(&answer.body).map_err(|_| {
            Failure::new(format!("Could not {doing}"))
                .because(format!(
                    "What answered at {} does not speak like a Strongroom server.",
                    self.address
                ))
                .advise("Check the address (--domain), and that client and server are of the same version")
        })
    }

    fn refusal(&self, doing: &str, answer: &Answer) -> Failure {
        let status = answer.status;
        if let (300..400, Some(location)) = (status, &answer.location) {
            return Failure::new(format!("Could not {doing}"))
                .because(format!(
                    "{} redirects to {location}; credentials are not sent on.",
                    self.address
                ))
                .advise("If that is the right server, name it with --domain");
        }
        let Ok(body) = serde_json::from_slice::<ErrorBody>(&answer.body) else {
            return Failure::new(format!("Could not {doing}"))
                .because(format!(
                    "{} answered with status {status} and no explanation.",
                    self.address
                ))
                .advise("Check the address (--domain), and whether a proxy in front of the server answered instead")
                .with_status(status);
        };
        let mut why = format!(
            "{} answered {status} {}, request id {}.",
            self.address, body.error, body.req_id
        );
        for detail in details(body.details.as_ref()) {
            why.push_str("\n  - ");
            why.push_str(&detail);
        }
        let message = body.text();
        // A token that is malformed or expired is refused with 403 and this name, as Infisical does.
        if self.token.is_some() && (status == 401 || (status == 403 && body.error == "TokenError")) {
            let failure = if self.from_session {
                not_logged_in(&self.address)
            } else {
                Failure::new(format!("Not logged in to {}", called::product()))
                    .advise("The token that was given is not accepted: check --token and INFISICAL_TOKEN")
            };
            return failure
                .because(format!("Could not {doing}: {message}\n{why}"))
                .with_status(status)
                .with_code(code::NOT_LOGGED_IN);
        }
        let failure = Failure::new(format!("Could not {doing}: {message}"))
            .because(why)
            .with_status(status);
        if body.error == "TokenError" {
            return failure.with_code(code::NOT_LOGGED_IN);
        }
        match status {
            403 => failure.advise("Ask an administrator of the project for access"),
            429 => failure.advise("Wait a moment, then try again"),
            503 => failure.advise("Try again; if that does not help, the server's log says what it needs"),
            500.. => failure.advise("The server's log has more under this request id"),
            _ => failure,
        }
    }
}

/// Infisical's text for a name that is taken, which its status 400 alone does not tell.
fn already_exists(failure: &Failure) -> bool {
    matches!(failure.status(), Some(400 | 409)) && failure.what().to_lowercase().contains("already exist")
}

fn details(details: Option<&Value>) -> Vec<String> {
    let text = |value: &Value| match (value, Refused::deserialize(value)) {
        (Value::String(text), _) => text.clone(),
        (_, Ok(refused)) => format!("{}: {}", refused.name, refused.reason),
        _ => value.to_string(),
    };
    match details {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(list)) => list.iter().map(text).collect(),
        Some(other) => vec![text(other)],
    }
}

/// What to say when there is no answer.
pub fn unreachable_server(address: &Address, error: &fetch::Error) -> Failure {
    let failure = Failure::new(format!(
        "Could not reach the {} server at {address}: {error}",
        called::product()
    ))
    .with_code(code::UNREACHABLE);
    match error {
        fetch::Error::Refused => failure
            .because("Nothing listens there.")
            .advise("Start it with `strongroom serve`, or name another server with --domain"),
        fetch::Error::UnknownHost(_) => failure.advise("Check the name in --domain, and this machine's name server"),
        fetch::Error::Tls(_) => failure.advise(
            "Use http:// if the server speaks plain HTTP; name the authority of a private certificate with --ca-cert or SSL_CERT_FILE",
        ),
        fetch::Error::Timeout(_) => failure.advise("Check the address, the network, and any firewall between"),
        fetch::Error::TooLarge(_) | fetch::Error::Blocked(_) | fetch::Error::Other(_) => failure.advise("Check the address (--domain)"),
    }
}

/// A query as pairs, without what is absent.
fn pairs(query: &impl Serialize) -> Vec<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::to_value(query) else {
        return Vec::new();
    };
    let text = |value: Value| value.as_str().map(str::to_owned);
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, text(value)?)))
        .collect()
}

/// A server for tests, and what it may answer with.
#[cfg(test)]
pub(crate) mod fixture;

#[cfg(test)]
mod tests;
