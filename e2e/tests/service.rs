//! As a service of systemd: the unit is valid and confined, the server tells what systemd wants to know, takes the port
//! that systemd opened, and needs no system call that the unit forbids.

use std::collections::BTreeSet;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use e2e::http::{Connection, once};
use e2e::instance::{EMAIL, Instance};
use e2e::program::{Run, binary};
use e2e::server::{self, Server};
use rustix::process::Signal;

const PATIENCE: Duration = Duration::from_secs(30);

fn dist(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist").join(name)
}

#[test]
fn the_unit_is_valid_and_leaves_the_server_nothing_it_does_not_need() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let unit = fs::read_to_string(dist("strongroom.service"))?;
    let installed = "/usr/local/bin/strongroom";
    ensure!(unit.contains(installed));
    let service = scratch.path().join("strongroom.service");
    fs::write(
        &service,
        unit.replace(installed, &binary()?.display().to_string()),
    )?;
    let sockets = ["strongroom.socket", "strongroom-http.socket"].map(|name| {
        let socket = scratch.path().join(name);
        fs::copy(dist(name), &socket).map(|_| socket.display().to_string())
    });
    let analyze = |arguments: &[&str]| {
        let run = Run::of(Path::new("systemd-analyze"), scratch.path()).args(arguments);
        run.arg_path(&service).finish()
    };

    let [service_socket, plain_socket] = sockets;
    let verified = analyze(&["verify", &service_socket?, &plain_socket?])?;
    // It also tells of faults in units of this machine that these two have nothing to do with.
    let ours: Vec<&str> = verified
        .stderr
        .lines()
        .filter(|line| line.contains("strongroom"))
        .collect();
    assert!(ours.is_empty(), "{ours:?}");
    // Tenths: 1.5 of 10 points of exposure. A unit without any line of confinement has 9.6.
    let exposure = analyze(&["security", "--offline=true", "--threshold=15"])?;
    assert_eq!(exposure.code, Some(0), "{}", exposure.stderr);

    let broken = scratch.path().join("broken.service");
    fs::write(&broken, "[Service]\nExecStart=relative\n")?;
    let refused = Run::of(Path::new("systemd-analyze"), scratch.path())
        .args(["verify"])
        .arg_path(&broken)
        .finish()?;
    assert_ne!(refused.code, Some(0), "a broken unit passes");
    Ok(())
}

#[test]
fn systemd_learns_that_the_server_is_ready_alive_and_stopping() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("notify");
    let told = UnixDatagram::bind(&path)?;
    told.set_read_timeout(Some(PATIENCE))?;
    let next = || -> Result<String> {
        let mut bytes = [0; 1024];
        let length = told.recv(&mut bytes)?;
        Ok(String::from_utf8(bytes[..length].to_vec())?)
    };
    let variables = [
        ("NOTIFY_SOCKET", &*path.display().to_string()),
        ("WATCHDOG_USEC", "200000"),
    ];
    let server = Server::start_among(&scratch.path().join("data"), &variables)?;
    let mut messages = Vec::new();
    while messages
        .iter()
        .filter(|message| *message == "WATCHDOG=1\n")
        .count()
        < 3
    {
        messages.push(next()?);
    }
    let ready: Vec<&String> = messages
        .iter()
        .filter(|message| message.contains("READY=1"))
        .collect();
    assert_eq!(ready.len(), 1, "{messages:?}");
    assert!(ready[0].contains(&format!("STATUS=Listening on {}", server.address)));
    server.terminate()?;
    while !next()?.contains("STOPPING=1") {}
    server.stop()
}

#[test]
fn systemd_does_not_restart_a_server_that_waits_for_its_configuration() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("notify");
    let told = UnixDatagram::bind(&path)?;
    told.set_read_timeout(Some(PATIENCE))?;
    let variables = [
        ("NOTIFY_SOCKET", &*path.display().to_string()),
        ("WATCHDOG_USEC", "200000"),
        ("STRONGROOM_SITE_URL", "ftp://nowhere"),
    ];
    let server = Server::start_among(&scratch.path().join("data"), &variables)?;
    let (mut ready, mut alive) = (0, 0);
    while ready == 0 || alive < 3 {
        let mut bytes = [0; 1024];
        let length = told.recv(&mut bytes)?;
        let message = String::from_utf8_lossy(&bytes[..length]);
        ready += usize::from(message.contains("READY=1"));
        alive += usize::from(message.contains("WATCHDOG=1"));
    }
    server.stop()
}

/// A program that systemd starts when somebody connects, until this value goes.
struct Activated(Child);

impl Drop for Activated {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn activated(
    addresses: &[SocketAddr],
    options: &[&str],
    arguments: &[&str],
    folder: &Path,
) -> Result<Activated> {
    let mut command = Command::new("systemd-socket-activate");
    command.env("HOME", folder).args(options);
    for address in addresses {
        command.arg("--listen").arg(address.to_string());
    }
    let log = fs::File::create(folder.join("log"))?;
    let child = command
        .arg(binary()?)
        .args(["serve", "--data-dir"])
        .arg(folder.join("data"))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()?;
    Ok(Activated(child))
}

fn free() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return Ok(stream),
            Err(error) => ensure!(begun.elapsed() < PATIENCE, "{error}"),
        }
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_port_may_be_one_that_systemd_opened() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let address = free()?;
    let mut service = activated(&[address], &[], &[], scratch.path())?;
    // The first connection starts the server, and is answered once it is up.
    drop(connect(address)?);
    let health = once(address, "GET", "/api/status", &[], b"")?;
    assert_eq!(health.status, 200);
    let instance = Instance::set_up(address)?;
    let mut connection = Connection::open(address)?;
    instance.create(&mut connection, "BY_SOCKET", "passed on")?.ok()?;
    assert_eq!(instance.read(&mut connection, "BY_SOCKET")?, "passed on");
    server::signal(service.0.id(), Signal::TERM)?;
    let ended = server::wait(&mut service.0, PATIENCE)?;
    assert!(
        ended.success(),
        "{}",
        fs::read_to_string(scratch.path().join("log"))?
    );
    Ok(())
}

#[test]
fn a_socket_named_http_is_for_those_who_do_not_know_of_https() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let [https, http] = [free()?, free()?];
    let names = ["--fdname=strongroom:http"];
    let _service = activated(&[https, http], &names, &["--tls", "internal"], scratch.path())?;
    drop(connect(https)?);
    let sent_on = once(http, "GET", "/login", &[], b"")?;
    assert_eq!(sent_on.status, 308);
    let to = sent_on.header("location").unwrap_or_default();
    assert!(
        to.starts_with("https://") && to.ends_with(&format!(":{}/login", https.port())),
        "{to}"
    );
    Ok(())
}

/// Members of a set of system calls as systemd knows it, with those of the sets within it.
fn calls_of(set: &str) -> Result<BTreeSet<String>> {
    let output = Command::new("systemd-analyze")
        .args(["--no-pager", "syscall-filter", set])
        .output()?;
    ensure!(output.status.success(), "systemd knows no set {set}");
    let mut calls = BTreeSet::new();
    for line in String::from_utf8(output.stdout)?.lines().skip(1).map(str::trim) {
        match line.starts_with('@') {
            true => calls.extend(calls_of(line)?),
            false if line.starts_with('#') || line.is_empty() => {}
            false => {
                calls.insert(line.to_owned());
            }
        }
    }
    Ok(calls)
}

/// System calls in the summary that strace leaves when the server has ended.
fn calls_in(summary: &Path) -> Result<BTreeSet<String>> {
    let begun = Instant::now();
    loop {
        let text = fs::read_to_string(summary)?;
        if text.trim_end().ends_with("total") {
            let names = text
                .lines()
                .skip(2)
                .filter_map(|line| line.split_whitespace().last());
            let calls = names.filter(|name| !name.starts_with('-') && *name != "total");
            return Ok(calls.map(str::to_owned).collect());
        }
        if begun.elapsed() > PATIENCE {
            bail!("strace wrote no summary: {text}");
        }
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_server_makes_no_system_call_that_the_unit_forbids() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let summary = scratch.path().join("calls");
    let strace = ["strace", "-D", "-f", "-c", "-o", &summary.display().to_string()];
    let data = scratch.path().join("data");
    let server = Server::start_under(&data, &strace, &[])?;
    let instance = Instance::set_up(server.address)?;
    let mut connection = Connection::open(server.address)?;
    instance.create(&mut connection, "QUIET", "calls")?.ok()?;
    assert_eq!(instance.read(&mut connection, "QUIET")?, "calls");
    let operator = Run::new(scratch.path())?
        .args(["admin", "unlock", "--email", EMAIL, "--data-dir"])
        .arg_path(&data)
        .finish()?;
    assert_eq!(operator.code, Some(0), "{}", operator.stderr);
    server.stop()?;

    let unit = fs::read_to_string(dist("strongroom.service"))?;
    let mut allowed = BTreeSet::new();
    for filter in unit
        .lines()
        .filter_map(|line| line.strip_prefix("SystemCallFilter="))
    {
        match filter.strip_prefix('~') {
            Some(set) => {
                let forbidden = calls_of(set)?;
                allowed.retain(|call| !forbidden.contains(call));
            }
            None => allowed.extend(calls_of(filter)?),
        }
    }
    let mut made = calls_in(&summary)?;
    if rustix::process::geteuid().is_root() {
        // SQLite gives files that root makes to the owner of the database; the unit's server is never root.
        made.remove("fchown");
    }
    assert!(made.contains("openat") && made.len() > 30, "{made:?}");
    let forbidden: Vec<&String> = made.difference(&allowed).collect();
    assert!(forbidden.is_empty(), "{forbidden:?}");
    Ok(())
}
