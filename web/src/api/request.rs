//! One request: sent with the access token, and once more with a fresh one when the token has expired.

use gloo_net::http::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
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
        match read(self.attempt(Some(session)).await?).await {
            Err(error) if error.kind == Kind::SignedOut => {
                renew(session, error).await?;
                read(self.attempt(Some(session)).await?).await
            }
            answer => answer,
        }
    }

    /// Sends it as [`Self::send`] does. A refusal comes with its details, where they are of the kind that is asked for.
    pub async fn send_explained<T, D>(self, session: Session) -> Result<T, (Error, Option<D>)>
    where
        T: DeserializeOwned,
        D: DeserializeOwned,
    {
        let text = match text_of(self.attempt(Some(session)).await.map_err(bare::<D>)?).await {
            Err((error, _)) if error.kind == Kind::SignedOut => {
                renew(session, error).await.map_err(bare::<D>)?;
                text_of(self.attempt(Some(session)).await.map_err(bare::<D>)?).await
            }
            answer => answer,
        };
        match text {
            Ok(text) => serde_json::from_str(&text).map_err(|_| bare(Error::not_understood())),
            Err((error, body)) => Err((error, details(&body))),
        }
    }

    /// Sends it without an access token.
    pub async fn send_anonymous<T: DeserializeOwned>(self) -> Result<T, Error> {
        read(self.attempt(None).await?).await
    }

    async fn attempt(&self, session: Option<Session>) -> Result<Response, Error> {
        let mut request = RequestBuilder::new(&self.path)
            .method(self.method.clone())
            .cache(RequestCache::NoStore)
            .credentials(RequestCredentials::SameOrigin)
            .query(self.query.iter().map(|(name, value)| (*name, value)));
        if let Some(header) = session.and_then(|session| session.with_token(plaintext::bearer)) {
            request = request.header("Authorization", &header);
        }
        let request = match &self.body {
            Some(json) => request
                .header("Content-Type", "application/json")
                .body(json.as_str()),
            None => request.build(),
        };
        request
            .map_err(|_| Error::not_understood())?
            .send()
            .await
            .map_err(|_| Error::unreachable())
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

async fn read<T: DeserializeOwned>(answer: Response) -> Result<T, Error> {
    let text = text_of(answer).await.map_err(|(error, _)| error)?;
    serde_json::from_str(&text).map_err(|_| Error::not_understood())
}

/// The body of a good answer; otherwise what it means and the body.
async fn text_of(answer: Response) -> Result<String, (Error, String)> {
    let text = answer
        .text()
        .await
        .map_err(|_| (Error::unreachable(), String::new()))?;
    if answer.ok() {
        Ok(text)
    } else {
        Err((Error::from_answer(answer.status(), &text), text))
    }
}

fn bare<D>(error: Error) -> (Error, Option<D>) {
    (error, None)
}

fn details<D: DeserializeOwned>(body: &str) -> Option<D> {
    let body: ErrorBody = serde_json::from_str(body).ok()?;
    serde_json::from_value(body.details?).ok()
}
