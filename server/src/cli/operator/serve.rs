//! `serve`: the server itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::tls_args::TlsArgs;
use super::{DataDirArgs, KeyArgs, NetworkArgs, ports};
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
use crate::outside::systemd;
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

impl ServeArgs {
    fn wanted_ports(&self) -> ports::Wanted<'_> {
        ports::Wanted {
            service: &self.listen,
            plain: self.tls.http_listen,
            https_port: self.tls.https_port,
        }
    }
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
    let ports = ports::open(args.wanted_ports()).await?;
    let address = ports.first;
    let mut tls = args.tls.flags()?;
    tls.http_port = ports.has_plain;
    let host = Host {
        backup_roots: args.backup_root.clone(),
        backup_hook: args.backup_hook.clone(),
        ..args.network.host()?
    };
    let teller = Teller::of(args.log_format, printer);
    let app = start(&args, &dir, &teller)?.at(dir.clone()).on(host);
    let app = Arc::new(app.with_tls(tls).map_err(cannot_start)?);
    // There is a certificate before the first connection.
    keeper::round(&app).await;
    control::listen(Arc::clone(&app), dir.clone())
        .map_err(|error| in_dir("Cannot make the control socket in", &error))?;
    let (stop, stopping) = watch::channel(false);
    let jobs = tokio::spawn(jobs::run(Arc::clone(&app), Some(dir.clone()), stopping.clone()));
    let certificates = tokio::spawn(keeper::run(Arc::clone(&app), stopping.clone()));
    stop_on_signals(stop.clone()).map_err(|error| in_dir("Cannot wait for signals in", &error))?;
    announce(&app, address, &teller).await;
    systemd::stay_alive();
    systemd::ready(&format!("Listening on {address}"));
    serve::serve(ports.listeners, Arc::clone(&app), stopping).await;
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

fn cannot_start(error: Error) -> Failure {
    Failure::new("The server cannot start").because(error.to_string())
}

/// An open server, or a locked one that says what it needs.
fn start(args: &ServeArgs, dir: &DataDir, teller: &Teller<'_>) -> Result<App, Failure> {
    let sources = args.keys.sources()?;
    let locked = match open::open(dir, &sources, Clock::default().now()) {
        Ok(opened) => return App::opened(opened).map_err(cannot_start),
        Err(locked) => locked,
    };
    teller.warn(&format!("The store is locked. {}", locked.reason));
    if !locked.slots.is_empty() {
        teller.warn(&format!("It opens with: {}", locked.opens_with().join(", ")));
    }
    if args.fail_if_locked {
        return Err(Failure::quiet(LOCKED));
    }
    App::locked(locked).map_err(cannot_start)
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
        ip if ip.is_unspecified() => format!("localhost:{}", address.port()),
        _ => address.to_string(),
    };
    let scheme = if app.tls().is_on() { "https" } else { "http" };
    let shown = format!("{scheme}://{shown}");
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
    if let Some(authority) = app.tls().state().authority {
        teller.note(&format!(
            "Its own authority, for browsers to trust: {shown}/api/strongroom/v1/tls/authority.pem\nSHA-256 fingerprint of the \
             authority: {}",
            authority.fingerprint
        ));
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
        systemd::stopping();
        // Only the server listens; if it is gone, there is nothing left to stop.
        let _ = stop.send(true);
        // Keeps the channel open until the process ends.
        std::future::pending::<()>().await;
    });
    Ok(())
}
