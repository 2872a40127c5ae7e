//! Copies of backups at a real S3 server and a real WebDAV server: both run here, over a folder each.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::copy_targets::{ACCESS_KEY, ALLOWED, SECRET_KEY, s3, web_dav};
use e2e::desk::Desk;
use e2e::instance::Instance;
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

/// Every file in these folders with its size.
fn files_in(folders: &[PathBuf]) -> Result<BTreeMap<PathBuf, u64>> {
    let mut files = BTreeMap::new();
    for folder in folders {
        for entry in fs::read_dir(folder)? {
            // A file that is there under another name by now.
            if let Ok(entry) = entry
                && let Ok(data) = entry.metadata()
            {
                files.insert(entry.path(), data.len());
            }
        }
    }
    Ok(files)
}

/// Kills the server while it copies, a little later each time, and starts it again: every copy arrives whole in the end,
/// and nothing half stays there.
fn kill_while_copying(
    mut server: Server,
    instance: &Instance,
    arguments: &[&str],
    targets: &[PathBuf],
) -> Result<Server> {
    let rounds = if e2e::long() { 16 } else { 2 };
    let mut halfway = 0;
    for round in 0..rounds {
        let before = files_in(targets)?;
        instance.back_up(server.address)?;
        let kept = server.data_dir.join("backups");
        let begun = Instant::now();
        while files_in(targets)? == before {
            ensure!(begun.elapsed() < PATIENCE, "no copy begins: {}", server.log()?);
            sleep(Duration::from_millis(1));
        }
        sleep(Duration::from_millis(10 * round));
        e2e::server::signal(server.id(), rustix::process::Signal::KILL)?;
        server.wait(PATIENCE)?;
        let whole = backups_in(&kept)?.len();
        for target in targets {
            halfway += usize::from(backups_in(target)?.len() < whole);
        }
        server = Server::start_with(&server.data_dir, arguments)?;
        let begun = Instant::now();
        for target in targets {
            loop {
                let (here, there) = (backups_in(&kept)?, backups_in(target)?);
                let same = |(here, there): (&PathBuf, &PathBuf)| -> Result<bool> {
                    Ok(here.file_name() == there.file_name() && fs::read(here)? == fs::read(there)?)
                };
                if here.len() == there.len()
                    && here
                        .iter()
                        .zip(&there)
                        .map(same)
                        .all(|same| same.unwrap_or(false))
                {
                    break;
                }
                // A copy with a final name is whole at every moment.
                for copy in &there {
                    let original = kept.join(copy.file_name().unwrap_or_default());
                    ensure!(
                        !original.exists() || fs::metadata(&original)?.len() == fs::metadata(copy)?.len(),
                        "{} is cut off",
                        copy.display()
                    );
                }
                ensure!(
                    begun.elapsed() < PATIENCE,
                    "{there:?} instead of {here:?}: {}",
                    server.log()?
                );
                sleep(Duration::from_millis(100));
            }
        }
        let left = files_in(&targets[1..])?;
        let half = left
            .keys()
            .find(|path| path.extension().is_some_and(|extension| extension == "part"));
        ensure!(half.is_none(), "{half:?} is left");
    }
    e2e::say(format_args!(
        "{rounds} kills while backups were copied to {} places; {halfway} copies were not complete",
        targets.len()
    ));
    Ok(server)
}

#[test]
fn copies_arrive_whole_at_s3_and_web_dav_and_in_a_directory() -> Result<()> {
    let root = tempfile::tempdir()?;
    let disk = root.path().join("disk");
    fs::create_dir(&disk)?;
    let root = root.path().display().to_string();
    let arguments = [&ALLOWED[..], &["--backup-root", &root]].concat();
    let desk = Desk::with(&arguments)?;
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
    let path = disk.display().to_string();
    operator(&desk, &["backup", "add-target", "disk", "--directory", &path])?
        .finish()?
        .ok()?;
    let targets = [buckets.join("vault"), folder.join("inside"), disk];
    ensure!(
        fs::read_dir(&targets[0])?.count() == 0,
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
    for folder in &targets {
        let copy = wait_for_copies(folder, &desk.server, 1)?.remove(0);
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

    let again = kill_while_copying(desk.server, &desk.instance, &arguments, &targets)?;
    // The secret key is nowhere in plain.
    ensure!(!again.log()?.contains(SECRET_KEY), "the secret key is in the log");
    for entry in fs::read_dir(&again.data_dir)? {
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
