//! Sends an operator's act to where the store is open: to the running server, or to ourselves when there is none.

use std::io::{ErrorKind, Write};
use std::sync::Arc;

use serde_json::json;

use super::StoreArgs;
use crate::app::data_dir::DataDir;
use crate::app::key_sources::KeySources;
use crate::app::operator::{self, Command, Reply};
use crate::app::{App, control, open};
use crate::cli::failure::{Failure, code};
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::crypto::keyfile;

/// Why there is no reply.
pub enum NotDone {
    /// It was refused, and nothing was changed.
    Refused(Failure),
    /// The answer was lost: it may have been done.
    Unknown(Failure),
}

impl From<NotDone> for Failure {
    fn from(not_done: NotDone) -> Self {
        match not_done {
            NotDone::Refused(failure) | NotDone::Unknown(failure) => failure,
        }
    }
}

impl From<Failure> for NotDone {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

/// Does `command` on the store of a data directory, whether its server is up or down. `output` takes the bytes of a
/// backup.
pub async fn submit(
    store: &StoreArgs,
    command: Command,
    output: &mut (dyn Write + Send),
) -> Result<Reply, NotDone> {
    let dir = store.data_dir.dir()?;
    if !matches!(keyfile::load(dir.path()), Ok(Some(_)) | Err(_)) {
        return Err(no_store(&dir).into());
    }
    let lock = dir.lock().map_err(|error| unusable(&dir, &error))?;
    match lock {
        None => through_server(&dir, &command, output),
        Some(_held) => {
            in_process(
                &dir,
                &store.keys.sources().map_err(Failure::from)?,
                command,
                output,
            )
            .await
        }
    }
}

/// Does `command` in the server that runs on a data directory, and only there.
pub fn running(store: &StoreArgs, command: &Command, output: &mut dyn Write) -> Result<Reply, NotDone> {
    let dir = store.data_dir.dir()?;
    if dir.lock().map_err(|error| unusable(&dir, &error))?.is_some() {
        return Err(Failure::new(format!("No server runs on {}", dir.path().display()))
            .advise("Start it with `strongroom serve --identity FILE`, naming the key: it opens the store itself")
            .into());
    }
    through_server(&dir, command, output)
}

/// The refusal of a directory without a store.
pub fn no_store(dir: &DataDir) -> Failure {
    Failure::new(format!(
        "There is no Strongroom store in {}",
        dir.path().display()
    ))
    .advise("Name its directory with --data-dir, or make a new store with `strongroom serve`")
}

fn unusable(dir: &DataDir, error: &std::io::Error) -> Failure {
    Failure::new(format!(
        "The data directory {} cannot be used",
        dir.path().display()
    ))
    .because(error.to_string())
    .advise("Run the command as the user that owns the directory")
}

fn through_server(dir: &DataDir, command: &Command, output: &mut dyn Write) -> Result<Reply, NotDone> {
    let sent = control::send(dir, command, output).map_err(|error| {
        let failure = Failure::new("The running server did not answer the command")
            .because(error.to_string())
            .advise("Try again in a moment, or stop the server: the command works without it as well");
        match error.kind() {
            // Only connecting fails like this: nothing was sent.
            ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::PermissionDenied => {
                NotDone::Refused(failure)
            }
            _ => NotDone::Unknown(failure),
        }
    })?;
    sent.map_err(|reason| Failure::new("The command was refused").because(reason).into())
}

async fn in_process(
    dir: &DataDir,
    sources: &KeySources,
    command: Command,
    output: &mut (dyn Write + Send),
) -> Result<Reply, NotDone> {
    let opened = open::open(dir, sources, Clock::default().now()).map_err(|locked| {
        let mut failure = Failure::new("The store does not open").because(locked.reason.clone());
        if !locked.slots.is_empty() {
            failure = failure.advise(format!("It opens with: {}", locked.opens_with().join(", ")));
        }
        if locked.unreachable {
            failure = failure.with_code(code::UNREACHABLE);
        }
        failure
    })?;
    let refused = |error: String| Failure::new("The command was refused").because(error);
    let app = App::opened(opened).map_err(|error| refused(error.to_string()))?;
    let app = Arc::new(app.at(dir.clone()));
    let outcome = operator::perform(&app, dir, command, output).map_err(|error| refused(error.to_string()));
    let closed = app.close().await;
    let reply = outcome?;
    closed.map_err(|error| {
        NotDone::Unknown(Failure::new("The store could not be closed cleanly").because(error.to_string()))
    })?;
    Ok(reply)
}

/// Says what was done; a program gets `{"done": …}`.
pub fn said(reply: Reply, printer: &Printer) -> Result<(), Failure> {
    match reply {
        Reply::Done { message } => printer.done(&format!("{message}."), &json!({"done": message})),
        _ => Err(unexpected()),
    }
}

/// A reply that belongs to another command: the server is of another version.
pub fn unexpected() -> Failure {
    Failure::new("The running server answered something else")
        .advise("Restart the server, so that it runs the same version as this command")
}
