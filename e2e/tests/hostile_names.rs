//! Names that break careless programs.

use anyhow::Result;
use e2e::http::Connection;
use e2e::instance::Instance;
use e2e::program::Run;
use e2e::server::Server;
use serde_json::json;

fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "'; DROP TABLE secrets; --",
        "\" OR \"\"=\"",
        "$1",
        "?1",
        ":name",
        "100%",
        "%2F",
        "%2e%2e",
        "a/b/c",
        "/",
        "..a",
        "...",
        "a\\b",
        "with space",
        "plus+and&amp=?#",
        "שלום עולם",
        "\u{202e}reversed",
        "🔐🗝️",
        "Küche",
        "-rf",
        "@file",
        "<script>alert(1)</script>",
        "{{name}}",
        "null",
        "NaN",
    ]
    .map(str::to_owned)
    .into();
    names.push("n".repeat(512));
    names.push("ü".repeat(512));
    names
}

#[test]
fn names_and_values_come_back_as_they_were() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = Server::start(&scratch.path().join("data"))?;
    let instance = Instance::set_up(server.address)?;
    let mut connection = Connection::open(server.address)?;
    for refused in ["..", ".", "%00", "a%0Ab", "%20", &"n".repeat(513)] {
        let path = format!("/api/v3/secrets/raw/{refused}");
        let answer = connection.call(&instance.user, "POST", &path, Some(&instance.body("x")))?;
        assert!(
            (400..500).contains(&answer.status),
            "{refused}: {}",
            answer.status
        );
    }
    assert!(instance.list(&mut connection)?.is_empty());

    let names = names();
    for name in &names {
        // The value is as hostile as the name.
        instance.create(&mut connection, name, name)?.ok()?;
        let twice = instance.create(&mut connection, name, "other")?;
        assert_eq!(twice.status, 400, "{name} exists already");
        assert_eq!(instance.read(&mut connection, name)?, *name);
    }
    let listed = instance.list(&mut connection)?;
    assert_eq!(listed.len(), names.len());
    for name in &names {
        assert_eq!(listed.get(name), Some(name), "{name}");
        let printed = Run::new(scratch.path())?
            .args([
                "secrets",
                "get",
                "--projectId",
                &instance.project,
                "--domain",
                &server.url(),
            ])
            .args(["--token", &instance.user, "--", name])
            .finish()?
            .ok()?;
        assert_eq!(printed, format!("{name}\n"));
        // On the command line the first = ends the name.
        if !name.contains('=') {
            let updated = format!("{name} again");
            Run::new(scratch.path())?
                .args([
                    "secrets",
                    "set",
                    "--projectId",
                    &instance.project,
                    "--domain",
                    &server.url(),
                ])
                .args(["--token", &instance.user, "--", name])
                .input(updated.clone())
                .finish()?
                .ok()?;
            assert_eq!(instance.read(&mut connection, name)?, updated);
        }
        let body = instance.body("");
        connection
            .call(&instance.user, "DELETE", &Instance::path(name), Some(&body))?
            .ok()?;
        let gone = connection.call(&instance.user, "GET", &instance.query(name), None)?;
        assert_eq!(gone.status, 404, "{name}");
    }
    assert!(instance.list(&mut connection)?.is_empty());
    server.stop()
}

#[test]
fn projects_and_environments_with_hostile_names() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = Server::start(&scratch.path().join("data"))?;
    let instance = Instance::set_up(server.address)?;
    let mut connection = Connection::open(server.address)?;
    for (index, name) in names()
        .into_iter()
        .filter(|name| name.chars().count() <= 64)
        .enumerate()
    {
        let body = json!({ "projectName": name, "slug": format!("hostile-{index}") });
        let made = connection
            .call(&instance.user, "POST", "/api/v1/projects", Some(&body))?
            .ok()?;
        assert_eq!(e2e::instance::text(&made, "/project/name")?, name);
        let listed = Run::new(scratch.path())?
            .args([
                "secrets",
                "--projectId",
                &format!("hostile-{index}"),
                "--domain",
                &server.url(),
            ])
            .args(["--token", &instance.user, "--output", "json"])
            .finish()?
            .ok()?;
        assert_eq!(listed, "[]\n");
    }
    for slug in ["..", "a/b", "'; --", "UPPER", "äöüäöü", "%2e%2e%2e"] {
        let body = json!({ "projectName": "x", "slug": slug });
        let answer = connection.call(&instance.user, "POST", "/api/v1/projects", Some(&body))?;
        assert_eq!(answer.status, 422, "{slug}");
        let path = format!("/api/v1/projects/{}/environments", instance.project);
        let body = json!({ "name": "x", "slug": slug });
        let answer = connection.call(&instance.user, "POST", &path, Some(&body))?;
        assert_eq!(answer.status, 422, "{slug}");
    }
    for folder in ["/..", "/a\\b", "/a b", "/ä", "/'; --"] {
        let mut body = instance.body("x");
        body["secretPath"] = json!(folder);
        let answer = connection.call(&instance.user, "POST", &Instance::path("A"), Some(&body))?;
        assert_eq!(answer.status, 422, "{folder}");
    }
    server.stop()
}
