//! The backup, and the two ways back: onto another machine, and into a store that lost its key.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use e2e::instance::{EMAIL, PASSWORD};
use e2e::server::Server;
use e2e::visit::{Chromium, SOON, Visit};
use playwright_rs::expect;

use super::secrets::reveal;
use super::{NEW_PASSWORD, VALUE};

/// The backup leaves after the password was asked for again, and says what opens it.
pub async fn download(visit: &Visit, folder: &Path) -> Result<PathBuf> {
    visit.follow("Keys & recovery").await?;
    visit.says("Safe at home").await?;
    visit.inspect("20-recovery").await?;
    visit.follow("Open backups").await?;
    visit.says("There is no backup yet.").await?;
    visit.press("Back up now").await?;
    visit.watch.expect("/api/strongroom/v1/backups");
    visit.fill("Your password", "not this one at all").await?;
    visit.press("Confirm").await?;
    visit.says("The backup was not begun").await?;
    visit.watch.came("/api/strongroom/v1/backups").await?;
    visit.inspect("21-backup-refused").await?;
    visit.fill("Your password", PASSWORD).await?;
    visit.press("Confirm").await?;
    visit.says("The backup is ready").await?;
    visit.inspect("22-backup").await?;
    let waiting = visit.page.expect_download(Some(20_000.0)).await?;
    visit.press("Save file").await?;
    let file = folder.join("drawer.age");
    waiting.wait().await?.save_as(&file).await?;
    ensure!(
        fs::read(&file)?.starts_with(b"age-encryption.org/"),
        "not an age file"
    );
    Ok(file)
}

/// Another machine, the backup, the kit: everything is back.
pub async fn restore(chromium: &Chromium, folder: &Path, backup: &Path, kit: &Path) -> Result<()> {
    let server = Server::start(&folder.join("elsewhere"))?;
    let visit = chromium.visitor().await?;
    visit.go(&server.logged("Set it up within 60 minutes: ")?).await?;
    visit.shows(visit.heading("Set up Strongroom")).await?;
    visit
        .click(visit.text("Restore from a backup").first(), "the link to restore")
        .await?;
    visit.shows(visit.heading("Restore from a backup")).await?;
    let field = visit.page.get_by_label("Setup code", true);
    let code = server.logged("Setup code: ")?;
    expect(field).with_timeout(SOON).to_have_value(&code).await?;
    visit.inspect("30-restore").await?;
    visit
        .page
        .locator("#backup-file")
        .set_input_files(&backup.to_path_buf(), None)
        .await?;
    visit
        .page
        .locator("#kit-file")
        .set_input_files(&kit.to_path_buf(), None)
        .await?;
    visit.press("Restore").await?;
    visit.shows(visit.heading("Restored")).await?;
    visit.inspect("31-restored").await?;
    visit.press("Log in").await?;
    // The password of the time of the backup.
    visit.log_in().await?;
    visit.click(visit.text("Home Lab").first(), "the project").await?;
    assert_eq!(reveal(&visit, "DB_URL").await?, VALUE);
    visit.was_clean(&server.url())?;
    server.stop()
}

/// A server that lost its key says what would open it, and a kit does.
pub async fn unlock(chromium: &Chromium, data: &Path, kit: &Path) -> Result<()> {
    fs::rename(data.join("identity"), data.with_extension("identity"))?;
    let server = Server::start(data)?;
    let visit = chromium.visitor().await?;
    visit.go(&server.url()).await?;
    visit.shows(visit.heading("Locked")).await?;
    visit.says("Safe at home").await?;
    visit.inspect("32-locked").await?;
    visit
        .page
        .locator("#kit-file")
        .set_input_files(&kit.to_path_buf(), None)
        .await?;
    visit.press("Unlock").await?;
    visit.shows(visit.heading("Log in")).await?;
    visit.fill("Email", EMAIL).await?;
    visit.fill("Password", NEW_PASSWORD).await?;
    visit.press("Log in").await?;
    visit.click(visit.text("Home Lab").first(), "the project").await?;
    assert_eq!(reveal(&visit, "DB_URL").await?, VALUE);
    visit.was_clean(&server.url())?;
    server.stop()
}
