//! What was acknowledged is there, whatever happens to the process.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::http::Connection;
use e2e::instance::{Instance, text};
use e2e::program::Run;
use e2e::server::{Server, wait};
use serde_json::{Value, json};

const WRITERS: usize = 4;

/// What one writer knows at the moment of the kill.
#[derive(Debug, Default)]
struct Writer {
    /// Created and acknowledged.
    acknowledged: BTreeMap<String, String>,
    /// Last acknowledged value of the secret that is overwritten again and again.
    counter: Option<String>,
    /// Sent, never answered: either is right.
    open: Option<(String, String)>,
    /// A refusal that nobody expected.
    refused: Option<String>,
}

/// Creates secrets and overwrites one in turn, until the server is gone.
fn write(
    address: SocketAddr,
    instance: &Instance,
    environment: &str,
    number: usize,
    begun: &AtomicBool,
) -> Result<Writer> {
    let mut writer = Writer::default();
    // The kill may come before this writer had its turn.
    let Ok(mut connection) = Connection::open(address) else {
        return Ok(writer);
    };
    let counter = format!("COUNTER_{number}");
    for step in 0_u32.. {
        let overwrite = step % 3 == 2;
        let name = if overwrite || step == 0 {
            counter.clone()
        } else {
            format!("KEY_{number}_{step}")
        };
        let value = format!(
            "{environment} {number} {step}:{}",
            "ä$'\"x".repeat(step as usize % 50)
        );
        let body = json!({
            "workspaceId": instance.project, "environment": environment, "secretPath": "/", "secretValue": value,
        });
        let method = if overwrite { "PATCH" } else { "POST" };
        match connection.call(&instance.user, method, &Instance::path(&name), Some(&body)) {
            Err(_) => {
                writer.open = Some((name, value));
                break;
            }
            Ok(answer) if answer.status == 200 => {
                begun.store(true, Ordering::Relaxed);
                if name == counter {
                    writer.counter = Some(value);
                } else {
                    writer.acknowledged.insert(name, value);
                }
            }
            Ok(answer) => {
                writer.refused = Some(format!("{}: {}", answer.status, answer.text()?));
                break;
            }
        }
    }
    Ok(writer)
}

fn listed(
    connection: &mut Connection,
    instance: &Instance,
    environment: &str,
) -> Result<BTreeMap<String, String>> {
    let path = format!(
        "/api/v4/secrets?projectId={}&environment={environment}&secretPath=%2F",
        instance.project
    );
    let answer = connection.call(&instance.user, "GET", &path, None)?.ok()?;
    let secrets = answer.pointer("/secrets").and_then(Value::as_array);
    secrets
        .context("no list")?
        .iter()
        .map(|secret| Ok((text(secret, "/secretKey")?, text(secret, "/secretValue")?)))
        .collect()
}

/// A kill at a moment that differs from round to round.
fn delay(round: u32) -> Duration {
    Duration::from_millis(u64::from(round * 37 % 90) + 5)
}

#[test]
fn acknowledged_writes_survive_kills() -> Result<()> {
    let rounds = if e2e::long() { 500 } else { 50 };
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let mut server = Server::start(&data)?;
    let instance = Instance::set_up(server.address)?;
    let (mut acknowledged, mut unanswered, mut kept_anyway) = (0, 0, 0);
    let mut expected: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for round in 0..rounds {
        let environment = format!("round-{round}");
        let body = json!({ "name": environment, "slug": environment });
        let path = format!("/api/v1/projects/{}/environments", instance.project);
        Connection::open(server.address)?
            .call(&instance.user, "POST", &path, Some(&body))?
            .ok()?;

        let begun = AtomicBool::new(false);
        let address = server.address;
        let writers = thread::scope(|scope| -> Result<Vec<Writer>> {
            let threads: Vec<_> = (0..WRITERS)
                .map(|number| {
                    let (instance, environment, begun) = (&instance, &environment, &begun);
                    scope.spawn(move || write(address, instance, environment, number, begun))
                })
                .collect();
            let waiting = Instant::now();
            while !begun.load(Ordering::Relaxed) && waiting.elapsed() < Duration::from_secs(20) {
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(delay(round));
            server.kill()?;
            threads
                .into_iter()
                .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a writer panicked"))?)
                .collect()
        })?;

        server = Server::start(&data)?;
        let mut found = listed(&mut Connection::open(server.address)?, &instance, &environment)?;
        expected.insert(environment, found.clone());
        for (number, writer) in writers.into_iter().enumerate() {
            ensure!(writer.refused.is_none(), "round {round}: {:?}", writer.refused);
            for (name, value) in &writer.acknowledged {
                let there = found.remove(name);
                assert_eq!(
                    there.as_ref(),
                    Some(value),
                    "round {round}: {name} was acknowledged"
                );
            }
            acknowledged += writer.acknowledged.len();
            let open = writer.open.as_ref();
            let counter = found.remove(&format!("COUNTER_{number}"));
            let overwritten = open.filter(|(name, _)| *name == format!("COUNTER_{number}"));
            let overwritten = overwritten.map(|(_, value)| value.clone());
            assert!(
                counter == writer.counter || (overwritten.is_some() && counter == overwritten),
                "round {round}: {counter:?}, acknowledged {:?}, sent {overwritten:?}",
                writer.counter
            );
            kept_anyway += usize::from(counter != writer.counter);
            acknowledged += usize::from(writer.counter.is_some());
            if let Some((name, value)) = open {
                unanswered += 1;
                if let Some(there) = found.remove(name) {
                    assert_eq!(&there, value, "round {round}: {name} is torn");
                    kept_anyway += 1;
                }
            }
        }
        assert!(
            found.is_empty(),
            "round {round}: never written: {:?}",
            found.keys()
        );
    }
    // Later kills took nothing from earlier rounds.
    let mut connection = Connection::open(server.address)?;
    for (environment, values) in &expected {
        assert!(
            listed(&mut connection, &instance, environment)? == *values,
            "{environment} changed"
        );
    }
    e2e::say(format_args!(
        "{rounds} kills; {acknowledged} writes acknowledged, all there; {unanswered} unanswered, \
         {kept_anyway} of them there"
    ));
    assert!(
        acknowledged >= rounds as usize,
        "too few writes to prove anything"
    );
    assert!(unanswered > 0, "no kill met a write under way");
    server.stop()
}

#[test]
fn a_first_start_that_is_killed_can_be_done_again() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let begun = Instant::now();
    Server::start(&scratch.path().join("measured"))?.stop()?;
    let usual = begun.elapsed();
    for index in 0..20 {
        let data = scratch.path().join(format!("data-{index}"));
        let mut child = Run::new(scratch.path())?
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg_path(&data)
            .start()?;
        thread::sleep(usual.mul_f64(f64::from(index) / 20.0));
        child.kill()?;
        wait(&mut child, Duration::from_secs(5))?;
        let server = Server::start(&data)?;
        assert!(!server.log()?.contains("locked"), "{}", server.log()?);
        let instance = Instance::set_up(server.address)?;
        instance
            .create(&mut Connection::open(server.address)?, "A", "1")?
            .ok()?;
        server.stop()?;
    }
    Ok(())
}

/// Secrets that a backup takes a while for.
const MANY: usize = 6_000;

/// One writer's steps while a backup is made: two secrets get the number of the step in one request, then a new secret comes.
fn step(connection: &mut Connection, instance: &Instance, number: usize) -> Result<()> {
    let same = |name: &str| json!({"secretKey": name, "secretValue": number.to_string()});
    let body = json!({
        "projectId": instance.project, "environment": "dev", "secretPath": "/", "secrets": [same("ONE"), same("TWO")],
    });
    connection
        .call(&instance.user, "PATCH", "/api/v4/secrets/batch", Some(&body))?
        .ok()?;
    instance
        .create(connection, &format!("STEP_{number}"), "done")?
        .ok()?;
    Ok(())
}

#[test]
fn writers_go_on_while_a_backup_is_made() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let server = Server::start(&data)?;
    let instance = Instance::set_up(server.address)?;
    let mut connection = Connection::open(server.address)?;
    for part in 0..MANY / 500 {
        let secrets: Vec<Value> = (0..500)
            .map(
                |number| json!({"secretKey": format!("KEY_{part}_{number}"), "secretValue": "v".repeat(500)}),
            )
            .collect();
        let body = json!({
            "projectId": instance.project, "environment": "dev", "secretPath": "/", "secrets": secrets,
        });
        connection
            .call(&instance.user, "POST", "/api/v4/secrets/batch", Some(&body))?
            .ok()?;
    }
    for name in ["ONE", "TWO"] {
        instance.create(&mut connection, name, "none")?.ok()?;
    }
    let run =
        |arguments: &[&str]| -> Result<String> { Run::new(scratch.path())?.args(arguments).finish()?.ok() };
    run(&["keys", "kit", "--output", "kit.txt", "--data-dir", "data"])?;

    let over = AtomicBool::new(false);
    let (steps, worst, before, taken) = thread::scope(|scope| {
        let (begun, acknowledged) = std::sync::mpsc::channel();
        let writer = scope.spawn(|| -> Result<_> {
            let begun = begun;
            let mut connection = Connection::open(server.address)?;
            let (mut worst, mut number) = (Duration::ZERO, 0);
            while !over.load(Ordering::Relaxed) {
                let since = Instant::now();
                step(&mut connection, &instance, number)?;
                worst = worst.max(since.elapsed());
                // Only the steps before the backup are listened to.
                let _ = begun.send(number);
                number += 1;
            }
            Ok((number, worst))
        });
        let before = acknowledged.iter().nth(4).context("nothing was written");
        let since = Instant::now();
        let made = run(&["backup", "--output", "backup.age", "--data-dir", "data"]);
        let taken = since.elapsed();
        over.store(true, Ordering::Relaxed);
        let (steps, worst) = writer
            .join()
            .map_err(|_| anyhow::anyhow!("the writer broke off"))??;
        made?;
        anyhow::Ok((steps, worst, before?, taken))
    })?;
    e2e::say(format_args!(
        "{steps} steps of two writes each beside a backup of {MANY} secrets, which took {taken:.1?}; \
         the longest step took {worst:.1?}"
    ));
    ensure!(steps > before + 2, "no writer came through beside the backup");

    // Whatever was acknowledged is in the store.
    let stored = instance.list(&mut connection)?;
    let last = (steps - 1).to_string();
    ensure!(
        stored.len() == MANY + 2 + steps && stored["ONE"] == last && stored["TWO"] == last,
        "{} of {} secrets, {} and {} instead of {last}",
        stored.len(),
        MANY + 2 + steps,
        stored["ONE"],
        stored["TWO"]
    );
    // The backup is that of one moment after the steps before it: no half request, no step without those before.
    run(&["backup", "verify", "backup.age", "--identity", "kit.txt"])?;
    let values = run(&[
        "backup",
        "cat",
        "backup.age",
        "home-lab/dev",
        "--identity",
        "kit.txt",
    ])?;
    let values: Value = serde_json::from_str(&values)?;
    let values = values["/"].as_object().context("no folder")?;
    ensure!(values["ONE"] == values["TWO"], "half a request is in the backup");
    let moment: usize = values["ONE"].as_str().context("no number")?.parse()?;
    ensure!(
        (before..steps).contains(&moment),
        "step {moment} of {steps}, {before} of which came before"
    );
    let done = (0..steps)
        .take_while(|number| values.contains_key(&format!("STEP_{number}")))
        .count();
    ensure!(
        (done == moment || done == moment + 1) && values.len() == MANY + 2 + done,
        "{done} steps and {} values at step {moment}",
        values.len()
    );
    Ok(())
}
