//! The environments of a project.

use anyhow::{Context as _, Result};
use e2e::server::Server;
use e2e::visit::{SOON, Visit};
use playwright_rs::expect;
use playwright_rs::protocol::AriaRole;

use super::VALUE;
use super::secrets::reveal;

/// Environments are added, cloned, moved and deleted; the last needs the name typed.
pub async fn manage(visit: &Visit, server: &Server, project: &str) -> Result<()> {
    let id = project.rsplit('/').nth(2).context("a project's page")?;
    visit
        .go(&format!("{}/projects/{id}/settings", server.url()))
        .await?;
    visit.shows(visit.heading("Environments")).await?;
    visit.inspect("23-project-settings").await?;
    visit.press("Add environment").await?;
    visit.fill("Environment name", "QA").await?;
    visit.press("Add").await?;
    visit.shows(visit.button("More about QA")).await?;
    visit.press("Move QA up").await?;
    visit.says("QA is number 3 now").await?;
    let names = visit.page.locator("ol[aria-label=Environments] .row-title");
    for (at, name) in [(0, "Development"), (1, "Staging"), (2, "QA"), (3, "Production")] {
        expect(names.nth(at))
            .with_timeout(SOON)
            .to_have_text(name)
            .await?;
    }
    visit.press("More about QA").await?;
    visit
        .click(visit.part(AriaRole::Menuitem, "Delete"), "Delete in the menu")
        .await?;
    visit.shows(visit.heading("Delete QA?")).await?;
    visit.inspect("24-delete-environment").await?;
    expect(visit.button("Confirm"))
        .with_timeout(SOON)
        .to_be_disabled()
        .await?;
    visit.fill("Type QA to confirm", "QA").await?;
    visit.press("Confirm").await?;
    visit.gone(visit.button("More about QA")).await?;

    visit.press("More about Development").await?;
    visit
        .click(visit.part(AriaRole::Menuitem, "Clone"), "Clone in the menu")
        .await?;
    visit.fill("Environment name", "Laptop").await?;
    visit.press("Clone").await?;
    visit.shows(visit.button("More about Laptop")).await?;
    visit.go(&project.replace("/dev", "/laptop")).await?;
    assert_eq!(reveal(visit, "DB_URL").await?, VALUE, "a clone has the values");
    Ok(())
}
