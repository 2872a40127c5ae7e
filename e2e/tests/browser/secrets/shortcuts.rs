//! The keyboard.

use anyhow::Result;
use playwright_rs::protocol::FilterOptions;

use super::{clipboard, edit, has_value};
use crate::stage::show;

#[tokio::test(flavor = "multi_thread")]
async fn every_key_does_what_the_sheet_says() -> Result<()> {
    show(&[("ALPHA", "1"), ("BETA", "2")], async |_, visit| {
        visit.shows(visit.button("Reveal ALPHA")).await?;
        let keys = visit.page.keyboard();
        let value = visit.page.get_by_label("Value", true);
        let beta = visit
            .page
            .locator(".secret")
            .filter(FilterOptions::default().has_text("BETA"));
        keys.press("?", None).await?;
        visit.press("Close").await?;
        visit.gone(visit.button("Close")).await?;
        keys.press("ArrowDown", None).await?;
        keys.press("ArrowDown", None).await?;
        visit.listens(beta.clone()).await?;
        keys.press("c", None).await?;
        visit.says("Copied BETA").await?;
        assert_eq!(clipboard(visit).await?, "2");
        for key in ["e", "Enter"] {
            keys.press(key, None).await?;
            has_value(visit, "Value", "2").await?;
            visit.listens(value.clone()).await?;
            keys.press("Escape", None).await?;
            visit.gone(value.clone()).await?;
            visit.listens(beta.clone()).await?;
        }
        keys.press("v", None).await?;
        visit.shows(visit.heading("Versions of BETA")).await?;
        visit.says("Version 1").await?;
        keys.press("Escape", None).await?;
        visit.gone(visit.heading("Versions of BETA")).await?;
        keys.press("Delete", None).await?;
        visit.shows(visit.heading("Delete BETA?")).await?;
        keys.press("Escape", None).await?;
        visit.gone(visit.heading("Delete BETA?")).await?;
        keys.press("i", None).await?;
        visit.shows(visit.heading("Import secrets")).await?;
        keys.press("Escape", None).await?;
        visit.gone(visit.heading("Import secrets")).await?;

        // Saving and deleting leave the keyboard where it was.
        edit(visit, "BETA", "2").await?;
        visit.fill("Value", "3").await?;
        keys.press("Control+Enter", None).await?;
        visit.shows(visit.button("Reveal BETA")).await?;
        let row = visit.page.locator(".secret:focus").get_by_text("BETA", true);
        visit.shows(row).await?;
        visit.press("Delete BETA").await?;
        visit.press("Confirm").await?;
        visit.gone(visit.button("Reveal BETA")).await?;
        let row = visit.page.locator(".secret:focus").get_by_text("ALPHA", true);
        visit.shows(row).await?;

        keys.press("g", None).await?;
        keys.press("p", None).await?;
        visit.shows(visit.heading("Projects")).await?;
        keys.press("g", None).await?;
        keys.press("b", None).await?;
        visit.shows(visit.heading("All backups")).await?;
        Ok(())
    })
    .await
}
