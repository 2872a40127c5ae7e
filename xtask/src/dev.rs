//! `cargo xtask dev`: builds and restarts as files change.
//!
//! Modification times are asked for every 300 ms: a few hundred files cost nothing, and no watching tool is needed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};

use crate::process;
use crate::terminal::{complain, say};
use crate::web;
use crate::workspace::Workspace;

const PAUSE: Duration = Duration::from_millis(300);

/// Options of the command.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Passed to `strongroom serve`
    #[arg(last = true, value_name = "SERVE ARGUMENTS")]
    serve: Vec<OsString>,
}

/// Runs until it is interrupted.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let web_sources = ["web/src", "web/static", "web/Cargo.toml", "shared/src"];
    let server_sources = ["server/src", "server/build.rs", "server/Cargo.toml", "shared/src"];
    let mut web_seen = Times::new();
    let mut server_seen = Times::new();
    let mut server = Server { child: None };
    loop {
        let web_now = times(workspace, &web_sources);
        if web_now != web_seen {
            web_seen = web_now;
            let options = web::Options {
                debug: true,
                ..web::Options::default()
            };
            tell(web::run(workspace, &options));
            server_seen.clear(); // the bundle is a part of the server
        }
        let server_now = times(workspace, &server_sources);
        if server_now != server_seen {
            server_seen = server_now;
            tell(restart(workspace, options, &mut server));
        }
        if let Some(status) = server.ended()? {
            say(format_args!(
                "the server ended ({status}); it starts again when a file changes"
            ));
        }
        std::thread::sleep(PAUSE);
    }
}

type Times = BTreeMap<PathBuf, SystemTime>;

struct Server {
    child: Option<Child>,
}

impl Server {
    fn ended(&mut self) -> Result<Option<std::process::ExitStatus>> {
        let Some(child) = &mut self.child else {
            return Ok(None);
        };
        let status = child.try_wait()?;
        if status.is_some() {
            self.child = None;
        }
        Ok(status)
    }

    fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        // SIGTERM: it may finish what it is doing, and closes its database.
        process::succeeds("kill", &["-TERM", &child.id().to_string()]);
        child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        tell(self.stop());
    }
}

/// Builds first: while it does not compile, the last good server keeps running.
fn restart(workspace: &Workspace, options: &Options, server: &mut Server) -> Result<()> {
    process::run(&mut workspace.cargo(&["build", "--package", "server", "--bin", "strongroom"]))?;
    server.stop()?;
    let binary = workspace.target("debug/strongroom");
    let child = process::bound_to_us(&binary, "TERM")
        .arg("serve")
        .args(&options.serve)
        .spawn()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    server.child = Some(child);
    Ok(())
}

/// A broken build is news, not the end.
fn tell(result: Result<()>) {
    if let Err(error) = result {
        complain(&error);
    }
}

fn times(workspace: &Workspace, places: &[&str]) -> Times {
    let mut found = Times::new();
    for place in places {
        collect(&workspace.path(place), &mut found);
    }
    found
}

/// A file that vanishes while we look is a change like any other.
fn collect(path: &Path, into: &mut Times) {
    if let Ok(entries) = std::fs::read_dir(path) {
        for entry in entries.filter_map(Result::ok) {
            collect(&entry.path(), into);
        }
    } else if let Ok(time) = path.metadata().and_then(|data| data.modified()) {
        into.insert(path.to_owned(), time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_and_deleted_files_are_changes() {
        let folder = tempfile::tempdir().unwrap();
        let look = || {
            let mut found = Times::new();
            collect(folder.path(), &mut found);
            found
        };
        let empty = look();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        std::fs::write(folder.path().join("sub/a.rs"), "").unwrap();
        let one = look();
        assert_eq!(one.len(), 1);
        assert_ne!(empty, one);
        std::fs::remove_file(folder.path().join("sub/a.rs")).unwrap();
        assert_eq!(look(), empty);
    }
}
