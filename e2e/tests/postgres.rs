//! A store in PostgreSQL: what does not fit is refused and explained, an outage passes by itself, and backups move a store
//! from one database to the other and back.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::database::{Database, Line, VARIABLE};
use e2e::dotenv;
use e2e::http::{Connection, once};
use e2e::instance::{Instance, post, text};
use e2e::program::{Finished, Run};
use e2e::server::Server;
use e2e::shell::sh;
use serde_json::json;

/// A folder with data directories in it.
struct Place {
    scratch: tempfile::TempDir,
}

impl Place {
    fn new() -> Result<Self> {
        Ok(Self {
            scratch: tempfile::tempdir()?,
        })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// A command on a data directory, and a database if one is named.
    fn run(&self, data: &str, url: Option<&str>, arguments: &[&str]) -> Result<Finished> {
        let mut run = Run::new(self.scratch.path())?.args(arguments);
        if let Some(url) = url {
            run = run.env(VARIABLE, url);
        }
        run.args(["--data-dir", data]).finish()
    }

    /// Why a server does not start.
    fn refused(&self, data: &str, url: Option<&str>, code: i32) -> Result<String> {
        let serve = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--fail-if-locked",
            "--fail-if-misconfigured",
            "--database-wait",
            "0",
        ];
        let told = self.run(data, url, &serve)?.refused(code)?;
        ensure!(!told.contains("canary"), "{told}");
        Ok(told)
    }

    /// A copy of a data directory.
    fn copy(&self, from: &str, to: &str) -> Result<()> {
        sh(
            "cp -a \"$1\" \"$2\"; rm -f \"$2/control.sock\"",
            &[from, to],
            self.scratch.path(),
        )?
        .ok()?;
        Ok(())
    }
}

fn start(data: &Path, url: &str) -> Result<Server> {
    Server::start_among(data, &[(VARIABLE, url)])
}

fn expect(told: &str, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(told.contains(part), "no {part:?} in {told}");
    }
    Ok(())
}

#[test]
fn what_does_not_belong_together_is_refused_and_nothing_is_changed() -> Result<()> {
    let Some(database) = Database::new()? else {
        return Ok(());
    };
    let place = Place::new()?;
    let url = database.url()?;
    let server = start(&place.at("data"), &url)?;
    let instance = Instance::set_up(server.address)?;
    instance
        .create(&mut Connection::open(server.address)?, "NAME", "value")?
        .ok()?;

    // Another server, with a copy of the directory.
    place.copy("data", "twin")?;
    let told = place.refused("twin", Some(&url), 6)?;
    expect(
        &told,
        &["another Strongroom works with this database", "start again"],
    )?;
    let told = place.run("twin", Some(&url), &["keys", "list"])?.refused(6)?;
    expect(&told, &["another Strongroom"])?;
    // Nothing of the address can be read off the process, nor off its log.
    for name in ["environ", "cmdline"] {
        let seen = fs::read(format!("/proc/{}/{name}", server.id()))?;
        ensure!(!String::from_utf8_lossy(&seen).contains("canary"), "{name}");
    }
    ensure!(!server.log()?.contains("canary"), "{}", server.log()?);
    server.stop()?;

    // No address: no other store is made.
    let told = place.refused("data", None, 7)?;
    expect(
        &told,
        &[
            "lies in PostgreSQL",
            "STRONGROOM_DATABASE_URL",
            "No empty store was made",
        ],
    )?;
    ensure!(!place.at("data/strongroom.db").exists(), "a file was made");
    // An empty database in the place of the full one.
    let empty = database.another()?;
    let told = place.refused("data", Some(&empty.url()?), 7)?;
    expect(
        &told,
        &["there is no store in PostgreSQL", "No empty store was made"],
    )?;
    // That of another instance.
    let other = database.another()?;
    start(&place.at("other"), &other.url()?)?.stop()?;
    let told = place.refused("data", Some(&other.url()?), 7)?;
    expect(&told, &["belongs to the instance", "Nothing was changed"])?;
    // One that is older than the key files.
    let older = database.copy()?;
    place.run("data", Some(&url), &["keys", "rotate-root"])?.ok()?;
    let told = place.refused("data", Some(&older.url()?), 7)?;
    expect(&told, &["older than the key files", "--accept-older-database"])?;
    // A full database without its keyring.
    let told = place.refused("new", Some(&url), 7)?;
    expect(&told, &["holds the store of the instance", "keyring"])?;
    ensure!(!place.at("new/keyring.json").exists(), "a keyring was made");
    // Tables of somebody else.
    empty.client()?.batch_execute("CREATE TABLE users (name TEXT)")?;
    let told = place.refused("new", Some(&empty.url()?), 7)?;
    expect(&told, &["tables of another program", "Nothing was changed"])?;
    // A store in a file does not move by itself, and is not replaced.
    Server::start(&place.at("file"))?.stop()?;
    let told = place.refused("file", Some(&url), 7)?;
    expect(
        &told,
        &["This store lies in", "strongroom restore --database-url"],
    )?;
    // A variable of Infisical's that was there all along changes nothing for it.
    Server::start_among(&place.at("file"), &[("DB_CONNECTION_URI", &url)])?.stop()?;
    // But a new store takes it, as it would take ours.
    let taken = database.another()?;
    Server::start_among(&place.at("taken"), &[("DB_CONNECTION_URI", &taken.url()?)])?.stop()?;
    ensure!(!place.at("taken/strongroom.db").exists(), "it lies in a file");

    // Nobody answers, or not for this database.
    let nobody = database.url_at(([127, 0, 0, 1], 9).into());
    let told = place.refused("data", Some(&nobody), 6)?;
    expect(
        &told,
        &[
            "Error: The server cannot start without its database",
            "refused",
            "start again",
        ],
    )?;
    let missing = url.replace('?', "_missing?");
    expect(&place.refused("data", Some(&missing), 6)?, &["does not exist"])?;
    let told = place.refused("data", Some("postgres://a:canary@h/d?sslmode=verify-ca"), 8)?;
    expect(&told, &["STRONGROOM_DATABASE_URL", "verify-full"])?;
    let told = place
        .run("data", Some(&url), &["keys", "rekey-database"])?
        .refused(1)?;
    expect(&told, &["PostgreSQL, which encrypts its own files"])?;

    // After all of that everything is as it was.
    let server = start(&place.at("data"), &url)?;
    let value = instance.read(&mut Connection::open(server.address)?, "NAME")?;
    ensure!(value == "value", "{value}");
    server.stop()
}

#[test]
fn an_outage_refuses_and_passes_by_itself() -> Result<()> {
    let Some(database) = Database::new()? else {
        return Ok(());
    };
    let place = Place::new()?;
    let line = Line::to(database.server()?)?;
    let url = database.url_at(line.address);
    // A start waits for its database.
    line.cut();
    let data = place.at("data");
    let server = std::thread::scope(|scope| {
        let starting = scope.spawn(|| start(&data, &url));
        sleep(Duration::from_millis(1500));
        line.mend();
        starting
            .join()
            .map_err(|_| anyhow::anyhow!("the start panicked"))?
    })?;
    expect(&server.log()?, &["Waiting for it, up to 30 seconds"])?;
    let instance = Instance::set_up(server.address)?;
    let mut connection = Connection::open(server.address)?;
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let name = format!("BEFORE_{round}");
        instance.create(&mut connection, &name, "value")?.ok()?;
        acknowledged.push(name);
        line.cut();
        for (method, path, body) in [
            ("GET", instance.query("BEFORE_0"), None),
            (
                "POST",
                Instance::path(&format!("LOST_{round}")),
                Some(instance.body("value")),
            ),
        ] {
            let answer = connection.call(&instance.user, method, &path, body.as_ref())?;
            ensure!(
                answer.status == 503,
                "{method}: {} {}",
                answer.status,
                answer.text()?
            );
            ensure!(!answer.text()?.contains("canary"), "{}", answer.text()?);
        }
        ensure!(
            connection.call("", "GET", "/api/health", None)?.status == 200,
            "health"
        );
        line.mend();
        let begun = Instant::now();
        while connection
            .call(&instance.user, "GET", &instance.query("BEFORE_0"), None)?
            .status
            != 200
        {
            ensure!(begun.elapsed() < Duration::from_secs(20), "it does not come back");
            sleep(Duration::from_millis(50));
        }
        let name = format!("AFTER_{round}");
        instance.create(&mut connection, &name, "value")?.ok()?;
        acknowledged.push(name);
    }
    // The lock that keeps others out was taken again.
    place.copy("data", "twin")?;
    expect(
        &place.refused("twin", Some(&database.url()?), 6)?,
        &["another Strongroom"],
    )?;
    let listed = instance.list(&mut connection)?;
    acknowledged.sort();
    ensure!(listed.keys().eq(acknowledged.iter()), "{listed:?}");
    server.stop()
}

#[test]
fn a_backup_moves_a_store_into_postgresql_and_back() -> Result<()> {
    let Some(database) = Database::new()? else {
        return Ok(());
    };
    let place = Place::new()?;
    let server = Server::start(&place.at("first"))?;
    let instance = Instance::set_up(server.address)?;
    let (client_id, client_secret) = instance.machine_identity(server.address, "deploy")?;
    let values = dotenv::omakase()?;
    let mut connection = Connection::open(server.address)?;
    for (name, value) in &values {
        instance.create(&mut connection, name, value)?.ok()?;
    }
    place
        .run("first", None, &["keys", "kit", "--output", "kit.txt"])?
        .ok()?;
    server.stop()?;
    let works = |server: &Server| -> Result<()> {
        let mut connection = Connection::open(server.address)?;
        ensure!(instance.list(&mut connection)? == values, "other values");
        // Tokens of before, of a person and of a machine, and a login with a client secret.
        for token in [&instance.user, &instance.machine] {
            connection.call(token, "GET", "/api/v1/workspace", None)?.ok()?;
        }
        let credentials = json!({ "clientId": client_id, "clientSecret": client_secret });
        let path = "/api/v1/auth/universal-auth/login";
        let token = text(
            &connection.call("", "POST", path, Some(&credentials))?.ok()?,
            "/accessToken",
        )?;
        let (name, value) = values.first_key_value().context("no values")?;
        let read = connection
            .call(&token, "GET", &instance.query(name), None)?
            .ok()?;
        ensure!(text(&read, "/secret/secretValue")? == *value, "{name}");
        Ok(())
    };
    let url = database.url()?;
    let mut from = ("first", None);
    for (number, to) in [
        ("second", Some(url.as_str())),
        ("third", None),
        ("fourth", Some(&url)),
    ]
    .into_iter()
    .enumerate()
    {
        let file = format!("backup-{number}.age");
        place.run(from.0, from.1, &["backup", "--output", &file])?.ok()?;
        let mut restore = vec!["restore", &file, "--identity", "kit.txt"];
        if number == 2 {
            // The store of before is in the database.
            let told = place.run(to.0, to.1, &restore)?.refused(1)?;
            expect(&told, &["already holds a store", "--force"])?;
            restore.push("--force");
        }
        let done = place.run(to.0, to.1, &restore)?;
        let told = done.stderr.clone();
        done.ok()?;
        ensure!(!told.contains("canary"), "{told}");
        let variables: Vec<(&str, &str)> = to.1.iter().map(|url| (VARIABLE, *url)).collect();
        let server = Server::start_among(&place.at(to.0), &variables)?;
        works(&server)?;
        server.stop()?;
        ensure!(
            place.at(to.0).join("strongroom.db").exists() == to.1.is_none(),
            "{to:?}"
        );
        from = to;
    }
    Ok(())
}

#[test]
fn a_store_that_is_set_aside_in_the_database_still_starts() -> Result<()> {
    let Some(database) = Database::new()? else {
        return Ok(());
    };
    let place = Place::new()?;
    let url = database.url()?;
    let data = place.at("data");
    let server = start(&data, &url)?;
    let instance = Instance::set_up(server.address)?;
    instance
        .create(&mut Connection::open(server.address)?, "OLD", "value")?
        .ok()?;
    place
        .run("data", Some(&url), &["keys", "kit", "--output", "kit.txt"])?
        .ok()?;
    place
        .run("data", Some(&url), &["backup", "--output", "backup.age"])?
        .ok()?;
    instance
        .create(&mut Connection::open(server.address)?, "NEW", "value")?
        .ok()?;
    let restore = ["restore", "backup.age", "--identity", "kit.txt", "--force"];
    // Not under a server.
    expect(
        &place.run("data", Some(&url), &restore)?.refused(1)?,
        &["in use by a running"],
    )?;
    server.stop()?;
    // What does not restore changes nothing.
    fs::write(place.at("damaged.age"), "nothing")?;
    place
        .run(
            "data",
            Some(&url),
            &["restore", "damaged.age", "--identity", "kit.txt", "--force"],
        )?
        .refused(1)?;
    let names = |data: &Path| -> Result<Vec<String>> {
        let server = start(data, &url)?;
        let listed = instance.list(&mut Connection::open(server.address)?)?;
        server.stop()?;
        Ok(listed.into_keys().collect())
    };
    assert_eq!(names(&data)?, ["NEW", "OLD"]);
    let done = place.run("data", Some(&url), &restore)?;
    expect(
        &done.stderr,
        &["The store that was here is in", "strongroom_replaced_"],
    )?;
    done.ok()?;
    assert_eq!(names(&data)?, ["OLD"]);
    let aside = fs::read_dir(&data)?
        .filter_map(Result::ok)
        .find(|entry| entry.file_name().to_string_lossy().starts_with("replaced-"))
        .context("nothing was set aside")?;
    assert_eq!(names(&aside.path())?, ["NEW", "OLD"]);
    assert_eq!(names(&data)?, ["OLD"]);
    Ok(())
}

#[test]
fn an_empty_server_in_postgresql_restores_what_is_sent_to_it() -> Result<()> {
    let Some(database) = Database::new()? else {
        return Ok(());
    };
    let place = Place::new()?;
    let server = Server::start(&place.at("file"))?;
    let instance = Instance::set_up(server.address)?;
    instance
        .create(&mut Connection::open(server.address)?, "NAME", "value")?
        .ok()?;
    server.stop()?;
    place
        .run("file", None, &["keys", "kit", "--output", "kit.txt"])?
        .ok()?;
    place
        .run("file", None, &["backup", "--output", "backup.age"])?
        .ok()?;
    let backup = fs::read(place.at("backup.age"))?;
    let kit = fs::read_to_string(place.at("kit.txt"))?;

    let url = database.url()?;
    let data = place.at("data");
    let server = start(&data, &url)?;
    let code = server.logged("Setup code: ")?;
    let send = |bytes: &[u8]| -> Result<String> {
        let headers = [("X-Strongroom-Setup-Code", code.as_str())];
        let path = "/api/strongroom/v1/restore/upload";
        text(
            &once(server.address, "PUT", path, &headers, bytes)?.ok()?,
            "/upload",
        )
    };
    let restore = |upload: &str| {
        let body = json!({ "upload": upload, "identity": kit, "code": code });
        post(server.address, "/api/strongroom/v1/restore", &[], &body)
    };
    // Half of it changes nothing, and leaves nothing.
    let refused = restore(&send(&backup[..backup.len() / 2])?)?;
    ensure!(refused.status == 400, "{} {}", refused.status, refused.text()?);
    let schemas = || -> Result<Vec<String>> {
        let found = database.client()?.query(
            "SELECT nspname::TEXT FROM pg_namespace WHERE nspname LIKE 'strongroom%'",
            &[],
        )?;
        Ok(found.iter().map(|row| row.get(0)).collect())
    };
    assert_eq!(schemas()?, [""; 0]);
    restore(&send(&backup)?)?.ok()?;
    let read = |server: &Server| instance.read(&mut Connection::open(server.address)?, "NAME");
    assert_eq!(read(&server)?, "value");
    server.stop()?;
    let server = start(&data, &url)?;
    assert_eq!(read(&server)?, "value");
    // The empty store is out of the way, and nothing is left of the way there.
    let left = schemas()?;
    ensure!(
        matches!(&left[..], [one] if one.starts_with("strongroom_replaced_")),
        "{left:?}"
    );
    server.stop()
}

#[test]
fn the_way_to_postgresql_is_encrypted_as_its_address_says() -> Result<()> {
    let Some(database) = Database::new()? else {
        return Ok(());
    };
    let mut client = database.client()?;
    let mut shown =
        |what: &str| -> Result<String> { Ok(client.query_one(&format!("SHOW {what}"), &[])?.get(0)) };
    if shown("ssl")? != "on" {
        e2e::say(format_args!("skipped: this PostgreSQL speaks no TLS"));
        return Ok(());
    }
    let certificate = Path::new(&shown("data_directory")?).join(shown("ssl_cert_file")?);
    let place = Place::new()?;
    // Where everybody may read it.
    fs::copy(certificate, place.at("authority.pem"))?;
    sh(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=other -keyout key.pem -out \
         stranger.pem",
        &[],
        place.scratch.path(),
    )?
    .ok()?;
    let url = |mode: &str| -> Result<String> {
        let url = database.url()?;
        let plain = url.split('?').next().unwrap_or_default();
        Ok(format!("{plain}?sslmode={mode}"))
    };
    let trusting = |name: &str| {
        let file = place.at(name);
        url(&format!("verify-full&sslrootcert={}", file.display()))
    };
    for (mode, encrypted) in [
        (url("disable")?, false),
        (url("prefer")?, true),
        (url("require")?, true),
        (trusting("authority.pem")?, true),
    ] {
        let server = start(&place.at("data"), &mode)?;
        let found: i64 = client
            .query_one(
                "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND ssl <> $1",
                &[&encrypted],
            )?
            .get(0);
        ensure!(found == 0, "{found} connections of another kind: {mode}");
        server.stop()?;
    }
    // Somebody else answers, or somebody nobody vouches for.
    for mode in [trusting("stranger.pem")?, url("verify-full")?] {
        let told = place.refused("data", Some(&mode), 6);
        let told = told.or_else(|_| place.refused("data", Some(&mode), 8))?;
        expect(&told, &["certificate"])?;
    }
    Ok(())
}
