//! Settings: what the server was told when it was started, and what is changed while it runs. And the page of one that was
//! told wrong.

use anyhow::{Context as _, Result, ensure};
use e2e::http::Connection;
use e2e::instance::PASSWORD;
use e2e::server::Server;
use e2e::visit::Chromium;
use playwright_rs::protocol::AriaRole;

use crate::stage::{Stage, patiently};

const SETTINGS: &str = "/api/strongroom/v1/settings";

/// The days after which somebody has to log in again, as the server has them.
fn session_days(stage: &Stage) -> Result<i64> {
    let mut connection = Connection::open(stage.server.address)?;
    let settings = connection
        .call(&stage.instance.user, "GET", SETTINGS, None)?
        .ok()?;
    settings["changeable"][0]["value"].as_i64().context("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_shown_with_their_source_and_changed_and_undone() -> Result<()> {
    patiently(async {
        let arguments = [
            "--site-url",
            "https://secrets.example.com",
            "--backup-hook",
            "canary-4711",
        ];
        let stage = Stage::in_folder(tempfile::tempdir()?, &arguments)?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.go(&format!("{}/settings", stage.server.url())).await?;
        visit.shows(visit.heading("Given at the start")).await?;
        visit.says("https://secrets.example.com").await?;
        visit.says("flag --site-url").await?;
        visit.says("Set once, never change").await?;
        ensure!(
            !visit.page.content().await?.contains("canary-4711"),
            "a command is shown"
        );
        visit.inspect("settings").await?;

        // A wrong number and a wrong password change nothing.
        visit.press("Change Log in again after").await?;
        visit.fill("Days", "91").await?;
        visit.fill("Your password", PASSWORD).await?;
        visit.watch.expect("status of 422");
        visit.press("Confirm").await?;
        visit.says("must be from 1 to 90").await?;
        visit.watch.came("status of 422").await?;
        visit.fill("Days", "30").await?;
        visit.fill("Your password", "wrong-lantern-9").await?;
        visit.watch.expect("status of 400");
        visit.press("Confirm").await?;
        visit.says("The password is wrong").await?;
        visit.watch.came("status of 400").await?;
        ensure!(session_days(&stage)? == 90);
        visit.inspect("settings-change").await?;

        visit.fill("Your password", PASSWORD).await?;
        visit.press("Confirm").await?;
        visit.says("Log in again after 30 days").await?;
        visit.says("90 days before, changed").await?;
        ensure!(session_days(&stage)? == 30);
        visit.inspect("settings-changed").await?;

        visit.press("Undo: 90 days").await?;
        visit.fill("Your password", PASSWORD).await?;
        visit.press("Confirm").await?;
        visit.shows(visit.button("Undo: 30 days")).await?;
        ensure!(session_days(&stage)? == 90);
        visit.was_clean(&stage.server.url())?;
        chromium.end().await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_told_wrong_says_what() -> Result<()> {
    patiently(async {
        let scratch = tempfile::tempdir()?;
        let variables = [
            ("STRONGROOM_SITE_URL", "ftp://canary-4711"),
            ("STRONGROOM_FAIL_IF_LOCKED", "perhaps"),
            ("ENCRYPTION_KEY_FILE", "/nowhere/encryption-key"),
        ];
        let server = Server::start_among(&scratch.path().join("data"), &variables)?;
        let chromium = Chromium::start().await?;
        let visit = chromium.visitor().await?;
        visit.watch.expect("status of 503");
        visit.go(&server.url()).await?;
        visit
            .shows(visit.part(AriaRole::Heading, "Strongroom waits for its configuration"))
            .await?;
        visit
            .says("STRONGROOM_SITE_URL cannot be used as --site-url")
            .await?;
        visit
            .says("/nowhere/encryption-key: there is no such file")
            .await?;
        visit.watch.came("status of 503").await?;
        visit.inspect("diagnostics").await?;
        visit.was_clean(&server.url())?;
        chromium.end().await?;
        server.stop()
    })
    .await
}
