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
    // What a homelab's file has, one that is there already, and a line that is none.
    let text = format!("{}\nDB_URL=other\nthis is no line\n", dotenv::OMAKASE);
    let field = "Paste or drop a .env, JSON, YAML or CSV file";
    visit.fill(field, &text).await?;
    visit.says(&format!("Line {}", text.lines().count())).await?;
    visit.inspect("08-import").await?;
    let button = visit
        .page
        .locator("dialog .button-primary, [role=dialog] .button-primary");
    visit.click(button.last(), "the button that imports").await?;
    visit.shows(visit.button("Reveal TZ")).await?;
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
    assert_eq!(reveal(visit, "SMTP_FROM_NAME").await?, expected["SMTP_FROM_NAME"]);
    assert_eq!(reveal(visit, "TLS_KEY").await?, expected["TLS_KEY"]);
    visit
        .click(visit.button("Undo").last(), "Undo of the import")
        .await?;
    visit.gone(visit.button("Reveal TZ")).await?;
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
