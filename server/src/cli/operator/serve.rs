//! `serve`: the server itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{DataDirArgs, KeyArgs, NetworkArgs};
use crate::app::data_dir::DataDir;
use crate::app::host::Host;
use crate::app::{App, control, open};
use crate::cli::failure::Failure;
use crate::cli::printer::Printer;
use crate::clock::Clock;
use crate::domain::{Error, instance, setup};
use crate::http::serve;
use crate::jobs;
use crate::observe::logging::{self, Format};
use crate::observe::process;

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
    /// Whom it talks to.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Whom the log is for: a person, or a program that reads JSON
    #[arg(
        long,
        value_name = "FORMAT",
        env = "STRONGROOM_LOG_FORMAT",
        value_enum,
        default_value_t
    )]
    pub log_format: Format,
    /// Exit instead of waiting for somebody to unlock the store
    #[arg(long)]
    pub fail_if_locked: bool,
}

/// Exit code of a server that does not want to wait for somebody to unlock the store.
const LOCKED: u8 = 7;

/// Runs `serve`, until it is told to stop.
pub async fn run(args: ServeArgs, printer: &Printer) -> Result<(), Failure> {
    logging::start(args.log_format);
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
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::new(format!("Cannot listen on {}", args.listen))
            .because(error.to_string())
            .advise("Choose another address or port with --listen")
    })?;
    let address = listener.local_addr().unwrap_or(args.listen);
    let host = Host {
        backup_roots: args.backup_root.clone(),
        backup_hook: args.backup_hook.clone(),
        ..args.network.host()?
    };
    let app = Arc::new(
        start(&args, &dir, &Teller::of(args.log_format, printer))?
            .at(dir.clone())
            .on(host),
    );
    control::listen(Arc::clone(&app), dir.clone())
        .map_err(|error| in_dir("Cannot make the control socket in", &error))?;
    let (stop, stopping) = watch::channel(false);
    let jobs = tokio::spawn(jobs::run(Arc::clone(&app), Some(dir.clone()), stopping.clone()));
    stop_on_signals(stop.clone()).map_err(|error| in_dir("Cannot wait for signals in", &error))?;
    announce(&app, address, &Teller::of(args.log_format, printer)).await;
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
fn start(args: &ServeArgs, dir: &DataDir, teller: &Teller<'_>) -> Result<App, Failure> {
    let cannot = |error: Error| Failure::new("The server cannot start").because(error.to_string());
    let sources = args.keys.sources()?;
    let locked = match open::open(dir, &sources, Clock::default().now()) {
        Ok(opened) => return App::opened(opened).map_err(cannot),
        Err(locked) => locked,
    };
    teller.warn(&format!("The store is locked. {}", locked.reason));
    if !locked.slots.is_empty() {
        teller.warn(&format!("It opens with: {}", locked.opens_with().join(", ")));
    }
    if args.fail_if_locked {
        return Err(Failure::quiet(LOCKED));
    }
    App::locked(locked).map_err(cannot)
}

/// Says things to whoever starts the server: a person reads plain lines, a program gets them as part of the log.
struct Teller<'a> {
    printer: Option<&'a Printer>,
}

impl<'a> Teller<'a> {
    fn of(format: Format, printer: &'a Printer) -> Self {
        Self {
            printer: (format == Format::Text).then_some(printer),
        }
    }

    fn note(&self, text: &str) {
        if let Some(printer) = self.printer {
            printer.note(text);
        } else {
            text.lines().for_each(|line| tracing::info!("{line}"));
        }
    }

    fn warn(&self, text: &str) {
        if let Some(printer) = self.printer {
            printer.warn(text);
        } else {
            tracing::warn!("{text}");
        }
    }
}

/// Says where the server is and how its store is, and on a new one how to become its administrator.
async fn announce(app: &App, address: SocketAddr, teller: &Teller<'_>) {
    let shown = match address.ip() {
        ip if ip.is_unspecified() => format!("http://localhost:{}", address.port()),
        _ => format!("http://{address}"),
    };
    teller.note(&format!(
        "Strongroom {} listens on {shown}",
        env!("CARGO_PKG_VERSION")
    ));
    match app.read(instance::at_start).await {
        Ok(lines) => lines.iter().for_each(|line| teller.note(line)),
        // What it needs was said already.
        Err(Error::Locked) => {}
        Err(error) => teller.warn(&format!("The store does not answer: {error}")),
    }
    match app.write(setup::new_code).await {
        Ok((code, _)) => teller.note(&format!(
            "Set it up within 60 minutes: {shown}/admin/signup#code={code}\nSetup code: {code}",
            code = code.expose()
        )),
        // Set up long ago, or locked: there is nothing to say.
        Err(Error::BadRequest(_) | Error::Locked) => {}
        Err(error) => teller.warn(&format!("No setup code could be made: {error}")),
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
