//! Files and pasted lines.

use anyhow::{Result, ensure};
use e2e::visit::{DESK, PHONE, Visit};
use playwright_rs::protocol::AriaRole;

use super::{menu, read};
use crate::stage::show;

/// Drops a file on an element; true when the page took it.
async fn drop_file(visit: &Visit, on: &str, name: &str, content: &str) -> Result<bool> {
    let script = "([on, name, content]) => { const data = new DataTransfer(); \
        data.items.add(new File([content], name)); let taken = true; \
        for (const kind of ['dragover', 'drop']) { \
            const event = new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }); \
            document.querySelector(on).dispatchEvent(event); taken &&= event.defaultPrevented; } return taken; }";
    Ok(visit.page.evaluate(script, Some(&[on, name, content])).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_pasted_lines_open_the_import() -> Result<()> {
    show(&[], async |stage, visit| {
        visit.shows(visit.heading("No secrets here yet")).await?;
        ensure!(
            drop_file(visit, "main", "app.env", "FROM_FILE=1\nMORE=2\n").await?,
            "the file is taken"
        );
        visit.shows(visit.heading("Import secrets")).await?;
        visit.shows(visit.button("Import 2 secrets")).await?;
        // Why a line is not imported is read to its end, however narrow the screen is.
        let content = "GOOD=1\nthis line has no equals sign, and so nobody knows what it was meant to be\n";
        ensure!(
            drop_file(visit, "dialog h2", "long.env", content).await?,
            "the file is taken"
        );
        visit.shows(visit.page.locator(".import-long")).await?;
        visit.inspect("56-import-long").await?;
        visit.page.set_viewport_size(PHONE).await?;
        let script = "() => [...document.querySelectorAll('.import-long > *')] \
            .every(part => part.scrollWidth <= part.clientWidth || getComputedStyle(part).whiteSpace === 'normal' && \
            part.scrollHeight <= part.clientHeight)";
        let whole: bool = visit.page.evaluate(script, None::<&()>).await?;
        ensure!(whole, "the reason is cut off");
        visit.page.set_viewport_size(DESK).await?;
        // Beside the field, with the sheet open: another file replaces the text.
        let content = "{\"FROM_JSON\": \"3\"}";
        ensure!(
            drop_file(visit, "dialog h2", "app.json", content).await?,
            "the file is taken"
        );
        visit.shows(visit.button("Import 1 secret")).await?;
        visit.fill("Folder", "/backend").await?;
        visit.press("Import 1 secret").await?;
        // It went into a folder that was not there: the folder shows.
        visit.shows(visit.part(AriaRole::Link, "backend")).await?;
        visit.gone(visit.heading("Import secrets")).await?;

        let put = "() => navigator.clipboard.writeText('A_PASTED=1\\nB_PASTED=2\\n').then(() => true)";
        let _: bool = visit.page.evaluate(put, None::<&()>).await?;
        visit.page.keyboard().press("Control+v", None).await?;
        visit.shows(visit.heading("Import secrets")).await?;
        visit.press("Import 2 secrets").await?;
        visit.shows(visit.button("Reveal A_PASTED")).await?;
        assert_eq!(read(stage, "B_PASTED")?, "2");

        // A file that falls on any other page is not opened in its place.
        visit
            .click(menu(visit, "Projects"), "Projects in the menu")
            .await?;
        visit.shows(visit.heading("Projects")).await?;
        ensure!(
            drop_file(visit, "main", "app.env", "X=1\n").await?,
            "the page stays"
        );
        Ok(())
    })
    .await
}
