//! `cargo xtask test`: every test there is, on everything they need.

use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::browser;
use crate::counts::{self, Counts, Outcome};
use crate::dist;
use crate::machine;
use crate::postgres::Cluster;
use crate::sql::{self, Database};
use crate::terminal::{complain, heading, say};
use crate::web::compiler;
use crate::workspace::Workspace;

/// Options of the command.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Options {
    /// Also run what takes minutes
    #[arg(long)]
    pub long: bool,
}

/// Runs everything, even after a failure, and ends with the line `N passed, N failed`.
pub fn run(workspace: &Workspace, options: Options) -> Result<()> {
    let mut needs = machine::BUILD.to_vec();
    needs.extend([
        &compiler::STANDARD_LIBRARY,
        &machine::POSTGRES,
        &machine::NODE,
        &machine::NPM,
        &machine::PYTHON,
        &machine::CHROMIUM,
        &machine::AGE,
        &machine::ZSTD,
        &machine::JQ,
        &machine::STRACE,
        &machine::SSH_KEYGEN,
        &machine::OPENSSL,
        &machine::BUILDAH,
        &machine::SYSTEMD,
        &machine::CERTUTIL,
        &machine::NAMESPACES,
        &machine::DOCKER_COMPOSE,
        &machine::PEBBLE,
        &machine::NGINX,
        &machine::HAPROXY,
        &machine::CADDY,
        &machine::CURL,
        &machine::FAIL2BAN,
    ]);
    // Asking for the tests is asking for what they run on.
    machine::provide(&needs, true)?;
    let mut run = Run {
        workspace,
        options,
        total: Counts::default(),
        failed: Vec::new(),
    };

    run.step("unit tests of shared, web and xtask", |run| {
        let outcome = run.cargo_test(
            &["--package", "shared", "--package", "web", "--package", "xtask"],
            |_| {},
        )?;
        settle(&outcome)
    });
    run.step("fuzz targets", |run| {
        let outcome = run.cargo_test(&["--package", "fuzz"], |_| {})?;
        settle(&outcome)
    });
    let cluster = Cluster::start();
    match &cluster {
        Ok(cluster) => {
            run.server(cluster);
            run.step("every statement on both databases", |run| {
                run.total += sql::check(run.workspace, cluster)?;
                Ok(())
            });
            run.end_to_end(cluster);
        }
        Err(error) => run.fail("PostgreSQL", error),
    }
    drop(cluster);
    run.finish()
}

struct Run<'a> {
    workspace: &'a Workspace,
    options: Options,
    total: Counts,
    failed: Vec<String>,
}

impl Run<'_> {
    fn step(&mut self, title: &str, work: impl FnOnce(&mut Self) -> Result<()>) -> bool {
        heading(title);
        let begun = Instant::now();
        let result = work(self);
        say(format_args!("-- {title}: {:.0?}", begun.elapsed()));
        if let Err(error) = &result {
            self.fail(title, error);
        }
        result.is_ok()
    }

    fn fail(&mut self, title: &str, error: &anyhow::Error) {
        complain(error);
        self.failed.push(title.to_owned());
    }

    /// Tests of one selection of packages; counts them, and leaves the judgement to the caller.
    fn cargo_test(&mut self, packages: &[&str], prepare: impl FnOnce(&mut Command)) -> Result<Outcome> {
        let mut cargo = self.workspace.cargo(&["test", "--no-fail-fast"]);
        cargo.args(packages);
        if self.options.long {
            cargo.env("STRONGROOM_TEST_LONG", "1");
        }
        prepare(&mut cargo);
        let outcome = counts::run(&mut cargo)?;
        self.total += outcome.total();
        Ok(outcome)
    }

    fn server(&mut self, cluster: &Cluster) {
        let mut outcomes = Vec::new();
        for database in Database::BOTH {
            self.step(&format!("server tests on {}", database.name()), |run| {
                let outcome =
                    run.cargo_test(&["--package", "server"], |cargo| database.apply(cargo, cluster))?;
                outcomes.push(outcome.clone());
                settle(&outcome)
            });
        }
        self.step("both databases ran the same tests", |_| match &outcomes[..] {
            [sqlite, postgres] => {
                let (on_sqlite, on_postgres) = (sqlite.total().ran(), postgres.total().ran());
                say(format_args!(
                    "server tests: {on_sqlite} on SQLite, {on_postgres} on PostgreSQL"
                ));
                counts::require_same(sqlite, postgres)
            }
            _ => bail!("the server's tests did not run on both databases"),
        });
    }

    fn end_to_end(&mut self, cluster: &Cluster) {
        let built = self.step("the static binary", |run| dist::run(run.workspace, true));
        if !built {
            self.fail(
                "end-to-end tests",
                &anyhow::anyhow!("they need the static binary, which was not built"),
            );
            return;
        }
        self.step("end-to-end tests", |run| {
            let driver = browser::driver(run.workspace)?;
            let binary = run.workspace.static_binary();
            let outcome = run.cargo_test(&["--package", "e2e"], |cargo| {
                cargo
                    .env("STRONGROOM_TEST_POSTGRES", cluster.connection())
                    .env("STRONGROOM_BIN", binary)
                    .env("PLAYWRIGHT_DRIVER_PATH", driver);
            })?;
            settle(&outcome)
        });
    }

    fn finish(self) -> Result<()> {
        let Counts {
            passed,
            failed,
            ignored,
        } = self.total;
        heading("summary");
        if ignored > 0 {
            say(format_args!("{ignored} ignored"));
        }
        for step in &self.failed {
            say(format_args!("failed: {step}"));
        }
        // A step can fail without a failed test: what does not compile, counts that differ.
        let failed = if self.failed.is_empty() {
            failed
        } else {
            failed.max(1)
        };
        say(format_args!("{passed} passed, {failed} failed"));
        if self.failed.is_empty() && failed == 0 {
            return Ok(());
        }
        Err(anyhow::Error::new(AlreadyTold))
    }
}

fn settle(outcome: &Outcome) -> Result<()> {
    if outcome.success {
        return Ok(());
    }
    bail!(
        "{} tests failed, or something does not compile",
        outcome.total().failed
    )
}

/// The failure was printed where it happened; the summary must stay the last line.
#[derive(Debug)]
pub struct AlreadyTold;

impl std::fmt::Display for AlreadyTold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("tests failed")
    }
}

impl std::error::Error for AlreadyTold {}
