//! On a small machine: with 256 MB for everything the server lives through a day's work and a morning's rush of logins.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::http::Connection;
use e2e::instance::{self, Instance};
use e2e::program::Run;
use e2e::server::Server;

const LIMIT: u64 = 256 << 20;
const LOGINS: usize = 50;
const PATIENCE: Duration = Duration::from_mins(1);

/// A control group of version 1 or 2 with a limit of memory, removed with this value.
struct Group {
    folder: PathBuf,
    /// File with the most memory that was used, in bytes.
    peak: &'static str,
}

impl Group {
    /// Nothing where no such group can be made: containers mostly forbid it.
    fn new() -> Option<Self> {
        let name = format!("strongroom-test-{}", std::process::id());
        let versions = [
            (
                "/sys/fs/cgroup/memory",
                "memory.limit_in_bytes",
                "memory.max_usage_in_bytes",
            ),
            ("/sys/fs/cgroup", "memory.max", "memory.peak"),
        ];
        versions.into_iter().find_map(|(root, limit, peak)| {
            let folder = Path::new(root).join(&name);
            fs::create_dir(&folder).ok()?;
            let group = Self { folder, peak };
            // A folder on anything but a control group's file system would take the file, too, and limit nothing.
            let limited = group.folder.join(limit);
            (limited.exists() && fs::write(limited, LIMIT.to_string()).is_ok()).then_some(group)
        })
    }

    fn peak(&self) -> Result<u64> {
        Ok(fs::read_to_string(self.folder.join(self.peak))?.trim().parse()?)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir(&self.folder) {
            e2e::say(format_args!("{} stays behind: {error}", self.folder.display()));
        }
    }
}

/// Most memory that the process had at a time, in bytes.
fn peak_resident(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.context("no VmHWM")?.trim().trim_end_matches(" kB");
    Ok(kilobytes.trim().parse::<u64>()? * 1024)
}

/// Logs in as somebody who waits when the server asks to: so many attempts for one account look like guessing.
fn log_in(address: SocketAddr) -> Result<String> {
    let begun = Instant::now();
    loop {
        match instance::log_in(address) {
            Err(error) if error.to_string().contains("429") => ensure!(begun.elapsed() < PATIENCE, "{error}"),
            done => return done,
        }
        thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_box_of_256_mb_survives_a_day_and_fifty_logins_at_once() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let group = Group::new();
    let mut server = if let Some(group) = &group {
        let enter = format!(
            r#"echo $$ > "{}/cgroup.procs" && exec "$0" "$@""#,
            group.folder.display()
        );
        Server::start_under(&data, &["sh", "-c", &enter], &[])?
    } else {
        e2e::say(format_args!(
            "no control group can be made here: the peak of resident memory is checked instead"
        ));
        Server::start(&data)?
    };
    let address = server.address;
    let instance = Instance::set_up(address)?;
    let mut connection = Connection::open(address)?;
    for number in 0..200 {
        let name = format!("SECRET_{number}");
        instance.create(&mut connection, &name, &"v".repeat(4096))?.ok()?;
    }

    let logins: Vec<_> = (0..LOGINS)
        .map(|_| thread::spawn(move || log_in(address)))
        .collect();
    for login in logins {
        let token = login.join().ok().context("a login panicked")??;
        ensure!(!token.is_empty());
    }
    Run::new(scratch.path())?
        .args(["keys", "kit", "--output", "kit.txt", "--data-dir"])
        .arg_path(&data)
        .finish()?
        .ok()?;
    instance.back_up(address)?;
    for number in [0, 99, 199] {
        assert_eq!(
            instance.read(&mut connection, &format!("SECRET_{number}"))?,
            "v".repeat(4096)
        );
    }
    assert!(server.is_alive()?);

    let resident = peak_resident(server.id())?;
    let used = group.as_ref().map_or(Ok(resident), Group::peak)?;
    e2e::say(format_args!(
        "a day in 256 MB: most memory used {} MB, resident at most {} MB",
        used >> 20,
        resident >> 20
    ));
    assert!(used <= LIMIT, "{used} bytes");
    server.stop()
}
