//! Real proxies before the server, with the configurations of dist/proxies: whom the server sees through them.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::instance::{Instance, bootstrap_body};
use e2e::server::Server;

/// Longest wait for a proxy to start; a loaded machine is slow.
const START: Duration = Duration::from_secs(30);
/// Where requests come from. Not the address of the proxies, which is trusted.
const CLIENT: &str = "127.0.0.7";

/// A proxy that ends with this value.
struct Proxy {
    child: Child,
    port: u16,
    scratch: PathBuf,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A documented configuration with the places of this test in it. Each of them has to be there.
fn configuration(name: &str, replaced: &[(&str, String)]) -> Result<String> {
    let mut text = fs::read_to_string(project("dist/proxies").join(name))?;
    for (documented, here) in replaced {
        ensure!(text.contains(documented), "{name} does not say {documented:?}");
        text = text.replace(documented, here);
    }
    Ok(text)
}

impl Proxy {
    fn start(which: &str, server: SocketAddr, scratch: &Path) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let scratch = scratch.join(which);
        fs::create_dir(&scratch)?;
        let tls = project("e2e/fixtures/tls");
        let (certificate, key) = (tls.join("server.pem"), tls.join("server.key"));
        let both = scratch.join("both.pem");
        let mut pair = fs::read(&certificate)?;
        pair.extend(fs::read(&key)?);
        fs::write(&both, pair)?;
        let upstream = ("127.0.0.1:8080", server.to_string());
        let files = [
            (
                "/etc/ssl/strongroom/certificate.pem",
                certificate.display().to_string(),
            ),
            ("/etc/ssl/strongroom/key.pem", key.display().to_string()),
        ];
        let file = scratch.join("configuration");
        let here = scratch.display();
        let mut command = match which {
            "nginx" => {
                let mut replaced = vec![upstream, ("listen 443", format!("listen 127.0.0.1:{port}"))];
                replaced.extend(files);
                let documented = configuration("nginx.conf", &replaced)?;
                let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|kind| format!("{kind}_temp_path {here}/{kind};"))
                    .join("\n");
                // What Debian's own nginx.conf has around it, without other people's folders and without workers.
                let whole = format!(
                    "daemon off;\nmaster_process off;\npid {here}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n\
                     access_log off;\n{paths}\n{documented}\n}}\n"
                );
                fs::write(&file, whole)?;
                let mut command = Command::new("/usr/sbin/nginx");
                command
                    .arg("-p")
                    .arg(&scratch)
                    .args(["-e", "stderr", "-c"])
                    .arg(&file);
                command
            }
            "haproxy" => {
                let replaced = [
                    upstream,
                    ("bind :443", format!("bind 127.0.0.1:{port}")),
                    ("/etc/ssl/strongroom/both.pem", both.display().to_string()),
                ];
                fs::write(&file, configuration("haproxy.cfg", &replaced)?)?;
                let mut command = Command::new("/usr/sbin/haproxy");
                command.arg("-db").arg("-f").arg(&file);
                command
            }
            _ => {
                let mut replaced = vec![
                    upstream,
                    (
                        "secrets.example.com {",
                        format!("https://localhost:{port} {{\n\tbind 127.0.0.1"),
                    ),
                ];
                replaced.extend(files);
                let documented = configuration("Caddyfile", &replaced)?;
                fs::write(
                    &file,
                    format!("{{\n\tadmin off\n\tauto_https off\n}}\n{documented}"),
                )?;
                let mut command = Command::new("/usr/bin/caddy");
                command
                    .args(["run", "--adapter", "caddyfile", "--config"])
                    .arg(&file);
                command
            }
        };
        let log = fs::File::create(scratch.join("log"))?;
        let child = command
            .env("HOME", &scratch)
            .env("XDG_DATA_HOME", &scratch)
            .env("XDG_CONFIG_HOME", &scratch)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{which} does not start"))?;
        let mut proxy = Self { child, port, scratch };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = proxy.child.try_wait()?;
            ensure!(
                ended.is_none() && begun.elapsed() < START,
                "{which} does not listen: {}",
                proxy.log()
            );
            sleep(Duration::from_millis(20));
        }
        Ok(proxy)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.scratch.join("log")).unwrap_or_default()
    }

    /// A request over TLS: status, head and body.
    fn request(&self, path: &str, headers: &[&str], body: Option<&str>) -> Result<(u16, String)> {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--show-error",
            "--include",
            "--max-time",
            "30",
            "--noproxy",
            "*",
        ])
        .args(["--interface", CLIENT, "--cacert"])
        .arg(project("e2e/fixtures/tls/ca.pem"))
        .args(headers.iter().flat_map(|header| ["--header", header]));
        if let Some(body) = body {
            curl.args(["--header", "Content-Type: application/json", "--data", body]);
        }
        let output = curl
            .arg(format!("https://localhost:{}{path}", self.port))
            .output()
            .context("curl does not start")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "{}\n{}",
            String::from_utf8_lossy(&output.stderr),
            self.log()
        );
        let status = text.split(' ').nth(1).context("no status")?.parse()?;
        Ok((status, text))
    }
}

/// What somebody may write to be somebody else.
const TRICKS: [&[&str]; 7] = [
    &[],
    &["X-Forwarded-For: 127.0.0.1"],
    &[
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-For: 127.0.0.1, 127.0.0.1",
    ],
    &[
        "X-Real-IP: 127.0.0.1",
        "Forwarded: for=127.0.0.1",
        "True-Client-IP: 127.0.0.1",
    ],
    &["Host: localhost", "X-Forwarded-For: 127.0.0.1"],
    &["Host: 127.0.0.1:8080"],
    &["X-Forwarded-Host: localhost", "X-Forwarded-Proto: http"],
];

fn through(which: &str) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = Server::start_with(&scratch.path().join("data"), &["--trusted-proxy", "127.0.0.1"])?;
    let code = server.logged("Setup code: ")?;
    let proxy = Proxy::start(which, server.address, scratch.path())?;

    // Nobody claims it from there without the code.
    let mut body = bootstrap_body();
    for headers in TRICKS {
        // Caddy serves the name alone that it is told to.
        if which == "caddy" && headers.iter().any(|header| header.starts_with("Host: 127")) {
            continue;
        }
        let (status, text) = proxy.request("/api/v1/admin/bootstrap", headers, Some(&body.to_string()))?;
        ensure!(status == 403, "{which}: {headers:?}: {text}");
    }
    ensure!(
        server
            .log()?
            .contains("login refused client=127.0.0.7 method=setup-code"),
        "{}",
        server.log()?
    );
    body["setupCode"] = code.into();
    let (status, text) = proxy.request("/api/strongroom/v1/setup", &[], Some(&body.to_string()))?;
    ensure!(status == 200, "{text}");
    let cookie = text
        .lines()
        .find(|line| line.to_lowercase().starts_with("set-cookie: jid="));
    ensure!(
        cookie.is_some_and(|cookie| cookie.trim_end().ends_with("; Secure")),
        "{text}"
    );

    // Wrong passwords are counted against who sent them, whatever he writes.
    for (number, headers) in TRICKS.iter().enumerate() {
        if headers.iter().any(|header| header.starts_with("Host: ")) {
            continue;
        }
        let wrong = format!("{{\"email\":\"nobody{number}@example.com\",\"password\":\"wrong\"}}");
        let (status, text) = proxy.request("/api/v3/auth/login", headers, Some(&wrong))?;
        ensure!(status == 400, "{text}");
    }
    let log = server.log()?;
    let lines: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("method=password"))
        .collect();
    ensure!(
        lines.len() == 5 && lines.iter().all(|line| line.contains("client=127.0.0.7 ")),
        "{which}: {lines:#?}"
    );
    // Metrics and pages: the proxy makes nobody a program of this machine.
    let (status, text) = proxy.request("/metrics", &["Host: localhost"], None)?;
    ensure!(
        matches!(status, 403) || which == "caddy" && !text.contains("strongroom_"),
        "{text}"
    );
    let (status, text) = proxy.request("/", &[], None)?;
    ensure!(
        status == 200 && text.to_lowercase().contains("content-security-policy"),
        "{text}"
    );
    ensure!(proxy.request("/api/status", &[], None)?.0 == 200, "no status");
    server.stop()
}

#[test]
fn nginx() -> Result<()> {
    through("nginx")
}

#[test]
fn haproxy() -> Result<()> {
    through("haproxy")
}

#[test]
fn caddy() -> Result<()> {
    through("caddy")
}

/// Where nobody is trusted, the proxy is whom the server sees, and what it says counts for nothing.
#[test]
fn a_proxy_that_is_not_trusted_is_the_client() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = Server::start(&scratch.path().join("data"))?;
    Instance::set_up(server.address)?;
    let proxy = Proxy::start("nginx", server.address, scratch.path())?;
    let wrong = r#"{"email":"nobody@example.com","password":"wrong"}"#;
    let (status, text) = proxy.request("/api/v3/auth/login", &["X-Forwarded-For: 1.1.1.1"], Some(wrong))?;
    ensure!(status == 400, "{text}");
    let client = server.logged("login refused client=")?;
    ensure!(client.starts_with("127.0.0.1 "), "{client}");
    server.stop()
}
