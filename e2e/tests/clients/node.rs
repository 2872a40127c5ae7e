//! `@infisical/sdk`, the client for Node.js. What is checked stands in `clients/node_client.mjs`.

use std::path::Path;

use anyhow::Result;
use e2e::clients::{Stage, finish, folder, node_modules};

#[test]
fn everything_its_users_call() -> Result<()> {
    node_modules()?;
    let suite = folder().join("node_client.mjs");
    finish(
        Stage::new()?
            .program(Path::new("node"))?
            .args(["--test-reporter", "tap"])
            .arg_path(&suite),
    )
}
