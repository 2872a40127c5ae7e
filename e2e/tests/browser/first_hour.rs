//! The first hour of a person: from the printed link to a secret that is in use and a backup in a drawer, and back from
//! that drawer.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::http;
use e2e::instance::{EMAIL, ORGANIZATION, PASSWORD, text};
use e2e::server::Server;
use e2e::visit::{Chromium, SOON, Visit};
use playwright_rs::expect;
use playwright_rs::protocol::AriaRole;
use serde_json::json;

/// Of the whole hour; a loaded machine is slow.
const PATIENCE: Duration = Duration::from_mins(12);

const VALUE: &str = "postgresql://app:kX9$mQ2#vL7&pR4!wZ@db:5432/app?sslmode=disable";
const NEW_PASSWORD: &str = "six other words make another one";
/// A homelab's file: comments, quotes, spaces, an empty value, a line that is none.
const DOTENV: &str = "# the house\nexport TZ=Europe/Zurich\nDB_URL=other\nPAPERLESS_SECRET=\"with \\\"quotes\\\" and $dollar\"\nEMPTY=\nthis is no line\n\
     GREETING='Küche – 厨房'\n";

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

    sign_up(&visit, &server).await?;
    let kit = make_kit(&visit, scratch.path()).await?;
    let project = make_project(&visit).await?;
    import(&visit).await?;
    keep_secrets(&visit).await?;
    let credentials = make_identity(&visit).await?;
    first_read(&visit, &server, &credentials, &project).await?;
    let backup = download_backup(&visit, scratch.path()).await?;
    manage_environments(&visit, &server, &project).await?;
    look_at_the_instance(&visit).await?;
    change_password(&visit, &chromium, &server).await?;
    come_back(&visit, &server, &project).await?;
    visit.was_clean(&server.url())?;
    watch_sees(&visit).await?;
    server.stop()?;

    restore(&chromium, scratch.path(), &backup, &kit).await?;
    unlock(&chromium, &scratch.path().join("data"), &kit).await?;
    chromium.end().await
}

/// From the link in the server's log to the first account.
async fn sign_up(visit: &Visit, server: &Server) -> Result<()> {
    let link = server.logged("Set it up within 60 minutes: ")?;
    let code = server.logged("Setup code: ")?;
    assert!(link.starts_with(&server.url()) && link.ends_with(&code), "{link}");
    visit.go(&link).await?;
    visit.shows(visit.heading("Set up Strongroom")).await?;
    let field = visit.page.get_by_label("Setup code", true);
    expect(field).with_timeout(SOON).to_have_value(&code).await?;

    // The document named every file of this first visit.
    let page = http::once(server.address, "GET", "/", &[], b"")?;
    let document = page.text()?.to_owned();
    let files: Vec<String> = visit
        .watch
        .requests()
        .into_iter()
        .filter(|url| url.contains("/assets/"))
        .collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let path = file.trim_start_matches(&server.url());
        assert!(
            document.contains(&format!("\"{path}\"")),
            "the document does not name {path}"
        );
    }
    visit.inspect("01-sign-up").await?;

    visit.fill("Email", EMAIL).await?;
    visit.fill("Password", "too short").await?;
    visit.fill("Organization", ORGANIZATION).await?;
    visit.press("Create account").await?;
    visit.says("fewer than 12 characters").await?;
    visit.inspect("02-sign-up-refused").await?;
    visit.fill("Password", PASSWORD).await?;
    visit.press("Create account").await?;
    visit.shows(visit.heading("Your recovery kit")).await?;
    visit.inspect("03-kit-begin").await
}

/// A kit is made in the browser, kept as a file, typed back, and only then goes on.
async fn make_kit(visit: &Visit, folder: &Path) -> Result<PathBuf> {
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
    // The key was on a screen and in a file; the server never had it.
    let data = folder.join("data");
    for entry in fs::read_dir(&data)? {
        let path = entry?.path();
        if path.is_file() {
            let bytes = fs::read(&path)?;
            ensure!(
                !bytes.windows(20).any(|part| part == &key.as_bytes()[..20]),
                "the kit's key lies in {}",
                path.display()
            );
        }
    }
    Ok(file)
}

/// The first project; returns the address of its page.
async fn make_project(visit: &Visit) -> Result<String> {
    visit.fill("Project name", "Home Lab").await?;
    visit.press("Create").await?;
    visit.shows(visit.heading("No secrets here yet")).await?;
    visit.inspect("07-no-secrets").await?;
    let url = visit.page.url();
    assert!(url.ends_with("/dev") && url.contains("/projects/"), "{url}");
    Ok(url)
}

/// A file goes in with one commit, and comes out again with one press.
async fn import(visit: &Visit) -> Result<()> {
    add(visit, "DB_URL", VALUE, "main database").await?;
    visit.press("Import").await?;
    visit.shows(visit.heading("Import secrets")).await?;
    let field = "Paste or drop a .env, JSON, YAML or CSV file";
    visit.fill(field, DOTENV).await?;
    visit.says("Line 6").await?;
    visit.says("Line 7").await?;
    visit.inspect("08-import").await?;
    let label = visit
        .page
        .locator("dialog .button-primary, [role=dialog] .button-primary");
    visit.click(label.last(), "the button that imports").await?;
    visit.shows(visit.button("Reveal GREETING")).await?;
    // Each commit has its own; the newest stands last.
    visit.shows(visit.button("Undo").last()).await?;
    visit.inspect("09-imported").await?;
    assert_eq!(reveal(visit, "GREETING").await?, "Küche – 厨房");
    assert_eq!(
        reveal(visit, "PAPERLESS_SECRET").await?,
        "with \"quotes\" and $dollar"
    );
    assert_eq!(reveal(visit, "DB_URL").await?, "other");
    visit
        .click(visit.button("Undo").last(), "Undo of the import")
        .await?;
    visit.gone(visit.button("Reveal GREETING")).await?;
    visit.shows(visit.button("Reveal DB_URL")).await?;
    assert_eq!(
        reveal(visit, "DB_URL").await?,
        VALUE,
        "undo brings the value back"
    );
    Ok(())
}

/// Add, reveal, edit, restore, delete and undo.
async fn keep_secrets(visit: &Visit) -> Result<()> {
    let key = "-----BEGIN KEY-----\n  abc\n-----END KEY-----";
    add(visit, "TLS_KEY", key, "").await?;
    assert_eq!(reveal(visit, "TLS_KEY").await?, key);

    visit.press("Edit DB_URL").await?;
    let field = visit.page.get_by_label("Value", true);
    expect(field).with_timeout(SOON).to_have_value(VALUE).await?;
    visit.fill("Value", "changed – Küche").await?;
    visit.says("1 updated").await?;
    visit.inspect("10-unsaved").await?;
    visit.press("Save").await?;
    visit.shows(visit.button("Reveal DB_URL")).await?;
    assert_eq!(reveal(visit, "DB_URL").await?, "changed – Küche");

    visit.press("Versions of DB_URL").await?;
    visit.says("Version 1").await?;
    visit.inspect("11-versions").await?;
    visit.press("Restore version 1").await?;
    visit.page.keyboard().press("Escape", None).await?;
    visit.gone(visit.heading("Versions of DB_URL")).await?;
    assert_eq!(reveal(visit, "DB_URL").await?, VALUE);

    visit.press("Delete TLS_KEY").await?;
    visit.shows(visit.heading("Delete TLS_KEY?")).await?;
    visit.inspect("12-delete").await?;
    visit.press("Cancel").await?;
    visit.gone(visit.heading("Delete TLS_KEY?")).await?;
    visit.press("Delete TLS_KEY").await?;
    visit.press("Confirm").await?;
    visit.gone(visit.button("Reveal TLS_KEY")).await?;
    visit
        .click(visit.button("Undo").last(), "Undo of the deletion")
        .await?;
    visit.shows(visit.button("Reveal TLS_KEY")).await?;
    assert_eq!(reveal(visit, "TLS_KEY").await?, key);

    visit.press("New folder").await?;
    visit.fill("Folder name", "backend").await?;
    visit.press("Create").await?;
    visit.follow("backend").await?;
    visit.shows(visit.heading("No secrets here yet")).await?;
    add(visit, "INNER", "in a folder", "").await?;
    visit.inspect("13-folder").await?;
    visit.follow("All secrets").await?;
    visit.shows(visit.button("Reveal DB_URL")).await
}

async fn add(visit: &Visit, name: &str, value: &str, comment: &str) -> Result<()> {
    visit.press("Add Secret").await?;
    visit.fill("Name", name).await?;
    visit.fill("Value", value).await?;
    visit.fill("Comment", comment).await?;
    visit.press("Save").await?;
    visit.shows(visit.button(&format!("Reveal {name}"))).await
}

/// The value of a secret as it is shown, which is then hidden again.
async fn reveal(visit: &Visit, name: &str) -> Result<String> {
    visit.press(&format!("Reveal {name}")).await?;
    let shown = visit.page.locator("pre.plain");
    visit.shows(shown.clone()).await?;
    assert_eq!(shown.count().await?, 1, "one value at a time");
    let value = shown.text_content().await?.context("an element without text")?;
    visit.press(&format!("Hide {name}")).await?;
    visit.gone(shown).await?;
    Ok(value)
}

/// Client id and client secret of a machine, from the file that the page offers.
async fn make_identity(visit: &Visit) -> Result<(String, String)> {
    visit.follow("Machine Identities").await?;
    visit.shows(visit.heading("No machine identities yet")).await?;
    visit.inspect("14-no-identities").await?;
    visit.press("Create identity").await?;
    visit.fill("Name", "Web server").await?;
    visit.inspect("15-new-identity").await?;
    visit.press("Create").await?;
    visit.shows(visit.button("Download as .env")).await?;
    visit.inspect("16-credentials").await?;
    let waiting = visit.page.expect_download(Some(20_000.0)).await?;
    visit.press("Download as .env").await?;
    let file = waiting.wait().await?.path().await?.context("no file")?;
    let lines = fs::read_to_string(file)?;
    let of = |name: &str| {
        lines
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .map(str::to_owned)
            .with_context(|| format!("no {name} in the file"))
    };
    let credentials = (
        of("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID")?,
        of("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET")?,
    );
    visit.press("Done").await?;
    visit.inspect("17-identities").await?;
    Ok(credentials)
}

/// The page waits for the first read of a program, and sees it.
async fn first_read(
    visit: &Visit,
    server: &Server,
    (client, secret): &(String, String),
    project: &str,
) -> Result<()> {
    visit.follow("Projects").await?;
    visit.says("Waiting for the first read").await?;
    visit.inspect("18-checklist").await?;
    let body = json!({ "clientId": client, "clientSecret": secret }).to_string();
    let headers = [("content-type", "application/json")];
    let login = http::once(
        server.address,
        "POST",
        "/api/v1/auth/universal-auth/login",
        &headers,
        body.as_bytes(),
    )?;
    let token = text(&login.ok()?, "/accessToken")?;
    let id = project.rsplit('/').nth(2).context("a project's page")?;
    let path = format!("/api/v4/secrets/DB_URL?projectId={id}&environment=dev&secretPath=/");
    let bearer = format!("Bearer {token}");
    let read = http::once(server.address, "GET", &path, &[("authorization", &bearer)], b"")?;
    assert_eq!(text(&read.ok()?, "/secret/secretValue")?, VALUE);
    visit.says("First secret read by").await?;
    visit.inspect("19-first-read").await
}

/// The backup leaves after the password was asked for again, and says what opens it.
async fn download_backup(visit: &Visit, folder: &Path) -> Result<PathBuf> {
    visit.follow("Keys & recovery").await?;
    visit.says("Safe at home").await?;
    visit.inspect("20-recovery").await?;
    visit.press("Download backup").await?;
    visit.watch.expect("/api/strongroom/v1/backups");
    visit.fill("Your password", "not this one at all").await?;
    visit.press("Confirm").await?;
    visit.says("The backup was not begun").await?;
    visit.inspect("21-backup-refused").await?;
    visit.fill("Your password", PASSWORD).await?;
    visit.press("Confirm").await?;
    visit.says("Opens with").await?;
    visit.inspect("22-backup").await?;
    let waiting = visit.page.expect_download(Some(20_000.0)).await?;
    let link = visit
        .page
        .locator("a[href*='/backups/download/'], .backup-ready button");
    visit.click(link.first(), "the download of the backup").await?;
    let file = folder.join("drawer.age");
    waiting.wait().await?.save_as(&file).await?;
    ensure!(
        fs::read(&file)?.starts_with(b"age-encryption.org/"),
        "not an age file"
    );
    Ok(file)
}

/// Environments are added, cloned, moved and deleted; the last needs the name typed.
async fn manage_environments(visit: &Visit, server: &Server, project: &str) -> Result<()> {
    let id = project.rsplit('/').nth(2).context("a project's page")?;
    visit
        .go(&format!("{}/projects/{id}/settings", server.url()))
        .await?;
    visit.shows(visit.heading("Environments")).await?;
    visit.inspect("23-project-settings").await?;
    visit.press("Add environment").await?;
    visit.fill("Environment name", "QA").await?;
    visit.press("Add").await?;
    visit.shows(visit.button("More about QA")).await?;
    visit.press("Move QA up").await?;
    visit.press("More about QA").await?;
    visit
        .click(visit.part(AriaRole::Menuitem, "Delete"), "Delete in the menu")
        .await?;
    visit.shows(visit.heading("Delete QA?")).await?;
    visit.inspect("24-delete-environment").await?;
    expect(visit.button("Confirm"))
        .with_timeout(SOON)
        .to_be_disabled()
        .await?;
    visit.fill("Type QA to confirm", "QA").await?;
    visit.press("Confirm").await?;
    visit.gone(visit.button("More about QA")).await?;

    visit.press("More about Development").await?;
    visit
        .click(visit.part(AriaRole::Menuitem, "Clone"), "Clone in the menu")
        .await?;
    visit.fill("Environment name", "Laptop").await?;
    visit.press("Clone").await?;
    visit.shows(visit.button("More about Laptop")).await?;
    visit.go(&project.replace("/dev", "/laptop")).await?;
    assert_eq!(reveal(visit, "DB_URL").await?, VALUE, "a clone has the values");
    Ok(())
}

async fn look_at_the_instance(visit: &Visit) -> Result<()> {
    visit.follow("Instance").await?;
    visit.says("SQLite, encrypted").await?;
    visit.inspect("25-instance").await
}

/// A new password ends the sessions elsewhere at once, and this one goes on.
async fn change_password(visit: &Visit, chromium: &Chromium, server: &Server) -> Result<()> {
    let elsewhere = chromium.visitor().await?;
    elsewhere.go(&format!("{}/login", server.url())).await?;
    elsewhere.log_in().await?;
    elsewhere.shows(elsewhere.heading("Projects")).await?;

    visit.follow("Account").await?;
    visit.says("This session").await?;
    visit.inspect("26-account").await?;
    visit.watch.expect("/api/strongroom/v1/account/password");
    visit.fill("Current password", "wrong wrong wrong").await?;
    visit.fill("New password", NEW_PASSWORD).await?;
    visit.press("Change password").await?;
    visit.says("The password was not changed").await?;
    visit.fill("Current password", PASSWORD).await?;
    visit.fill("New password", NEW_PASSWORD).await?;
    visit.press("Change password").await?;
    visit.says("Your password is changed").await?;
    visit.inspect("27-password-changed").await?;

    elsewhere.watch.expect("status of 401");
    elsewhere.page.reload(None).await?;
    elsewhere.shows(elsewhere.heading("Log in")).await?;
    elsewhere.was_clean(&server.url())
}

/// Reload, log out, log in again.
async fn come_back(visit: &Visit, server: &Server, project: &str) -> Result<()> {
    visit.go(project).await?;
    visit.shows(visit.button("Reveal DB_URL")).await?;
    visit.page.reload(None).await?;
    visit.shows(visit.button("Reveal DB_URL")).await?;
    assert_eq!(visit.page.url(), project, "a reload stays where it was");

    visit.press("Log out").await?;
    visit.shows(visit.heading("Log in")).await?;
    visit.inspect("28-login").await?;
    // A link to a page of its own comes back to it after the login.
    visit.go(project).await?;
    visit.shows(visit.heading("Log in")).await?;
    assert_eq!(visit.button("Reveal DB_URL").count().await?, 0);
    visit.fill("Email", EMAIL).await?;
    visit.fill("Password", NEW_PASSWORD).await?;
    visit.press("Log in").await?;
    visit.shows(visit.button("Reveal DB_URL")).await?;
    assert_eq!(visit.page.url(), project);

    // Set-up is over: its page leads on.
    visit.go(&format!("{}/admin/signup", server.url())).await?;
    visit.shows(visit.button("Log out")).await?;
    ensure!(!visit.page.url().contains("signup"), "{}", visit.page.url());
    visit.go(&format!("{}/no/such/page", server.url())).await?;
    visit.shows(visit.heading("Page not found")).await?;
    visit.inspect("29-not-found").await
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

/// Another machine, the backup, the kit: everything is back.
async fn restore(chromium: &Chromium, folder: &Path, backup: &Path, kit: &Path) -> Result<()> {
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
async fn unlock(chromium: &Chromium, data: &Path, kit: &Path) -> Result<()> {
    fs::rename(data.join("identity"), data.with_extension("identity"))?;
    let server = Server::start(data)?;
    let visit = chromium.visitor().await?;
    visit.watch.expect("status of 503");
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
