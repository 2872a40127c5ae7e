//! A command line that somebody logs in with a browser.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Child;
use std::thread::JoinHandle;

use anyhow::{Context as _, Result, ensure};
use e2e::instance::{EMAIL, PASSWORD};
use e2e::program::{Run, binary};
use e2e::visit::{Chromium, Visit};
use serde_json::Value;

use super::stage::{Stage, patiently};

const TITLE: &str = "Log in the command line";

/// A command line that waits for its login.
struct Waiting {
    program: Child,
    told: BufReader<std::process::ChildStderr>,
    link: String,
    code: String,
}

impl Waiting {
    fn start(stage: &Stage) -> Result<Self> {
        let home = stage.scratch.path();
        let mut program = Run::new(home)?
            .args(["login", "--method", "browser", "--domain", &stage.server.url()])
            .start()?;
        let mut told = BufReader::new(program.stderr.take().context("no messages")?);
        let (mut first, mut link) = (String::new(), String::new());
        told.read_line(&mut first)?;
        told.read_line(&mut link)?;
        let code = first.trim().trim_end_matches(':').rsplit(' ').next();
        Ok(Self {
            program,
            told,
            link: link.trim().to_owned(),
            code: code.context("no code")?.to_owned(),
        })
    }

    /// Where it listens.
    fn place(&self) -> Result<String> {
        let port = self.link.split("callback_port=").nth(1);
        let port = port.and_then(|rest| rest.split('&').next()).context("no port")?;
        Ok(format!("127.0.0.1:{port}"))
    }

    fn end(mut self) -> Result<(bool, String)> {
        let mut told = String::new();
        self.told.read_to_string(&mut told)?;
        Ok((self.program.wait()?.success(), told))
    }
}

async fn log_in(visit: &Visit) -> Result<()> {
    visit.fill("Email", EMAIL).await?;
    visit.fill("Password", PASSWORD).await?;
    visit.press(TITLE).await
}

fn whoami(stage: &Stage, home: &Path) -> Result<String> {
    Run::new(home)?
        .args(["whoami", "--domain", &stage.server.url()])
        .finish()?
        .ok()
}

/// Nothing was sent but to the server and, if it is named, to the command line.
fn sent_to(visit: &Visit, stage: &Stage, command_line: &str) -> Result<()> {
    for asked in visit.watch.requests() {
        let known = [stage.server.url(), format!("http://{command_line}")];
        ensure!(
            known
                .iter()
                .any(|place| asked.url.starts_with(&format!("{place}/")))
                || asked.url.starts_with("data:"),
            "a request to another place: {}",
            asked.url
        );
    }
    let complaints = visit.watch.complaints();
    ensure!(complaints.is_empty(), "{complaints:#?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_hands_the_login_over() -> Result<()> {
    patiently(Box::pin(async {
        let stage = Stage::new()?;
        let waiting = Waiting::start(&stage)?;
        let place = waiting.place()?;
        let chromium = Chromium::start().await?;
        let visit = chromium.visitor().await?;
        visit.go(&waiting.link).await?;
        visit.shows(visit.heading(TITLE)).await?;
        visit.says(&waiting.code).await?;
        visit.says(&place).await?;
        visit.inspect("64-command-line").await?;
        visit.watch.expect("status of 400");
        visit.fill("Email", EMAIL).await?;
        visit.fill("Password", "not the password").await?;
        visit.press(TITLE).await?;
        visit.says("Check e-mail address and password").await?;
        visit.watch.came("status of 400").await?;
        log_in(&visit).await?;
        visit.says("The command line is logged in").await?;
        visit.inspect("65-command-line-done").await?;
        let (well, told) = waiting.end()?;
        ensure!(well && told.contains("Logged in successfully"), "{told}");
        ensure!(whoami(&stage, stage.scratch.path())?.contains(EMAIL));
        sent_to(&visit, &stage, &place)?;
        for asked in visit.watch.requests() {
            ensure!(!asked.url.contains("eyJ"), "a token in an address: {}", asked.url);
        }

        // The browser itself is not logged in, and other pages may not reach this computer.
        visit.go(&format!("{}/login", stage.server.url())).await?;
        visit.shows(visit.heading("Log in")).await?;
        visit.watch.expect("Content Security Policy");
        let script = format!("() => fetch('http://{place}/').then(() => 'reached', () => 'refused')");
        let reached: String = visit.page.evaluate(&script, None::<&()>).await?;
        ensure!(reached == "refused");
        chromium.end().await?;
        stage.server.stop()
    }))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_carries_the_login_over() -> Result<()> {
    patiently(Box::pin(async {
        let stage = Stage::new()?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        // Nobody listens there: the command line runs on another computer.
        let nobody = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let link = format!(
            "{}/login?callback_port={}&code=K7QM-2XPD",
            stage.server.url(),
            nobody.port()
        );
        visit.go(&link).await?;
        visit.watch.expect("ERR_CONNECTION_REFUSED");
        log_in(&visit).await?;
        let field = visit.page.get_by_label("Login for the command line", true);
        visit.shows(field.clone()).await?;
        visit.watch.came("ERR_CONNECTION_REFUSED").await?;
        visit.inspect("66-command-line-carry").await?;
        let carried = field.input_value(None).await?;
        // Who was logged in before is so still.
        visit.go(&stage.secrets()).await?;
        visit.shows(visit.button("Log out")).await?;

        let home = stage.scratch.path().join("far");
        std::fs::create_dir(&home)?;
        let script = "printf '2\\n\\n%s\\n' \"$CARRIED\" | script -E never -qec \"$PROGRAM login --domain $SERVER\" /dev/null";
        let told = Run::of(Path::new("/bin/sh"), &home)
            .args(["-c", script])
            .env("CARRIED", carried.as_str())
            .env("PROGRAM", std::fs::canonicalize(binary()?)?)
            .env("SERVER", stage.server.url())
            .finish()?
            .ok()?;
        ensure!(told.contains("Logged in successfully"), "{told}");
        ensure!(!told.contains(&carried), "what was pasted is on the screen");
        ensure!(whoami(&stage, &home)?.contains(EMAIL));
        chromium.end().await?;
        stage.server.stop()
    }))
    .await
}

/// What Infisical's own command line listens with: the first body that is posted to it.
fn infisicals(listener: TcpListener, site: String) -> JoinHandle<Result<String>> {
    std::thread::spawn(move || {
        loop {
            let (stream, _) = listener.accept()?;
            let mut reader = BufReader::new(&stream);
            let mut first = String::new();
            if reader.read_line(&mut first)? == 0 {
                continue;
            }
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line)?;
                let Some((name, value)) = line.trim_end().split_once(": ") else {
                    break;
                };
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.parse()?;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            write!(
                &stream,
                "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: {site}\r\nAccess-Control-Allow-Credentials: true\r\n\
                 Access-Control-Allow-Methods: POST, OPTIONS\r\nAccess-Control-Allow-Headers: Content-Type\r\n\
                 Content-Length: 0\r\nConnection: close\r\n\r\n"
            )?;
            if first.starts_with("POST / ") {
                return Ok(String::from_utf8(body)?);
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn infisicals_own_command_line_is_served_as_well() -> Result<()> {
    patiently(Box::pin(async {
        let stage = Stage::new()?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let place: SocketAddr = listener.local_addr()?;
        let received = infisicals(listener, stage.server.url());
        let chromium = Chromium::start().await?;
        let visit = chromium.visitor().await?;
        visit
            .go(&format!(
                "{}/login?callback_port={}",
                stage.server.url(),
                place.port()
            ))
            .await?;
        visit.says("shows no code to compare").await?;
        log_in(&visit).await?;
        visit.says("The command line is logged in").await?;
        let body = received
            .join()
            .map_err(|_| anyhow::anyhow!("the listener failed"))??;
        let body: Value = serde_json::from_str(&body)?;
        let token = body["JTWToken"].as_str().context("no token")?;
        ensure!(
            body["email"] == EMAIL && body["privateKey"] == "" && body["RefreshToken"] == "",
            "other fields"
        );
        ensure!(body.get("code").is_none());
        let me = Run::new(stage.scratch.path())?
            .args(["whoami", "--domain", &stage.server.url()])
            .env("INFISICAL_TOKEN", token)
            .finish()?
            .ok()?;
        ensure!(me.contains(EMAIL), "{me}");
        sent_to(&visit, &stage, &place.to_string())?;
        chromium.end().await?;
        stage.server.stop()
    }))
    .await
}
