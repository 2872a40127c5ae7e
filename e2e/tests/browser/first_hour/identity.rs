//! A machine that reads a secret.

use std::fs;

use anyhow::{Context as _, Result};
use e2e::http;
use e2e::instance::text;
use e2e::server::Server;
use e2e::visit::Visit;
use serde_json::json;

use super::VALUE;

/// Client id and client secret of a machine, from the file that the page offers.
pub async fn make(visit: &Visit) -> Result<(String, String)> {
    visit.follow("Machine Identities").await?;
    visit.shows(visit.heading("No machine identities yet")).await?;
    visit.inspect("14-no-identities").await?;
    visit.press("Create identity").await?;
    visit.fill("Name", "Web server").await?;
    visit.inspect("15-new-identity").await?;
    visit.press("Create").await?;
    visit.shows(visit.button("Download as .env")).await?;
    visit.inspect("16-credentials").await?;
    let waiting = visit.page.expect_download(Some(20_000.0)).await?;
    visit.press("Download as .env").await?;
    let file = waiting.wait().await?.path().await?.context("no file")?;
    let lines = fs::read_to_string(file)?;
    let of = |name: &str| {
        lines
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .map(str::to_owned)
            .with_context(|| format!("no {name} in the file"))
    };
    let credentials = (
        of("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID")?,
        of("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET")?,
    );
    visit.press("Done").await?;
    visit.inspect("17-identities").await?;
    Ok(credentials)
}

/// The page waits for the first read of a program, and sees it.
pub async fn first_read(
    visit: &Visit,
    server: &Server,
    (client, secret): &(String, String),
    project: &str,
) -> Result<()> {
    visit.follow("Projects").await?;
    visit.says("Waiting for the first read").await?;
    visit.inspect("18-checklist").await?;
    let body = json!({ "clientId": client, "clientSecret": secret }).to_string();
    let headers = [("content-type", "application/json")];
    let login = http::once(
        server.address,
        "POST",
        "/api/v1/auth/universal-auth/login",
        &headers,
        body.as_bytes(),
    )?;
    let token = text(&login.ok()?, "/accessToken")?;
    let id = project.rsplit('/').nth(2).context("a project's page")?;
    let path = format!("/api/v4/secrets/DB_URL?projectId={id}&environment=dev&secretPath=/");
    let bearer = format!("Bearer {token}");
    let read = http::once(server.address, "GET", &path, &[("authorization", &bearer)], b"")?;
    assert_eq!(text(&read.ok()?, "/secret/secretValue")?, VALUE);
    visit.says("First secret read by").await?;
    visit.inspect("19-first-read").await
}
