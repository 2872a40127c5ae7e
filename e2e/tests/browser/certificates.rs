//! Certificates: TLS is switched on at the page, which says how devices come to trust the server.

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use e2e::http::once;
use e2e::instance::PASSWORD;
use e2e::server::Server;
use e2e::tls::Client;
use e2e::visit::{Chromium, SOON, Visit};
use playwright_rs::expect;

use crate::stage::{Stage, patiently};

const HERE: &str = "127.0.0.1";
const AUTHORITY: &str = "GET /api/strongroom/v1/tls/authority.pem";

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_switched_on_and_explained() -> Result<()> {
    patiently(Box::pin(async {
        let stage = Stage::new()?;
        let address = stage.server.address;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.go(&format!("{}/certificates", stage.server.url())).await?;
        visit.says("this server speaks plain HTTP").await?;
        visit.inspect("certificates-off").await?;

        let mode = visit.page.get_by_label("Certificates", true);
        mode.select_option("acme", None).await?;
        visit.fill("Public names", "10.0.0.1").await?;
        visit.press("Apply").await?;
        visit.fill("Your password", PASSWORD).await?;
        visit.inspect("certificates-asking").await?;
        visit.watch.expect("status of 422");
        visit.press("Confirm").await?;
        visit.says("is no public name").await?;
        visit.watch.came("status of 422").await?;
        visit.press("Cancel").await?;
        ensure!(once(address, "GET", "/api/status", &[], b"")?.status == 200);

        mode.select_option("internal", None).await?;
        visit.press("Apply").await?;
        visit.fill("Your password", PASSWORD).await?;
        visit.press("Confirm").await?;
        visit.shows(visit.heading("The server's own authority")).await?;
        chromium.end().await?;

        // From now on over TLS, for whoever trusts it.
        let (_, authority) = Client::trusting_anybody()?.request(address, HERE, AUTHORITY, &[])?;
        let root = stage.scratch.path().join("authority.pem");
        fs::write(&root, authority)?;
        let chromium = Chromium::trusting(&root, stage.scratch.path()).await?;
        let visit = chromium.visitor().await?;
        visit.go(&stage.server.https_url()).await?;
        visit.shows(visit.heading("Log in")).await?;
        visit.log_in().await?;
        visit.shows(visit.button("Log out")).await?;
        visit.follow("Certificates").await?;
        visit.shows(visit.heading("How to trust it")).await?;
        visit.inspect("certificates-internal").await?;
        ask_elsewhere(&visit).await?;
        visit.was_clean(&stage.server.https_url())?;
        chromium.end().await
    }))
    .await
}

/// An authority that is not there: the page says so, and what is served meanwhile.
async fn ask_elsewhere(visit: &Visit) -> Result<()> {
    let mode = visit.page.get_by_label("Certificates", true);
    expect(visit.button("Apply"))
        .with_timeout(SOON)
        .to_be_disabled()
        .await?;
    mode.select_option("acme", None).await?;
    visit.fill("Public names", "vault.example.com").await?;
    visit
        .fill("Directory of the authority", "https://127.0.0.1:1/directory")
        .await?;
    visit.press("Apply").await?;
    visit.fill("Your password", PASSWORD).await?;
    visit.press("Confirm").await?;
    visit.shows(visit.heading("Served now")).await?;
    visit
        .says("Meanwhile the server's own authority vouches for it.")
        .await?;
    let begun = Instant::now();
    while visit.button("Try again now").count().await? == 0 {
        ensure!(begun.elapsed() < SOON, "the failure is not told");
        visit.press("Reload").await?;
    }
    visit
        .says("No certificate for vault.example.com could be had")
        .await?;
    visit.inspect("certificates-acme").await?;
    visit.press("Try again now").await?;
    visit
        .says("No certificate for vault.example.com could be had")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_from_files_are_shown_and_left_to_the_host() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        let data = stage.server.data_dir.clone();
        stage.server.stop()?;
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tls");
        let (certificate, key) = (
            fixtures.join("server.pem").display().to_string(),
            fixtures.join("server.key").display().to_string(),
        );
        let arguments = ["--tls", "files", "--tls-cert", &certificate, "--tls-key", &key];
        let server = Server::start_with(&data, &arguments)?;
        let chromium = Chromium::trusting(&fixtures.join("ca.pem"), stage.scratch.path()).await?;
        let visit = chromium.visitor().await?;
        visit.go(&format!("{}/certificates", server.https_url())).await?;
        visit.shows(visit.heading("Log in")).await?;
        visit.log_in().await?;
        visit.shows(visit.heading("Served now")).await?;
        visit.says("Valid").await?;
        visit
            .says("This is set on the command line or in the environment")
            .await?;
        ensure!(visit.button("Apply").count().await? == 0, "the host decides");
        visit.inspect("certificates-files").await?;
        visit.was_clean(&server.https_url())?;
        chromium.end().await?;
        server.stop()
    })
    .await
}
