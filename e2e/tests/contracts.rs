//! What scripts, proxies and browsers rely on.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::http::{Connection, once};
use e2e::instance::{self, Instance, bootstrap_body, log_in, post, text};
use e2e::program::Run;
use e2e::server::Server;
use serde_json::json;

const PAGES: [&str; 8] = [
    "/",
    "/admin/signup",
    "/login",
    "/login?next=/projects",
    "/projects",
    "/projects/home-lab/dev",
    "/settings/",
    "/no/such/page",
];

/// Addresses in attributes of the document.
fn named(document: &str) -> Vec<String> {
    ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| document.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_page_is_the_same_document_also_before_set_up() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = Server::start(&scratch.path().join("data"))?;
    let mut documents = Vec::new();
    for set_up in [false, true] {
        if set_up {
            Instance::set_up(server.address)?;
        }
        for page in PAGES {
            let answer = once(server.address, "GET", page, &[], b"")?;
            assert_eq!(answer.status, 200, "{page}");
            assert_eq!(answer.header("location"), None, "{page}");
            assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
            assert_eq!(answer.header("cache-control"), Some("no-cache"));
            documents.push(answer.text()?.to_owned());
            let head = once(server.address, "HEAD", page, &[], b"")?;
            assert_eq!(head.status, 200, "HEAD {page}");
        }
        let status = once(server.address, "GET", "/api/status", &[], b"")?.ok()?;
        assert_eq!(text(&status, "/message")?, "Ok");
        let health = once(server.address, "GET", "/api/health", &[], b"")?.ok()?;
        assert_eq!(text(&health, "/status")?, "ok");
    }
    documents.dedup();
    assert_eq!(documents.len(), 1, "the document differs between pages");

    let document = &documents[0];
    for forbidden in [
        "<style",
        "style=\"",
        "javascript:",
        "onload",
        "onclick",
        "http://",
        "https://",
    ] {
        assert!(!document.contains(forbidden), "{forbidden} in the document");
    }
    for script in document.split("<script").skip(1) {
        let (tag, rest) = script.split_once('>').context("an open tag")?;
        assert!(tag.contains("src="), "an inline script: {tag}");
        assert!(rest.trim_start().starts_with("</script>"), "a script with a text");
    }
    let unknown = once(server.address, "GET", "/api/v9/nothing", &[], b"")?.expect(404)?;
    assert_eq!(text(&unknown, "/message")?, "Route GET:/api/v9/nothing not found");
    server.stop()
}

#[test]
fn files_of_the_first_visit_are_hashed_compressed_and_kept() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = Server::start(&scratch.path().join("data"))?;
    let document = once(server.address, "GET", "/", &[], b"")?;
    let files = named(document.text()?);
    let of_kind = |ending: &str| files.iter().filter(|file| file.ends_with(ending)).count();
    assert!(
        of_kind(".css") >= 1 && of_kind(".wasm") == 1 && of_kind(".js") >= 2,
        "{files:?}"
    );
    for path in &files {
        let get = |encoding: &str| once(server.address, "GET", path, &[("Accept-Encoding", encoding)], b"");
        let (stem, _) = path.rsplit_once('.').context("no extension")?;
        let (_, hash) = stem
            .rsplit_once(['-', '.'])
            .with_context(|| format!("no hash: {path}"))?;
        assert!(
            hash.len() >= 8 && hash.bytes().all(|b| b.is_ascii_alphanumeric()),
            "no hash in {path}"
        );
        let plain = get("identity")?;
        assert_eq!(plain.status, 200, "{path}");
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        assert!(!plain.body.is_empty(), "{path}");
        assert_eq!(
            plain.header("cache-control"),
            Some("public, max-age=31536000, immutable"),
            "{path}"
        );
        assert_eq!(plain.header("vary"), Some("accept-encoding"), "{path}");
        assert_eq!(plain.header("x-content-type-options"), Some("nosniff"), "{path}");
        let kind = match path.rsplit_once('.').map(|(_, extension)| extension) {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("wasm") => "application/wasm",
            Some("svg") => "image/svg+xml",
            other => anyhow::bail!("a file of an unknown kind: {other:?}"),
        };
        assert_eq!(plain.header("content-type"), Some(kind), "{path}");

        let brotli = get("gzip, deflate, br")?;
        let gzip = get("gzip, br;q=0")?;
        for (answer, encoding) in [(&brotli, "br"), (&gzip, "gzip")] {
            // Compression makes the smallest files larger.
            let small = plain.body.len() < 1024;
            if !small || answer.header("content-encoding").is_some() {
                assert_eq!(answer.header("content-encoding"), Some(encoding), "{path}");
                let mut opened = Vec::new();
                match encoding {
                    "br" => brotli::Decompressor::new(&answer.body[..], 4096).read_to_end(&mut opened)?,
                    _ => flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut opened)?,
                };
                assert!(opened == plain.body, "{path} differs in {encoding}");
                assert!(
                    small || answer.body.len() < plain.body.len(),
                    "{path} does not shrink"
                );
            }
        }
        let tag = brotli.header("etag").context("no etag")?;
        let headers = [("Accept-Encoding", "br"), ("If-None-Match", tag)];
        assert_eq!(
            once(server.address, "GET", path, &headers, b"")?.status,
            304,
            "{path}"
        );
    }
    for absent in [
        "/assets/none.js",
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
    ] {
        assert_eq!(
            once(server.address, "GET", absent, &[], b"")?.status,
            404,
            "{absent}"
        );
    }
    server.stop()
}

#[test]
fn nothing_inline_and_nothing_foreign_may_run() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = Server::start(&scratch.path().join("data"))?;
    for path in ["/", "/login", "/api/status", "/api/v9/nothing"] {
        let answer = once(server.address, "GET", path, &[], b"")?;
        let policy = answer.header("content-security-policy").context("no policy")?;
        let directives: BTreeMap<&str, &str> = policy
            .split(';')
            .map(|directive| directive.trim().split_once(' ').unwrap_or((directive.trim(), "")))
            .collect();
        for (name, value) in [
            ("default-src", "'none'"),
            ("script-src", "'self' 'wasm-unsafe-eval'"),
            ("style-src", "'self'"),
            ("connect-src", "'self'"),
            ("base-uri", "'none'"),
            ("frame-ancestors", "'none'"),
            ("form-action", "'self'"),
        ] {
            assert_eq!(directives.get(name), Some(&value), "{name} of {path}");
        }
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"),
            "{policy}"
        );
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name} of {path}");
        }
        if path.starts_with("/api/") {
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        }
    }
    server.stop()
}

#[test]
fn who_may_set_up_a_server() -> Result<()> {
    const BOOTSTRAP: &str = "/api/v1/admin/bootstrap";
    const SIGN_UP: &str = "/api/strongroom/v1/setup";
    let scratch = tempfile::tempdir()?;
    let server = Server::start(&scratch.path().join("data"))?;
    let body = bootstrap_body();
    let first_code = server.logged("Setup code: ")?;
    for route in [BOOTSTRAP, SIGN_UP] {
        for header in [
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-Proto", "https"),
            ("Forwarded", "for=127.0.0.1"),
            ("X-Real-IP", "127.0.0.1"),
            ("Via", "1.1 proxy"),
            ("Origin", "http://localhost:8080"),
            ("Sec-Fetch-Site", "same-origin"),
            ("Host", "secrets.example.com"),
            ("Host", "127.0.0.1.example.com"),
            ("Host", "192.168.1.5:8080"),
        ] {
            let refusal = post(server.address, route, &[header], &body)?.expect(403)?;
            let told = text(&refusal, "/message")?;
            assert!(
                told.contains("setup code") && told.contains("strongroom setup-code"),
                "{told}"
            );
        }
        let wrong = post(
            server.address,
            route,
            &[("X-Strongroom-Setup-Code", "AAAA-AAAA-AAAA"), ("Via", "x")],
            &body,
        )?;
        assert_eq!(wrong.status, 403);
    }
    for (field, value) in [
        ("email", json!("kavi")),
        ("email", json!("kavi@localhost")),
        ("password", json!("elevenchars")),
        ("password", json!("password1234")),
        ("organization", json!("")),
        ("organization", json!("o".repeat(65))),
    ] {
        let mut bad = body.clone();
        bad[field] = value.clone();
        let refusal = post(server.address, BOOTSTRAP, &[], &bad)?;
        assert_eq!(refusal.status, 422, "{field}: {value}");
        assert!(refusal.text()?.contains(field), "{field}: {}", refusal.text()?);
    }
    let state = once(server.address, "GET", SIGN_UP, &[], b"")?.ok()?;
    assert_eq!(state, json!({ "initialized": false }));

    let code = Run::new(scratch.path())?
        .args(["setup-code", "--data-dir"])
        .arg_path(&server.data_dir)
        .finish()?
        .ok()?;
    assert_eq!(code.lines().count(), 1, "{code:?}");
    let foreign = ("X-Forwarded-For", "203.0.113.7");
    let old = post(
        server.address,
        BOOTSTRAP,
        &[foreign, ("X-Strongroom-Setup-Code", &first_code)],
        &body,
    )?;
    assert_eq!(old.status, 403, "a newer code replaces the one before");
    let with_code = post(
        server.address,
        BOOTSTRAP,
        &[foreign, ("X-Strongroom-Setup-Code", code.trim())],
        &body,
    )?
    .ok()?;
    assert_eq!(
        text(&with_code, "/message")?,
        "Successfully bootstrapped instance"
    );
    assert_eq!(text(&with_code, "/user/email")?, instance::EMAIL);
    assert_eq!(text(&with_code, "/organization/name")?, instance::ORGANIZATION);
    assert!(!text(&with_code, "/identity/credentials/token")?.is_empty());

    for route in [BOOTSTRAP, SIGN_UP] {
        assert_eq!(
            post(server.address, route, &[], &body)?.status,
            400,
            "set up twice"
        );
    }
    let refused = Run::new(scratch.path())?
        .args(["setup-code", "--data-dir"])
        .arg_path(&server.data_dir)
        .finish()?
        .refused(1)?;
    assert!(refused.contains("already been set up"), "{refused}");
    server.stop()
}

#[test]
fn a_script_on_the_same_machine_needs_no_code_and_no_character_classes() -> Result<()> {
    for host in ["localhost:8080", "127.0.0.1", "[::1]:8080"] {
        let scratch = tempfile::tempdir()?;
        let server = Server::start(&scratch.path().join("data"))?;
        let body = json!({ "email": "a@b.cd", "password": "lanternorbit", "organization": "o".repeat(64) });
        post(
            server.address,
            "/api/v1/admin/bootstrap",
            &[("Host", host)],
            &body,
        )?
        .ok()?;
    }
    Ok(())
}

#[test]
fn a_stop_loses_no_request_under_way() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let mut server = Server::start(&data)?;
    let instance = Instance::set_up(server.address)?;
    let bearer = format!("Bearer {}", instance.user);
    let mut idle = Connection::open(server.address)?;
    instance.list(&mut idle)?;
    // Requests whose head arrived and whose body is on its way: the server works on them.
    let mut under_way = Vec::new();
    for number in 0..8 {
        let body = instance.body(&format!("value {number}")).to_string();
        let (begin, rest) = body.split_at(body.len() / 2);
        let length = body.len().to_string();
        let mut connection = Connection::open(server.address)?;
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            ("Content-Length", &length),
        ];
        connection.send_head("POST", &Instance::path(&format!("LATE_{number}")), &headers)?;
        connection.send_bytes(begin.as_bytes())?;
        under_way.push((connection, rest.to_owned()));
    }
    std::thread::sleep(Duration::from_millis(300));
    server.terminate()?;
    let begun = Instant::now();
    std::thread::sleep(Duration::from_millis(500));
    assert!(server.is_alive()?, "it waits for requests under way");
    assert!(Connection::open(server.address).is_err(), "it takes no new ones");
    for (connection, rest) in &mut under_way {
        connection.send_bytes(rest.as_bytes())?;
        connection.receive("POST")?.ok()?;
    }
    let status = server.wait(Duration::from_secs(10))?;
    assert!(status.success(), "{status}: {}", server.log()?);
    e2e::say(format_args!("stopped {:?} after the signal", begun.elapsed()));

    let mut server = Server::start(&data)?;
    let kept = instance.list(&mut Connection::open(server.address)?)?;
    assert_eq!(kept.len(), 8, "{kept:?}");

    // One that never ends is cut off.
    let mut endless = Connection::open(server.address)?;
    let headers = [("Authorization", bearer.as_str()), ("Content-Length", "100")];
    endless.send_head("POST", &Instance::path("ENDLESS"), &headers)?;
    std::thread::sleep(Duration::from_millis(300));
    server.terminate()?;
    let begun = Instant::now();
    let status = server.wait(Duration::from_secs(10))?;
    assert!(status.success(), "{status}: {}", server.log()?);
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(3), "it was given time: {took:?}");
    e2e::say(format_args!(
        "a request without an end was cut off after {took:?}"
    ));
    Ok(())
}

#[test]
fn tokens_survive_a_kill_and_another_port() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data");
    let server = Server::start(&data)?;
    let instance = Instance::set_up(server.address)?;
    let (client_id, client_secret) = instance.machine_identity(server.address, "deploy")?;
    let machine_login = |address| -> Result<String> {
        let body = json!({ "clientId": client_id, "clientSecret": client_secret });
        text(
            &post(address, "/api/v1/auth/universal-auth/login", &[], &body)?.ok()?,
            "/accessToken",
        )
    };
    let access = machine_login(server.address)?;
    let login = json!({ "email": instance::EMAIL, "password": instance::PASSWORD });
    let answer = post(server.address, "/api/v3/auth/login", &[], &login)?;
    let cookie = answer.header("set-cookie").context("no cookie")?.to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let jid = cookie.split(';').next().unwrap_or_default().to_owned();
    instance
        .create(&mut Connection::open(server.address)?, "A", "1")?
        .ok()?;

    let before = server.address;
    server.kill()?;
    let server = Server::start(&data)?;
    ensure!(server.address != before, "the port was meant to change");
    let mut connection = Connection::open(server.address)?;
    assert_eq!(instance.read(&mut connection, "A")?, "1");
    for token in [&instance.user, &access] {
        connection.call(token, "GET", &instance.query("A"), None)?.ok()?;
    }
    let me = connection
        .call(&instance.machine, "GET", "/api/strongroom/v1/me", None)?
        .ok()?;
    assert_eq!(text(&me, "/kind")?, "identity", "{me}");
    let refreshed = post(
        server.address,
        "/api/v1/auth/token",
        &[("Cookie", &jid)],
        &json!({}),
    )?
    .ok()?;
    let token = text(&refreshed, "/token")?;
    connection.call(&token, "GET", "/api/v1/user", None)?.ok()?;
    machine_login(server.address)?;
    log_in(server.address)?;
    // A token that was never ours stays a stranger's.
    let (head, _) = instance.user.rsplit_once('.').context("no JWT")?;
    let forged = connection.call(&format!("{head}.AAAA"), "GET", "/api/v1/user", None)?;
    assert!(matches!(forged.status, 401 | 403), "{}", forged.status);
    server.stop()
}
