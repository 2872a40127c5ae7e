//! `doctor`: whether a server is well, as its own machine sees it. Nothing in the report is secret.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use shared::model::time::UnixMillis;
use shared::model::tls::TlsState;

use super::StoreArgs;
use super::submit::{self, unexpected};
use crate::app::data_dir::DataDir;
use crate::app::database::Place;
use crate::app::operator::{Command, Reply, Report};
use crate::cli::failure::Failure;
use crate::cli::printer::{Printer, table};
use crate::clock::Clock;
use crate::config::env::{self, Became};
use crate::config::{Configuration, Environment, Source};

/// Days after which a backup is old.
const OLD_BACKUP_DAYS: i64 = 7;
const DAY: i64 = 24 * 60 * 60 * 1000;
/// A clock that goes this much wrong makes tokens end early or late.
const MOST_SKEW: i64 = 5 * 60 * 1000;
/// Less than this is a disk that is nearly full.
const LITTLE_SPACE: u64 = 256 * 1024 * 1024;

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The server's data.
    #[command(flatten)]
    store: StoreArgs,
    /// List every environment variable that is recognised, also those that are not set
    #[arg(long)]
    all_variables: bool,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// As it should be.
    Ok,
    /// Works, but somebody should look at it.
    Warn,
    /// Does not work, or is dangerous.
    Fail,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    mark: Mark,
    what: &'static str,
    found: String,
}

impl Finding {
    fn new(mark: Mark, what: &'static str, found: impl Into<String>) -> Self {
        Self {
            mark,
            what,
            found: found.into(),
        }
    }
}

/// Runs `doctor`; exit code 1 when something does not work.
pub async fn run(args: DoctorArgs, configuration: &Configuration, printer: &Printer) -> Result<(), Failure> {
    let path = args.store.data_dir.path()?;
    let mut findings = vec![Finding::new(Mark::Ok, "version", env!("CARGO_PKG_VERSION"))];
    findings.extend(permissions(&path));
    findings.extend(key_files(configuration));
    findings.extend(disk(&path));
    match args.store.data_dir.dir() {
        Ok(dir) => {
            findings.extend(database(&dir));
            findings.extend(store(&args.store, &dir).await);
        }
        Err(failure) => findings.push(Finding::new(Mark::Fail, "database", in_one_line(&failure))),
    }
    findings.extend(configured(configuration));
    findings.extend(variables(configuration, args.all_variables));
    let text = || {
        let rows: Vec<Vec<String>> = findings
            .iter()
            .map(|finding| {
                let mark = match finding.mark {
                    Mark::Ok => "ok",
                    Mark::Warn => "WARN",
                    Mark::Fail => "FAIL",
                };
                vec![mark.to_owned(), finding.what.to_owned(), finding.found.clone()]
            })
            .collect();
        table(&["", "WHAT", "FOUND"], &rows)
    };
    printer.result(text, &json!({"findings": findings}))?;
    if findings.iter().any(|finding| finding.mark == Mark::Fail) {
        return Err(Failure::quiet(1));
    }
    Ok(())
}

/// The settings that somebody made, and what is wrong with the others.
fn configured(configuration: &Configuration) -> Vec<Finding> {
    let file = configuration.file.as_ref();
    let file = file.map(|path| Finding::new(Mark::Ok, "configuration file", path.display().to_string()));
    let made = configuration
        .settings
        .iter()
        .filter(|setting| setting.source != Source::Default);
    let made = made.map(|setting| {
        let found = format!("{} = {}, {}", setting.name, setting.shown(), setting.source);
        Finding::new(Mark::Ok, "setting", found)
    });
    let problems = configuration
        .problems
        .iter()
        .map(|problem| Finding::new(Mark::Fail, "configuration", problem.to_string()));
    file.into_iter().chain(made).chain(problems).collect()
}

/// A finding for each variable that is set, or for all; never its value.
fn variables(configuration: &Configuration, all: bool) -> Vec<Finding> {
    let told = &configuration.variables;
    let set = told.iter().map(|report| {
        let mark = match report.became {
            Became::Unknown => Mark::Warn,
            _ => Mark::Ok,
        };
        Finding::new(mark, "variable", report.to_string())
    });
    let serve = crate::cli::serve_command();
    let unset = env::variables(&serve)
        .filter(|variable| all && told.iter().all(|report| report.name != variable.name))
        .map(|variable| {
            Finding::new(
                Mark::Ok,
                "variable",
                format!("{} (not set): {}", variable.name, variable.fate),
            )
        });
    set.chain(unset).collect()
}

/// The directory and the keys in it are for their owner alone.
fn permissions(dir: &Path) -> Vec<Finding> {
    let found = match fs::metadata(dir) {
        Ok(found) if found.is_dir() => found,
        Ok(_) => {
            return vec![Finding::new(
                Mark::Fail,
                "data directory",
                format!("{} is no directory", dir.display()),
            )];
        }
        Err(error) => {
            return vec![Finding::new(
                Mark::Fail,
                "data directory",
                format!("{}: {error}", dir.display()),
            )];
        }
    };
    let mut findings = vec![Finding::new(
        Mark::Ok,
        "data directory",
        dir.display().to_string(),
    )];
    let user = rustix::process::geteuid().as_raw();
    if found.uid() != user && user != 0 {
        findings.push(Finding::new(
            Mark::Warn,
            "owner",
            format!(
                "the directory belongs to user {}, and you are {user}",
                found.uid()
            ),
        ));
    }
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut open: Vec<String> = entries
        .map(|entry| entry.path())
        .chain([dir.to_owned()])
        .filter(|path| fs::symlink_metadata(path).is_ok_and(|data| data.permissions().mode() & 0o077 != 0))
        .filter(|path| !path.is_symlink())
        .map(|path| path.display().to_string())
        .collect();
    open.sort();
    if open.is_empty() {
        findings.push(Finding::new(Mark::Ok, "permissions", "for its owner alone"));
    } else {
        findings.push(Finding::new(
            Mark::Fail,
            "permissions",
            format!("others may read {}: chmod go= them", open.join(", ")),
        ));
    }
    findings
}

/// Files outside the directory that open the store, or hold another secret of the server.
fn key_files(configuration: &Configuration) -> Vec<Finding> {
    let environment = Environment::of_process(None);
    let open = configuration.secret_files().filter(|setting| {
        let mut files = setting.values.iter().map(Path::new);
        files.any(|file| environment.is_open_to_all(file))
    });
    open.map(|setting| {
        let found = format!(
            "everybody may read the file of --{}: chmod o= {}",
            setting.name,
            setting.shown()
        );
        Finding::new(Mark::Fail, "permissions", found)
    })
    .collect()
}

fn disk(dir: &Path) -> Option<Finding> {
    let space = rustix::fs::statvfs(dir).ok()?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let all = space.f_blocks.saturating_mul(space.f_frsize).max(1);
    let mark = if free < LITTLE_SPACE { Mark::Warn } else { Mark::Ok };
    let percent = u128::from(free) * 100 / u128::from(all);
    Some(Finding::new(
        mark,
        "free space",
        format!("{} MiB, {percent} %", free / 1024 / 1024),
    ))
}

/// Where the rows of the store lie, if not in the data directory.
fn database(dir: &DataDir) -> Option<Finding> {
    match dir.place() {
        Ok(Place::File) => None,
        Ok(Place::Postgres(address)) => Some(Finding::new(
            Mark::Ok,
            "database",
            format!("PostgreSQL ({address})"),
        )),
        Err(reason) => Some(Finding::new(Mark::Fail, "database", reason)),
    }
}

/// What can be learnt from inside: through the running server, or by opening the store.
async fn store(args: &StoreArgs, dir: &DataDir) -> Vec<Finding> {
    let running = match dir.lock() {
        Ok(lock) => lock.is_none(),
        Err(error) => return vec![Finding::new(Mark::Fail, "server", error.to_string())],
    };
    let server = if running { "runs" } else { "does not run" };
    let mut findings = vec![Finding::new(Mark::Ok, "server", server)];
    let told = submit::submit(args, Command::Report, &mut std::io::sink())
        .await
        .map_err(Failure::from)
        .and_then(|reply| match reply {
            Reply::Report { report } => Ok(report),
            _ => Err(unexpected()),
        });
    match told {
        Ok(report) => findings.extend(inside(&report, Clock::default().now().0)),
        Err(failure) => {
            findings.push(Finding::new(Mark::Fail, "store", in_one_line(&failure)));
        }
    }
    findings
}

fn in_one_line(failure: &Failure) -> String {
    failure.lines().unwrap_or_default().replace('\n', "; ")
}

fn inside(report: &Report, now: i64) -> Vec<Finding> {
    let kits = match report.kits {
        0 => Finding::new(
            Mark::Warn,
            "recovery kits",
            "none: `strongroom keys kit --output FILE` makes one, and backups need it",
        ),
        some => Finding::new(Mark::Ok, "recovery kits", some.to_string()),
    };
    let backup = match report.last_backup.map(|at| (now - at.0) / DAY) {
        None => Finding::new(
            Mark::Warn,
            "last backup",
            "never: `strongroom backup --output FILE`",
        ),
        Some(days) if days > OLD_BACKUP_DAYS => {
            Finding::new(Mark::Warn, "last backup", format!("{days} days ago"))
        }
        Some(days) => Finding::new(Mark::Ok, "last backup", format!("{days} days ago")),
    };
    let skew = report.now.0.abs_diff(now);
    let clock = if skew > MOST_SKEW.unsigned_abs() || now < report.last_backup.map_or(0, |at| at.0) {
        Finding::new(
            Mark::Fail,
            "clock",
            format!(
                "the server's differs by {} s, or goes before its own backups",
                skew / 1000
            ),
        )
    } else {
        Finding::new(Mark::Ok, "clock", "agrees with the server's")
    };
    let mut findings = vec![
        Finding::new(
            Mark::Ok,
            "store",
            format!(
                "open; {} keys open it; {} KiB",
                report.unlockers,
                report.size / 1024
            ),
        ),
        kits,
        backup,
        clock,
    ];
    findings.extend(report.tls.iter().flat_map(|state| tls(state, now)));
    findings
}

/// How the server speaks TLS.
fn tls(state: &TlsState, now: i64) -> Vec<Finding> {
    let warnings = state.warnings(UnixMillis(now));
    if !warnings.is_empty() {
        return warnings
            .into_iter()
            .map(|warning| Finding::new(Mark::Warn, "TLS", warning))
            .collect();
    }
    let mut found = state.settings.mode.to_string();
    for certificate in &state.certificates {
        let _ = write!(
            found,
            "; {} until {}",
            certificate.names.join(", "),
            certificate.not_after.date()
        );
    }
    vec![Finding::new(Mark::Ok, "TLS", found)]
}

#[cfg(test)]
mod tests {
    use shared::model::tls::{AcmeOrder, TlsCertificate, TlsMode, TlsSettings};

    use super::*;

    fn report(last_backup: Option<i64>, kits: usize, now: i64) -> Report {
        Report {
            unlockers: 1,
            kits,
            size: 4096,
            last_backup: last_backup.map(UnixMillis),
            now: UnixMillis(now),
            tls: None,
        }
    }

    #[test]
    fn a_failing_renewal_is_told_long_before_the_end() {
        let now = 1_000 * DAY;
        let order = |error: Option<&str>| AcmeOrder {
            domain: "a.example".into(),
            attempted_at: None,
            error: error.map(str::to_owned),
            failures: 2,
            next_at: UnixMillis(now),
        };
        let mut state = TlsState {
            settings: TlsSettings {
                mode: TlsMode::Acme,
                ..TlsSettings::default()
            },
            by_flag: true,
            http_port: false,
            authority: None,
            certificates: vec![TlsCertificate {
                names: vec!["a.example".into()],
                issuer: "CA".into(),
                fingerprint: String::new(),
                not_before: UnixMillis(now - 61 * DAY),
                not_after: UnixMillis(now + 29 * DAY),
            }],
            orders: vec![order(None)],
            files_failure: None,
            locked_fingerprint: None,
        };
        let well = tls(&state, now);
        assert_eq!(well[0].mark, Mark::Ok);
        assert!(well[0].found.contains("a.example until"), "{well:?}");
        state.orders = vec![order(Some("no route"))];
        let told = tls(&state, now);
        assert_eq!(told[0].mark, Mark::Warn);
        assert!(
            told[0].found.contains("29 days") && told[0].found.contains("no route"),
            "{told:?}"
        );
    }

    #[test]
    fn what_somebody_should_look_at() {
        use Mark::{Fail, Ok, Warn};
        let now = 1_000 * DAY;
        let marks = |report: &Report| -> Vec<Mark> {
            inside(report, now).iter().map(|finding| finding.mark).collect()
        };
        assert_eq!(marks(&report(Some(now - DAY), 1, now)), [Ok, Ok, Ok, Ok]);
        assert_eq!(marks(&report(None, 0, now)), [Ok, Warn, Warn, Ok]);
        assert_eq!(marks(&report(Some(now - 9 * DAY), 1, now)), [Ok, Ok, Warn, Ok]);
        assert_eq!(
            marks(&report(Some(now - DAY), 1, now - DAY / 2)),
            [Ok, Ok, Ok, Fail]
        );
        assert_eq!(marks(&report(Some(now + DAY), 1, now)), [Ok, Ok, Ok, Fail]);
    }

    #[test]
    fn a_key_that_everybody_may_read_is_named_wherever_it_lies() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key.pem");
        fs::write(&file, "x").unwrap();
        let variables = [("STRONGROOM_TLS_KEY", file.to_str().unwrap())];
        let configured = || {
            crate::config::load(
                &crate::cli::serve_command(),
                &crate::config::Given::new(),
                &Environment::of(&variables),
            )
        };
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let found = key_files(&configured());
        assert!(found.len() == 1 && found[0].mark == Mark::Fail, "{found:?}");
        assert!(found[0].found.contains("key.pem"), "{found:?}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(key_files(&configured()), []);
    }

    #[test]
    fn files_that_others_may_read_are_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let file = dir.path().join("identity");
        fs::write(&file, "x").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let found = permissions(dir.path());
        assert!(
            found
                .iter()
                .any(|finding| finding.mark == Mark::Fail && finding.found.contains("identity"))
        );
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(
            permissions(dir.path())
                .iter()
                .all(|finding| finding.mark == Mark::Ok)
        );
        let nowhere = permissions(&dir.path().join("nowhere"));
        assert_eq!(nowhere[0].mark, Mark::Fail);
    }
}
