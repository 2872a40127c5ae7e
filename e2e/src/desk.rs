//! Somebody at a command line, logged in to a server of his own.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

use crate::instance::{EMAIL, Instance, PASSWORD};
use crate::program::{Run, binary};
use crate::server::Server;

/// A server that was set up, a home, and somebody who is logged in there.
#[derive(Debug)]
pub struct Desk {
    /// The server.
    pub server: Server,
    /// What set-up answered.
    pub instance: Instance,
    /// Home and working folder.
    pub home: PathBuf,
    _scratch: tempfile::TempDir,
}

impl Desk {
    /// Starts the server, sets it up, and logs the administrator in.
    pub fn new() -> Result<Self> {
        Self::with(&[])
    }

    /// The same with more arguments for the server.
    pub fn with(arguments: &[&str]) -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        let server = Server::start_with(&scratch.path().join("data"), arguments)?;
        let instance = Instance::set_up(server.address)?;
        let home = scratch.path().join("home");
        std::fs::create_dir(&home)?;
        let desk = Self {
            server,
            instance,
            home,
            _scratch: scratch,
        };
        let told = desk
            .run(&[
                "login",
                "--domain",
                &desk.server.url(),
                "--email",
                EMAIL,
                "--password-stdin",
            ])?
            .input(format!("{PASSWORD}\n"))
            .finish()?;
        ensure!(told.stderr.contains("Logged in"), "{}", told.stderr);
        ensure!(told.stdout.is_empty(), "a login prints no data");
        Ok(desk)
    }

    /// `PATH` with a folder before it that has the program under both of its names, as an installation has.
    pub fn path(&self) -> Result<String> {
        let programs = self.home.with_file_name("bin");
        if !programs.exists() {
            std::fs::create_dir(&programs)?;
            for name in ["strongroom", "infisical"] {
                symlink(std::fs::canonicalize(binary()?)?, programs.join(name))?;
            }
        }
        Ok(format!("{}:{}", programs.display(), std::env::var("PATH")?))
    }

    /// The program with arguments, at this desk.
    pub fn run(&self, args: &[&str]) -> Result<Run> {
        Ok(Run::new(&self.home)?.args(args))
    }

    /// Runs a command in the project.
    pub fn data(&self, args: &[&str]) -> Result<String> {
        self.run(args)?
            .env("INFISICAL_PROJECT_ID", "home-lab")
            .finish()?
            .ok()
            .with_context(|| format!("{args:?}"))
    }

    /// Writes a file and returns its path.
    pub fn file(&self, name: &str, content: &str) -> Result<String> {
        let path = self.home.join(name);
        std::fs::write(&path, content)?;
        Ok(path.display().to_string())
    }

    /// Puts a whole file in, each key in one of the ways that `secrets set` knows.
    pub fn put(&self, values: &BTreeMap<String, String>) -> Result<()> {
        for (index, (name, value)) in values.iter().enumerate() {
            let (pair, input) = match index % 3 {
                _ if value.is_empty() => (format!("{name}="), ""),
                0 => (format!("{name}={value}"), ""),
                1 => (format!("{name}=@{}", self.file(name, value)?), ""),
                _ => (name.clone(), value.as_str()),
            };
            let done = self
                .run(&["secrets", "set", "--projectId", "home-lab", &pair])?
                .input(input)
                .finish()?;
            ensure!(done.stderr.trim() == format!("Created {name}"), "{}", done.stderr);
            ensure!(done.ok()?.is_empty(), "`secrets set` has no data to print");
        }
        Ok(())
    }
}

/// What happened, why, the next step: each part must be there, the first one at the beginning.
pub fn expect_parts(told: &str, expected: [&str; 3]) -> Result<()> {
    let told = told.trim_start_matches("Error: ");
    for (line, part) in expected.iter().enumerate() {
        ensure!(told.contains(part), "no {part:?} in {told:?}");
        if line == 0 {
            ensure!(told.starts_with(part), "{told:?} begins otherwise");
        }
    }
    ensure!(told.lines().count() >= 2, "{told:?}");
    Ok(())
}
