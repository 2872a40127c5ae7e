//! The recovery kit.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use e2e::instance::PASSWORD;
use e2e::server::Server;
use e2e::visit::{Asked, SOON, Visit};
use playwright_rs::expect;
use playwright_rs::protocol::AriaRole;

/// A kit is made in the browser, kept as a file, typed back, and only then goes on.
pub async fn make(visit: &Visit, server: &Server, folder: &Path) -> Result<PathBuf> {
    visit.fill("Name of the kit", "Safe at home").await?;
    visit.press("Create recovery kit").await?;
    visit.shows(visit.heading("Strongroom recovery kit")).await?;
    visit.inspect("04-kit").await?;
    let waiting = visit.page.expect_download(Some(20_000.0)).await?;
    visit.press("Download").await?;
    let file = folder.join("kit.txt");
    waiting.wait().await?.save_as(&file).await?;
    let kit = fs::read_to_string(&file)?;
    let key = kit
        .lines()
        .find(|line| line.starts_with("AGE-SECRET-KEY-1"))
        .context("a kit without a key")?
        .to_owned();

    let back = "Last 6 characters of the key";
    visit.fill("Your password", PASSWORD).await?;
    visit.fill(back, "000000").await?;
    visit.says("Not the end of this key").await?;
    expect(visit.button("Confirm"))
        .with_timeout(SOON)
        .to_be_disabled()
        .await?;
    visit.inspect("05-kit-wrong-end").await?;
    visit
        .fill(back, key.get(key.len() - 6..).context("a short key")?)
        .await?;
    visit.press("Confirm").await?;
    visit.shows(visit.heading("Create your first project")).await?;
    visit.inspect("06-first-project").await?;
    // The key was on a screen and in a file; no request took it along, and the log does not have it.
    let part = &key.as_bytes()[..24];
    let asked = visit.watch.requests();
    ensure!(
        asked
            .iter()
            .any(|asked| asked.url.ends_with("/kits") && !asked.body.is_empty()),
        "no request made the kit known"
    );
    for Asked { url, body } in asked {
        let holds = [url.as_bytes(), &body]
            .iter()
            .any(|text| text.to_ascii_uppercase().windows(part.len()).any(|at| at == part));
        ensure!(!holds, "the kit's key went to {url}");
    }
    ensure!(
        !server.log()?.to_ascii_uppercase().contains(&key[..24]),
        "the kit's key is in the log"
    );
    Ok(file)
}

/// Paper gets the sheet and nothing of the page around it.
pub async fn prints_alone(visit: &Visit) -> Result<()> {
    visit.follow("Keys & recovery").await?;
    visit.press("Create recovery kit").await?;
    visit.press("Create recovery kit").await?;
    visit.shows(visit.heading("Strongroom recovery kit")).await?;
    visit.shows(visit.part(AriaRole::Navigation, "Main")).await?;
    visit
        .print_preview("23-kit", async {
            visit.shows(visit.heading("Strongroom recovery kit")).await?;
            visit.shows(visit.page.locator(".qr-code").first()).await?;
            for other in [
                "nav",
                "header.side",
                "header.top-bar",
                "h1",
                "main button",
                "main form",
            ] {
                for part in visit.page.locator(other).all().await? {
                    ensure!(!part.is_visible().await?, "{other} is printed");
                }
            }
            Ok(())
        })
        .await?;
    visit.press("Back").await?;
    visit.press("Cancel").await?;
    visit.shows(visit.heading("Keys")).await
}
