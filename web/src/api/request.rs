//! One request: sent with the access token, and once more with a fresh one when the token has expired.

use gloo_net::http::{Method, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::model::text::SecretText;
use shared::wire::error::ErrorBody;
use web_sys::{RequestCache, RequestCredentials};

use super::auth;
use super::error::{Error, Kind};
use crate::plaintext;
use crate::session::Session;

/// A request in the making.
pub struct Request {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<String>,
}

impl Request {
    /// Reads something.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Makes something.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// Changes something.
    pub fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// Removes something.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
        }
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Sets the body.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, Error> {
        self.body = Some(serde_json::to_string(body).map_err(|_| Error::not_understood())?);
        Ok(self)
    }

    /// Sends it as the person who is logged in. An expired access token is replaced once, unseen; when that fails,
    /// the session is over and the page leads to the login.
    pub async fn send<T: DeserializeOwned>(self, session: Session) -> Result<T, Error> {
        read(&self.text(session).await.map_err(|(error, _)| error)?)
    }

    /// Sends it as [`Self::send`] does, for an answer that is text as it stands.
    pub async fn send_for_text(self, session: Session) -> Result<String, Error> {
        self.text(session).await.map_err(|(error, _)| error)
    }

    /// Sends it as [`Self::send`] does. A refusal comes with its details, where they are of the kind that is asked for.
    pub async fn send_explained<T, D>(self, session: Session) -> Result<T, (Error, Option<D>)>
    where
        T: DeserializeOwned,
        D: DeserializeOwned,
    {
        match self.text(session).await {
            Ok(text) => read(&text).map_err(|error| (error, None)),
            Err((error, body)) => Err((error, details(&body))),
        }
    }

    /// Sends it without an access token.
    pub async fn send_anonymous<T: DeserializeOwned>(self) -> Result<T, Error> {
        let answer = self.attempt(None, RequestCredentials::SameOrigin).await;
        read(&answer.map_err(|(error, _)| error)?)
    }

    /// Sends it beside the session of this browser: the cookie is neither shown nor replaced.
    pub async fn send_apart<T: DeserializeOwned>(self, token: Option<&SecretText>) -> Result<T, Error> {
        let bearer = token.map(plaintext::bearer);
        let answer = self.attempt(bearer, RequestCredentials::Omit).await;
        read(&answer.map_err(|(error, _)| error)?)
    }

    /// The body of a good answer; otherwise what it means and the body. Nothing here depends on the type of the answer, so
    /// that the program holds it once.
    async fn text(&self, session: Session) -> Result<String, (Error, String)> {
        let attempt = || {
            self.attempt(
                session.with_token(plaintext::bearer),
                RequestCredentials::SameOrigin,
            )
        };
        match attempt().await {
            Err((error, _)) if error.kind == Kind::SignedOut => {
                renew(session, error).await.map_err(bare)?;
                attempt().await
            }
            answer => answer,
        }
    }

    async fn attempt(
        &self,
        bearer: Option<String>,
        cookie: RequestCredentials,
    ) -> Result<String, (Error, String)> {
        let mut request = RequestBuilder::new(&self.path)
            .method(self.method.clone())
            .cache(RequestCache::NoStore)
            .credentials(cookie)
            .query(self.query.iter().map(|(name, value)| (*name, value)));
        if let Some(header) = bearer {
            request = request.header("Authorization", &header);
        }
        let request = match &self.body {
            Some(json) => request
                .header("Content-Type", "application/json")
                .body(json.as_str()),
            None => request.build(),
        };
        let answer = request
            .map_err(|_| bare(Error::not_understood()))?
            .send()
            .await
            .map_err(|_| bare(Error::unreachable()))?;
        let text = answer.text().await.map_err(|_| bare(Error::unreachable()))?;
        if answer.ok() {
            Ok(text)
        } else {
            Err((Error::from_answer(answer.status(), &text), text))
        }
    }
}

/// Gets a fresh access token after `error`. When there is none to be had, the session is over.
async fn renew(session: Session, error: Error) -> Result<(), Error> {
    match auth::refresh(session).await {
        Err(refused) if refused.kind == Kind::SignedOut => {
            session.expire();
            Err(error)
        }
        outcome => outcome,
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|_| Error::not_understood())
}

fn bare(error: Error) -> (Error, String) {
    (error, String::new())
}

fn details<D: DeserializeOwned>(body: &str) -> Option<D> {
    let body: ErrorBody = serde_json::from_str(body).ok()?;
    serde_json::from_value(body.details?).ok()
}
