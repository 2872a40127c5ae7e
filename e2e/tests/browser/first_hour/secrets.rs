//! Adding, changing, restoring and deleting secrets.

use anyhow::{Context as _, Result};
use e2e::visit::{SOON, Visit};
use playwright_rs::expect;
use playwright_rs::protocol::AriaRole;

use super::VALUE;

/// Add, reveal, edit, restore, delete and undo.
pub async fn keep(visit: &Visit) -> Result<()> {
    let key = "-----BEGIN KEY-----\n  abc\n-----END KEY-----";
    add(visit, "TLS_KEY", key, "").await?;
    assert_eq!(reveal(visit, "TLS_KEY").await?, key);

    visit.press("Edit DB_URL").await?;
    let field = visit.page.get_by_label("Value", true);
    expect(field).with_timeout(SOON).to_have_value(VALUE).await?;
    visit.fill("Value", "changed – Küche").await?;
    visit.says("1 updated").await?;
    visit.inspect("10-unsaved").await?;
    visit.press("Save").await?;
    visit.shows(visit.button("Reveal DB_URL")).await?;
    // Made, imported, brought back, edited.
    visit.says("v4").await?;
    assert!(
        !visit.page.content().await?.contains("changed – Küche"),
        "a value in the page before anybody asked for it"
    );
    visit.press("Reveal DB_URL").await?;
    visit.shows(visit.page.locator("pre.plain")).await?;
    visit.inspect("10-revealed").await?;
    visit.press("Hide DB_URL").await?;
    assert_eq!(reveal(visit, "DB_URL").await?, "changed – Küche");

    visit.press("Versions of DB_URL").await?;
    visit.says("Version 1").await?;
    visit.inspect("11-versions").await?;
    visit.press("Restore version 1").await?;
    visit.gone(visit.heading("Versions of DB_URL")).await?;
    assert_eq!(reveal(visit, "DB_URL").await?, VALUE);

    visit.press("Delete TLS_KEY").await?;
    visit.shows(visit.heading("Delete TLS_KEY?")).await?;
    visit.inspect("12-delete").await?;
    visit.press("Cancel").await?;
    visit.gone(visit.heading("Delete TLS_KEY?")).await?;
    visit.press("Delete TLS_KEY").await?;
    visit.press("Confirm").await?;
    visit.gone(visit.button("Reveal TLS_KEY")).await?;
    visit
        .click(visit.button("Undo").last(), "Undo of the deletion")
        .await?;
    visit.shows(visit.button("Reveal TLS_KEY")).await?;
    assert_eq!(reveal(visit, "TLS_KEY").await?, key);

    visit.press("New folder").await?;
    visit.fill("Folder name", "backend").await?;
    visit.press("Create").await?;
    visit.follow("backend").await?;
    visit.shows(visit.heading("No secrets here yet")).await?;
    add(visit, "INNER", "in a folder", "").await?;
    visit.inspect("13-folder").await?;
    visit.follow("All secrets").await?;
    visit.shows(visit.button("Reveal DB_URL")).await?;

    visit.press("More about the folder backend").await?;
    visit
        .click(visit.part(AriaRole::Menuitem, "Delete"), "Delete in the menu")
        .await?;
    visit.fill("Type backend to confirm", "backend").await?;
    visit.press("Confirm").await?;
    let folder = visit.part(AriaRole::Link, "backend");
    visit.gone(folder.clone()).await?;
    visit
        .click(visit.button("Undo").last(), "Undo of the folder's deletion")
        .await?;
    visit.shows(folder).await?;
    visit.follow("backend").await?;
    visit.shows(visit.button("Reveal INNER")).await?;
    assert_eq!(reveal(visit, "INNER").await?, "in a folder");
    visit.follow("All secrets").await?;
    visit.shows(visit.button("Reveal DB_URL")).await
}

pub async fn add(visit: &Visit, name: &str, value: &str, comment: &str) -> Result<()> {
    visit.press("Add Secret").await?;
    visit.fill("Name", name).await?;
    visit.fill("Value", value).await?;
    visit.fill("Comment", comment).await?;
    visit.press("Save").await?;
    visit.shows(visit.button(&format!("Reveal {name}"))).await
}

/// The value of a secret as it is shown, which is then hidden again.
pub async fn reveal(visit: &Visit, name: &str) -> Result<String> {
    visit.press(&format!("Reveal {name}")).await?;
    let shown = visit.page.locator("pre.plain");
    visit.shows(shown.clone()).await?;
    assert_eq!(shown.count().await?, 1, "one value at a time");
    let value = shown.text_content().await?.context("an element without text")?;
    visit.press(&format!("Hide {name}")).await?;
    visit.gone(shown).await?;
    Ok(value)
}
