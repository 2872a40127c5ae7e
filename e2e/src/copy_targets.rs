//! Where copies of backups go: a real S3 server and a real WebDAV server, each over a folder, until the test ends.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use dav_server::DavHandler;
use dav_server::fakels::FakeLs;
use dav_server::localfs::LocalFs;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;

/// Leave for the server to contact them: they are on this machine.
pub const ALLOWED: [&str; 2] = ["--allow-outbound", "127.0.0.1"];
/// The key of the S3 server.
pub const ACCESS_KEY: &str = "AKIASTRONGROOM";
/// What goes with it.
pub const SECRET_KEY: &str = "correct-horse-battery-staple-0123456789";
/// Who may use the WebDAV server.
pub const USER: &str = "kavi";
/// The password of that person.
pub const DAV_PASSWORD: &str = "window";
/// Both, as they are sent.
const LOGIN: &str = "Basic a2F2aTp3aW5kb3c=";

/// An S3 server over a folder, in which each folder is a bucket. It refuses what is not signed with the key.
pub async fn s3(folder: &Path) -> Result<SocketAddr> {
    let storage = s3s_fs::FileSystem::new(folder).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let mut builder = S3ServiceBuilder::new(storage);
    builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                // A client that breaks off is none of the server's business.
                let _ = Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Ok(address)
}

/// A WebDAV server over a folder, for whoever has the password.
pub async fn web_dav(folder: &Path) -> Result<SocketAddr> {
    let dav = DavHandler::builder()
        .filesystem(LocalFs::new(folder, false, false, false))
        .locksystem(FakeLs::new())
        .build_handler();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let dav = dav.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let dav = dav.clone();
                    async move {
                        let allowed = request
                            .headers()
                            .get("authorization")
                            .is_some_and(|header| header == LOGIN);
                        let answer = if allowed {
                            dav.handle(request).await
                        } else {
                            let mut refused = hyper::Response::new(dav_server::body::Body::empty());
                            *refused.status_mut() = hyper::StatusCode::UNAUTHORIZED;
                            refused
                        };
                        Ok::<_, std::convert::Infallible>(answer)
                    }
                });
                let _ = Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    Ok(address)
}
