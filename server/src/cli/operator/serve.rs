//! `serve`: the server itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::tls_args::TlsArgs;
use super::{DataDirArgs, KeyArgs};
use crate::app::data_dir::DataDir;
use crate::app::host::Host;
use crate::app::{App, control, open};
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::domain::{Error, setup};
use crate::http::serve::{self, Port};
use crate::jobs;
use crate::observe::{logging, process};
use crate::tls::keeper;

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to keep everything.
    #[command(flatten)]
    pub data_dir: DataDirArgs,
    /// Address and port to listen on; may be given several times
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "STRONGROOM_LISTEN",
        value_delimiter = ',',
        default_value = "127.0.0.1:8080"
    )]
    pub listen: Vec<SocketAddr>,
    /// How connections are encrypted.
    #[command(flatten)]
    pub tls: TlsArgs,
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
    /// Exit instead of waiting for somebody to unlock the store
    #[arg(long)]
    pub fail_if_locked: bool,
}

/// Exit code of a server that does not want to wait for somebody to unlock the store.
const LOCKED: u8 = 7;

/// Runs `serve`, until it is told to stop.
pub async fn run(args: ServeArgs, printer: &Printer) -> Result<(), Failure> {
    logging::start();
    process::harden();
    let dir = DataDir::new(args.data_dir.path()?);
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
    let tls = args.tls.flags()?;
    let (listeners, address) = listen(&args).await?;
    let host = Host {
        backup_roots: args.backup_root.clone(),
        backup_hook: args.backup_hook.clone(),
    };
    let app = start(&args, &dir, printer)?.at(dir.clone()).on(host);
    let app = app.with_tls(tls).map_err(|error| cannot_start(&error))?;
    let app = Arc::new(app);
    // There is a certificate before the first connection.
    keeper::round(&app).await;
    control::listen(Arc::clone(&app), dir.clone())
        .map_err(|error| in_dir("Cannot make the control socket in", &error))?;
    let (stop, stopping) = watch::channel(false);
    let jobs = tokio::spawn(jobs::run(Arc::clone(&app), Some(dir.clone()), stopping.clone()));
    let certificates = tokio::spawn(keeper::run(Arc::clone(&app), stopping.clone()));
    stop_on_signals(stop.clone()).map_err(|error| in_dir("Cannot wait for signals in", &error))?;
    announce(&app, address, printer).await;
    serve::serve(listeners, Arc::clone(&app), stopping).await;
    // Without a signal, when the server itself failed. Whoever listened may be gone.
    stop.send_replace(true);
    for background in [jobs, certificates] {
        if let Err(error) = background.await {
            tracing::error!(%error, "the background jobs broke off");
        }
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

fn cannot_start(error: &Error) -> Failure {
    Failure::new("The server cannot start").because(error.to_string())
}

/// Takes every port that was asked for. Returns the first one's address too.
async fn listen(args: &ServeArgs) -> Result<(Vec<(TcpListener, Port)>, SocketAddr), Failure> {
    let mut listeners = Vec::new();
    let mut first = None;
    for &address in &args.listen {
        let listener = bind(address, "--listen").await?;
        first = first.or(listener.local_addr().ok());
        listeners.push((listener, Port::Service));
    }
    let first = first.ok_or_else(|| Failure::usage("--listen needs an address and a port"))?;
    if let Some(address) = args.tls.http_listen {
        let https = args.tls.https_port.unwrap_or(first.port());
        let listener = bind(address, "--http-listen").await?;
        listeners.push((listener, Port::Plain(https)));
    }
    Ok((listeners, first))
}

async fn bind(address: SocketAddr, flag: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(format!("Cannot listen on {address}"))
            .because(error.to_string())
            .advise(format!("Choose another address or port with {flag}"))
    })
}

/// An open server, or a locked one that says what it needs.
fn start(args: &ServeArgs, dir: &DataDir, printer: &Printer) -> Result<App, Failure> {
    let sources = args.keys.sources()?;
    let locked = match open::open(dir, &sources, Clock::default().now()) {
        Ok(opened) => return App::opened(opened).map_err(|error| cannot_start(&error)),
        Err(locked) => locked,
    };
    printer.warn(&format!("The store is locked. {}", locked.reason));
    if !locked.slots.is_empty() {
        printer.warn(&format!("It opens with: {}", locked.opens_with().join(", ")));
    }
    if args.fail_if_locked {
        return Err(Failure::quiet(LOCKED));
    }
    App::locked(locked).map_err(|error| cannot_start(&error))
}

/// Says where the server is, and on a new one how to become its administrator.
async fn announce(app: &App, address: SocketAddr, printer: &Printer) {
    let shown = match address.ip() {
        ip if ip.is_unspecified() => format!("localhost:{}", address.port()),
        _ => address.to_string(),
    };
    let scheme = if app.tls().is_on() { "https" } else { "http" };
    let shown = format!("{scheme}://{shown}");
    printer.note(&format!(
        "Strongroom {} listens on {shown}",
        env!("CARGO_PKG_VERSION")
    ));
    if let Some(authority) = app.tls().state().authority {
        printer.note(&format!(
            "Its own authority, for browsers to trust: {shown}/api/strongroom/v1/tls/authority.pem\nSHA-256 fingerprint of the \
             authority: {}",
            authority.fingerprint
        ));
    }
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
