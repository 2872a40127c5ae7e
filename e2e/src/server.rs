//! A running server, started as an operator would start it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::http;
use crate::program::binary;

/// Longest wait for a server to start; a loaded machine is slow.
const START: Duration = Duration::from_secs(30);
/// A free port of this machine alone.
const ANY_PORT: &str = "127.0.0.1:0";

/// A server on a free loopback port. It ends with this value.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its data directory.
    pub data_dir: PathBuf,
    log: PathBuf,
}

impl Server {
    /// Starts a server and waits until it listens. It may be locked.
    pub fn start(data_dir: &Path) -> Result<Self> {
        Self::start_with(data_dir, &[])
    }

    /// The same with more arguments.
    pub fn start_with(data_dir: &Path, arguments: &[&str]) -> Result<Self> {
        Self::start_under(data_dir, &[], arguments)
    }

    /// The same with more variables.
    pub fn start_among(data_dir: &Path, variables: &[(&str, &str)]) -> Result<Self> {
        Self::launch(data_dir, &[], &["--listen", ANY_PORT], variables)
    }

    /// The same under another program that becomes the server, or runs it: `prefix` with the server's command line behind it.
    pub fn start_under(data_dir: &Path, prefix: &[&str], arguments: &[&str]) -> Result<Self> {
        Self::launch(
            data_dir,
            prefix,
            &[&["--listen", ANY_PORT], arguments].concat(),
            &[],
        )
    }

    /// The same at an address of one's own choice.
    pub fn start_at(data_dir: &Path, listen: SocketAddr, arguments: &[&str]) -> Result<Self> {
        let listen = listen.to_string();
        Self::launch(data_dir, &[], &[&["--listen", &listen], arguments].concat(), &[])
    }

    fn launch(
        data_dir: &Path,
        prefix: &[&str],
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Result<Self> {
        let folder = data_dir.parent().context("a data directory at the root")?;
        let log = folder.join(format!(
            "{}.log",
            data_dir.file_name().unwrap_or_default().to_string_lossy()
        ));
        let messages = File::create(&log)?;
        let binary = binary()?;
        let mut line = prefix.iter().map(OsStr::new).chain([binary.as_os_str()]);
        let mut command = Command::new(line.next().context("no program")?);
        command
            .env_clear()
            .env("HOME", folder)
            .envs(variables.iter().copied())
            .args(line)
            .args(["serve", "--data-dir"])
            .arg(data_dir)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(messages.try_clone()?)
            .stderr(messages);
        let mut child = command.spawn()?;
        match address(&mut child, &log) {
            Ok(address) => Ok(Self {
                child,
                address,
                data_dir: data_dir.to_owned(),
                log,
            }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    /// The address as clients write it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same when it speaks TLS.
    pub fn https_url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Everything it said so far.
    pub fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.log)?)
    }

    /// What follows a text in the log, to the end of the line.
    pub fn logged(&self, after: &str) -> Result<String> {
        let begun = Instant::now();
        loop {
            let log = self.log()?;
            let found = log
                .split_once(after)
                .and_then(|(_, rest)| rest.split_once('\n'))
                .map(|(line, _)| line.trim().to_owned());
            if let Some(found) = found {
                return Ok(found);
            }
            ensure!(begun.elapsed() < START, "no {after:?} in the log:\n{log}");
            sleep(Duration::from_millis(10));
        }
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Ends it as a power failure would: at once.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Asks it to stop.
    pub fn terminate(&self) -> Result<()> {
        signal(self.child.id(), Signal::TERM)
    }

    /// Waits for its end.
    pub fn wait(&mut self, at_most: Duration) -> Result<ExitStatus> {
        wait(&mut self.child, at_most)
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(mut self) -> Result<()> {
        self.terminate()?;
        let status = self.wait(Duration::from_secs(15))?;
        ensure!(
            status.success(),
            "the server ended with {status}: {}",
            self.log()?
        );
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log().unwrap_or_default();
            // The test fails anyway; this only says more.
            let _ = writeln!(std::io::stderr(), "log of the server:\n{log}");
        }
    }
}

/// Sends a signal to a process of ours.
pub fn signal(process: u32, signal: Signal) -> Result<()> {
    let id = Pid::from_raw(i32::try_from(process)?).context("process 0")?;
    Ok(kill_process(id, signal)?)
}

/// Waits for a process to end.
pub fn wait(child: &mut Child, at_most: Duration) -> Result<ExitStatus> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if begun.elapsed() > at_most {
            bail!("process {} still runs after {at_most:?}", child.id());
        }
        sleep(Duration::from_millis(5));
    }
}

/// The address that a starting server announces, once it answers there.
fn address(child: &mut Child, log: &Path) -> Result<SocketAddr> {
    let begun = Instant::now();
    let said = || fs::read_to_string(log).unwrap_or_default();
    let address: SocketAddr = loop {
        let text = said();
        let announced = text
            .split_once("listens on http")
            .and_then(|(_, rest)| rest.split_once('\n'));
        if let Some((address, _)) = announced {
            // With TLS it is `https`. In a log for programs the message ends with a quotation mark.
            let address = address.trim_start_matches('s').trim_start_matches("://");
            let address = address.split('"').next().unwrap_or(address).trim();
            // So it calls a machine at all of whose addresses it listens.
            break address.replace("localhost", "127.0.0.1").parse()?;
        }
        if let Some(status) = child.try_wait()? {
            bail!("the server ended with {status}:\n{}", said());
        }
        ensure!(begun.elapsed() < START, "the server does not start:\n{}", said());
        sleep(Duration::from_millis(5));
    };
    loop {
        match http::once(address, "GET", "/api/health", &[], b"") {
            // 503 is the answer of one whose configuration has problems.
            Ok(answer) if matches!(answer.status, 200 | 503) => return Ok(address),
            other => ensure!(begun.elapsed() < START, "{address} does not answer: {other:?}"),
        }
        sleep(Duration::from_millis(5));
    }
}
