//! A folder of a WebDAV server (RFC 4918). A file is sent under another name and moved when all of it has arrived.

use std::fmt;
use std::io::Seek as _;
use std::path::Path;

use reqwest::header::HeaderName;
use shared::model::text::SecretText;

use super::{Error, STALLED, refused, require_size, send, unless_stalled};
use crate::outside::fetch::{Body, Fetch, Login, Method, Request, Url};

const DESTINATION: HeaderName = HeaderName::from_static("destination");
const OVERWRITE: HeaderName = HeaderName::from_static("overwrite");

/// A folder and what is needed to write there.
pub struct WebDav {
    folder: Url,
    user: String,
    password: Option<SecretText>,
    fetch: Fetch,
}

impl fmt::Debug for WebDav {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebDav")
            .field("folder", &self.folder.as_str())
            .finish_non_exhaustive()
    }
}

impl WebDav {
    /// The folder at an address.
    pub fn new(fetch: Fetch, mut folder: Url, user: &str, password: Option<&SecretText>) -> Self {
        if !folder.path().ends_with('/') {
            let path = format!("{}/", folder.path());
            folder.set_path(&path);
        }
        Self {
            fetch,
            folder,
            user: user.to_owned(),
            password: password.cloned(),
        }
    }

    fn file(&self, name: &str) -> Result<Url, Error> {
        let url = self.folder.join(name);
        url.map_err(|error| Error::Invalid(format!("{name} cannot be a name there: {error}")))
    }

    fn request(&self, method: Method, url: Url) -> Request<'_> {
        let login = match &self.password {
            Some(password) if !self.user.is_empty() => Login::Basic(&self.user, password),
            _ => Login::None,
        };
        Request {
            login,
            ..Request::new(method, url)
        }
    }

    /// Copies a file into the folder.
    pub async fn put(&self, name: &str, file: &Path, size: u64) -> Result<(), Error> {
        let source = tokio::fs::File::open(file).await?;
        // It shares its place in the file with the one that is read.
        let observed = source.try_clone().await?.into_std().await;
        let progress = || (&observed).stream_position().unwrap_or_default();
        unless_stalled(STALLED, progress, self.put_file(name, source, size)).await
    }

    async fn put_file(&self, name: &str, source: tokio::fs::File, size: u64) -> Result<(), Error> {
        let (part, whole) = (self.file(&format!("{name}.part"))?, self.file(name)?);
        let request = Request {
            body: Body::File(source, size),
            ..self.request(Method::PUT, part.clone())
        };
        send(&self.fetch, "take the file", request).await?;
        let head = send(
            &self.fetch,
            "show the file",
            self.request(Method::HEAD, part.clone()),
        )
        .await?;
        require_size(head.length, size)?;
        let method = Method::from_bytes(b"MOVE").map_err(|_| Error::Invalid("no such method".into()))?;
        let request = Request {
            headers: vec![(DESTINATION, whole.to_string()), (OVERWRITE, "T".into())],
            ..self.request(method, part)
        };
        send(&self.fetch, "give the file its name", request).await?;
        Ok(())
    }

    /// Removes a file.
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        let request = self.request(Method::DELETE, self.file(name)?);
        let sent = async { Ok(self.fetch.send(request).await?) };
        let answer = unless_stalled(STALLED, || 0, sent).await?;
        match answer.status {
            200..300 | 404 | 410 => Ok(()),
            _ => Err(refused("remove the file", &answer)),
        }
    }
}
