//! Copies of backups at a real S3 server and a real WebDAV server: both run here, over a folder each.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use dav_server::DavHandler;
use dav_server::fakels::FakeLs;
use dav_server::localfs::LocalFs;
use e2e::desk::Desk;
use e2e::program::Run;
use e2e::server::Server;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

const ACCESS_KEY: &str = "AKIASTRONGROOM";
const SECRET_KEY: &str = "correct-horse-battery-staple-0123456789";
/// Longest wait for a copy: the jobs look every ten seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// The targets are on this machine, where no server goes without leave.
const ALLOWED: [&str; 2] = ["--allow-outbound", "127.0.0.1"];

/// An S3 server over a folder, in which each folder is a bucket. It refuses what is not signed with the key.
fn s3(runtime: &Runtime, folder: &Path) -> Result<SocketAddr> {
    let storage = s3s_fs::FileSystem::new(folder).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let mut builder = S3ServiceBuilder::new(storage);
    builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = builder.build();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    runtime.spawn(async move {
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
fn web_dav(runtime: &Runtime, folder: &Path) -> Result<SocketAddr> {
    let dav = DavHandler::builder()
        .filesystem(LocalFs::new(folder, false, false, false))
        .locksystem(FakeLs::new())
        .build_handler();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let dav = dav.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                    let dav = dav.clone();
                    async move {
                        // kavi:window
                        let allowed = request
                            .headers()
                            .get("authorization")
                            .is_some_and(|header| header == "Basic a2F2aTp3aW5kb3c=");
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

/// The complete backups in a folder.
fn backups_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with("strongroom-") && path.extension().is_some_and(|extension| extension == "age") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn wait_for_copies(folder: &Path, server: &Server, count: usize) -> Result<Vec<PathBuf>> {
    let begun = Instant::now();
    loop {
        let found = backups_in(folder)?;
        if found.len() == count {
            return Ok(found);
        }
        ensure!(
            begun.elapsed() < PATIENCE,
            "{found:?} instead of {count}: {}",
            server.log()?
        );
        sleep(Duration::from_millis(100));
    }
}

fn operator(desk: &Desk, args: &[&str]) -> Result<Run> {
    Ok(desk
        .run(args)?
        .args(["--data-dir"])
        .arg_path(&desk.server.data_dir))
}

#[test]
fn copies_arrive_whole_at_s3_and_web_dav() -> Result<()> {
    let mut desk = Desk::with(&ALLOWED)?;
    // Large enough for an upload in parts, and random enough to stay so.
    for number in 0..24 {
        let mut bytes = vec![0_u8; 700 * 1024];
        fs::File::open("/dev/urandom")
            .and_then(|mut source| std::io::Read::read_exact(&mut source, &mut bytes))?;
        let hex: String = bytes.iter().map(|byte| char::from(b'!' + byte % 90)).collect();
        let file = desk.file("large", &hex)?;
        desk.data(&["secrets", "set", &format!("LARGE_{number}=@{file}")])?;
    }
    operator(&desk, &["keys", "kit", "--output", "kit.txt"])?
        .finish()?
        .ok()?;
    let runtime = Runtime::new()?;
    let (buckets, folder) = (desk.home.join("buckets"), desk.home.join("dav"));
    fs::create_dir_all(buckets.join("vault"))?;
    fs::create_dir_all(folder.join("inside"))?;
    let (s3, dav) = (s3(&runtime, &buckets)?, web_dav(&runtime, &folder)?);
    let (s3, dav) = (format!("http://{s3}"), format!("http://{dav}/inside"));

    let add_s3 = |name: &str, bucket: &str, secret: &str| -> Result<_> {
        operator(
            &desk,
            &[
                "backup",
                "add-target",
                name,
                "--s3",
                &s3,
                "--bucket",
                bucket,
                "--access-key",
                ACCESS_KEY,
            ],
        )?
        .input(secret)
        .finish()
    };
    let add_dav = |password: &str| -> Result<_> {
        operator(
            &desk,
            &[
                "backup",
                "add-target",
                "cloud",
                "--web-dav",
                &dav,
                "--user",
                "kavi",
            ],
        )?
        .input(password)
        .finish()
    };
    // What does not work is refused when it is added, not in the night.
    let wrong = add_s3("s3", "vault", "another secret key")?.refused(1)?;
    ensure!(
        wrong.contains("s3 was not added") && wrong.contains("403"),
        "{wrong}"
    );
    ensure!(!wrong.contains("another secret"), "{wrong}");
    let wrong = add_dav("wrong")?.refused(1)?;
    ensure!(wrong.contains("does not accept the login"), "{wrong}");
    add_s3("s3", "vault", SECRET_KEY)?.ok()?;
    add_dav("window")?.ok()?;
    ensure!(
        fs::read_dir(buckets.join("vault"))?.count() == 0,
        "the trial left something"
    );

    desk.instance.back_up(desk.server.address)?;
    let kept = backups_in(&desk.server.data_dir.join("backups"))?;
    let here = fs::read(kept.first().context("no backup")?)?;
    ensure!(
        here.len() > 16 * 1024 * 1024,
        "{} bytes need no parts",
        here.len()
    );
    for folder in [buckets.join("vault"), folder.join("inside")] {
        let copy = wait_for_copies(&folder, &desk.server, 1)?.remove(0);
        ensure!(fs::read(&copy)? == here, "{} differs", copy.display());
        // With the kit alone, and no server.
        let verified = desk
            .run(&["backup", "verify"])?
            .arg_path(&copy)
            .args(["--identity", "kit.txt"])
            .finish()?;
        ensure!(verified.code == Some(0), "{}", verified.stderr);
        ensure!(verified.stderr.contains("24 secrets"), "{}", verified.stderr);
    }
    let list = operator(&desk, &["backup", "list"])?.finish()?.ok()?;
    ensure!(
        list.contains("here, ") && list.contains("s3") && list.contains("cloud"),
        "{list}"
    );

    // Killed while copies are under way, it goes on after the next start, and nothing is half there.
    desk.instance.back_up(desk.server.address)?;
    e2e::server::signal(desk.server.id(), rustix::process::Signal::KILL)?;
    desk.server.wait(PATIENCE)?;
    let again = Server::start_with(&desk.server.data_dir, &ALLOWED)?;
    for folder in [buckets.join("vault"), folder.join("inside")] {
        for copy in wait_for_copies(&folder, &again, 2)? {
            ensure!(
                fs::metadata(&copy)?.len() > 16 * 1024 * 1024,
                "{} is cut off",
                copy.display()
            );
        }
    }
    // The secret key is nowhere in plain.
    ensure!(!again.log()?.contains(SECRET_KEY), "the secret key is in the log");
    for entry in fs::read_dir(&desk.server.data_dir)? {
        let path = entry?.path();
        if path.is_file() {
            let bytes = fs::read(&path)?;
            let found = bytes
                .windows(SECRET_KEY.len())
                .any(|window| window == SECRET_KEY.as_bytes());
            ensure!(!found, "the secret key is in {}", path.display());
        }
    }
    again.stop()
}
