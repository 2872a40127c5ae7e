//! `cargo xtask sql`: prepares every statement on a fresh SQLite and a fresh PostgreSQL.
//!
//! The statements are written once for both databases and only a database can tell whether it understands them.

use anyhow::{Result, bail};

use crate::counts::{self, Counts};
use crate::machine;
use crate::postgres::Cluster;
use crate::workspace::Workspace;

const TEST: &str = "store::statements::every_statement_prepares_on_this_database";

/// Starts a throw-away PostgreSQL and checks both databases.
pub fn run(workspace: &Workspace, install: bool) -> Result<()> {
    let mut needs = machine::BUILD.to_vec();
    needs.extend([&machine::POSTGRES, &machine::OPENSSL]);
    machine::provide(&needs, install)?;
    check(workspace, &Cluster::start()?)?;
    Ok(())
}

/// Checks both databases; the counts of both together.
pub fn check(workspace: &Workspace, cluster: &Cluster) -> Result<Counts> {
    let mut total = Counts::default();
    for database in Database::BOTH {
        let mut cargo =
            workspace.cargo(&["test", "--quiet", "--package", "server", "--lib", "--", "--exact"]);
        cargo.args([TEST, "--include-ignored"]);
        database.apply(&mut cargo, cluster);
        let outcome = counts::run(&mut cargo)?;
        let counts = outcome.total();
        if counts.ran() != 1 {
            bail!(
                "{TEST} must run exactly once on {}, but {} tests ran",
                database.name(),
                counts.ran()
            );
        }
        if !outcome.success {
            bail!("{} does not understand every statement", database.name());
        }
        total += counts;
    }
    Ok(total)
}

/// A database that tests run on.
#[derive(Debug, Clone, Copy)]
pub enum Database {
    /// The embedded default.
    Sqlite,
    /// The larger mode.
    Postgres,
}

impl Database {
    /// Each once.
    pub const BOTH: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// The name that the tests read.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// Tells a test run which database to use.
    pub fn apply(self, command: &mut std::process::Command, cluster: &Cluster) {
        command
            .env("STRONGROOM_TEST_DATABASE", self.name())
            .env("STRONGROOM_TEST_POSTGRES", cluster.connection());
    }
}
