//! A bucket of an S3-compatible service. An object appears there when all of it has arrived, or not at all.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use rusty_s3::actions::CreateMultipartUpload;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use shared::model::text::SecretText;
use tokio::io::AsyncReadExt;

use super::{Error, TIMEOUTS, refused, require_size, send};
use crate::outside::fetch::{Body, Fetch, Method, Request, Timeouts, Url};

/// Size of a part of a large object. There may be 10,000 of them, so 160 GB have room.
const PART: usize = 16 * 1024 * 1024;
/// How long a request may take: a part has to get through, however slow the line.
pub const PATIENCE: Timeouts = Timeouts {
    total: Duration::from_mins(30),
    ..TIMEOUTS
};
/// How long a signed address is good.
const SIGNED_FOR: Duration = Duration::from_hours(1);

/// A bucket and what is needed to write there.
pub struct S3 {
    bucket: Bucket,
    credentials: Credentials,
    prefix: String,
    fetch: Fetch,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3")
            .field("bucket", &self.bucket.name())
            .finish_non_exhaustive()
    }
}

impl S3 {
    /// The bucket of that name at an endpoint.
    pub fn new(
        fetch: Fetch,
        endpoint: Url,
        region: &str,
        bucket: &str,
        prefix: &str,
        access_key: &str,
        secret: &SecretText,
    ) -> Result<Self, Error> {
        // The bucket in the path works with every service, with addresses without a name too.
        let bucket = Bucket::new(endpoint, UrlStyle::Path, bucket.to_owned(), region.to_owned())
            .map_err(|error| Error::Invalid(format!("there can be no such bucket: {error}")))?;
        Ok(Self {
            bucket,
            credentials: Credentials::new(access_key, secret.expose()),
            prefix: prefix.trim_start_matches('/').to_owned(),
            fetch,
        })
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Copies a file into the bucket.
    pub async fn put(&self, name: &str, file: &Path, size: u64) -> Result<(), Error> {
        let key = self.key(name);
        let mut source = tokio::fs::File::open(file).await?;
        if size <= PART as u64 {
            let url = self
                .bucket
                .put_object(Some(&self.credentials), &key)
                .sign(SIGNED_FOR);
            let request = Request {
                body: Body::Bytes(next_part(&mut source).await?),
                ..Request::new(Method::PUT, url)
            };
            send(&self.fetch, "take the file", request).await?;
        } else {
            self.put_in_parts(&key, &mut source).await?;
        }
        let url = self
            .bucket
            .head_object(Some(&self.credentials), &key)
            .sign(SIGNED_FOR);
        let head = send(&self.fetch, "show the file", Request::new(Method::HEAD, url)).await?;
        require_size(head.length, size)
    }

    async fn put_in_parts(&self, key: &str, source: &mut tokio::fs::File) -> Result<(), Error> {
        let begin = self
            .bucket
            .create_multipart_upload(Some(&self.credentials), key)
            .sign(SIGNED_FOR);
        let begun = send(&self.fetch, "take the file", Request::new(Method::POST, begin)).await?;
        let text = String::from_utf8_lossy(&begun.body);
        let begun = CreateMultipartUpload::parse_response(&text)
            .map_err(|_| Error::Refused("the target did not answer as S3 does".into()))?;
        let upload = begun.upload_id();
        let done = self.send_parts(key, upload, source).await;
        if done.is_err() {
            let end = self
                .bucket
                .abort_multipart_upload(Some(&self.credentials), key, upload)
                .sign(SIGNED_FOR);
            if let Err(error) = send(
                &self.fetch,
                "drop the beginning",
                Request::new(Method::DELETE, end),
            )
            .await
            {
                tracing::warn!(%error, "the beginning of a copy stays behind at the target");
            }
        }
        done
    }

    async fn send_parts(&self, key: &str, upload: &str, source: &mut tokio::fs::File) -> Result<(), Error> {
        let mut etags: Vec<String> = Vec::new();
        loop {
            let bytes = next_part(source).await?;
            if bytes.is_empty() {
                break;
            }
            let number = u16::try_from(etags.len() + 1)
                .map_err(|_| Error::Invalid("the file is too large for S3".into()))?;
            let url = self
                .bucket
                .upload_part(Some(&self.credentials), key, number, upload)
                .sign(SIGNED_FOR);
            let request = Request {
                body: Body::Bytes(bytes),
                ..Request::new(Method::PUT, url)
            };
            let answer = send(&self.fetch, "take a part of the file", request).await?;
            etags.push(
                answer
                    .etag
                    .ok_or_else(|| Error::Refused("the target did not answer as S3 does".into()))?,
            );
        }
        let finish = self.bucket.complete_multipart_upload(
            Some(&self.credentials),
            key,
            upload,
            etags.iter().map(String::as_str),
        );
        let url = finish.sign(SIGNED_FOR);
        let request = Request {
            body: Body::Bytes(finish.body().into_bytes()),
            ..Request::new(Method::POST, url)
        };
        let answer = send(&self.fetch, "put the parts together", request).await?;
        // S3 may fail after it has said 200 already.
        if String::from_utf8_lossy(&answer.body).contains("<Error>") {
            return Err(refused("put the parts together", &answer));
        }
        Ok(())
    }

    /// Removes an object.
    pub async fn remove(&self, name: &str) -> Result<(), Error> {
        let key = self.key(name);
        let url = self
            .bucket
            .delete_object(Some(&self.credentials), &key)
            .sign(SIGNED_FOR);
        let answer = self.fetch.send(Request::new(Method::DELETE, url)).await?;
        match answer.status {
            200..300 | 404 => Ok(()),
            _ => Err(refused("remove the file", &answer)),
        }
    }
}

/// The next bytes of a file, a part's worth of them; fewer only at its end.
async fn next_part(source: &mut tokio::fs::File) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(PART);
    source.take(PART as u64).read_to_end(&mut bytes).await?;
    Ok(bytes)
}
