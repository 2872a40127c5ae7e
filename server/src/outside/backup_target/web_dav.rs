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
        let done = unless_stalled(STALLED, progress, self.put_file(name, source, size)).await;
        // Whoever does not answer is not asked again.
        if matches!(done, Err(Error::Refused(_) | Error::Io(_)))
            && let Err(error) = self.remove(&part(name)).await
        {
            tracing::warn!(%error, "the beginning of a copy stays behind at the target");
        }
        done
    }

    async fn put_file(&self, name: &str, source: tokio::fs::File, size: u64) -> Result<(), Error> {
        let (part, whole) = (self.file(&part(name))?, self.file(name)?);
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

/// The name of a file that is not complete yet.
fn part(name: &str) -> String {
    format!("{name}.part")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::outside::backup_target::TIMEOUTS;
    use crate::outside::outbound_guard::OutboundGuard;

    #[tokio::test]
    async fn nothing_stays_of_a_copy_that_did_not_arrive_whole() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}/backups", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut text = String::new();
                // The head, and behind the one of PUT the content.
                while !text.contains("\r\n\r\n") || (text.starts_with("PUT") && !text.ends_with("content")) {
                    let mut buffer = [0; 4096];
                    let length = stream.read(&mut buffer).await.unwrap();
                    text.push_str(&String::from_utf8_lossy(&buffer[..length]));
                }
                let first = text.split(" HTTP").next().unwrap_or_default();
                noted.lock().unwrap().push(first.to_owned());
                let length = if text.starts_with("HEAD") { 3 } else { 0 };
                let answer =
                    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        let guard = Arc::new(OutboundGuard::allowing(vec!["127.0.0.1".parse().unwrap()]));
        let fetch = Fetch::guarded(&url, TIMEOUTS, &guard, None).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("file");
        std::fs::write(&file, "content").unwrap();
        let target = WebDav::new(fetch, url, "", None);
        let told = target.put("a", &file, 7).await.unwrap_err().to_string();
        assert!(told.contains("3 of 7 bytes"), "{told}");
        assert_eq!(
            *asked.lock().unwrap(),
            [
                "PUT /backups/a.part",
                "HEAD /backups/a.part",
                "DELETE /backups/a.part"
            ]
        );
    }
}
