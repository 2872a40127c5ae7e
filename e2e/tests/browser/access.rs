//! Who gets in, and who does not any more.

use std::time::Duration;

use anyhow::Result;
use e2e::http;
use e2e::server::Server;
use e2e::visit::Chromium;
use serde_json::json;

use super::stage::{Stage, patiently};

#[tokio::test(flavor = "multi_thread")]
async fn a_kit_that_was_skipped_is_asked_for_on_every_page() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.go(&format!("{}/welcome", stage.server.url())).await?;
        visit.press("Skip for now").await?;
        visit.shows(visit.heading("Projects")).await?;
        visit.says("There is no recovery kit.").await?;
        visit.inspect("60-no-kit").await?;
        visit.follow("Account").await?;
        visit.says("There is no recovery kit.").await?;
        visit
            .click(
                visit.page.locator("aside.strip a"),
                "the link to the recovery kit",
            )
            .await?;
        visit.shows(visit.heading("Keys & recovery")).await?;
        visit.gone(visit.page.locator("aside.strip")).await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_client_secret_logs_nobody_in() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        let machine = stage
            .instance
            .machine_identity(stage.server.address, "Web server")?;
        assert_eq!(log_in(&stage.server, &machine)?, 200);
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.follow("Machine Identities").await?;
        visit.press("Manage Web server").await?;
        visit.inspect("61-identity").await?;
        let revoke = visit.page.locator("button[aria-label^=Revoke]");
        visit.click(revoke.clone(), "the button that revokes").await?;
        visit.shows(visit.heading("Revoke this client secret?")).await?;
        assert_eq!(log_in(&stage.server, &machine)?, 200, "asking changes nothing");
        visit.press("Confirm").await?;
        visit.says("The client secret is revoked").await?;
        visit.gone(revoke).await?;
        assert_eq!(log_in(&stage.server, &machine)?, 401);

        visit.press("Delete identity").await?;
        visit.fill("Type Web server to confirm", "Web server").await?;
        visit.inspect("62-delete-identity").await?;
        visit.press("Confirm").await?;
        visit.gone(visit.button("Manage Web server")).await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_secret_is_shown_though_its_form_was_closed_too_early() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.follow("Machine Identities").await?;
        visit
            .page
            .route("**/client-secrets", |route| async move {
                tokio::time::sleep(Duration::from_secs(2)).await;
                route.continue_(None).await
            })
            .await?;
        visit.press("Create identity").await?;
        visit.fill("Name", "Hasty").await?;
        visit.press("Create").await?;
        visit.page.keyboard().press("Escape", None).await?;
        visit.gone(visit.page.get_by_label("Name", true)).await?;
        visit.shows(visit.button("Download as .env")).await?;
        visit.press("Done").await?;
        visit.shows(visit.button("Manage Hasty")).await?;

        // A drawer that was closed too early only says so: another secret can be made.
        visit.press("Manage Hasty").await?;
        visit.press("Create client secret").await?;
        visit.page.keyboard().press("Escape", None).await?;
        visit.says("could not be shown any more").await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn log_out_everywhere_means_everywhere() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        stage.create("KEPT", "value")?;
        let chromium = Chromium::start().await?;
        let elsewhere = stage.visit(&chromium).await?;
        elsewhere.shows(elsewhere.button("Reveal KEPT")).await?;
        let visit = stage.visit(&chromium).await?;
        visit.follow("Account").await?;
        visit.press("Log out everywhere").await?;
        visit.inspect("63-log-out-everywhere").await?;
        visit.press("Confirm").await?;
        visit.shows(visit.heading("Log in")).await?;
        elsewhere.watch.expect("status of 401");
        elsewhere.press("Reveal KEPT").await?;
        elsewhere.shows(elsewhere.heading("Log in")).await?;
        elsewhere.watch.came("status of 401").await?;
        visit.was_clean(&stage.server.url())?;
        elsewhere.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

/// The status of a machine's login.
fn log_in(server: &Server, (client, secret): &(String, String)) -> Result<u16> {
    let body = json!({ "clientId": client, "clientSecret": secret }).to_string();
    let headers = [("content-type", "application/json")];
    let path = "/api/v1/auth/universal-auth/login";
    Ok(http::once(server.address, "POST", path, &headers, body.as_bytes())?.status)
}
