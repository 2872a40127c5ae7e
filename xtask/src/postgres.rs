//! A PostgreSQL that lives as long as a test run.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::machine;
use crate::process;
use crate::terminal::say;

/// A running cluster; dropping it stops the server and removes its files.
pub struct Cluster {
    folder: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl Cluster {
    /// Starts an empty cluster on a free loopback port.
    pub fn start() -> Result<Self> {
        let tools = machine::postgres_tools().context("there is no PostgreSQL on this machine")?;
        remove_abandoned()?;
        let folder = std::env::temp_dir().join(format!("{PREFIX}{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let mut cluster = Self {
            folder,
            port: free_port()?,
            server: None,
        };
        let data = cluster.folder.join("data");
        let log = cluster.folder.join("log");
        if machine::is_root() {
            // PostgreSQL refuses to run as root.
            process::capture(Command::new("chown").arg("postgres:").arg(&cluster.folder))?;
        }
        process::capture(
            as_postgres(&tools.join("initdb"))
                .args([
                    "--username=postgres",
                    "--auth=trust",
                    "--no-sync",
                    "--encoding=UTF8",
                    "--locale=C",
                ])
                .arg("--pgdata")
                .arg(&data)
                .current_dir(&cluster.folder),
        )?;
        process::capture(
            as_postgres(Path::new("openssl"))
                .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"])
                .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
                // It vouches for itself and for nobody else.
                .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "server.key", "-out", "server.crt"])
                .current_dir(&data),
        )?;
        let output = std::fs::File::create(&log)?;
        let server = as_postgres(&tools.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &cluster.port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c"])
            .arg(format!("unix_socket_directories={}", cluster.folder.display()))
            // It dies with the tests, so nothing has to survive a power cut.
            .args(["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"])
            .args(["-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "ssl=on"])
            .current_dir(&cluster.folder)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("cannot start postgres")?;
        cluster.server = Some(server);
        cluster.wait(&log)?;
        say(format_args!(
            "PostgreSQL of {} on port {}",
            tools.display(),
            cluster.port
        ));
        Ok(cluster)
    }

    /// What tests connect with.
    pub fn connection(&self) -> String {
        format!(
            "host=127.0.0.1 port={} user=postgres dbname=postgres sslmode=disable",
            self.port
        )
    }

    fn wait(&mut self, log: &Path) -> Result<()> {
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            let text = std::fs::read_to_string(log).unwrap_or_default();
            if text.contains("database system is ready to accept connections") {
                return Ok(());
            }
            let ended = match &mut self.server {
                Some(server) => server.try_wait()?.is_some(),
                None => true,
            };
            if ended || Instant::now() > until {
                bail!("PostgreSQL does not start. Its log says:\n{text}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            // SIGINT is PostgreSQL's fast shutdown: clients are sent away. A kill would leave shared memory behind.
            process::succeeds("kill", &["-INT", &server.id().to_string()]);
            if let Err(error) = server.wait() {
                say(format_args!(
                    "PostgreSQL ({}) could not be stopped: {error}",
                    server.id()
                ));
            }
        }
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            say(format_args!("cannot remove {}: {error}", self.folder.display()));
        }
    }
}

const PREFIX: &str = "strongroom-postgres-";

/// A command as the user `postgres` where we are root, in every case told to end when we end: Ctrl-C or a kill leaves
/// no destructor to run.
fn as_postgres(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if machine::is_root() {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// A run that was killed could not remove its folder.
fn remove_abandoned() -> Result<()> {
    for entry in std::fs::read_dir(std::env::temp_dir())?.filter_map(Result::ok) {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        let postmaster =
            std::fs::read_to_string(entry.path().join("data/postmaster.pid")).unwrap_or_default();
        let postmaster = postmaster.lines().next().unwrap_or_default().trim().to_owned();
        let lives = |id: &str| !id.is_empty() && Path::new("/proc").join(id).exists();
        if !lives(process) && !lives(&postmaster) {
            // Another user's folder stays.
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
    Ok(())
}

/// A port that is free now. Somebody may take it before it is used; then the server says so and the run fails.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")
        .context("no free port on 127.0.0.1")?
        .local_addr()?
        .port())
}
