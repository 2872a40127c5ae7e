//! `serve`: the server itself.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::teller::Teller;
use super::tls_args::TlsArgs;
use super::{DataDirArgs, KeyArgs, NetworkArgs, first_lines, ports};
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
use crate::observe::logging::{self, Format};
use crate::observe::process;
use crate::outside::systemd;
use crate::tls::{Tls, TlsFlags, keeper};

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
    /// Address at which people reach the server, for the links that it prints; may be given several times
    #[arg(long, value_name = "URL", env = "STRONGROOM_SITE_URL", value_delimiter = ',')]
    pub site_url: Vec<Address>,
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
    #[arg(long, env = "STRONGROOM_FAIL_IF_LOCKED")]
    pub fail_if_locked: bool,
    /// Exit instead of serving a page with what is wrong with the configuration
    #[arg(long, env = "STRONGROOM_FAIL_IF_MISCONFIGURED")]
    pub fail_if_misconfigured: bool,
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

/// What the arguments come to, once nothing is wrong with them.
struct Checked {
    host: Host,
    tls: TlsFlags,
}

/// How often it is looked whether a database answers.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Runs `serve`, until it is told to stop.
pub async fn run(args: ServeArgs, configuration: &Configuration, printer: &Printer) -> Result<(), Failure> {
    logging::start(args.log_format);
    process::harden();
    let dir = DataDir::new(args.data_dir.path()?);
    let teller = Teller::of(args.log_format, printer);
    let Checked { host, mut tls } = match checked(&args, &dir, configuration) {
        Ok(checked) => checked,
        Err(problems) => return misconfigured(&args, &dir, problems, &teller).await,
    };
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
    let ports = ports::open(args.wanted_ports()).await?;
    let address = ports.first;
    tls.http_port = ports.has_plain;
    let host = Host {
        backup_roots: args.backup_root.clone(),
        backup_hook: args.backup_hook.clone(),
        configuration: configuration.clone(),
        ..host
    };
    let app = start(&args, &dir, &teller).await?.at(dir.clone()).on(host);
    let app = Arc::new(app.with_tls(tls).map_err(|error| cannot_start(&error))?);
    // There is a certificate before the first connection.
    keeper::round(&app).await;
    control::listen(Arc::clone(&app), dir.clone())
        .map_err(|error| in_dir("Cannot make the control socket in", &error))?;
    let (stop, stopping) = watch::channel(false);
    let jobs = tokio::spawn(jobs::run(Arc::clone(&app), Some(dir.clone()), stopping.clone()));
    let certificates = tokio::spawn(keeper::run(Arc::clone(&app), stopping.clone()));
    stop_on_signals(stop.clone()).map_err(|error| in_dir("Cannot wait for signals in", &error))?;
    first_lines::say(&app, address, &args.site_url, configuration, &teller).await;
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

fn cannot_start(error: &Error) -> Failure {
    Failure::new("The server cannot start").because(error.to_string())
}

/// What the arguments come to, or everything that keeps the server from starting, as far as can be seen before anything is
/// opened.
fn checked(args: &ServeArgs, dir: &DataDir, configuration: &Configuration) -> Result<Checked, Vec<Problem>> {
    let mut problems = configuration.problems.clone();
    let mut add = |found: Vec<Problem>| {
        for problem in found {
            // The same one may have been found for a setting of the configuration.
            if problems
                .iter()
                .all(|told| told.to_string() != problem.to_string())
            {
                problems.push(problem);
            }
        }
    };
    if let Err(problem) = args.keys.sources() {
        add(vec![problem]);
    }
    add(check::data_dir(dir.path()).into_iter().collect());
    let has_file = dir.has_database().unwrap_or_default();
    add(args
        .data_dir
        .database
        .address(has_file)
        .err()
        .into_iter()
        .collect());
    let tls = args.tls.flags().map_err(&mut add);
    let host = args.network.host().map_err(&mut add);
    match (host, tls) {
        (Ok(host), Ok(tls)) if problems.is_empty() => Ok(Checked { host, tls }),
        _ => Err(problems),
    }
}

/// Says what is wrong, in the log and on a page, until somebody restarts the server.
async fn misconfigured(
    args: &ServeArgs,
    dir: &DataDir,
    problems: Vec<Problem>,
    teller: &Teller<'_>,
) -> Result<(), Failure> {
    if args.fail_if_misconfigured {
        return Err(arguments::misconfigured(&problems));
    }
    teller.warn(&format!(
        "The configuration has problems:\n{}",
        arguments::numbered(&problems)
    ));
    let ports = ports::open(args.wanted_ports()).await.map_err(|failure| {
        arguments::misconfigured(&problems).because(failure.lines().unwrap_or_default())
    })?;
    let files = args.tls.flags().ok().and_then(|flags| flags.files);
    let tls = Tls::without_store(args.tls.tls, files.as_ref(), dir)
        .map_err(|reason| arguments::misconfigured(&problems).because(reason))?;
    let (stop, stopping) = watch::channel(false);
    stop_on_signals(stop)
        .map_err(|error| Failure::new("Cannot wait for signals").because(error.to_string()))?;
    teller.note(&format!(
        "Strongroom {} listens on {}://{}\nIt serves nothing but this list. Mend what is wrong, and restart it",
        env!("CARGO_PKG_VERSION"),
        if tls.is_on() { "https" } else { "http" },
        first_lines::shown(ports.first)
    ));
    systemd::stay_alive();
    if let Some(fingerprint) = tls.locked_fingerprint() {
        teller.note(&format!(
            "Its certificate vouches for nothing. SHA-256 fingerprint: {fingerprint}"
        ));
    }
    systemd::ready("Misconfigured: the log and the page say what is wrong");
    diagnostics::serve(ports.listeners, problems, Arc::new(tls), stopping).await;
    Ok(())
}

/// An open server, or a locked one that says what it needs.
async fn start(args: &ServeArgs, dir: &DataDir, teller: &Teller<'_>) -> Result<App, Failure> {
    let sources = args.keys.sources()?;
    let mut waited = Duration::ZERO;
    let locked = loop {
        let locked = match open::open(dir, &sources, Clock::default().now()) {
            Ok(opened) => return App::opened(opened).map_err(|error| cannot_start(&error)),
            Err(locked) => locked,
        };
        if !locked.unreachable {
            break locked;
        }
        if waited >= Duration::from_secs(args.database_wait) {
            return Err(Failure::new("The server cannot start without its database")
                .because(locked.reason)
                .advise(
                    "Check that PostgreSQL runs, and its address with user and password, where %-encoding stands for what is \
                     special; then start again",
                )
                .with_code(code::UNREACHABLE));
        }
        if waited.is_zero() {
            teller.warn(&format!(
                "{}. Waiting for it, up to {} seconds",
                locked.reason.trim_end_matches('.'),
                args.database_wait
            ));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        waited += LOOK_AGAIN;
    };
    teller.warn(&format!("The store is locked. {}", locked.reason));
    if !locked.slots.is_empty() {
        teller.warn(&format!("It opens with: {}", locked.opens_with().join(", ")));
    }
    if args.fail_if_locked {
        return Err(Failure::quiet(code::LOCKED));
    }
    App::locked(locked).map_err(|error| cannot_start(&error))
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
