//! What our commands send is what Infisical's send for the same: recorded between the program and a server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use e2e::desk::Desk;
use e2e::http::once;
use e2e::instance::{EMAIL, PASSWORD};

/// Stands before a server, passes everything on, and remembers the first line of each request.
struct Recorder {
    address: SocketAddr,
    lines: Arc<Mutex<Vec<String>>>,
}

/// A header that a proxy wants to see, and that the recorder looks for.
const HEADERS: &str = "X-Proxy=\"let me in\" Authorization=nonsense";

impl Recorder {
    fn before(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let lines = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&lines);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                // A connection that ends early is the program's own affair.
                std::thread::spawn(move || pass_on(&stream, server, &seen));
            }
        });
        Ok(Self { address, lines })
    }

    /// What was sent since the last look, without ids.
    fn taken(&self, project: &str) -> Vec<String> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.drain(..).map(|line| line.replace(project, "ID")).collect()
    }
}

fn pass_on(stream: &TcpStream, server: SocketAddr, seen: &Mutex<Vec<String>>) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut words = first.split_whitespace();
        let (method, target) = (
            words.next().context("no method")?,
            words.next().context("no target")?,
        );
        seen.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(format!("{method} {target}"));
        let mut headers = Vec::new();
        let mut length = 0;
        let mut greeted = false;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse()?,
                "x-proxy" => greeted = value == "let me in",
                "host" | "connection" | "accept-encoding" => {}
                _ => headers.push((name.to_owned(), value.to_owned())),
            }
        }
        // The program sees a broken connection, and fails.
        anyhow::ensure!(greeted, "the proxy's header is missing");
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let answer = once(server, method, target, &headers, &body)?;
        let hint = answer
            .header("x-strongroom-hint")
            .map(|hint| format!("x-strongroom-hint: {hint}\r\n"));
        write!(
            writer,
            "HTTP/1.1 {} X\r\ncontent-length: {}\r\n{}\r\n",
            answer.status,
            answer.body.len(),
            hint.unwrap_or_default()
        )?;
        writer.write_all(&answer.body)?;
    }
}

#[test]
fn commands_send_what_infisicals_send() -> Result<()> {
    let desk = Desk::new()?;
    let recorder = Recorder::before(desk.server.address)?;
    let url = format!("http://{}", recorder.address);
    let project = desk.instance.project.clone();
    let (client_id, client_secret) = desk.instance.machine_identity(desk.server.address, "ci")?;
    let sent = |args: &[&str], input: &str| -> Result<Vec<String>> {
        let done = desk
            .run(args)?
            .env("INFISICAL_DOMAIN", url.as_str())
            .env("INFISICAL_CUSTOM_HEADERS", HEADERS)
            .env("INFISICAL_PROJECT_ID", project.as_str())
            .input(input)
            .finish()?;
        anyhow::ensure!(done.code == Some(0), "{args:?}: {}", done.stderr);
        Ok(recorder.taken(&project))
    };
    let password = format!("{PASSWORD}\n");
    assert_eq!(
        sent(&["login", "--email", EMAIL, "--password-stdin"], &password)?,
        [
            "POST /api/v3/auth/login",
            "GET /api/v1/organization",
            "POST /api/v3/auth/select-organization"
        ]
    );
    let machine = [
        "login",
        "--plain",
        "--client-id",
        client_id.as_str(),
        "--client-secret",
        client_secret.as_str(),
    ];
    assert_eq!(sent(&machine, "")?, ["POST /api/v1/auth/universal-auth/login"]);

    let listed = "GET /api/v4/secrets?environment=dev&expandSecretReferences=true&includeImports=true\
                  &includePersonalOverrides=true&projectId=ID&secretPath=%2F";
    let stored = "GET /api/v4/secrets?environment=dev&expandSecretReferences=false&includeImports=false\
                  &includePersonalOverrides=false&projectId=ID&secretPath=%2F";
    assert_eq!(
        sent(&["secrets", "set", "A=1", "--tag", "web"], "")?,
        [
            stored,
            "GET /api/v1/projects/ID/tags/slug/web",
            "POST /api/v1/projects/ID/tags",
            "POST /api/v3/secrets/raw/A"
        ]
    );
    assert_eq!(
        sent(&["secrets", "set", "A=2"], "")?,
        [stored, "PATCH /api/v3/secrets/raw/A"]
    );
    assert_eq!(
        sent(&["secrets", "set", "A=2"], "")?,
        [stored],
        "nothing to change"
    );
    for args in [
        &["secrets"][..],
        &["secrets", "get", "A"],
        &["secrets", "generate-example-env"],
        &["export"],
        &["run", "--", "true"],
    ] {
        assert_eq!(sent(args, "")?, [listed], "{args:?}");
    }
    assert_eq!(
        sent(&["secrets", "delete", "A"], "")?,
        ["DELETE /api/v3/secrets/raw/A"]
    );
    assert_eq!(
        sent(&["secrets", "folders", "create", "--name", "f"], "")?,
        ["POST /api/v1/folders"]
    );
    assert_eq!(
        sent(&["secrets", "folders", "get"], "")?,
        ["GET /api/v1/folders?environment=dev&path=%2F&workspaceId=ID"]
    );
    assert_eq!(
        sent(&["secrets", "folders", "delete", "--name", "f"], "")?,
        ["DELETE /api/v1/folders/f"]
    );
    assert_eq!(
        sent(&["token", "renew", "-"], &desk.instance.machine)?,
        ["POST /api/v1/auth/token/renew"]
    );
    let made = sent(&["service-token", "create", "--scope", "dev:/"], "")?;
    assert_eq!(
        made.last().map(String::as_str),
        Some("POST /api/v2/service-token"),
        "{made:?}"
    );
    let set_up = sent(
        &[
            "bootstrap",
            "--email",
            EMAIL,
            "--organization",
            "Home",
            "--password-stdin",
            "--ignore-if-bootstrapped",
        ],
        &password,
    )?;
    assert_eq!(set_up, ["POST /api/v1/admin/bootstrap"]);
    Ok(())
}
