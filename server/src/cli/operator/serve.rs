//! `serve`: the server itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{DataDirArgs, KeyArgs};
use crate::app::data_dir::DataDir;
use crate::app::host::Host;
use crate::app::{App, control, open};
use crate::cli::failure::{Failure, code};
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::domain::{Error, setup};
use crate::http::serve;
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
    /// Seconds to wait for a PostgreSQL that does not answer, or that another server still works with
    #[arg(
        long,
        value_name = "SECONDS",
        env = "STRONGROOM_DATABASE_WAIT",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(0..=3_600)
    )]
    pub database_wait: u64,
    /// Exit instead of waiting for somebody to unlock the store
    #[arg(long)]
    pub fail_if_locked: bool,
}

/// How often it is looked whether a database answers.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Runs `serve`, until it is told to stop.
pub async fn run(args: ServeArgs, printer: &Printer) -> Result<(), Failure> {
    logging::start();
    process::harden();
    let dir = args.data_dir.dir()?;
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
    };
    let app = Arc::new(start(&args, &dir, printer).await?.at(dir.clone()).on(host));
    control::listen(Arc::clone(&app), dir.clone())
        .map_err(|error| in_dir("Cannot make the control socket in", &error))?;
    let (stop, stopping) = watch::channel(false);
    let jobs = tokio::spawn(jobs::run(Arc::clone(&app), Some(dir.clone()), stopping.clone()));
    stop_on_signals(stop.clone()).map_err(|error| in_dir("Cannot wait for signals in", &error))?;
    announce(&app, address, printer).await;
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

/// An open server, or a locked one that says what it needs.
async fn start(args: &ServeArgs, dir: &DataDir, printer: &Printer) -> Result<App, Failure> {
    let cannot = |error: Error| Failure::new("The server cannot start").because(error.to_string());
    let sources = args.keys.sources()?;
    let mut waited = Duration::ZERO;
    let locked = loop {
        let locked = match open::open(dir, &sources, Clock::default().now()) {
            Ok(opened) => return App::opened(opened).map_err(cannot),
            Err(locked) => locked,
        };
        if !locked.unreachable {
            break locked;
        }
        if waited >= Duration::from_secs(args.database_wait) {
            return Err(Failure::new("The server cannot start without its database")
                .because(locked.reason)
                .advise(
                    "Check that PostgreSQL runs, and its address with user and password; then start again",
                )
                .with_code(code::UNREACHABLE));
        }
        if waited.is_zero() {
            printer.warn(&format!(
                "{}. Waiting for it, up to {} seconds",
                locked.reason.trim_end_matches('.'),
                args.database_wait
            ));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        waited += LOOK_AGAIN;
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

/// Says where the server is, and on a new one how to become its administrator.
async fn announce(app: &App, address: SocketAddr, printer: &Printer) {
    let shown = match address.ip() {
        ip if ip.is_unspecified() => format!("http://localhost:{}", address.port()),
        _ => format!("http://{address}"),
    };
    printer.note(&format!(
        "Strongroom {} listens on {shown}",
        env!("CARGO_PKG_VERSION")
    ));
    match app.write(setup::new_code).await {
        Ok((code, _)) => printer.note(&format!(
            "Set it up within 60 minutes: {shown}/admin/signup#code={code}\nSetup code: {code}",
            code = code.expose()
        )),
        // Set up long ago, or locked: there is nothing to say.
        Err(Error::BadRequest(_) | Error::Locked) => {}
        Err(error) => printer.warn(&format!("No setup code could be made: {error}")),
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
