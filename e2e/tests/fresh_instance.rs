//! A fresh server that other machines reach belongs to nobody before whoever started it says so.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;

use anyhow::{Result, ensure};
use e2e::http::once;
use e2e::instance::{bootstrap_body, post};
use e2e::namespace::Namespace;
use e2e::program::Run;
use e2e::server::Server;
use serde_json::{Value, json};

const BOOTSTRAP: &str = "/api/v1/admin/bootstrap";
const SETUP: &str = "/api/strongroom/v1/setup";

/// Headers by which a stranger says to be at home: each alone, and all at once.
const TRICKS: [(&str, &str); 14] = [
    ("Host", "localhost"),
    ("Host", "127.0.0.1"),
    ("Host", "[::1]"),
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Forwarded-Host", "localhost"),
    ("X-Forwarded-Proto", "https"),
    ("X-Real-IP", "127.0.0.1"),
    ("X-Client-IP", "::1"),
    ("X-Originating-IP", "127.0.0.1"),
    ("True-Client-IP", "127.0.0.1"),
    ("CF-Connecting-IP", "127.0.0.1"),
    ("Forwarded", "for=127.0.0.1;host=localhost;proto=https"),
    ("X-Original-URL", "/api/health"),
    ("X-Strongroom-Setup-Code", ""),
];

/// Tries everything that a stranger can send without the code.
fn claim_without_the_code(address: SocketAddr) -> Result<()> {
    let mut attempts: Vec<Vec<(&str, &str)>> = vec![Vec::new(), TRICKS[2..].to_vec()];
    attempts.extend(TRICKS.map(|trick| vec![trick]));
    for path in [BOOTSTRAP, SETUP] {
        for headers in &attempts {
            let answer = post(address, path, headers, &bootstrap_body())?;
            ensure!(
                answer.status == 403 && answer.text()?.contains("setup code"),
                "{path} with {headers:?}: {} {}",
                answer.status,
                answer.text()?
            );
        }
    }
    let wrong = post(
        address,
        BOOTSTRAP,
        &[("X-Strongroom-Setup-Code", "AAAA-AAAA-AAAA-AAAA")],
        &bootstrap_body(),
    )?;
    ensure!(wrong.status == 403, "{}", wrong.status);
    let state = once(address, "GET", SETUP, &[], b"")?.ok()?;
    ensure!(state == json!({ "initialized": false }), "{state}");
    Ok(())
}

#[test]
fn another_machine_claims_it_with_the_code_alone() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let (here, there) = (Namespace::enter()?, Namespace::new()?);
    let (address, joined) = here.join(&there)?;
    let elsewhere = if joined { &there } else { &here };
    let server = Server::start_at(&data, SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), &[])?;
    let address = SocketAddr::from((address, server.address.port()));
    let told = Run::new(scratch.path())?
        .args(["setup-code", "--json", "--data-dir"])
        .arg_path(&data)
        .finish()?
        .ok()?;
    let told: Value = serde_json::from_str(&told)?;
    let as_stranger = |act: &(dyn Fn() -> Result<()> + Sync)| {
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                elsewhere.move_in()?;
                act()
            });
            thread
                .join()
                .map_err(|_| anyhow::anyhow!("the stranger's thread ended"))?
        })
    };
    as_stranger(&|| claim_without_the_code(address))?;
    // The server's own machine, by the address that others use, is no better than they are.
    claim_without_the_code(address)?;
    let mut owner = bootstrap_body();
    owner["setupCode"] = told["code"].clone();
    as_stranger(&|| post(address, SETUP, &[], &owner)?.ok().map(drop))?;
    let again = post(address, SETUP, &[], &owner)?;
    ensure!(again.status == 400, "{}", again.status);
    server.stop()
}
