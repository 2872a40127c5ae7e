//! The page of secrets, gesture by gesture: forms that meet other people's changes, tags, the clipboard, keys, files.

use anyhow::{Context as _, Result, ensure};
use e2e::http::Connection;
use e2e::instance::{Instance, log_in};
use e2e::visit::{Chromium, DESK, PHONE, SOON, Visit};
use playwright_rs::protocol::AriaRole;
use playwright_rs::{Locator, expect};
use serde_json::{Value, json};

use crate::stage::{Stage, patiently};

const PEM: &str = "-----BEGIN KEY-----\n  abc\n-----END KEY-----";

/// Requests whose address contains this text take a second longer.
async fn slow_down(visit: &Visit, address: &str) -> Result<()> {
    let script = "(slow) => { const real = window.fetch.bind(window); \
        window.fetch = async (request, ...rest) => { \
            if ((request.url || String(request)).includes(slow)) await new Promise(done => setTimeout(done, 1000)); \
            return real(request, ...rest); }; return true; }";
    let _: bool = visit.page.evaluate(script, Some(&address)).await?;
    Ok(())
}

/// Changes reach the server and all answers get lost, until [`hear_again`].
async fn lose_answers(visit: &Visit) -> Result<()> {
    let script = "() => { const real = window.fetch.bind(window); window.lost = true; \
        window.fetch = async (request, ...rest) => { const answer = await real(request, ...rest); \
            if (window.lost) throw new TypeError('lost'); return answer; }; return true; }";
    let _: bool = visit.page.evaluate(script, None::<&()>).await?;
    Ok(())
}

async fn hear_again(visit: &Visit) -> Result<()> {
    let script = "() => { window.lost = false; return true; }";
    let _: bool = visit.page.evaluate(script, None::<&()>).await?;
    Ok(())
}

/// What waits for half a minute or longer waits for a moment.
async fn hurry(visit: &Visit) -> Result<()> {
    let script = "() => { const real = window.setTimeout; \
        window.setTimeout = (then, wait, ...rest) => real(then, wait >= 30000 ? 500 : wait, ...rest); return true; }";
    let _: bool = visit.page.evaluate(script, None::<&()>).await?;
    Ok(())
}

async fn clipboard(visit: &Visit) -> Result<String> {
    let script = "() => navigator.clipboard.readText()";
    Ok(visit.page.evaluate(script, None::<&()>).await?)
}

/// Drops a file on an element; true when the page took it.
async fn drop_file(visit: &Visit, on: &str, name: &str, content: &str) -> Result<bool> {
    let script = "([on, name, content]) => { const data = new DataTransfer(); \
        data.items.add(new File([content], name)); let taken = true; \
        for (const kind of ['dragover', 'drop']) { \
            const event = new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }); \
            document.querySelector(on).dispatchEvent(event); taken &&= event.defaultPrevented; } return taken; }";
    Ok(visit.page.evaluate(script, Some(&[on, name, content])).await?)
}

async fn has_value(visit: &Visit, label: &str, text: &str) -> Result<()> {
    let field = visit.page.get_by_label(label, true);
    let has = expect(field).with_timeout(SOON).to_have_value(text).await;
    if has.is_err() {
        visit.picture("failed").await?;
    }
    has.with_context(|| format!("the field {label} does not hold {text}"))
}

async fn edit(visit: &Visit, name: &str, value: &str) -> Result<()> {
    visit.press(&format!("Edit {name}")).await?;
    has_value(visit, "Value", value).await
}

/// An entry of the navigation: the trail above a page has the same names.
fn menu(visit: &Visit, name: &str) -> Locator {
    let navigation = visit.part(AriaRole::Navigation, "Main");
    navigation.get_by_text(name, true)
}

fn whole(stage: &Stage, name: &str) -> Result<Value> {
    let mut connection = Connection::open(stage.server.address)?;
    let path = stage.instance.query(name);
    connection.call(&stage.instance.user, "GET", &path, None)?.ok()
}

fn delete(stage: &Stage, name: &str) -> Result<()> {
    let mut connection = Connection::open(stage.server.address)?;
    let body = json!({ "workspaceId": stage.instance.project, "environment": "dev", "secretPath": "/" });
    let path = Instance::path(name);
    connection
        .call(&stage.instance.user, "DELETE", &path, Some(&body))?
        .ok()?;
    Ok(())
}

fn read(stage: &Stage, name: &str) -> Result<String> {
    let mut connection = Connection::open(stage.server.address)?;
    stage.instance.read(&mut connection, name)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_outlives_the_secret_it_was_typed_for() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        stage.create("DB_URL", "before")?;
        stage.create("OTHER", "x")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        edit(&visit, "DB_URL", "before").await?;
        visit.fill("Value", "typed").await?;
        delete(&stage, "DB_URL")?;
        // The tab comes back into sight.
        let look = "() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))";
        let _: bool = visit.page.evaluate(look, None::<&()>).await?;
        visit.says("The secret is not here any more").await?;
        has_value(&visit, "Value", "typed").await?;
        visit.watch.expect("/api/strongroom/v1/changes");
        visit.press("Save").await?;
        visit.says("Nothing was saved").await?;
        has_value(&visit, "Value", "typed").await?;
        visit.inspect("50-gone").await?;
        visit.press("Keep as a new secret").await?;
        has_value(&visit, "Value", "typed").await?;
        visit.press("Save").await?;
        visit.shows(visit.button("Reveal DB_URL")).await?;
        assert_eq!(read(&stage, "DB_URL")?, "typed");

        // Discarded, opened again, brought back: one secret has one form.
        edit(&visit, "OTHER", "x").await?;
        visit.fill("Value", "y").await?;
        visit.page.keyboard().press("Control+u", None).await?;
        visit.gone(visit.page.get_by_label("Value", true)).await?;
        edit(&visit, "OTHER", "x").await?;
        let undo = visit.button("Undo").last();
        visit.click(undo, "Undo of the discarding").await?;
        has_value(&visit, "Value", "y").await?;
        visit.press("Save").await?;
        visit.shows(visit.button("Reveal OTHER")).await?;
        assert_eq!(read(&stage, "OTHER")?, "y");
        visit.watch.came("/api/strongroom/v1/changes").await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_loses_nothing_while_it_is_on_its_way() -> Result<()> {
    patiently(Box::pin(async {
        let stage = Stage::new()?;
        stage.create("SLOW", "before")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.shows(visit.button("Edit SLOW")).await?;
        slow_down(&visit, "/api/strongroom/v1/changes").await?;

        // Typed while it is saved.
        edit(&visit, "SLOW", "before").await?;
        visit.fill("Value", "first").await?;
        visit.press("Save").await?;
        visit.fill("Value", "second").await?;
        visit.says("Saved SLOW").await?;
        has_value(&visit, "Value", "second").await?;
        assert_eq!(read(&stage, "SLOW")?, "first");
        visit.press("Save").await?;
        visit.shows(visit.button("Reveal SLOW")).await?;
        assert_eq!(read(&stage, "SLOW")?, "second");

        // Gone to another page before the answer is here.
        edit(&visit, "SLOW", "second").await?;
        visit.fill("Value", "third").await?;
        visit.press("Save").await?;
        visit
            .click(menu(&visit, "Projects"), "Projects in the menu")
            .await?;
        visit.shows(visit.heading("Projects")).await?;
        visit.shows(visit.button("Undo").last()).await?;
        visit.page.go_back(None).await?;
        visit.shows(visit.button("Reveal SLOW")).await?;
        visit.gone(visit.button("Save")).await?;
        assert_eq!(read(&stage, "SLOW")?, "third");

        // The answer is lost, the change is not: saving again notices it, for an old secret and a new one.
        visit.watch.expect("/api/strongroom/v1/changes");
        edit(&visit, "SLOW", "third").await?;
        visit.fill("Value", "fourth").await?;
        visit.press("Add Secret").await?;
        visit
            .page
            .get_by_label("Name", true)
            .first()
            .fill("FRESH", None)
            .await?;
        visit
            .page
            .get_by_label("Value", true)
            .first()
            .fill("new", None)
            .await?;
        lose_answers(&visit).await?;
        visit.press("Save").await?;
        visit.says("It is not known whether this was saved").await?;
        assert_eq!(read(&stage, "SLOW")?, "fourth");
        visit.inspect("55-answer-lost").await?;
        hear_again(&visit).await?;
        visit.press("Save").await?;
        visit.says("What you typed was saved already").await?;
        visit.gone(visit.button("Save")).await?;
        visit.shows(visit.button("Reveal FRESH")).await?;
        visit.shows(visit.button("Reveal SLOW")).await?;

        // A form does not open in an environment that it does not belong to.
        slow_down(&visit, "/api/v3/secrets/raw/").await?;
        visit.press("Edit SLOW").await?;
        visit.follow("Staging").await?;
        visit.shows(visit.heading("No secrets here yet")).await?;
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        assert_eq!(visit.page.locator(".secret-bar").count().await?, 0);
        assert_eq!(visit.page.locator(".secret-form").count().await?, 0);
        visit.watch.came("/api/strongroom/v1/changes").await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    }))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_keeps_what_was_typed_and_a_logout_asks() -> Result<()> {
    patiently(Box::pin(async {
        let stage = Stage::new()?;
        stage.create("KEPT", "before")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        edit(&visit, "KEPT", "before").await?;
        visit.fill("Value", "typed").await?;
        let token = log_in(stage.server.address)?;
        Connection::open(stage.server.address)?
            .call(&token, "DELETE", "/api/strongroom/v1/sessions", None)?
            .ok()?;
        visit.watch.expect("status of 401");
        visit.press("Save").await?;
        visit.shows(visit.heading("Log in")).await?;
        assert_eq!(visit.page.locator(".toast").count().await?, 0);
        visit.log_in().await?;
        has_value(&visit, "Value", "typed").await?;

        visit.press("Log out").await?;
        visit.shows(visit.heading("Log out without saving?")).await?;
        visit.inspect("51-log-out").await?;
        visit.page.keyboard().press("Escape", None).await?;
        visit.gone(visit.heading("Log out without saving?")).await?;
        visit.page.set_viewport_size(PHONE).await?;
        visit.press("Menu").await?;
        visit.press("Log out").await?;
        visit.shows(visit.heading("Log out without saving?")).await?;
        visit.picture("51-log-out-menu").await?;
        visit.page.keyboard().press("Escape", None).await?;
        visit.gone(visit.heading("Log out without saving?")).await?;
        visit.press("Close").await?;
        visit.page.set_viewport_size(DESK).await?;
        visit.press("Save").await?;
        visit.shows(visit.button("Reveal KEPT")).await?;
        visit.shows(visit.button("Undo").last()).await?;
        visit.press("Edit KEPT").await?;
        has_value(&visit, "Value", "typed").await?;
        visit.fill("Value", "thrown away").await?;
        visit.press("Log out").await?;
        visit.press("Confirm").await?;
        visit.shows(visit.heading("Log in")).await?;
        visit.gone(visit.page.locator(".toast").first()).await?;
        visit.go(&stage.secrets()).await?;
        visit.log_in().await?;
        visit.shows(visit.button("Reveal KEPT")).await?;
        assert_eq!(visit.page.locator(".secret-form").count().await?, 0);
        let token = log_in(stage.server.address)?;
        let mut connection = Connection::open(stage.server.address)?;
        let kept = connection.call(&token, "GET", &stage.instance.query("KEPT"), None)?;
        assert_eq!(kept.ok()?["secret"]["secretValue"], "typed");
        visit.watch.came("status of 401").await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    }))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_tag_is_saved_with_its_secret() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        stage.create("TAGGED", "x")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        edit(&visit, "TAGGED", "x").await?;
        visit.fill("New tag", "database").await?;
        visit.page.keyboard().press("Control+Enter", None).await?;
        visit.shows(visit.button("Reveal TAGGED")).await?;
        visit.says("database").await?;
        edit(&visit, "TAGGED", "x").await?;
        visit.fill("New tag", "no tag!").await?;
        visit.press("Save").await?;
        visit.says("TAGGED was not saved").await?;
        visit.inspect("52-tags").await?;
        visit.fill("New tag", "web").await?;
        visit.press("Save").await?;
        visit.shows(visit.button("Reveal TAGGED")).await?;
        let tags = whole(&stage, "TAGGED")?["secret"]["tags"].clone();
        let mut slugs: Vec<_> = tags
            .as_array()
            .context("no tags")?
            .iter()
            .filter_map(|tag| tag["slug"].as_str())
            .collect();
        slugs.sort_unstable();
        assert_eq!(slugs, ["database", "web"]);
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_copied_unseen_and_hidden_again() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        stage.create("ALPHA", "first value")?;
        stage.create("TLS_KEY", PEM)?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.shows(visit.button("Copy ALPHA")).await?;
        hurry(&visit).await?;
        let shown = visit.page.locator("pre.plain");
        visit.press("Copy ALPHA").await?;
        visit.says("Copied ALPHA").await?;
        assert_eq!(shown.count().await?, 0);
        let copied = clipboard(&visit).await?;
        ensure!(copied == "first value" || copied.is_empty(), "{copied}");
        visit.says("The clipboard was cleared").await?;
        assert_eq!(clipboard(&visit).await?, "");

        // What somebody else put there is left alone.
        let put = "() => navigator.clipboard.writeText('mine').then(() => true)";
        visit.press("Copy ALPHA").await?;
        visit.says("Copied ALPHA").await?;
        let _: bool = visit.page.evaluate(put, None::<&()>).await?;
        tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
        assert_eq!(clipboard(&visit).await?, "mine");

        // After half a minute, which hurries here, a value is hidden.
        visit.press("Reveal ALPHA").await?;
        visit.shows(shown.first()).await?;
        visit.gone(shown.first()).await?;

        visit.go(&stage.secrets()).await?;
        visit.press("Reveal TLS_KEY").await?;
        visit.says("PEM · 3 lines").await?;
        let leave = "() => window.dispatchEvent(new Event('blur'))";
        let _: bool = visit.page.evaluate(leave, None::<&()>).await?;
        visit.gone(shown.first()).await?;
        visit.press("Reveal all values").await?;
        visit.shows(shown.nth(1)).await?;
        visit.inspect("53-all-values").await?;
        visit.press("Hide all values").await?;
        visit.gone(shown.first()).await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_does_what_the_sheet_says() -> Result<()> {
    patiently(Box::pin(async {
        let stage = Stage::new()?;
        stage.create("ALPHA", "1")?;
        stage.create("BETA", "2")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.shows(visit.button("Reveal ALPHA")).await?;
        let keys = visit.page.keyboard();
        let value = visit.page.get_by_label("Value", true);
        keys.press("ArrowDown", None).await?;
        keys.press("ArrowDown", None).await?;
        keys.press("c", None).await?;
        visit.says("Copied BETA").await?;
        assert_eq!(clipboard(&visit).await?, "2");
        for key in ["e", "Enter"] {
            keys.press(key, None).await?;
            has_value(&visit, "Value", "2").await?;
            keys.press("Escape", None).await?;
            visit.gone(value.clone()).await?;
            visit.shows(visit.page.locator(".secret:focus")).await?;
        }
        keys.press("v", None).await?;
        visit.shows(visit.heading("Versions of BETA")).await?;
        visit.says("Version 1").await?;
        keys.press("Escape", None).await?;
        visit.gone(visit.heading("Versions of BETA")).await?;
        keys.press("Delete", None).await?;
        visit.shows(visit.heading("Delete BETA?")).await?;
        keys.press("Escape", None).await?;
        visit.gone(visit.heading("Delete BETA?")).await?;
        keys.press("i", None).await?;
        visit.shows(visit.heading("Import secrets")).await?;
        keys.press("Escape", None).await?;
        visit.gone(visit.heading("Import secrets")).await?;

        // Saving and deleting leave the keyboard where it was.
        visit.press("Edit BETA").await?;
        has_value(&visit, "Value", "2").await?;
        visit.fill("Value", "3").await?;
        keys.press("Control+Enter", None).await?;
        visit.shows(visit.button("Reveal BETA")).await?;
        let row = visit.page.locator(".secret:focus").get_by_text("BETA", true);
        visit.shows(row).await?;
        visit.press("Delete BETA").await?;
        visit.press("Confirm").await?;
        visit.gone(visit.button("Reveal BETA")).await?;
        let row = visit.page.locator(".secret:focus").get_by_text("ALPHA", true);
        visit.shows(row).await?;

        keys.press("g", None).await?;
        keys.press("p", None).await?;
        visit.shows(visit.heading("Projects")).await?;
        keys.press("g", None).await?;
        keys.press("b", None).await?;
        visit.says("There is no recovery kit").await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    }))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_pasted_lines_open_the_import() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.shows(visit.heading("No secrets here yet")).await?;
        ensure!(
            drop_file(&visit, "main", "app.env", "FROM_FILE=1\nMORE=2\n").await?,
            "the file is taken"
        );
        visit.shows(visit.heading("Import secrets")).await?;
        visit.shows(visit.button("Import 2 secrets")).await?;
        // Beside the field, with the sheet open: another file replaces the text.
        let content = "{\"FROM_JSON\": \"3\"}";
        ensure!(
            drop_file(&visit, "dialog h2", "app.json", content).await?,
            "the file is taken"
        );
        visit.shows(visit.button("Import 1 secret")).await?;
        visit.fill("Folder", "/backend").await?;
        visit.press("Import 1 secret").await?;
        // It went into a folder that was not there: the folder shows.
        visit.shows(visit.part(AriaRole::Link, "backend")).await?;

        let put = "() => navigator.clipboard.writeText('A_PASTED=1\\nB_PASTED=2\\n').then(() => true)";
        let _: bool = visit.page.evaluate(put, None::<&()>).await?;
        visit.page.keyboard().press("Control+v", None).await?;
        visit.shows(visit.heading("Import secrets")).await?;
        visit.press("Import 2 secrets").await?;
        visit.shows(visit.button("Reveal A_PASTED")).await?;
        assert_eq!(read(&stage, "B_PASTED")?, "2");

        // A file that falls on any other page is not opened in its place.
        visit
            .click(menu(&visit, "Projects"), "Projects in the menu")
            .await?;
        visit.shows(visit.heading("Projects")).await?;
        ensure!(
            drop_file(&visit, "main", "app.env", "X=1\n").await?,
            "the page stays"
        );
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn production_asks_for_its_name() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        let mut connection = Connection::open(stage.server.address)?;
        let mut body = stage.instance.body("x");
        body["environment"] = "prod".into();
        connection
            .call(&stage.instance.user, "POST", &Instance::path("LIVE"), Some(&body))?
            .ok()?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.follow("Production").await?;
        visit.press("Delete LIVE").await?;
        visit.shows(visit.heading("Delete LIVE?")).await?;
        ensure!(
            visit.button("Confirm").is_disabled().await?,
            "without the name nothing is deleted"
        );
        visit.inspect("54-production").await?;
        visit.fill("Type Production to confirm", "production").await?;
        ensure!(visit.button("Confirm").is_disabled().await?, "capitals count");
        visit.fill("Type Production to confirm", "Production").await?;
        visit.press("Confirm").await?;
        visit.gone(visit.button("Reveal LIVE")).await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}
