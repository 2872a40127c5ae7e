//! Places where copies of backups go: a directory, a bucket, a WebDAV folder. What is put there is never half there under
//! its final name, and what is said to be there was asked for afterwards.

mod directory;
mod s3;
mod web_dav;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use shared::model::backups::{Target, TargetPlace};
use shared::model::text::SecretText;

use super::fetch::{self, Answer, Fetch, Request, Timeouts, Url};
use super::outbound_guard::OutboundGuard;
use directory::Directory;
use s3::S3;
use web_dav::WebDav;

/// How long a target may take: a large file over a slow line takes hours.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(20),
    total: Duration::from_hours(12),
};
/// How long a target may go without taking another byte, or answer.
const STALLED: Duration = Duration::from_mins(10);
/// Name of the file of a trial.
const TRIAL: &str = "strongroom-trial.txt";

/// Why something was not done at a target, in words that end a sentence.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is configured cannot be.
    #[error("{0}")]
    Invalid(String),
    /// The target refused.
    #[error("{0}")]
    Refused(String),
    /// Nobody answered.
    #[error("{0}")]
    Unreachable(#[from] fetch::Error),
    /// A file could not be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// A target that can be written to.
#[derive(Debug)]
pub enum BackupTarget {
    /// A directory of this machine.
    Directory(Directory),
    /// A bucket.
    S3(Box<S3>),
    /// A WebDAV folder.
    WebDav(Box<WebDav>),
}

impl BackupTarget {
    /// A target at its place. `roots` are the directories below which one may be, `guard` knows whom the server may contact;
    /// `secret` is what the place needs.
    pub fn at(
        target: &Target,
        secret: Option<&SecretText>,
        roots: &[PathBuf],
        guard: &Arc<OutboundGuard>,
    ) -> Result<Self, Error> {
        match &target.place {
            TargetPlace::Directory { path } => Directory::below(roots, path, target.id).map(Self::Directory),
            TargetPlace::S3 {
                endpoint,
                region,
                bucket,
                prefix,
                access_key,
            } => {
                let endpoint = address(endpoint)?;
                let secret = secret.ok_or_else(|| Error::Invalid("the secret key is missing".into()))?;
                let fetch = Fetch::guarded(&endpoint, s3::PATIENCE, guard, None)?;
                S3::new(fetch, endpoint, region, bucket, prefix, access_key, secret)
                    .map(|s3| Self::S3(Box::new(s3)))
            }
            TargetPlace::WebDav { url, user } => {
                let folder = address(url)?;
                let fetch = Fetch::guarded(&folder, TIMEOUTS, guard, None)?;
                Ok(Self::WebDav(Box::new(WebDav::new(fetch, folder, user, secret))))
            }
        }
    }

    /// Copies a file there, under a name, and asks whether all of it arrived.
    pub async fn put(&self, name: &str, file: &Path, size: u64) -> Result<(), Error> {
        match self {
            Self::Directory(directory) => directory.put(name, file, size).await,
            Self::S3(s3) => s3.put(name, file, size).await,
            Self::WebDav(dav) => dav.put(name, file, size).await,
        }
    }

    /// Removes what is there under a name. Nothing there is no error.
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        match self {
            Self::Directory(directory) => directory.remove(name).await,
            Self::S3(s3) => s3.remove(name).await,
            Self::WebDav(dav) => dav.remove(name).await,
        }
    }

    /// Tries both with a small file, at a target that is about to be added. `scratch` is a file for it that the caller
    /// removes.
    pub async fn try_out(&self, scratch: &Path) -> Result<(), Error> {
        if let Self::Directory(directory) = self {
            directory.mark().await?;
        }
        let tried = self.try_with_file(scratch).await;
        if tried.is_err() {
            self.give_up().await;
        }
        tried
    }

    async fn try_with_file(&self, scratch: &Path) -> Result<(), Error> {
        let text = "Strongroom tried whether backups can be written here. This file may be removed.\n";
        tokio::fs::write(scratch, text).await?;
        self.put(TRIAL, scratch, text.len() as u64).await?;
        self.remove(TRIAL).await
    }

    /// Leaves nothing there of a target that was tried and not added.
    pub async fn give_up(&self) {
        if let Self::Directory(directory) = self
            && let Err(error) = directory.unmark().await
        {
            tracing::warn!(%error, "a small file stays behind at a target that was not added");
        }
    }
}

fn address(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text)
        // It may hold a password, so it is not repeated.
        .map_err(|error| Error::Invalid(format!("this is not an address such as https://host/folder: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(Error::Invalid(
            "the address has to begin with http:// or https://".into(),
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Invalid(
            "name and password have fields of their own and do not belong into the address".into(),
        ));
    }
    Ok(url)
}

/// Sends a request that has to succeed; `what` says what the target is asked to do.
async fn send(fetch: &Fetch, what: &str, request: Request<'_>) -> Result<Answer, Error> {
    let answer = fetch.send(request).await?;
    if (200..300).contains(&answer.status) {
        Ok(answer)
    } else {
        Err(refused(what, &answer))
    }
}

/// An answer that is none of those that mean success.
fn refused(what: &str, answer: &Answer) -> Error {
    let text = String::from_utf8_lossy(&answer.body);
    // S3 says its reason in XML; of anything else the beginning is enough.
    let between = |tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once("</")?.0.to_owned())
    };
    let reason = between("Message").or_else(|| between("Code"));
    let meaning = match answer.status {
        301 | 302 | 307 | 308 => "it is at another address",
        401 => "it does not accept the login",
        403 => "it does not allow it",
        404 => "there is no such bucket or folder",
        405 | 501 => "it cannot do this; is it a server of this kind?",
        409 => "the folder is missing",
        507 => "it is full",
        _ => "it failed",
    };
    let shown = reason.map(|reason| format!(": {}", reason.chars().take(200).collect::<String>()));
    Error::Refused(format!(
        "the target refused to {what}: {meaning} (status {}{})",
        answer.status,
        shown.unwrap_or_default()
    ))
}

/// Gives work up when it has made no progress for as long as `limit`.
async fn unless_stalled<T>(
    limit: Duration,
    progress: impl Fn() -> u64,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::pin!(work);
    let mut before = progress();
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(limit) => {}
        }
        let now = progress();
        if now == before {
            return Err(Error::Refused(format!(
                "the target took nothing and did not answer for {} minutes",
                limit.as_secs() / 60
            )));
        }
        before = now;
    }
}

/// What arrived is compared with what was sent.
fn require_size(found: Option<u64>, size: u64) -> Result<(), Error> {
    match found {
        Some(found) if found != size => Err(Error::Refused(format!(
            "the target has {found} of {size} bytes after it said that it took all of them"
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn an_address_that_cannot_be_is_not_repeated() {
        for text in [
            "https://u:canary@host:port/",
            "canary",
            "ftp://u:canary@host/",
            "https://u:canary@host/",
        ] {
            let told = address(text).unwrap_err().to_string();
            assert!(!told.contains("canary"), "{told}");
        }
        assert!(address("https://host/folder").is_ok());
    }

    #[tokio::test]
    async fn work_without_progress_is_given_up() {
        let limit = Duration::from_millis(20);
        let error = unless_stalled::<()>(limit, || 7, std::future::pending()).await;
        assert!(error.unwrap_err().to_string().contains("took nothing"));
        // One that goes on may take as long as it needs.
        let at = AtomicU64::new(0);
        let slow = async {
            tokio::time::sleep(limit * 5).await;
            Ok(())
        };
        unless_stalled(limit, || at.fetch_add(1, Ordering::Relaxed), slow)
            .await
            .unwrap();
    }
}
