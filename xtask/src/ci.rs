//! `cargo xtask ci`: what must hold before a change is accepted.

use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::machine;
use crate::process;
use crate::terminal::{heading, say};
use crate::test;
use crate::tidy;
use crate::workspace::Workspace;

/// Format, lints, rules, tests: the quick ones first, and the first failure ends it.
pub fn run(workspace: &Workspace) -> Result<()> {
    step("format", || {
        process::run(&mut workspace.cargo(&["fmt", "--all", "--check"]))
    })?;
    step("rules", || tidy::run(workspace))?;
    step("lints", || {
        machine::provide(machine::BUILD, machine::in_ci())?;
        let arguments = [
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "--deny",
            "warnings",
        ];
        process::run(&mut workspace.cargo(&arguments))
    })?;
    step("tests", || test::run(workspace, test::Options::default()))
}

fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    heading(format_args!("ci: {name}"));
    let begun = Instant::now();
    let result = work();
    // The last word of a good run belongs to the tests' summary.
    if name != "tests" {
        say(format_args!("-- {name}: {:.0?}", begun.elapsed()));
    }
    result.with_context(|| format!("ci stopped at: {name}"))
}
