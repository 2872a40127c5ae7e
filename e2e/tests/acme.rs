//! Certificates by ACME, from Debian's `pebble` on loopback: renewed without a failed handshake whatever it refuses, and the
//! server's own authority serves as long as there is none.

use std::fs;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::http::once;
use e2e::instance::Instance;
use e2e::program::Run;
use e2e::server::Server;
use e2e::tls::{Client, Probe, fingerprint};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

const NAME: &str = "vault.example.test";
const ROOT: &str = "/api/strongroom/v1/tls/authority.pem";

/// A port of TCP that nobody uses now.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Ends a process with this value.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where an authority looks for answers to its challenges.
#[derive(Clone, Copy)]
struct Looks {
    tls: u16,
    http: u16,
}

/// The authority with a name server of its own, for which every name is this machine.
struct Pebble {
    management: SocketAddr,
    directory: String,
    _processes: [Ended; 2],
}

/// Vouches for the address of the directory.
fn vouches() -> String {
    format!("{}/fixtures/tls/ca.pem", env!("CARGO_MANIFEST_DIR"))
}

impl Pebble {
    fn start(folder: &Path, port: u16, looks: Looks) -> Result<Self> {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls");
        let management = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let config = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": management.to_string(),
            "certificate": fixtures.join("server.pem"),
            "privateKey": fixtures.join("server.key"),
            "httpPort": looks.http,
            "tlsPort": looks.tls,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
            "certificateValidityPeriod": 24,
        }});
        let file = folder.join("pebble.json");
        fs::write(&file, config.to_string())?;
        let names = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
        let quiet = |command: &mut Command| -> Result<Ended> {
            let log = fs::File::create(folder.join("authority.log"))?;
            let child = command
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log)
                .spawn();
            Ok(Ended(child.context("Debian's package pebble is needed")?))
        };
        let dns = quiet(
            Command::new("pebble-challtestsrv")
                .args([
                    "-http01",
                    "",
                    "-https01",
                    "",
                    "-tlsalpn01",
                    "",
                    "-defaultIPv4",
                    "127.0.0.1",
                ])
                .args(["-defaultIPv6", "", "-dns01", &names.to_string()])
                .args(["-management", &format!("127.0.0.1:{}", free_port()?)]),
        )?;
        let pebble = quiet(
            Command::new("pebble")
                .env("PEBBLE_VA_NOSLEEP", "1")
                .env("PEBBLE_WFE_NONCEREJECT", "5")
                .env("PEBBLE_AUTHZREUSE", "0")
                .args(["-dnsserver", &names.to_string(), "-config"])
                .arg(&file),
        )?;
        let started = Self {
            management,
            directory: directory(port),
            _processes: [dns, pebble],
        };
        started.root()?;
        Ok(started)
    }

    /// The certificate of whoever issues, once it runs. It is another one at each start.
    fn root(&self) -> Result<String> {
        let client = Client::trusting(&[&fs::read_to_string(vouches())?])?;
        let begun = Instant::now();
        loop {
            match client.request(self.management, "localhost", "GET /roots/0", &[]) {
                Ok((200, pem)) => return Ok(pem),
                other => ensure!(
                    begun.elapsed() < Duration::from_secs(10),
                    "pebble does not start: {other:?}"
                ),
            }
            sleep(Duration::from_millis(50));
        }
    }
}

fn directory(port: u16) -> String {
    format!("https://localhost:{port}/dir")
}

/// A server that is to get certificates from a directory.
fn serve(data: &Path, port: u16, directory: &str, more: &[&str]) -> Result<Server> {
    let vouches = vouches();
    let mut arguments = vec![
        "--tls",
        "acme",
        "--acme-domain",
        NAME,
        "--acme-directory",
        directory,
        "--acme-ca",
        &vouches,
        "--allow-outbound",
        "127.0.0.0/8",
    ];
    arguments.extend(more);
    Server::start_at(data, SocketAddr::from(([127, 0, 0, 1], port)), &arguments)
}

/// The certificate of the server's own authority, which is the one that its log names.
fn own_authority(server: &Server) -> Result<String> {
    let (status, pem) =
        Client::trusting_anybody()?.request(server.address, NAME, &format!("GET {ROOT}"), &[])?;
    ensure!(status == 200, "{status}: {pem}");
    let named = server.logged("SHA-256 fingerprint of the authority: ")?;
    let der = CertificateDer::from_pem_slice(pem.as_bytes())?;
    ensure!(
        fingerprint(&der) == named,
        "{named} is named, another one is served"
    );
    Ok(pem)
}

/// What `doctor` says about TLS.
fn doctor(data: &Path) -> Result<(String, String)> {
    let home = data.parent().context("a data directory in a folder")?;
    let finished = Run::new(home)?
        .args(["doctor", "--json", "--data-dir"])
        .arg_path(data)
        .finish()?;
    let report: Value = serde_json::from_slice(&finished.stdout)?;
    let findings = report["findings"].as_array().context("no findings")?;
    let about = findings
        .iter()
        .find(|finding| finding["what"] == "TLS")
        .context("nothing about TLS")?;
    let text = |field: &str| about[field].as_str().unwrap_or_default().to_owned();
    Ok((text("mark"), text("found")))
}

/// Waits until `doctor` says something.
fn doctor_says(data: &Path, mark: &str, part: &str) -> Result<()> {
    let begun = Instant::now();
    loop {
        let said = doctor(data)?;
        if said.0 == mark && said.1.contains(part) {
            return Ok(());
        }
        ensure!(
            begun.elapsed() < Duration::from_secs(20),
            "no {part:?} but {said:?}"
        );
        sleep(Duration::from_millis(200));
    }
}

#[test]
fn renewals_fail_no_handshake() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let port = free_port()?;
    let looks = Looks {
        tls: port,
        http: free_port()?,
    };
    let pebble = Pebble::start(scratch.path(), free_port()?, looks)?;
    let server = serve(&data, port, &pebble.directory, &[])?;
    let own = own_authority(&server)?;
    let both = Client::trusting(&[&own, &pebble.root()?])?;
    let probe = Probe::start(&both, server.address, NAME);
    let issued = Client::trusting(&[&pebble.root()?])?;
    let begun = Instant::now();
    let first = issued.wait_for(server.address, NAME, Duration::from_secs(30), |_| true)?;
    let until_first = begun.elapsed();
    let second = issued.wait_for(server.address, NAME, Duration::from_secs(30), |leaf| {
        leaf != first
    })?;
    issued.wait_for(server.address, NAME, Duration::from_secs(30), |leaf| {
        leaf != first && leaf != second
    })?;
    let probed = probe.all_good()?;
    e2e::say(format_args!(
        "first certificate after {until_first:.1?}; {} handshakes over two renewals, none failed; {} certificates",
        probed.good,
        probed.leaves.len()
    ));
    ensure!(probed.leaves.len() >= 3, "{} certificates", probed.leaves.len());
    doctor_says(&data, "ok", NAME)?;
    // Browsers remember that it speaks TLS, but not where nobody else vouches for it.
    let strict = |name: &str| -> Result<bool> {
        let (head, _) = both.exchange(server.address, name, "GET /api/health", &[])?;
        ensure!(head.starts_with("HTTP/1.1 200"), "{head}");
        Ok(head.contains("strict-transport-security: max-age="))
    };
    ensure!(strict(NAME)?);
    ensure!(!strict("localhost")?);
    // Account and certificates are kept: the next start needs no order.
    server.stop()?;
    let again = serve(&data, port, &pebble.directory, &[])?;
    issued.handshake(again.address, NAME)?;
    again.stop()
}

/// Has failed orders tried again at once, as the button does. Returns why the last attempts failed.
fn try_again(server: &Server, instance: &Instance) -> Result<String> {
    let bearer = format!("Bearer {}", instance.user);
    let (status, body) = Client::trusting_anybody()?.request(
        server.address,
        NAME,
        "POST /api/strongroom/v1/tls/renew",
        &[("Authorization", &bearer)],
    )?;
    ensure!(status == 200, "{status}: {body}");
    let state: Value = serde_json::from_str(&body)?;
    Ok(state["orders"][0]["error"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

#[test]
fn until_there_is_one_the_own_authority_serves() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let plain = Server::start(&data)?;
    let instance = Instance::set_up(plain.address)?;
    plain.stop()?;
    let (port, http, away) = (free_port()?, free_port()?, free_port()?);
    let server = serve(&data, port, &directory(away), &[])?;
    let own = own_authority(&server)?;
    let client = Client::trusting(&[&own])?;
    let probe = Probe::start(&client, server.address, NAME);
    // Nothing listens there.
    doctor_says(&data, "warn", "connection refused")?;

    // Somebody does, but cannot see what it wants to see: it looks at another port.
    let looks = Looks {
        tls: free_port()?,
        http,
    };
    let pebble = Pebble::start(scratch.path(), away, looks)?;
    let begun = Instant::now();
    while !try_again(&server, &instance)?.contains("tls-alpn-01 challenge") {
        ensure!(
            begun.elapsed() < Duration::from_secs(30),
            "no refusal: {}",
            server.log()?
        );
        sleep(Duration::from_millis(500));
    }
    doctor_says(&data, "warn", "there is none yet")?;
    let metrics = once(server.address, "GET", "/metrics", &[], b"")?;
    let counted = metrics
        .text()?
        .lines()
        .find(|line| line.starts_with("strongroom_tls_renewal_failures "));
    let failures: f64 = counted
        .and_then(|line| line.split(' ').nth(1))
        .context("no count")?
        .parse()?;
    ensure!(failures >= 2.0, "{failures}");
    probe.all_good()?;
    server.stop()?;

    // By the other kind of challenge it is convinced, over the port of plain HTTP.
    let listen = format!("127.0.0.1:{http}");
    let server = serve(&data, port, &pebble.directory, &["--http-listen", &listen])?;
    let probe = Probe::start(&Client::trusting(&[&own, &pebble.root()?])?, server.address, NAME);
    let issued = Client::trusting(&[&pebble.root()?])?;
    let begun = Instant::now();
    while issued.handshake(server.address, NAME).is_err() {
        ensure!(
            begun.elapsed() < Duration::from_secs(30),
            "no certificate: {}",
            server.log()?
        );
        try_again(&server, &instance)?;
        sleep(Duration::from_millis(500));
    }
    probe.all_good()?;
    // A name of its own for which nobody else was asked is still the own authority's.
    client.handshake(server.address, "localhost")?;
    let redirect = once(
        SocketAddr::from(([127, 0, 0, 1], http)),
        "GET",
        "/login",
        &[("Host", NAME)],
        b"",
    )?;
    ensure!(redirect.status == 308);
    ensure!(redirect.header("location") == Some(format!("https://{NAME}:{port}/login").as_str()));
    ensure!(!server.log()?.contains("PRIVATE KEY"));
    server.stop()
}
