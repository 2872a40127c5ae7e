//! `run --watch`: the command starts again when its secrets change. Here this program stays, as the parent: it hands
//! signals on and ends with the exit code of the command.

use std::io::IsTerminal as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, getpgrp, getpid, kill_process, kill_process_group};
use shared::wire::secrets::Secret;
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::time::{sleep, timeout};

use super::{Program, injected, not_started};
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::cli::secrets::folder::{ReadArgs, Source};

/// How long a command may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(10);

/// Whom a terminal's keys and our own signals reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    /// The command and what it starts are a group of their own: no terminal is involved.
    Own,
    /// The command is in our group, which a shell has made for us and put before the terminal.
    Shared,
    /// The command is in the group of whoever started us: only the command itself may be signalled.
    Callers,
}

impl Group {
    fn of_process() -> Self {
        if !std::io::stdin().is_terminal() {
            Self::Own
        } else if getpgrp() == getpid() {
            Self::Shared
        } else {
            Self::Callers
        }
    }
}

/// Runs the command until it ends by itself.
pub async fn run(
    program: &Program,
    source: &Source,
    read: &ReadArgs,
    interval: Duration,
    printer: &Printer,
) -> Result<(), Failure> {
    let group = Group::of_process();
    let mut signals = Forwarded::listen()?;
    let mut secrets = source.fetch(read).await?;
    loop {
        let mut child = start(program, &secrets, group, printer)?;
        let new = {
            let changed = next(source, read, interval, &secrets, printer);
            tokio::pin!(changed);
            loop {
                tokio::select! {
                    ended = child.wait() => return Err(ended_with(ended)),
                    signal = signals.next() => forward(&child, signal, group),
                    new = &mut changed => break new,
                }
            }
        };
        printer.note("The secrets have changed: starting again");
        if let Some(status) = stop(&mut child, group).await? {
            return Err(ended_with(Ok(status)));
        }
        if group == Group::Shared {
            // What we sent to our group came back to us.
            let _ = timeout(Duration::from_millis(20), signals.terminate.recv()).await;
        }
        secrets = new;
    }
}

fn start(program: &Program, secrets: &[Secret], group: Group, printer: &Printer) -> Result<Child, Failure> {
    let mut command = Command::from(program.command(&injected(secrets, printer)?, printer));
    if group == Group::Own {
        command.process_group(0);
    }
    command
        .spawn()
        .map_err(|error| not_started(&program.name(), &error))
}

/// Waits until the secrets are others. A server that does not answer is no reason to end a command that runs.
async fn next(
    source: &Source,
    read: &ReadArgs,
    interval: Duration,
    known: &[Secret],
    printer: &Printer,
) -> Vec<Secret> {
    let mut is_reachable = true;
    loop {
        sleep(interval).await;
        match source.fetch(read).await {
            Ok(new) => {
                is_reachable = true;
                if !same(known, &new) {
                    return new;
                }
            }
            Err(failure) => {
                if is_reachable {
                    printer.warn(&format!(
                        "{}. The command goes on with the secrets it has",
                        failure.what()
                    ));
                }
                is_reachable = false;
            }
        }
    }
}

fn same(known: &[Secret], new: &[Secret]) -> bool {
    known.len() == new.len()
        && known
            .iter()
            .zip(new)
            .all(|(a, b)| a.secret_key == b.secret_key && a.secret_value == b.secret_value)
}

/// Ends the command. Its status, if it ended by itself just then with an exit code of its own.
async fn stop(child: &mut Child, group: Group) -> Result<Option<ExitStatus>, Failure> {
    if let Ok(Some(status)) = child.try_wait() {
        return Ok(Some(status));
    }
    send(child, Signal::TERM, group);
    if timeout(GRACE, child.wait()).await.is_err() {
        send(
            child,
            Signal::KILL,
            if group == Group::Shared {
                Group::Callers
            } else {
                group
            },
        );
        child
            .wait()
            .await
            .map_err(|error| Failure::new("The command could not be ended").because(error.to_string()))?;
    }
    Ok(None)
}

fn send(child: &Child, signal: Signal, group: Group) {
    let id = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw);
    let Some(id) = id else { return };
    // It may have ended a moment ago.
    let _ = match group {
        Group::Own => kill_process_group(id, signal),
        Group::Shared => kill_process_group(getpgrp(), signal),
        Group::Callers => kill_process(id, signal),
    };
}

fn forward(child: &Child, signal: Signal, group: Group) {
    // A terminal's keys reach the command by themselves; twice would mean "at once" to many.
    if group == Group::Own || !matches!(signal, Signal::INT | Signal::QUIT) {
        let alone = if group == Group::Own {
            Group::Own
        } else {
            Group::Callers
        };
        send(child, signal, alone);
    }
}

/// As a shell tells it: the code, or 128 and the signal.
fn ended_with(ended: std::io::Result<ExitStatus>) -> Failure {
    match ended {
        Ok(status) => {
            let code = status
                .code()
                .or_else(|| status.signal().map(|signal| 128 + signal))
                .unwrap_or(1);
            Failure::quiet(u8::try_from(code).unwrap_or(1))
        }
        Err(error) => Failure::new("The command could not be waited for").because(error.to_string()),
    }
}

/// The signals that are handed on.
struct Forwarded {
    interrupt: Signals,
    quit: Signals,
    terminate: Signals,
    hang_up: Signals,
    user_1: Signals,
    user_2: Signals,
}

impl Forwarded {
    fn listen() -> Result<Self, Failure> {
        let listen = |kind: SignalKind| {
            signal(kind)
                .map_err(|error| Failure::new("Signals cannot be handed on").because(error.to_string()))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            quit: listen(SignalKind::quit())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: listen(SignalKind::hangup())?,
            user_1: listen(SignalKind::user_defined1())?,
            user_2: listen(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::INT,
            _ = self.quit.recv() => Signal::QUIT,
            _ = self.terminate.recv() => Signal::TERM,
            _ = self.hang_up.recv() => Signal::HUP,
            _ = self.user_1.recv() => Signal::USR1,
            _ = self.user_2.recv() => Signal::USR2,
        }
    }
}
