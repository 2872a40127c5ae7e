//! A server whose certificate an authority of one's own has signed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use e2e::program::Run;

#[test]
fn an_authority_of_ones_own_is_trusted_when_it_is_named() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls");
    let mut server = Command::new("python3")
        .arg(folder.join("serve.py"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut port = String::new();
    BufReader::new(server.stdout.take().context("no output")?).read_line(&mut port)?;
    let url = format!("https://localhost:{}", port.trim());
    let home = tempfile::tempdir()?;
    let whoami = |arguments: &[&str]| -> Result<Run> {
        Ok(Run::new(home.path())?
            .args(["whoami", "--token", "t", "--domain", &url])
            .args(arguments))
    };
    let authority = folder.join("ca.pem").display().to_string();
    let result = (|| -> Result<()> {
        let told = whoami(&[])?.finish()?.refused(6)?;
        assert!(told.contains("no trusted TLS connection"), "{told}");
        assert!(told.contains("--ca-cert"), "{told}");
        let named = whoami(&["--ca-cert", &authority])?.finish()?.ok()?;
        assert!(named.starts_with("Logged in as: kavi@example.com\n"), "{named}");
        whoami(&[])?
            .env("SSL_CERT_FILE", authority.as_str())
            .finish()?
            .ok()?;
        let nowhere = whoami(&["--ca-cert", "/nowhere"])?.finish()?.refused(1)?;
        assert!(nowhere.contains("/nowhere cannot be read"), "{nowhere}");
        let script = folder.join("serve.py").display().to_string();
        let empty = whoami(&["--ca-cert", &script])?.finish()?.refused(6)?;
        assert!(empty.contains("holds no certificate"), "{empty}");
        Ok(())
    })();
    server.kill()?;
    server.wait()?;
    result
}
