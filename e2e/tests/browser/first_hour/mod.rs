//! The first hour of a person: from the printed link to a secret that is in use and a backup in a drawer, and back from
//! that drawer. One file for each stage.

mod account;
mod backup;
mod environments;
mod identity;
pub mod import;
pub mod kit;
mod secrets;
mod sign_up;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::server::Server;
use e2e::visit::{Chromium, Visit};

/// Of the whole hour; a loaded machine is slow.
const PATIENCE: Duration = Duration::from_mins(12);

const VALUE: &str = "postgresql://app:kX9$mQ2#vL7&pR4!wZ@db:5432/app?sslmode=disable";
const NEW_PASSWORD: &str = "six other words make another one";

#[tokio::test(flavor = "multi_thread")]
async fn a_person_goes_from_the_printed_link_to_a_backup_in_a_drawer() -> Result<()> {
    tokio::time::timeout(PATIENCE, hour())
        .await
        .context("the hour takes too long")?
}

async fn hour() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = Server::start(&scratch.path().join("data"))?;
    let chromium = Chromium::start().await?;
    let visit = chromium.visitor().await?;

    sign_up::sign_up(&visit, &server).await?;
    let kit = kit::make(&visit, &server, scratch.path()).await?;
    let project = import::make_project(&visit).await?;
    import::import(&visit, &server, &project).await?;
    secrets::keep(&visit).await?;
    let credentials = identity::make(&visit).await?;
    identity::first_read(&visit, &server, &credentials, &project).await?;
    let backup = backup::download(&visit, scratch.path()).await?;
    kit::prints_alone(&visit).await?;
    environments::manage(&visit, &server, &project).await?;
    account::look_at_the_instance(&visit).await?;
    account::change_password(&visit, &chromium, &server).await?;
    account::come_back(&visit, &server, &project).await?;
    visit.was_clean(&server.url())?;
    watch_sees(&visit).await?;
    server.stop()?;

    backup::restore(&chromium, scratch.path(), &backup, &kit).await?;
    backup::unlock(&chromium, &scratch.path().join("data"), &kit).await?;
    chromium.end().await
}

/// The watch does see what it looks for.
async fn watch_sees(visit: &Visit) -> Result<()> {
    let script =
        "() => { const s = document.createElement('script'); s.textContent = '1'; document.body.append(s); }";
    visit.page.evaluate_expression(script).await?;
    for _ in 0..200 {
        if !visit.watch.complaints().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let seen = visit.watch.complaints();
    ensure!(
        seen.iter().any(|text| text.contains("Content Security Policy")),
        "{seen:?}"
    );
    Ok(())
}
