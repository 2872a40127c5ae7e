//! TLS without anybody else: the server's own authority, files that change, and a locked server.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::http::{Connection, once};
use e2e::instance::{Instance, PASSWORD};
use e2e::program::Run;
use e2e::server::Server;
use e2e::tls::{Client, Probe, fingerprint};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;

const ROOT: &str = "GET /api/strongroom/v1/tls/authority.pem";

fn whoami(home: &Path, server: &Server, arguments: &[&str]) -> Result<e2e::program::Finished> {
    let url = format!("https://{}", server.address);
    Run::new(home)?
        .args(["whoami", "--domain", &url])
        .args(arguments)
        .finish()
}

#[test]
fn clients_trust_the_own_authority_once_it_is_named() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let server = Server::start(&data)?;
    let instance = Instance::set_up(server.address)?;
    server.stop()?;
    let server = Server::start_with(&data, &["--tls", "internal", "--tls-name", "vault.lan"])?;
    let (_, pem) = Client::trusting_anybody()?.request(server.address, "127.0.0.1", ROOT, &[])?;
    let root = scratch.path().join("authority.pem");
    fs::write(&root, &pem)?;
    let named = [
        "--token",
        &instance.user,
        "--ca-cert",
        &root.display().to_string(),
    ];
    let told = whoami(scratch.path(), &server, &named[..2])?.refused(6)?;
    ensure!(told.contains("no trusted TLS connection"), "{told}");
    let name = whoami(scratch.path(), &server, &named)?.ok()?;
    ensure!(name.contains("kavi@example.com"), "{name}");
    let client = Client::trusting(&[&pem])?;
    for name in ["vault.lan", "localhost", "127.0.0.1"] {
        client.handshake(server.address, name)?;
    }
    ensure!(client.handshake(server.address, "evil.example").is_err());
    // Programs that look after it know no certificate.
    let health = format!("{}", server.address);
    Run::new(scratch.path())?
        .env("STRONGROOM_LISTEN", health)
        .args(["healthcheck", "--ready"])
        .finish()?
        .ok()?;
    // The authority stays the same one over restarts.
    server.stop()?;
    let server = Server::start_with(&data, &["--tls", "internal"])?;
    client.handshake(server.address, "localhost")?;
    server.stop()
}

#[test]
fn who_trusted_a_server_trusts_it_after_a_restore() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let server = Server::start(&data)?;
    let instance = Instance::set_up(server.address)?;
    // Chosen on the page, as most do, so that the choice is in the store as well.
    let chosen = json!({ "password": PASSWORD, "settings": { "mode": "internal", "names": ["vault.lan"] } });
    Connection::open(server.address)?
        .call(&instance.user, "POST", "/api/strongroom/v1/tls", Some(&chosen))?
        .ok()?;
    let anybody = Client::trusting_anybody()?;
    let (_, pem) = anybody.request(server.address, "127.0.0.1", ROOT, &[])?;
    let client = Client::trusting(&[&pem])?;
    client.handshake(server.address, "vault.lan")?;
    let run = |arguments: &[&str]| Run::new(scratch.path())?.args(arguments).finish()?.ok();
    run(&["keys", "kit", "--output", "kit.txt", "--data-dir", "data"])?;
    run(&["backup", "--output", "backup.age", "--data-dir", "data"])?;
    server.stop()?;
    fs::remove_dir_all(&data)?;
    run(&[
        "restore",
        "backup.age",
        "--identity",
        "kit.txt",
        "--data-dir",
        "data",
    ])?;
    let server = Server::start(&data)?;
    client.handshake(server.address, "vault.lan")?;
    let (status, same) = client.request(server.address, "vault.lan", ROOT, &[])?;
    ensure!(status == 200 && same == pem, "another authority: {status}");
    server.stop()
}

/// A certificate with its key, from an authority that the test trusts.
fn issue(authority: &CertifiedIssuer<'_, KeyPair>) -> Result<(String, String)> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, authority)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

#[test]
fn files_are_read_again_and_broken_ones_change_nothing() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let (data, chain, key) = (
        scratch.path().join("data"),
        scratch.path().join("cert.pem"),
        scratch.path().join("key.pem"),
    );
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let write = |pair: &(String, String)| -> Result<()> {
        // As most tools do: one after the other, in place.
        fs::write(&chain, &pair.0)?;
        fs::write(&key, &pair.1)?;
        Ok(())
    };
    let (cert_flag, key_flag) = (chain.display().to_string(), key.display().to_string());
    let arguments = ["--tls", "files", "--tls-cert", &cert_flag, "--tls-key", &key_flag];
    let at_once = [&arguments[..], &["--fail-if-misconfigured"]].concat();
    let refused = Server::start_with(&data, &at_once)
        .err()
        .context("it starts without files")?;
    ensure!(format!("{refused:#}").contains("cert.pem"), "{refused:#}");
    write(&issue(&authority)?)?;
    let server = Server::start_with(&data, &arguments)?;
    let client = Client::trusting(&[&authority.pem()])?;
    let first = client.handshake(server.address, "localhost")?;
    let probe = Probe::start(&client, server.address, "localhost");
    write(&issue(&authority)?)?;
    let patience = Duration::from_secs(10);
    let second = client.wait_for(server.address, "localhost", patience, |leaf| leaf != first)?;
    fs::write(&key, "no key")?;
    server.logged("the certificate files cannot be used")?;
    let doctor = Run::new(scratch.path())?
        .args(["doctor", "--data-dir"])
        .arg_path(&data)
        .finish()?;
    let said = String::from_utf8(doctor.stdout)?;
    ensure!(said.contains("those of before are served on"), "{said}");
    ensure!(client.handshake(server.address, "localhost")? == second);
    write(&issue(&authority)?)?;
    client.wait_for(server.address, "localhost", patience, |leaf| leaf != second)?;
    let probed = probe.all_good()?;
    // The probe may be stopped before it meets the last one.
    ensure!(probed.leaves.len() >= 2, "{} certificates", probed.leaves.len());
    server.stop()
}

#[test]
fn a_locked_server_shows_a_certificate_that_its_log_names() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let server = Server::start_with(&data, &["--tls", "internal"])?;
    server.stop()?;
    let file = data.join("tls-locked.pem");
    ensure!(fs::metadata(&file)?.permissions().mode() & 0o777 == 0o600);
    let identity = scratch.path().join("identity");
    fs::rename(data.join("identity"), &identity)?;
    let anybody = Client::trusting_anybody()?;
    let mut seen = Vec::new();
    // Without the flag as well: a browser that came by HTTPS must not be left with plain HTTP.
    for flags in [&[][..], &["--tls", "internal"]] {
        let server = Server::start_with(&data, flags)?;
        let leaf = anybody.handshake(server.address, "localhost")?;
        let log = server.log()?;
        ensure!(log.contains(&fingerprint(&leaf)), "{log}");
        let (status, said) =
            anybody.request(server.address, "localhost", "GET /api/strongroom/v1/locked", &[])?;
        ensure!(
            status == 200 && said.contains(&fingerprint(&leaf)),
            "{status}: {said}"
        );
        let (status, _) = anybody.request(server.address, "localhost", ROOT, &[])?;
        ensure!(status == 503, "{status}");
        let plain = once(server.address, "GET", "/unlock", &[], b"")?;
        ensure!(plain.status == 308, "{}", plain.status);
        seen.push(leaf);
        // Opened, it serves its own authority's at once.
        if !flags.is_empty() {
            Run::new(scratch.path())?
                .args(["unlock", "--identity"])
                .arg_path(&identity)
                .args(["--data-dir"])
                .arg_path(&data)
                .finish()?
                .ok()?;
            server.logged("the server's own authority")?;
        }
        server.stop()?;
    }
    ensure!(seen[0] == seen[1], "another certificate at each start");
    Ok(())
}

#[test]
fn a_server_that_cannot_start_says_so_over_tls() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let missing = scratch.path().join("missing.pem").display().to_string();
    let arguments = ["--tls", "files", "--tls-cert", &missing, "--tls-key", &missing];
    let server = Server::start_with(&data, &arguments)?;
    let anybody = Client::trusting_anybody()?;
    let leaf = anybody.handshake(server.address, "localhost")?;
    let log = server.log()?;
    ensure!(log.contains(&fingerprint(&leaf)), "{log}");
    let (status, page) = anybody.request(server.address, "localhost", "GET /login", &[])?;
    ensure!(status == 503 && page.contains("missing.pem"), "{status}: {page}");
    let plain = once(server.address, "GET", "/login", &[], b"")?;
    ensure!(plain.status == 308, "{}", plain.status);
    let health = once(server.address, "GET", "/api/health", &[], b"")?;
    ensure!(health.status == 503, "{}", health.status);
    ensure!(!data.exists(), "something was written");
    server.stop()
}
