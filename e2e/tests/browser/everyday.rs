//! What people do besides: tags, the clipboard, pasted lines, other formats, a look away.

use anyhow::Result;
use e2e::http::Connection;
use e2e::visit::{Chromium, SOON};
use playwright_rs::expect;

use super::stage::{Stage, patiently};

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_made_and_stays() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        stage.create("TAGGED", "value")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.press("Edit TAGGED").await?;
        visit.listens(visit.page.get_by_label("Value", true)).await?;
        visit.fill("New tag", "infra").await?;
        visit.page.keyboard().press("Enter", None).await?;
        visit.shows(visit.page.locator(".tag[aria-pressed=true]")).await?;
        visit.inspect("50-tags").await?;
        visit.press("Save").await?;
        visit.shows(visit.button("Reveal TAGGED")).await?;
        visit.page.reload(None).await?;
        let badge = visit.page.locator(".secret-name .badge");
        expect(badge).with_timeout(SOON).to_have_text("infra").await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_goes_to_the_clipboard_unseen_and_a_line_comes_from_it() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        stage.create("COPIED", "of the clipboard")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.press("Copy COPIED").await?;
        visit.says("Copied COPIED").await?;
        let read = "() => navigator.clipboard.readText()";
        let text: String = visit.page.evaluate(read, None::<&()>).await?;
        assert_eq!(text, "of the clipboard");
        assert!(!visit.page.content().await?.contains("of the clipboard"));

        visit
            .page
            .evaluate_expression("navigator.clipboard.writeText('PASTED=\"one line\"')")
            .await?;
        visit.press("Add Secret").await?;
        visit
            .click(visit.page.get_by_label("Name", true), "the field Name")
            .await?;
        visit.page.keyboard().press("Control+v", None).await?;
        let value = visit.page.get_by_label("Value", true);
        expect(value).with_timeout(SOON).to_have_value("one line").await?;
        visit.press("Save").await?;
        visit.shows(visit.button("Reveal PASTED")).await?;
        let mut connection = Connection::open(stage.server.address)?;
        assert_eq!(stage.instance.read(&mut connection, "PASTED")?, "one line");
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_hides_when_nobody_looks() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        stage.create("SEEN", "in sight")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.press("Reveal SEEN").await?;
        visit.shows(visit.page.locator("pre.plain")).await?;
        let hide = "(() => { Object.defineProperty(document, 'hidden', { value: true, configurable: true }); \
             document.dispatchEvent(new Event('visibilitychange', { bubbles: true })); })()";
        visit.page.evaluate_expression(hide).await?;
        visit.gone(visit.page.locator("pre.plain")).await?;
        assert!(!visit.page.content().await?.contains("in sight"));
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn json_yaml_and_csv_are_told_apart_and_imported() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        for (format, text) in [
            ("JSON", "{\"OF_JSON\": \"{\\\"a\\\": 1}\"}"),
            ("YAML", "OF_YAML: |\n  two\n  lines\n"),
            ("CSV", "key,value,comment\nOF_CSV,\"with, comma\",of a sheet\n"),
        ] {
            visit.click(visit.button("Import").first(), "Import").await?;
            visit
                .fill("Paste or drop a .env, JSON, YAML or CSV file", text)
                .await?;
            visit.says(&format!("Read as {format}")).await?;
            visit
                .inspect(&format!("51-import-{}", format.to_lowercase()))
                .await?;
            visit.press("Import 1 secret").await?;
            visit.shows(visit.button(&format!("Reveal OF_{format}"))).await?;
        }
        let mut connection = Connection::open(stage.server.address)?;
        let values = stage.instance.list(&mut connection)?;
        assert_eq!(values["OF_JSON"], "{\"a\": 1}");
        assert_eq!(values["OF_YAML"], "two\nlines\n");
        assert_eq!(values["OF_CSV"], "with, comma");
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}
