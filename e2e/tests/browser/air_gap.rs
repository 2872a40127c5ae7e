//! Without any network: set-up in the browser, import, command line, backup and restore on a machine that reaches nothing,
//! and nobody there tries to.

use std::collections::BTreeSet;
use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use e2e::instance::{EMAIL, ORGANIZATION, PASSWORD};
use e2e::namespace::Namespace;
use e2e::program::{Finished, Run};
use e2e::server::Server;
use e2e::tls::Client;
use e2e::visit::Chromium;

use super::first_hour::{import, kit};
use super::stage::patiently;

/// Where the server is, for its certificate.
const HERE: &str = "127.0.0.1";
const AUTHORITY: &str = "GET /api/strongroom/v1/tls/authority.pem";
/// Hosts that served texts may name: the names of XML's vocabularies, and documentation inside panic messages of libraries.
/// Nothing ever asks them for anything.
const NAMED: [&str; 2] = ["www.w3.org", "developer.mozilla.org"];

#[test]
fn everything_works_where_no_network_is_and_nothing_looks_for_one() -> Result<()> {
    let namespace = Namespace::enter()?;
    // Its threads are of this thread's namespace, and so is the browser that they start.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let scratch = tempfile::tempdir()?;
    let trace = scratch.path().join("trace");
    let strace = [
        "strace",
        "-D",
        "-f",
        "--seccomp-bpf",
        "-e",
        "trace=network,openat",
        "-o",
        &trace.display().to_string(),
    ];
    let data = scratch.path().join("data");
    let server = Server::start_under(&data, &strace, &["--tls", "internal"])?;
    let (_, authority) = Client::trusting_anybody()?.request(server.address, HERE, AUTHORITY, &[])?;
    let root = scratch.path().join("authority.pem");
    fs::write(&root, &authority)?;
    assert_eq!(namespace.lost_packets()?, 0);
    let kit = runtime.block_on(patiently(set_up(&server, &root, scratch.path())))?;
    // A browser looks for its maker by itself; what the page asked for was looked at one by one.
    let of_the_browser = namespace.lost_packets()?;
    served_bytes_name_no_other_origin(&server, &Client::trusting(&[&authority])?)?;
    at_the_command_line(&server, scratch.path(), &root, &kit)?;
    server.stop()?;
    looked_for_nothing(&fs::read_to_string(&trace)?)?;

    assert_eq!(namespace.lost_packets()?, of_the_browser);
    // The counter does count: this one has nowhere to go.
    let refused = UdpSocket::bind("0.0.0.0:0")?.send_to(b"out", "192.0.2.1:53");
    assert!(refused.is_err() && namespace.lost_packets()? > of_the_browser);
    Ok(())
}

/// From the printed link to a recovery kit, in a browser that trusts the server's own authority and asks nobody else.
async fn set_up(server: &Server, authority: &Path, folder: &Path) -> Result<PathBuf> {
    let chromium = Chromium::trusting(authority, folder).await?;
    let visit = chromium.visitor().await?;
    visit.go(&server.logged("Set it up within 60 minutes: ")?).await?;
    visit.shows(visit.heading("Set up Strongroom")).await?;
    visit.fill("Email", EMAIL).await?;
    visit.fill("Organization", ORGANIZATION).await?;
    visit.fill("Password", PASSWORD).await?;
    visit.press("Create account").await?;
    visit.shows(visit.heading("Your recovery kit")).await?;
    let kit = kit::make(&visit, server, folder).await?;
    import::make_project(&visit).await?;
    visit.was_clean(&server.https_url())?;
    chromium.end().await?;
    Ok(kit)
}

/// Every file of the interface, as it lies in the program.
fn served_bytes_name_no_other_origin(server: &Server, client: &Client) -> Result<()> {
    let mut files = BTreeSet::from(["/".to_owned()]);
    let mut seen = BTreeSet::new();
    while let Some(path) = files.pop_first() {
        let (_, text) = client.request(server.address, HERE, &format!("GET {path}"), &[])?;
        for host in hosts(&text) {
            ensure!(
                NAMED.contains(&host) || host.contains(".example"),
                "{path} names {host}"
            );
        }
        let assets = text.match_indices("/assets/").map(|(at, _)| {
            let rest = &text[at..];
            let end = rest.find(['"', '\'', '`', ')', ' ', '\\']).unwrap_or(rest.len());
            rest[..end].to_owned()
        });
        let found: Vec<String> = assets.filter(|asset| asset.len() < 200).collect();
        seen.insert(path);
        files.extend(found.into_iter().filter(|asset| !seen.contains(asset)));
    }
    ensure!(seen.iter().any(|path| path.contains(".wasm")), "{seen:?}");
    Ok(())
}

/// The hosts of the addresses in a text.
fn hosts(text: &str) -> impl Iterator<Item = &str> {
    text.split("://").skip(1).filter_map(|rest| {
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '-'))
            .unwrap_or(rest.len());
        let host = &rest[..end];
        let is_host = host.contains('.') && !host.starts_with('.') && host.chars().any(char::is_alphabetic);
        is_host.then_some(host)
    })
}

fn at_the_command_line(server: &Server, home: &Path, authority: &Path, kit: &Path) -> Result<()> {
    let url = server.https_url();
    let run = |arguments: &[&str], input: &str| -> Result<Finished> {
        Run::new(home)?
            .args(arguments)
            .env("INFISICAL_PROJECT_ID", "Home Lab")
            .env("SSL_CERT_FILE", authority)
            .input(input)
            .finish()
    };
    let done = |arguments: &[&str], input: &str| -> Result<String> {
        run(arguments, input)?
            .ok()
            .with_context(|| format!("{arguments:?}"))
    };
    let login = ["login", "--domain", &url, "--email", EMAIL, "--password-stdin"];
    done(&login, &format!("{PASSWORD}\n"))?;
    fs::write(home.join("islands.env"), "HARBOUR=quiet water\n")?;
    done(&["import", "islands.env"], "")?;
    assert_eq!(
        done(&["secrets", "get", "HARBOUR", "--plain"], "")?.trim(),
        "quiet water"
    );
    assert_eq!(done(&["run", "--", "printenv", "HARBOUR"], "")?, "quiet water\n");

    done(&["backup", "--data-dir", "data", "--output", "island.age"], "")?;
    let kit = kit.display().to_string();
    let restore = [
        "restore",
        "island.age",
        "--identity",
        &kit,
        "--data-dir",
        "elsewhere",
    ];
    done(&restore, "")?;
    let restored = Server::start(&home.join("elsewhere"))?;
    let login = [
        "login",
        "--domain",
        &restored.url(),
        "--email",
        EMAIL,
        "--password-stdin",
    ];
    done(&login, &format!("{PASSWORD}\n"))?;
    assert_eq!(
        done(&["secrets", "get", "HARBOUR", "--plain"], "")?.trim(),
        "quiet water"
    );
    restored.stop()
}

/// What the server asked of the kernel: no address but loopback's, and no module that resolves names.
fn looked_for_nothing(trace: &str) -> Result<()> {
    let mut addresses = 0;
    for line in trace.lines() {
        ensure!(!line.contains("libnss"), "{line}");
        for before in ["inet_addr(\"", "inet_pton(AF_INET6, \""] {
            for (_, rest) in line
                .match_indices(before)
                .map(|(at, _)| line.split_at(at + before.len()))
            {
                let address = rest.split('"').next().unwrap_or_default();
                let address: std::net::IpAddr = address.parse().with_context(|| line.to_owned())?;
                ensure!(address.is_loopback(), "{line}");
                addresses += 1;
            }
        }
    }
    ensure!(addresses > 0, "the trace has no address at all");
    Ok(())
}
