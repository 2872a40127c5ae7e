//! `serve`: the server itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{DataDirArgs, KeyArgs, first_lines};
use crate::app::data_dir::DataDir;
use crate::app::host::Host;
use crate::app::{App, control, open};
use crate::cli::address::Address;
use crate::cli::arguments;
use crate::cli::failure::{Failure, code};
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::config::{Configuration, Problem, check};
use crate::domain::Error;
use crate::http::{diagnostics, serve};
use crate::jobs;
use crate::observe::{logging, process};

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to keep everything.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
    /// Address and port to listen on
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "STRONGROOM_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: SocketAddr,
    /// What opens the store.
    #[command(flatten)]
    pub keys: KeyArgs,
    /// Directory below which a directory may be a target of backups; may be given several times
    #[arg(
        long,
        value_name = "DIR",
        env = "STRONGROOM_BACKUP_ROOT",
        value_delimiter = ':'
    )]
    pub backup_root: Vec<PathBuf>,
    /// Shell command that is run after each backup, with what came of it in variables
    #[arg(long, value_name = "COMMAND", env = "STRONGROOM_BACKUP_HOOK")]
    pub backup_hook: Option<String>,
    /// Address at which people reach the server, for the links that it prints; may be given several times
    #[arg(long, value_name = "URL", env = "STRONGROOM_SITE_URL", value_delimiter = ',')]
    pub site_url: Vec<Address>,
    /// Exit instead of waiting for somebody to unlock the store
    #[arg(long, env = "STRONGROOM_FAIL_IF_LOCKED")]
    pub fail_if_locked: bool,
    /// Exit instead of serving a page with what is wrong with the configuration
    #[arg(long, env = "STRONGROOM_FAIL_IF_MISCONFIGURED")]
    pub fail_if_misconfigured: bool,
}

/// Runs `serve`, until it is told to stop.
pub async fn run(args: ServeArgs, configuration: &Configuration, printer: &Printer) -> Result<(), Failure> {
    logging::start();
    process::harden();
    let dir = DataDir::new(args.data_dir.path()?);
    let problems = problems(&args, &dir, configuration);
    if !problems.is_empty() {
        return misconfigured(&args, problems, printer).await;
    }
    let in_dir = |what: &str, error: &std::io::Error| {
        Failure::new(format!("{what} {}", dir.path().display())).because(error.to_string())
    };
    dir.create()
        .map_err(|error| in_dir("Cannot make the data directory", &error))?;
    let lock = dir
        .lock()
        .map_err(|error| in_dir("Cannot use the data directory", &error))?;
    let Some(_lock) = lock else {
        return Err(Failure::new(format!(
            "{} is in use by another Strongroom",
            dir.path().display()
        ))
        .advise("Stop the other one, or choose another --data-dir"));
    };
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::new(format!("Cannot listen on {}", args.listen))
            .because(error.to_string())
            .advise("Choose another address or port with --listen")
    })?;
    let address = listener.local_addr().unwrap_or(args.listen);
    let host = Host {
        backup_roots: args.backup_root.clone(),
        backup_hook: args.backup_hook.clone(),
        configuration: configuration.clone(),
    };
    let app = Arc::new(start(&args, &dir, printer)?.at(dir.clone()).on(host));
    control::listen(Arc::clone(&app), dir.clone())
        .map_err(|error| in_dir("Cannot make the control socket in", &error))?;
    let (stop, stopping) = watch::channel(false);
    let jobs = tokio::spawn(jobs::run(Arc::clone(&app), Some(dir.clone()), stopping.clone()));
    stop_on_signals(stop.clone()).map_err(|error| in_dir("Cannot wait for signals in", &error))?;
    first_lines::say(&app, &shown(address), &args.site_url, configuration, printer).await;
    serve::serve(listener, Arc::clone(&app), stopping).await;
    // Without a signal, when the server itself failed. Whoever listened may be gone.
    stop.send_replace(true);
    if let Err(error) = jobs.await {
        tracing::error!(%error, "the background jobs broke off");
    }
    let closed = app.close().await;
    control::forget(&dir);
    closed.map_err(|error| {
        Failure::new("The store could not be closed cleanly")
            .because(error.to_string())
            .advise(
                "Nothing that was acknowledged is lost. Check the disk and its free space, then start again",
            )
    })
}

/// Everything that keeps the server from starting, as far as can be seen before anything is opened.
fn problems(args: &ServeArgs, dir: &DataDir, configuration: &Configuration) -> Vec<Problem> {
    let mut problems = configuration.problems.clone();
    if let Err(problem) = args.keys.sources()
        && !problems.contains(&problem)
    {
        problems.push(problem);
    }
    problems.extend(check::data_dir(dir.path()));
    problems
}

/// Says what is wrong, in the log and on a page, until somebody restarts the server.
async fn misconfigured(args: &ServeArgs, problems: Vec<Problem>, printer: &Printer) -> Result<(), Failure> {
    if args.fail_if_misconfigured {
        return Err(arguments::misconfigured(&problems));
    }
    printer.warn(&format!(
        "The configuration has problems:\n{}",
        arguments::numbered(&problems)
    ));
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        arguments::misconfigured(&problems)
            .because(format!("Cannot listen on {} either: {error}", args.listen))
    })?;
    let address = listener.local_addr().unwrap_or(args.listen);
    let (stop, stopping) = watch::channel(false);
    stop_on_signals(stop)
        .map_err(|error| Failure::new("Cannot wait for signals").because(error.to_string()))?;
    printer.note(&format!(
        "Strongroom {} listens on {}\nIt serves nothing but this list. Mend what is wrong, and restart it",
        env!("CARGO_PKG_VERSION"),
        shown(address)
    ));
    diagnostics::serve(listener, problems, stopping).await;
    Ok(())
}

/// An open server, or a locked one that says what it needs.
fn start(args: &ServeArgs, dir: &DataDir, printer: &Printer) -> Result<App, Failure> {
    let cannot = |error: Error| Failure::new("The server cannot start").because(error.to_string());
    let sources = args.keys.sources()?;
    let locked = match open::open(dir, &sources, Clock::default().now()) {
        Ok(opened) => return App::opened(opened).map_err(cannot),
        Err(locked) => locked,
    };
    printer.warn(&format!("The store is locked. {}", locked.reason));
    if !locked.slots.is_empty() {
        printer.warn(&format!("It opens with: {}", locked.opens_with().join(", ")));
    }
    if args.fail_if_locked {
        return Err(Failure::quiet(code::LOCKED));
    }
    App::locked(locked).map_err(cannot)
}

/// The address as a browser on this machine takes it.
fn shown(address: SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_unspecified() => format!("http://localhost:{}", address.port()),
        _ => format!("http://{address}"),
    }
}

/// Stops at SIGTERM and SIGINT.
fn stop_on_signals(stop: watch::Sender<bool>) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        // Only the server listens; if it is gone, there is nothing left to stop.
        let _ = stop.send(true);
        // Keeps the channel open until the process ends.
        std::future::pending::<()>().await;
    });
    Ok(())
}
