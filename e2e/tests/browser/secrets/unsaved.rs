//! Forms with unsaved text: they meet other people's changes, lost answers and ended sessions.

use anyhow::{Result, ensure};
use e2e::http::Connection;
use e2e::instance::{Instance, log_in};
use e2e::visit::{DESK, PHONE, Visit};
use serde_json::json;

use super::{edit, has_value, menu, read};
use crate::stage::{Stage, show};

/// Requests whose address contains this text wait, until [`let_go`].
async fn hold(visit: &Visit, address: &str) -> Result<()> {
    let script = "(held) => { const real = window.fetch; const answers = []; let open; \
        const gate = new Promise(done => { open = done; }); \
        window.fetch = (request, ...rest) => { \
            const go = () => real.call(window, request, ...rest); \
            if (!(request.url || String(request)).includes(held)) return go(); \
            const answer = gate.then(go); \
            answers.push(answer.then(answer => answer.clone().text())); \
            return answer; }; \
        window.letGo = async () => { window.fetch = real; open(); await Promise.allSettled(answers); return answers.length; }; \
        return true; }";
    let _: bool = visit.page.evaluate(script, Some(&address)).await?;
    Ok(())
}

/// What waited is sent. Its answers are here when this returns.
async fn let_go(visit: &Visit) -> Result<()> {
    let sent: u32 = visit.page.evaluate("() => window.letGo()", None::<&()>).await?;
    ensure!(sent > 0, "nothing was held");
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

/// What the page does with what it has just learnt is in sight then.
const NEXT_FRAME: &str = "new Promise(done => setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))))";

fn delete(stage: &Stage, name: &str) -> Result<()> {
    let mut connection = Connection::open(stage.server.address)?;
    let body = json!({ "workspaceId": stage.instance.project, "environment": "dev", "secretPath": "/" });
    let path = Instance::path(name);
    connection
        .call(&stage.instance.user, "DELETE", &path, Some(&body))?
        .ok()?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_outlives_the_secret_it_was_typed_for() -> Result<()> {
    show(&[("DB_URL", "before"), ("OTHER", "x")], async |stage, visit| {
        edit(visit, "DB_URL", "before").await?;
        visit.fill("Value", "typed").await?;
        delete(stage, "DB_URL")?;
        // The tab comes back into sight.
        let look = "() => document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))";
        let _: bool = visit.page.evaluate(look, None::<&()>).await?;
        visit.says("The secret is not here any more").await?;
        has_value(visit, "Value", "typed").await?;
        visit.watch.expect("/api/strongroom/v1/changes");
        visit.press("Save").await?;
        visit.says("Nothing was saved").await?;
        has_value(visit, "Value", "typed").await?;
        visit.inspect("50-gone").await?;
        visit.press("Keep as a new secret").await?;
        has_value(visit, "Value", "typed").await?;
        visit.press("Save").await?;
        visit.shows(visit.button("Reveal DB_URL")).await?;
        assert_eq!(read(stage, "DB_URL")?, "typed");

        // Discarded, opened again, brought back: one secret has one form.
        edit(visit, "OTHER", "x").await?;
        visit.fill("Value", "y").await?;
        visit.page.keyboard().press("Control+u", None).await?;
        visit.gone(visit.page.get_by_label("Value", true)).await?;
        edit(visit, "OTHER", "x").await?;
        let undo = visit.button("Undo").last();
        visit.click(undo, "Undo of the discarding").await?;
        has_value(visit, "Value", "y").await?;
        visit.press("Save").await?;
        visit.shows(visit.button("Reveal OTHER")).await?;
        assert_eq!(read(stage, "OTHER")?, "y");
        visit.watch.came("/api/strongroom/v1/changes").await?;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_save_loses_nothing_while_it_is_on_its_way() -> Result<()> {
    show(&[("SLOW", "before")], async |stage, visit| {
        visit.shows(visit.button("Edit SLOW")).await?;

        // Typed while it is saved.
        edit(visit, "SLOW", "before").await?;
        visit.fill("Value", "first").await?;
        hold(visit, "/api/strongroom/v1/changes").await?;
        visit.press("Save").await?;
        visit.fill("Value", "second").await?;
        let_go(visit).await?;
        visit.says("Saved SLOW").await?;
        has_value(visit, "Value", "second").await?;
        assert_eq!(read(stage, "SLOW")?, "first");
        visit.press("Save").await?;
        visit.shows(visit.button("Reveal SLOW")).await?;
        assert_eq!(read(stage, "SLOW")?, "second");

        // Gone to another page before the answer is here.
        edit(visit, "SLOW", "second").await?;
        visit.fill("Value", "third").await?;
        hold(visit, "/api/strongroom/v1/changes").await?;
        visit.press("Save").await?;
        visit
            .click(menu(visit, "Projects"), "Projects in the menu")
            .await?;
        visit.shows(visit.heading("Projects")).await?;
        let_go(visit).await?;
        visit.says("Saved SLOW").await?;
        visit.page.go_back(None).await?;
        visit.shows(visit.button("Reveal SLOW")).await?;
        visit.gone(visit.button("Save")).await?;
        assert_eq!(read(stage, "SLOW")?, "third");

        // The answer is lost, the change is not: saving again notices it, for an old secret and a new one.
        visit.watch.expect("/api/strongroom/v1/changes");
        edit(visit, "SLOW", "third").await?;
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
        lose_answers(visit).await?;
        visit.press("Save").await?;
        visit.says("It is not known whether this was saved").await?;
        assert_eq!(read(stage, "SLOW")?, "fourth");
        visit.inspect("55-answer-lost").await?;
        hear_again(visit).await?;
        visit.press("Save").await?;
        visit.says("What you typed was saved already").await?;
        visit.gone(visit.button("Save")).await?;
        visit.shows(visit.button("Reveal FRESH")).await?;
        visit.shows(visit.button("Reveal SLOW")).await?;

        // A form does not open in an environment that it does not belong to.
        hold(visit, "/api/v3/secrets/raw/").await?;
        visit.press("Edit SLOW").await?;
        visit.follow("Staging").await?;
        visit.shows(visit.heading("No secrets here yet")).await?;
        let_go(visit).await?;
        visit.page.evaluate_expression(NEXT_FRAME).await?;
        assert_eq!(visit.page.locator(".secret-bar").count().await?, 0);
        assert_eq!(visit.page.locator(".secret-form").count().await?, 0);
        visit.watch.came("/api/strongroom/v1/changes").await?;
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_keeps_what_was_typed_and_a_logout_asks() -> Result<()> {
    show(&[("KEPT", "before")], async |stage, visit| {
        edit(visit, "KEPT", "before").await?;
        visit.fill("Value", "typed").await?;
        let token = log_in(stage.server.address)?;
        Connection::open(stage.server.address)?
            .call(&token, "DELETE", "/api/strongroom/v1/sessions", None)?
            .ok()?;
        visit.watch.expect("status of 401");
        visit.press("Save").await?;
        visit.shows(visit.heading("Log in")).await?;
        visit.gone(visit.page.locator(".toast").first()).await?;
        visit.log_in().await?;
        has_value(visit, "Value", "typed").await?;

        visit.click(menu(visit, "Account"), "Account in the menu").await?;
        visit.press("Log out everywhere").await?;
        visit.says("What you typed and did not save is lost.").await?;
        visit.page.keyboard().press("Escape", None).await?;
        visit.gone(visit.heading("Log out everywhere?")).await?;
        visit.page.go_back(None).await?;
        has_value(visit, "Value", "typed").await?;

        visit.press("Log out").await?;
        visit.shows(visit.heading("Log out without saving?")).await?;
        visit.inspect("51-log-out").await?;
        visit.page.keyboard().press("Escape", None).await?;
        visit.gone(visit.heading("Log out without saving?")).await?;
        visit.page.set_viewport_size(PHONE).await?;
        let script = "() => new Set([...document.querySelectorAll('.secret-bar-line > button')] \
            .map(button => button.getBoundingClientRect().top)).size";
        let lines: u32 = visit.page.evaluate(script, None::<&()>).await?;
        ensure!(lines == 1, "Discard and Save stand on {lines} lines");
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
        has_value(visit, "Value", "typed").await?;
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
        Ok(())
    })
    .await
}
