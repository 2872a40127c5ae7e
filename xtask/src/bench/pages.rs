//! How fast the pages are, in a real browser on this machine.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::report::{Report, Target};
use crate::browser;
use crate::machine;
use crate::process;
use crate::terminal::say;
use crate::workspace::Workspace;

/// Runs `paint` of the end-to-end tests against the static binary and adds what it measured.
pub fn measure(workspace: &Workspace, report: &mut Report) -> Result<()> {
    machine::provide(
        &[&machine::NODE, &machine::NPM, &machine::CHROMIUM],
        machine::in_ci(),
    )?;
    let driver = browser::driver(workspace)?;
    say("pages in Chromium");
    let mut paint = workspace.cargo(&["run", "--quiet", "--package", "e2e", "--bin", "paint"]);
    paint
        .env("STRONGROOM_BIN", workspace.static_binary())
        .env("PLAYWRIGHT_DRIVER_PATH", driver);
    let measured: Value = serde_json::from_str(&process::capture(&mut paint)?)?;
    for (title, name) in [
        ("first paint, empty cache", "firstPaint"),
        ("login page complete, empty cache", "usable"),
        ("from one page to another", "routeChange"),
    ] {
        let value = measured
            .get(name)
            .and_then(Value::as_f64)
            .with_context(|| format!("no {name} was measured"))?;
        report.add(title, value, "ms", Target::None, "");
    }
    Ok(())
}
