//! Stock tools: what is there without our program.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::program::{Finished, Run};

/// Runs a script with `sh`, its arguments as `$1`, `$2` and so on.
pub fn sh(script: &str, arguments: &[&str], folder: &Path) -> Result<Finished> {
    Run::of(Path::new("/bin/sh"), folder)
        .args(["-euc", script, "sh"])
        .args(arguments)
        .finish()
}

/// Reads what `env -0` wrote.
pub fn environment(bytes: &[u8]) -> Result<BTreeMap<String, String>> {
    bytes
        .split(|byte| *byte == 0)
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let entry = std::str::from_utf8(entry)?;
            let (name, value) = entry.split_once('=').context("a variable without =")?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect()
}
