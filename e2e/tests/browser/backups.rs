//! Backups: made, fetched, scheduled, copied elsewhere, rehearsed, removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::copy_targets;
use e2e::instance::PASSWORD;
use e2e::program::Run;
use e2e::visit::{Chromium, SOON, Visit};
use playwright_rs::expect;
use playwright_rs::protocol::AriaRole;

use crate::stage::{Stage, patiently};

const ACTS: &str = "/api/strongroom/v1/backups/acts";

/// The password, and yes.
async fn confirm(visit: &Visit) -> Result<()> {
    visit.fill("Your password", PASSWORD).await?;
    visit.press("Confirm").await
}

/// Makes a backup and waits for it.
async fn back_up(visit: &Visit) -> Result<()> {
    visit.press("Back up now").await?;
    confirm(visit).await?;
    visit.says("The backup is ready").await
}

/// What the browser saves when a button is pressed.
async fn saved(visit: &Visit, button: &str, confirmed: bool, to: PathBuf) -> Result<Vec<u8>> {
    let waiting = visit.page.expect_download(Some(20_000.0)).await?;
    visit.press(button).await?;
    if confirmed {
        confirm(visit).await?;
    }
    waiting.wait().await?.save_as(&to).await?;
    Ok(fs::read(&to)?)
}

/// Names of the backups in a folder, the oldest first.
fn files(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<String> = entries
        .iter()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        // Beside them lies the mark of the target.
        .filter(|name| !name.starts_with("strongroom-target-"))
        .collect();
    names.sort();
    Ok(names)
}

/// Waits until a folder holds so many files.
async fn holds(folder: &Path, count: usize) -> Result<()> {
    let begun = Instant::now();
    while files(folder)?.len() != count {
        ensure!(
            begun.elapsed() < 3 * SOON,
            "{:?} instead of {count}",
            files(folder)?
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

/// Waits until a button cannot be pressed.
async fn is_disabled(visit: &Visit, name: &str) -> Result<()> {
    let button = expect(visit.button(name)).with_timeout(SOON);
    Ok(button.to_be_disabled().await?)
}

/// A part of the page far down comes into sight.
async fn look_at(visit: &Visit, heading: &str) -> Result<()> {
    Ok(visit.heading(heading).scroll_into_view_if_needed().await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_are_made_scheduled_copied_rehearsed_and_removed() -> Result<()> {
    patiently(async {
        let scratch = tempfile::tempdir()?;
        let root = scratch.path().join("disk");
        let nas = root.join("nas");
        fs::create_dir_all(&nas)?;
        let root = root.to_str().context("a path that is no text")?.to_owned();
        let stage = Stage::in_folder(scratch, &["--backup-root", &root])?;
        let folder = stage.scratch.path();
        stage.create("DB_URL", "kept")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;

        // Two keys lead there. Without a kit there is nothing to press.
        visit.shows(visit.part(AriaRole::Link, "Backups")).await?;
        visit.page.keyboard().press("g", None).await?;
        visit.page.keyboard().press("b", None).await?;
        visit.shows(visit.heading("All backups")).await?;
        visit.says("Waits for a recovery kit").await?;
        is_disabled(&visit, "Back up now").await?;
        is_disabled(&visit, "Rehearse a restore now").await?;
        visit.inspect("backups-none").await?;
        Run::new(folder)?
            .args(["keys", "kit", "--data-dir", "data", "--output", "kit.txt"])
            .finish()?
            .ok()?;
        visit.page.reload(None).await?;

        make_and_fetch(&visit, folder).await?;
        schedule(&visit).await?;
        add_target(&visit).await?;
        holds(&nas, 1).await?;
        visit.says("The newest backup arrived").await?;

        // A second one is copied as well, and makes the first one expendable.
        back_up(&visit).await?;
        holds(&nas, 2).await?;
        rehearse(&visit).await?;
        visit.inspect("backups-drills").await?;
        look_at(&visit, "All backups").await?;
        visit.inspect("backups-list").await?;
        remove(&visit, &stage.server.data_dir.join("backups")).await?;
        holds(&nas, 1).await?;

        let runbook = saved(&visit, "Download runbook", false, folder.join("runbook.md")).await?;
        let runbook = String::from_utf8(runbook)?;
        ensure!(runbook.starts_with('#') && runbook.contains("data"), "{runbook}");

        visit.press("Remove the target Disk").await?;
        confirm(&visit).await?;
        visit.says("Disk gets no more copies").await?;
        visit.gone(visit.button("Remove the target Disk")).await?;
        ensure!(files(&nas)?.len() == 1, "the copy stays");
        visit.says("Every backup is on this machine only").await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await
    })
    .await
}

/// The first backup, which can be fetched twice without another password.
async fn make_and_fetch(visit: &Visit, folder: &Path) -> Result<()> {
    visit.says("There is no backup yet.").await?;
    back_up(visit).await?;
    visit.inspect("backups-ready").await?;
    let first = saved(visit, "Save file", false, folder.join("first.age")).await?;
    ensure!(first.starts_with(b"age-encryption.org/"), "not an age file");
    let again = saved(visit, "Save file", false, folder.join("again.age")).await?;
    ensure!(first == again, "another file");
    Ok(())
}

/// A schedule that is refused at its field, and one that is not.
async fn schedule(visit: &Visit) -> Result<()> {
    visit.says("Every night at 03:00 UTC").await?;
    visit.press("Change schedule").await?;
    let preset = visit.page.get_by_label("Backups are made", true);
    preset.select_option("own", None).await?;
    visit.fill("Cron expression", "*/5 * * * *").await?;
    visit.watch.expect(ACTS);
    confirm(visit).await?;
    visit
        .says("must leave at least an hour between two backups")
        .await?;
    visit.watch.came(ACTS).await?;
    let field = visit.page.get_by_label("Cron expression", true);
    expect(field)
        .with_timeout(SOON)
        .to_have_attribute("aria-invalid", "true")
        .await?;
    visit.inspect("backups-cron-refused").await?;
    visit.fill("Cron expression", "30 2 * * *").await?;
    visit.fill("Days", "5").await?;
    visit.press("Confirm").await?;
    visit.says("The schedule was changed").await?;
    visit.says("By the expression").await?;
    visit.says("30 2 * * *").await?;
    visit
        .says("The newest of each of 5 days, 4 weeks, 12 months")
        .await?;
    visit.says("02:30 UTC").await
}

/// A directory that is not there is refused, and one that is, is tried and added.
async fn add_target(visit: &Visit) -> Result<()> {
    visit.press("Add target").await?;
    visit.fill("Name", "Disk").await?;
    visit.fill("Folder in it", "missing").await?;
    visit.watch.expect(ACTS);
    confirm(visit).await?;
    visit.says("Disk was not added").await?;
    visit.watch.came(ACTS).await?;
    visit.inspect("backups-target-refused").await?;
    let kind = visit.page.get_by_label("Kind", true);
    kind.select_option("s3", None).await?;
    visit.inspect("backups-target-s3").await?;
    kind.select_option("web-dav", None).await?;
    visit.inspect("backups-target-dav").await?;
    kind.select_option("directory", None).await?;
    visit.fill("Folder in it", "nas").await?;
    visit.press("Confirm").await?;
    visit.says("Disk was tried and added").await?;
    visit.shows(visit.button("Remove the target Disk")).await?;
    look_at(visit, "Copies elsewhere").await?;
    visit.inspect("backups-targets").await
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_elsewhere_are_tried_added_and_removed() -> Result<()> {
    patiently(async {
        let stage = Stage::in_folder(tempfile::tempdir()?, &copy_targets::ALLOWED)?;
        let folder = stage.scratch.path();
        let (buckets, cloud) = (folder.join("buckets"), folder.join("cloud"));
        fs::create_dir_all(buckets.join("vault"))?;
        fs::create_dir_all(&cloud)?;
        let (s3, dav) = (
            copy_targets::s3(&buckets).await?,
            copy_targets::web_dav(&cloud).await?,
        );
        Run::new(folder)?
            .args(["keys", "kit", "--data-dir", "data", "--output", "kit.txt"])
            .finish()?
            .ok()?;
        stage.create("DB_URL", "kept")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.follow("Backups").await?;
        visit.shows(visit.heading("All backups")).await?;

        visit.press("Add target").await?;
        let kind = visit.page.get_by_label("Kind", true);
        kind.select_option("s3", None).await?;
        visit.fill("Name", "Bucket").await?;
        visit.fill("Endpoint", &format!("http://{s3}")).await?;
        visit.fill("Region", "us-east-1").await?;
        visit.fill("Bucket", "vault").await?;
        visit.fill("Access key", copy_targets::ACCESS_KEY).await?;
        visit.fill("Secret key", "another secret key").await?;
        refused(&visit, "it does not allow it (status 403").await?;
        visit.inspect("backups-s3-refused").await?;
        visit.fill("Secret key", copy_targets::SECRET_KEY).await?;
        visit.press("Confirm").await?;
        visit.says("Bucket was tried and added").await?;

        visit.press("Add target").await?;
        kind.select_option("web-dav", None).await?;
        visit.fill("Name", "Cloud").await?;
        visit
            .fill("Address of the folder", &format!("http://{dav}/"))
            .await?;
        visit.fill("User (may be empty)", copy_targets::USER).await?;
        visit.fill("Password there (may be empty)", "door").await?;
        refused(&visit, "it does not accept the login (status 401").await?;
        visit.inspect("backups-dav-refused").await?;
        visit
            .fill("Password there (may be empty)", copy_targets::DAV_PASSWORD)
            .await?;
        visit.press("Confirm").await?;
        visit.says("Cloud was tried and added").await?;
        ensure!(
            files(&cloud)?.is_empty() && files(&buckets.join("vault"))?.is_empty(),
            "something of the trial is left"
        );

        back_up(&visit).await?;
        holds(&cloud, 1).await?;
        holds(&buckets.join("vault"), 1).await?;
        let here = stage.server.data_dir.join("backups");
        let name = files(&here)?.remove(0);
        for folder in [&cloud, &buckets.join("vault")] {
            ensure!(
                fs::read(folder.join(&name))? == fs::read(here.join(&name))?,
                "another file"
            );
        }
        let arrived = visit.page.get_by_text("The newest backup arrived", false);
        expect(arrived).with_timeout(2 * SOON).to_have_count(2).await?;
        look_at(&visit, "Copies elsewhere").await?;
        visit.inspect("backups-elsewhere").await?;

        for name in ["Bucket", "Cloud"] {
            visit.press(&format!("Remove the target {name}")).await?;
            confirm(&visit).await?;
            visit.says(&format!("{name} gets no more copies")).await?;
            visit
                .gone(visit.button(&format!("Remove the target {name}")))
                .await?;
        }
        ensure!(files(&cloud)? == [name.clone()], "the copy stays");
        visit.was_clean(&stage.server.url())?;
        chromium.end().await
    })
    .await
}

/// The form is sent and comes back with the reason of the target.
async fn refused(visit: &Visit, reason: &str) -> Result<()> {
    visit.watch.expect(ACTS);
    confirm(visit).await?;
    visit.says("was not added").await?;
    visit.says(reason).await?;
    visit.watch.came(ACTS).await
}

/// The server rehearses the first backup by itself; then somebody does.
async fn rehearse(visit: &Visit) -> Result<()> {
    let results = visit.page.locator("[aria-labelledby=drills-heading] .row");
    expect(results.clone())
        .with_timeout(2 * SOON)
        .to_have_count(1)
        .await?;
    visit.press("Rehearse a restore now").await?;
    confirm(visit).await?;
    visit.says("restored into a scratch store").await?;
    expect(results).with_timeout(2 * SOON).to_have_count(2).await?;
    visit.says("1 secret opened").await?;
    look_at(visit, "Rehearsed restores").await
}

/// Any backup can be fetched with the password. The newest stays, the one before goes when somebody insists.
async fn remove(visit: &Visit, folder: &Path) -> Result<()> {
    let names = files(folder)?;
    let [older, newest] = names.as_slice() else {
        anyhow::bail!("{names:?}");
    };
    let to = folder.with_file_name("fetched.age");
    let fetched = saved(visit, &format!("Download {older}"), true, to).await?;
    ensure!(fetched == fs::read(folder.join(older))?, "another file");
    is_disabled(visit, &format!("The newest backup cannot be removed: {newest}")).await?;
    visit.press(&format!("Remove {older}")).await?;
    visit
        .shows(visit.part(AriaRole::Dialog, "Remove this backup?"))
        .await?;
    visit.inspect("backups-remove").await?;
    confirm(visit).await?;
    visit.says(&format!("{older} was removed")).await?;
    ensure!(files(folder)? == [newest.clone()], "{:?}", files(folder)?);
    visit.gone(visit.button(&format!("Download {older}"))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_does_not_come_is_asked_for_again() -> Result<()> {
    const LIST: &str = "**/api/strongroom/v1/backups";
    patiently(async {
        let stage = Stage::new()?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        let abort = |route: playwright_rs::Route| async move { route.abort(None).await };
        visit.page.route(LIST, abort).await?;
        visit.watch.expect("ERR_FAILED");
        visit.follow("Backups").await?;
        visit.says("The backups were not loaded").await?;
        visit.inspect("backups-failed").await?;
        visit.page.unroute(LIST).await?;
        // The page may have asked a second time by itself.
        visit.watch.came("ERR_FAILED").await?;
        visit.press("Try again").await?;
        visit.shows(visit.heading("All backups")).await?;

        // Without a directory that may be one, the form says who decides.
        visit.press("Add target").await?;
        let kind = visit.page.get_by_label("Kind", true);
        kind.select_option("directory", None).await?;
        visit.says("--backup-root DIRECTORY").await?;
        visit.fill("Your password", PASSWORD).await?;
        is_disabled(&visit, "Confirm").await?;
        visit.inspect("backups-no-root").await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await
    })
    .await
}
