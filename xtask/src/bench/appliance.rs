//! The server under measurement.

use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::connection::{Connection, Request};
use crate::postgres::free_port;
use crate::process;
use crate::terminal::say;

/// A running `strongroom serve`; dropping it stops it.
pub struct Appliance {
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to the first 200.
    pub start: Duration,
    child: Child,
}

impl Appliance {
    /// Starts a server on a data directory and waits until it serves.
    pub fn start(binary: &Path, data: &Path, log: &Path) -> Result<Self> {
        Self::start_with(binary, data, log, &[])
    }

    /// The same with more arguments.
    pub fn start_with(binary: &Path, data: &Path, log: &Path, arguments: &[&str]) -> Result<Self> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let output = File::create(log)?;
        let begun = Instant::now();
        let child = process::bound_to_us(binary, "TERM")
            .arg("serve")
            .arg("--data-dir")
            .arg(data)
            .args(["--listen", &address.to_string()])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut appliance = Self {
            address,
            start: Duration::ZERO,
            child,
        };
        let request = Request::new("GET", "/api/status", address, None, None);
        loop {
            let answer = Connection::open(address).and_then(|mut connection| connection.send(&request));
            if answer.as_ref().is_ok_and(|answer| answer.status == 200) {
                appliance.start = begun.elapsed();
                return Ok(appliance);
            }
            let ended = appliance.child.try_wait()?;
            if ended.is_some() || begun.elapsed() > Duration::from_secs(30) {
                let last = match answer {
                    Ok(answer) => format!("it answers {}", answer.status),
                    Err(error) => format!("{error:#}"),
                };
                let told = std::fs::read_to_string(log).unwrap_or_default();
                bail!("the server does not serve ({last}). It says:\n{told}");
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Appliance {
    fn drop(&mut self) {
        process::succeeds("kill", &["-TERM", &self.child.id().to_string()]);
        if let Err(error) = self.child.wait() {
            say(format_args!(
                "the server ({}) could not be stopped: {error}",
                self.child.id()
            ));
        }
    }
}
