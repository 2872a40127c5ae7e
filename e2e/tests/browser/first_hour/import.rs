//! The first project, and the file that somebody brings along.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use e2e::dotenv;
use e2e::http::Connection;
use e2e::instance::{log_in, text};
use e2e::server::Server;
use e2e::visit::Visit;

use super::VALUE;
use super::secrets::{add, reveal};

/// The first project; returns the address of its page.
pub async fn make_project(visit: &Visit) -> Result<String> {
    visit.fill("Project name", "Home Lab").await?;
    visit.press("Create").await?;
    visit.shows(visit.heading("No secrets here yet")).await?;
    visit.inspect("07-no-secrets").await?;
    let url = visit.page.url();
    assert!(url.ends_with("/dev") && url.contains("/projects/"), "{url}");
    Ok(url)
}

/// A file goes in with one commit, and comes out again with one press.
pub async fn import(visit: &Visit, server: &Server, project: &str) -> Result<()> {
    add(visit, "DB_URL", VALUE, "main database").await?;
    visit.press("Import").await?;
    visit.shows(visit.heading("Import secrets")).await?;
    // One that is there already, a line that is none, and what a homelab's file has.
    let text = format!("DB_URL=other\nthis is no line\n{}", dotenv::OMAKASE);
    let field = "Paste or drop a .env, JSON, YAML or CSV file";
    visit.fill(field, &text).await?;
    for count in ["26 new", "1 changed", "1 invalid"] {
        visit.says(count).await?;
    }
    visit.says("Line 2").await?;
    visit.inspect("08-import").await?;
    visit.press("Import 27 secrets").await?;
    visit.shows(visit.button("Reveal B2_ACCOUNT_ID")).await?;
    // Each commit has its own; the newest stands last.
    visit.shows(visit.button("Undo").last()).await?;
    visit.inspect("09-imported").await?;
    let mut expected = dotenv::omakase()?;
    expected.insert("DB_URL".to_owned(), "other".to_owned());
    assert_eq!(
        stored(server, project)?,
        expected,
        "every value as the file has it"
    );
    // Only rows in sight are drawn.
    for name in ["SMTP_FROM_NAME", "TLS_KEY"] {
        visit.fill("Search secrets", name).await?;
        assert_eq!(reveal(visit, name).await?, expected[name]);
    }
    visit.fill("Search secrets", "").await?;
    visit
        .click(visit.button("Undo").last(), "Undo of the import")
        .await?;
    visit.gone(visit.button("Reveal B2_ACCOUNT_ID")).await?;
    visit.shows(visit.button("Reveal DB_URL")).await?;
    assert_eq!(
        reveal(visit, "DB_URL").await?,
        VALUE,
        "undo brings the value back"
    );
    Ok(())
}

/// What the server has in the environment of this page.
fn stored(server: &Server, project: &str) -> Result<BTreeMap<String, String>> {
    let id = project.rsplit('/').nth(2).context("a project's page")?;
    let token = log_in(server.address)?;
    let path = format!("/api/v4/secrets?projectId={id}&environment=dev&secretPath=/&viewSecretValue=true");
    let answer = Connection::open(server.address)?
        .call(&token, "GET", &path, None)?
        .ok()?;
    let list = answer["secrets"].as_array().context("no list")?;
    list.iter()
        .map(|secret| Ok((text(secret, "/secretKey")?, text(secret, "/secretValue")?)))
        .collect()
}
