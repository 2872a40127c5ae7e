//! The binary as scripts see it: streams, exit codes, signals, environment.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const PROJECT: &str = "7f1c0e9a-52f4-4a53-9a44-0c6f1d6f4b11";

fn secret(name: &str, value: &str) -> Value {
    let time = "2025-11-22T00:00:00.000Z";
    json!({
        "id": PROJECT, "_id": PROJECT, "workspace": PROJECT, "environment": "dev", "version": 1, "type": "shared",
        "secretKey": name, "secretValue": value, "secretComment": "", "createdAt": time, "updatedAt": time
    })
}

/// Starts a server that has one folder of secrets and returns its address.
fn serve(secrets: &[(&str, &str)]) -> String {
    let secrets: Vec<Value> = secrets.iter().map(|(name, value)| secret(name, value)).collect();
    let list = json!({"secrets": secrets, "imports": []});
    let me = json!({"kind": "user", "name": "kavi@example.com", "organizationId": null});
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            answer(stream.unwrap(), &list, &me);
        }
    });
    address
}

fn answer(mut stream: TcpStream, list: &Value, me: &Value) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    // The rest of the head, so that the connection is not reset when it is closed.
    while lines
        .next()
        .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
    {}
    let (status, body) = if first.starts_with("GET /api/v4/secrets?") {
        ("200 OK", list.to_string())
    } else if first.starts_with("GET /api/strongroom/v1/me ") {
        ("200 OK", me.to_string())
    } else if first.starts_with("GET /api/health ") {
        ("200 OK", "{}".to_owned())
    } else {
        ("503 Service Unavailable", "{}".to_owned())
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
}

/// The program with nothing of this machine's user around it.
fn strongroom(address: &str, home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_strongroom"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("INFISICAL_API_URL", format!("{address}/api"))
        .env("INFISICAL_TOKEN", "token-canary")
        .env("INFISICAL_PROJECT_ID", PROJECT)
        .current_dir(home)
        .stdin(Stdio::null())
        .args(arguments);
    command
}

fn output(secrets: &[(&str, &str)], arguments: &[&str]) -> (Output, String, String) {
    let home = tempfile::tempdir().unwrap();
    let output = strongroom(&serve(secrets), home.path(), arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output, out, err)
}

#[test]
fn a_failing_export_writes_nothing_to_standard_output() {
    for secrets in [
        &[("GOOD", "canary"), ("not a name", "canary")][..],
        &[("A", "can\0ary")],
    ] {
        let (output, out, err) = output(secrets, &["export"]);
        assert_eq!((output.status.code(), &*out), (Some(1), ""));
        assert!(
            err.starts_with("Error: ") && err.contains("--format json"),
            "{err}"
        );
        assert!(!err.contains("ary"), "{err}");
    }
}

#[test]
fn wrong_usage_is_told_apart_from_failure() {
    for (arguments, code) in [
        (&["nonsense"][..], 2),
        (&["export", "--format", "xml"], 2),
        (&["secrets", "set", "KEY"], 2),
        (&["secrets", "set"], 2),
        (&["login", "--email", "a@b.cd"], 2),
        (&["healthcheck", "--url", "http://127.0.0.1:1"], 1),
        (&["whoami", "--domain", "http://127.0.0.1:1"], 6),
    ] {
        let (output, out, err) = output(&[], arguments);
        assert_eq!(
            (output.status.code(), &*out),
            (Some(code), ""),
            "{arguments:?}: {err}"
        );
        assert!(!err.is_empty() && !err.contains("canary"), "{arguments:?}: {err}");
    }
}

#[test]
fn commands_that_cannot_be_started() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("not-executable");
    fs::write(&file, "x").unwrap();
    for (command, code) in [("no-such-command-anywhere", 127), (file.to_str().unwrap(), 126)] {
        let (output, out, err) = output(&[("A", "1")], &["run", "--", command]);
        assert_eq!((output.status.code(), &*out), (Some(code), ""), "{err}");
    }
}

#[test]
fn a_full_disk_is_an_error_and_a_closed_pipe_is_none() {
    let home = tempfile::tempdir().unwrap();
    let large = "x".repeat(1_000_000);
    let address = serve(&[("A", &large)]);
    if let Ok(full) = fs::File::options().write(true).open("/dev/full") {
        let status = strongroom(&address, home.path(), &["export"])
            .stdout(full)
            .stderr(Stdio::null())
            .status();
        assert_eq!(status.unwrap().code(), Some(1));
    }
    let mut child = strongroom(&address, home.path(), &["export"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut two = [0; 2];
    child.stdout.take().unwrap().read_exact(&mut two).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((&two, output.status.code()), (b"A=", Some(0)));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn standard_output_is_data_alone() {
    let (output, out, err) = output(&[("B", "it's"), ("A", "1")], &["export"]);
    assert_eq!(
        (output.status.code(), &*out, &*err),
        (Some(0), "A=1\nB=\"it's\"\n", "")
    );
}

#[test]
fn an_exported_file_is_private() {
    let home = tempfile::tempdir().unwrap();
    let address = serve(&[("A", "1")]);
    let status = strongroom(
        &address,
        home.path(),
        &["export", "--silent", "--output-file", ".env"],
    )
    .status();
    assert!(status.unwrap().success());
    let file = home.path().join(".env");
    assert_eq!(fs::read_to_string(&file).unwrap(), "A=1\n");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_child_has_secrets_exit_code_and_default_signals() {
    let script = "printf '%s|%s|%s' \"$A\" \"$PATH\" \"$INFISICAL_TOKEN\"; exit 7";
    let secrets = [
        ("A", "two\nlines ' \" $x `id`"),
        ("PATH", "/evil"),
        ("LC_ALL", "x"),
    ];
    let (ended, out, err) = output(&secrets, &["run", "--", "sh", "-c", script]);
    let path = std::env::var("PATH").unwrap();
    assert_eq!(out, format!("two\nlines ' \" $x `id`|{path}|token-canary"));
    assert_eq!(ended.status.code(), Some(7));
    assert!(
        err.contains("PATH is not injected") && err.contains("LC_ALL is not injected"),
        "{err}"
    );
    assert!(
        err.ends_with("Injecting 1 Strongroom secrets into your application process\n"),
        "{err}"
    );

    // A writer into a closed pipe must die of it, as everywhere, instead of writing for ever.
    let (ended, out, _) = output(&[], &["run", "--", "sh", "-c", "yes | head -n 1"]);
    assert_eq!((ended.status.code(), &*out), (Some(0), "y\n"));
    let (ended, _, _) = output(&[], &["run", "--", "sh", "-c", "kill -TERM $$"]);
    assert_eq!(ended.status.signal(), Some(15), "the signal is the child's own");
}

#[test]
fn whoami_and_health() {
    let (output_, out, _) = output(&[], &["whoami"]);
    assert_eq!(output_.status.code(), Some(0));
    assert!(
        out.starts_with("Logged in as: kavi@example.com\nStrongroom instance: http://127.0.0.1:"),
        "{out}"
    );
    let address = serve(&[]);
    for (arguments, code) in [(&["healthcheck"][..], 0), (&["healthcheck", "--ready"], 1)] {
        let arguments = [arguments, &["--url", &address]].concat();
        let (output, out, err) = output(&[], &arguments);
        assert_eq!((output.status.code(), &*out), (Some(code), ""), "{err}");
    }
}

#[test]
fn a_stored_login_stays_with_its_server() {
    let home = tempfile::tempdir().unwrap();
    let (here, elsewhere) = (serve(&[("A", "1")]), serve(&[("A", "1")]));
    let folder = home.path().join(".config/strongroom");
    fs::create_dir_all(&folder).unwrap();
    let session = json!([{"address": here, "name": "kavi@example.com", "token": "t"}]);
    fs::write(folder.join("session.json"), session.to_string()).unwrap();
    let whoami = |arguments: &[&str]| {
        let mut command = strongroom(&here, home.path(), arguments);
        command
            .env_remove("INFISICAL_TOKEN")
            .env_remove("INFISICAL_API_URL")
            .output()
            .unwrap()
    };
    assert_eq!(whoami(&["whoami"]).status.code(), Some(0));
    let refused = whoami(&["whoami", "--domain", &elsewhere]);
    assert_eq!(refused.status.code(), Some(3));
    let err = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(
        err,
        format!(
            "Error: Not logged in to Strongroom\nThe stored login belongs to {here} and is not sent to another server.\n\
             Please run: strongroom login --domain={elsewhere}\n"
        )
    );
}
