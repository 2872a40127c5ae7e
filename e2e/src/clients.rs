//! Published clients of Infisical: installed once into the target folder, then run as their users run them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use crate::http::Connection;
use crate::instance::{EMAIL, Instance, text};
use crate::program::Run;
use crate::server::Server;

/// A server with a project, and the credentials that a client is given.
#[derive(Debug)]
pub struct Stage {
    /// The server.
    pub server: Server,
    /// What set-up answered.
    pub instance: Instance,
    /// Client id of a machine identity that may write in the project.
    pub client_id: String,
    /// Its client secret.
    pub client_secret: String,
    scratch: tempfile::TempDir,
}

impl Stage {
    /// Starts a server with all of that.
    pub fn new() -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        let server = Server::start(&scratch.path().join("data"))?;
        let instance = Instance::set_up(server.address)?;
        let (client_id, client_secret) = instance.machine_identity(server.address, "published-client")?;
        Ok(Self {
            server,
            instance,
            client_id,
            client_secret,
            scratch,
        })
    }

    /// An access token of the machine identity.
    pub fn token(&self) -> Result<String> {
        let body = json!({ "clientId": self.client_id, "clientSecret": self.client_secret });
        let path = "/api/v1/auth/universal-auth/login";
        let answer = crate::instance::post(self.server.address, path, &[], &body)?;
        text(&answer.ok()?, "/accessToken")
    }

    /// A connection to the server.
    pub fn connection(&self) -> Result<Connection> {
        Connection::open(self.server.address)
    }

    /// A program in a home of its own, which finds the credentials in its environment.
    pub fn program(&self, program: &Path) -> Result<Run> {
        let home = self.scratch.path().join("home");
        fs::create_dir_all(&home)?;
        Ok(Run::of(program, &home)
            .env("TEST_URL", self.server.url())
            .env("TEST_PROJECT", &self.instance.project)
            .env("TEST_PROJECT_SLUG", "home-lab")
            .env("TEST_ORGANIZATION", &self.instance.organization)
            .env("TEST_EMAIL", EMAIL)
            .env("TEST_USER_TOKEN", &self.instance.user)
            .env("TEST_CLIENT_ID", &self.client_id)
            .env("TEST_CLIENT_SECRET", &self.client_secret))
    }
}

/// The folder of everything that tests bring along for clients.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients")
}

/// A Python interpreter that has the packages of `requirements.txt`. `scratch` is a folder that outlives the test.
pub fn python(scratch: &Path) -> Result<PathBuf> {
    let wanted = folder().join("requirements.txt");
    let home = scratch.join("python-client");
    let interpreter = home.join("bin/python");
    install(&home, &fs::read_to_string(&wanted)?, || {
        told(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))
            .context("a virtual environment for the Python client")?;
        let mut pip = Command::new(&interpreter);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-input",
            "--no-deps",
            "--requirement",
        ]);
        told(pip.arg(&wanted)).context(
            "the Python client cannot be installed. The test needs a package index that `pip` reaches and that has \
             the versions of e2e/clients/requirements.txt",
        )
    })?;
    Ok(interpreter)
}

/// The folder that Node.js loads the packages of `package.json` from.
pub fn node_modules() -> Result<PathBuf> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let modules = project.join("node_modules");
    let lock = project.join("package-lock.json");
    if newer(&modules.join(".package-lock.json"), &lock) {
        return Ok(modules);
    }
    told(Command::new("npm").current_dir(project).args(["ci", "--no-audit", "--no-fund"])).context(
        "the Node.js client cannot be installed. The test needs a registry that `npm` reaches and that has the \
         versions of e2e/package-lock.json",
    )?;
    Ok(modules)
}

fn newer(file: &Path, than: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|data| data.modified()).ok();
    matches!((modified(file), modified(than)), (Some(file), Some(than)) if file >= than)
}

/// Does the work unless it was done for these same words before. Two tests never install at the same time.
fn install(home: &Path, words: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let parent = home.parent().context("a folder at the root")?;
    fs::create_dir_all(parent)?;
    let lock = File::create(home.with_extension("lock"))?;
    lock.lock()?;
    let done = home.join("installed");
    if fs::read_to_string(&done).is_ok_and(|installed| installed == words) {
        return Ok(());
    }
    work()?;
    Ok(fs::write(&done, words)?)
}

/// Runs a command of this machine, with its settings for package indexes; what it says is the error.
fn told(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_owned();
    let output = command
        .output()
        .with_context(|| format!("`{}` cannot be started", Path::new(&name).display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    bail!(
        "{} failed: {}",
        command_line(command),
        String::from_utf8_lossy(&said).trim()
    );
}

fn command_line(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs one part of a client's suite to its end. The suite says how many checks it made, so that none is no success.
pub fn finish(run: Run) -> Result<()> {
    let finished = run.finish()?;
    let said = format!(
        "{}\n{}",
        String::from_utf8_lossy(&finished.stdout),
        finished.stderr
    );
    ensure!(finished.code == Some(0), "exit code {:?}:\n{said}", finished.code);
    let checks = said.lines().find_map(|line| {
        let count = line
            .strip_prefix("# pass ")
            .or_else(|| line.strip_prefix("Ran "))?;
        count.split(' ').next()?.parse::<u32>().ok()
    });
    ensure!(
        checks.is_some_and(|count| count > 0),
        "the suite ran nothing:\n{said}"
    );
    Ok(())
}
