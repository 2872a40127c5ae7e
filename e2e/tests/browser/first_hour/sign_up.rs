//! The first account, from the link in the server's log.

use anyhow::Result;
use e2e::http;
use e2e::instance::{EMAIL, ORGANIZATION, PASSWORD};
use e2e::server::Server;
use e2e::visit::{SOON, Visit};
use playwright_rs::expect;

/// From the link in the server's log to the first account.
pub async fn sign_up(visit: &Visit, server: &Server) -> Result<()> {
    let link = server.logged("Set it up within 60 minutes: ")?;
    let code = server.logged("Setup code: ")?;
    assert!(link.starts_with(&server.url()) && link.ends_with(&code), "{link}");
    visit.go(&link).await?;
    visit.shows(visit.heading("Set up Strongroom")).await?;
    let field = visit.page.get_by_label("Setup code", true);
    expect(field).with_timeout(SOON).to_have_value(&code).await?;

    // The document named every file of this first visit.
    let page = http::once(server.address, "GET", "/", &[], b"")?;
    let document = page.text()?.to_owned();
    let files: Vec<String> = visit
        .watch
        .requests()
        .into_iter()
        .map(|asked| asked.url)
        .filter(|url| url.contains("/assets/"))
        .collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let path = file.trim_start_matches(&server.url());
        assert!(
            document.contains(&format!("\"{path}\"")),
            "the document does not name {path}"
        );
    }
    visit.inspect("01-sign-up").await?;

    visit.fill("Email", EMAIL).await?;
    visit.fill("Password", "too short").await?;
    visit.fill("Organization", ORGANIZATION).await?;
    visit.press("Create account").await?;
    visit.says("fewer than 12 characters").await?;
    visit.inspect("02-sign-up-refused").await?;
    visit.fill("Password", PASSWORD).await?;
    visit.press("Create account").await?;
    visit.shows(visit.heading("Your recovery kit")).await?;
    visit.inspect("03-kit-begin").await
}
