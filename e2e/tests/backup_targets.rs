//! Copies of backups at a real S3 server and a real WebDAV server: both run here, over a folder each.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::copy_targets::{ACCESS_KEY, ALLOWED, SECRET_KEY, s3, web_dav};
use e2e::desk::Desk;
use e2e::program::Run;
use e2e::server::Server;
use tokio::runtime::Runtime;

/// Longest wait for a copy: the jobs look every ten seconds.
const PATIENCE: Duration = Duration::from_mins(1);

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
    let (s3, dav) = runtime.block_on(async { anyhow::Ok((s3(&buckets).await?, web_dav(&folder).await?)) })?;
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
