//! The release binary is static, and its encrypted database bears many threads at once.
//!
//! A static build of `OpenSSL` can lose its threads without a word; then several connections to one encrypted file
//! corrupt memory under load. So the load runs against the very binary that people download.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::http::Connection;
use e2e::instance::Instance;
use e2e::program::binary;
use e2e::server::Server;

const THREADS: usize = 4;
const CONNECTIONS: usize = 4;
const LOAD: Duration = Duration::from_secs(5);

/// Whether an ELF file names an interpreter, which a static one does not.
fn names_an_interpreter(file: &[u8]) -> Result<bool> {
    const INTERPRETER: u32 = 3;
    let number = |at: usize, length: usize| -> Result<usize> {
        let bytes = file.get(at..at + length).context("a short file")?;
        Ok(bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    ensure!(
        file.starts_with(b"\x7fELF\x02\x01"),
        "no 64-bit little-endian ELF file"
    );
    let (table, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
    ensure!(count > 0, "no program headers");
    for entry in 0..count {
        if number(table + entry * size, 4)? == INTERPRETER as usize {
            return Ok(true);
        }
    }
    Ok(false)
}

#[test]
fn the_released_binary_is_static() -> Result<()> {
    assert!(
        names_an_interpreter(&std::fs::read("/bin/sh")?)?,
        "the check finds nothing"
    );
    if std::env::var_os("STRONGROOM_BIN").is_none() {
        e2e::say(format_args!("skipped: STRONGROOM_BIN names no released binary"));
        return Ok(());
    }
    assert!(!names_an_interpreter(&std::fs::read(binary()?)?)?);
    Ok(())
}

#[test]
fn four_threads_with_four_connections_hammer_one_store() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let mut server = Server::start(&data)?;
    let instance = Instance::set_up(server.address)?;
    let address = server.address;
    let (reads, writes) = (AtomicU64::new(0), AtomicU64::new(0));
    let (instance_ref, reads_ref, writes_ref) = (&instance, &reads, &writes);
    let hammer = move |thread: usize| -> Result<BTreeMap<String, String>> {
        let mut connections = (0..CONNECTIONS)
            .map(|_| Connection::open(address))
            .collect::<Result<Vec<_>>>()?;
        let mut written = BTreeMap::new();
        let begun = Instant::now();
        for step in 0_u32.. {
            if begun.elapsed() > LOAD {
                break;
            }
            // All four at once: what is sent first is answered while the others are under way.
            let bearer = format!("Bearer {}", instance_ref.user);
            let headers = [
                ("Authorization", bearer.as_str()),
                ("Content-Type", "application/json"),
            ];
            let mut sent = Vec::new();
            for (number, connection) in connections.iter_mut().enumerate() {
                let name = format!("LOAD_{thread}_{number}");
                let exists = written.contains_key(&name);
                if step % 2 == 0 {
                    let value = format!("{step}-{}", "v".repeat(step as usize * 7 % 900));
                    let method = if exists { "PATCH" } else { "POST" };
                    let body = instance_ref.body(&value).to_string();
                    connection.send(method, &Instance::path(&name), &headers, body.as_bytes())?;
                    sent.push((name, value, method));
                } else {
                    connection.send("GET", &instance_ref.query(&name), &headers, b"")?;
                    let value = written.get(&name).cloned().unwrap_or_default();
                    sent.push((name, value, "GET"));
                }
            }
            for (connection, (name, value, method)) in connections.iter_mut().zip(sent) {
                let answer = connection.receive(method)?.ok()?;
                let there = e2e::instance::text(&answer, "/secret/secretValue")?;
                ensure!(there == value, "{name}: {there:?} instead of {value:?}");
                let counter = if method == "GET" { reads_ref } else { writes_ref };
                counter.fetch_add(1, Ordering::Relaxed);
                written.insert(name, value);
            }
        }
        Ok(written)
    };
    let mut expected = BTreeMap::new();
    thread::scope(|scope| -> Result<()> {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| scope.spawn(move || hammer(number)))
            .collect();
        for thread in threads {
            expected.extend(
                thread
                    .join()
                    .map_err(|_| anyhow::anyhow!("a thread panicked"))??,
            );
        }
        Ok(())
    })?;
    assert!(server.is_alive()?, "{}", server.log()?);
    let (reads, writes) = (reads.into_inner(), writes.into_inner());
    e2e::say(format_args!("{reads} reads and {writes} writes in {LOAD:?}"));
    assert_eq!(expected.len(), THREADS * CONNECTIONS);
    assert!(instance.list(&mut Connection::open(address)?)? == expected);
    server.stop()?;
    let server = Server::start(&data)?;
    assert!(instance.list(&mut Connection::open(server.address)?)? == expected);
    server.stop()
}
