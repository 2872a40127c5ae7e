//! The program under test, run as a command.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// The binary under test: `STRONGROOM_BIN`, or the debug build beside this test.
pub fn binary() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("STRONGROOM_BIN") {
        return Ok(PathBuf::from(named));
    }
    let test = std::env::current_exe()?;
    let built = test
        .parent()
        .and_then(Path::parent)
        .context("a test outside of a target folder")?
        .join("strongroom");
    ensure!(
        built.exists(),
        "{} is missing. Build it with `cargo build --package server`, or name another one in STRONGROOM_BIN",
        built.display()
    );
    Ok(built)
}

/// A command with an empty environment but for `HOME` and `PATH`, in a folder of its own.
#[derive(Debug)]
pub struct Run {
    command: Command,
    input: Vec<u8>,
}

/// What a command left.
#[derive(Debug, Clone)]
pub struct Finished {
    /// Exit code; nothing when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// The program, with `home` as home and working folder.
    pub fn new(home: &Path) -> Result<Self> {
        Ok(Self::of(&binary()?, home))
    }

    /// Another program in the same surroundings.
    pub fn of(program: &Path, home: &Path) -> Self {
        let mut command = Command::new(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .env("HOME", home)
            .current_dir(home);
        Self {
            command,
            input: Vec::new(),
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    /// Adds a path as an argument.
    #[must_use]
    pub fn arg_path(self, path: &Path) -> Self {
        self.args([path])
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.command.env(name, value.into());
        self
    }

    /// Pipes this into standard input.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Starts it without waiting.
    pub fn start(mut self) -> Result<Child> {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        // A command that does not read its input closes it early.
        let _ = child
            .stdin
            .take()
            .context("no standard input")?
            .write_all(&self.input);
        Ok(child)
    }

    /// Runs it to its end.
    pub fn finish(self) -> Result<Finished> {
        let output = self.start()?.wait_with_output()?;
        Ok(Finished {
            code: output.status.code(),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr)?,
        })
    }
}

impl Finished {
    /// Standard output of a command that ended well.
    pub fn ok(self) -> Result<String> {
        ensure!(self.code == Some(0), "exit code {:?}: {}", self.code, self.stderr);
        Ok(String::from_utf8(self.stdout)?)
    }

    /// Messages of a command that ended with this exit code and wrote nothing to standard output.
    pub fn refused(self, code: i32) -> Result<String> {
        ensure!(
            self.code == Some(code),
            "expected exit code {code}, got {:?}: {}",
            self.code,
            self.stderr
        );
        ensure!(
            self.stdout.is_empty(),
            "a refusal on standard output: {}",
            String::from_utf8_lossy(&self.stdout)
        );
        Ok(self.stderr)
    }
}
