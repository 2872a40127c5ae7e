//! What goes wrong in a first hour: wrong codes, two tabs, restarts, hostile names, no mouse, a small screen.

use anyhow::{Result, ensure};
use e2e::http::Connection;
use e2e::server::Server;
use e2e::visit::{Chromium, PHONE, SOON, Visit};
use playwright_rs::expect;
use serde_json::json;

use crate::stage::{Stage, patiently};

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_makes_no_administrator() -> Result<()> {
    patiently(async {
        let scratch = tempfile::tempdir()?;
        let server = Server::start(&scratch.path().join("data"))?;
        let chromium = Chromium::start().await?;
        let visit = chromium.visitor().await?;
        visit
            .go(&format!("{}/admin/signup#code=AAAA-BBBB-CCCC-DDDD", server.url()))
            .await?;
        visit.fill("Email", "eve@example.com").await?;
        visit.fill("Password", "four words make one").await?;
        visit.fill("Organization", "Eve").await?;
        visit.watch.expect("/api/strongroom/v1/setup");
        visit.press("Create account").await?;
        visit.says("The account was not created").await?;
        visit.says("Enter the newest setup code, then try again.").await?;
        visit.watch.came("/api/strongroom/v1/setup").await?;
        ensure!(visit.page.url().contains("/admin/signup"), "{}", visit.page.url());
        visit.inspect("40-wrong-code").await?;
        let state = e2e::http::once(server.address, "GET", "/api/strongroom/v1/setup", &[], b"")?;
        assert_eq!(state.ok()?["initialized"], false);
        visit.was_clean(&server.url())?;
        chromium.end().await?;
        server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_that_edit_one_secret_lose_neither_change() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        stage.create("SHARED", "first")?;
        let chromium = Chromium::start().await?;
        let one = stage.visit(&chromium).await?;
        one.shows(one.button("Reveal SHARED")).await?;
        let other = one.tab().await?;
        other.go(&stage.secrets()).await?;
        for tab in [&one, &other] {
            tab.shows(tab.button("Edit SHARED")).await?;
            tab.press("Edit SHARED").await?;
            let field = tab.page.get_by_label("Value", true);
            expect(field).with_timeout(SOON).to_have_value("first").await?;
        }
        one.fill("Value", "of one").await?;
        one.press("Save").await?;
        one.shows(one.button("Reveal SHARED")).await?;
        other.fill("Value", "of the other").await?;
        other.watch.expect("/api/strongroom/v1/changes");
        other.press("Save").await?;
        other.shows(other.button("Take theirs")).await?;
        other.watch.came("/api/strongroom/v1/changes").await?;
        let mut connection = Connection::open(stage.server.address)?;
        assert_eq!(stage.instance.read(&mut connection, "SHARED")?, "of one");
        other.inspect("41-conflict").await?;
        let field = other.page.get_by_label("Value", true);
        expect(field)
            .with_timeout(SOON)
            .to_have_value("of the other")
            .await?;
        other.press("Keep mine").await?;
        other.press("Save").await?;
        other.shows(other.button("Reveal SHARED")).await?;
        assert_eq!(stage.instance.read(&mut connection, "SHARED")?, "of the other");
        one.was_clean(&stage.server.url())?;
        other.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_survives_a_restart_of_the_server() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        stage.create("KEPT", "before")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.shows(visit.button("Edit KEPT")).await?;
        visit.press("Edit KEPT").await?;
        let field = visit.page.get_by_label("Value", true);
        expect(field).with_timeout(SOON).to_have_value("before").await?;
        visit.fill("Value", "after").await?;

        let (address, url) = (stage.server.address, stage.server.url());
        stage.server.kill()?;
        visit.watch.expect("ERR_CONNECTION_REFUSED");
        visit.press("Save").await?;
        visit.says("No answer came from the server").await?;
        visit.inspect("42-unreachable").await?;
        let data = stage.scratch.path().join("data");
        let server = Server::start_at(&data, address, &[])?;
        visit.press("Save").await?;
        visit.shows(visit.button("Reveal KEPT")).await?;
        visit.watch.came("ERR_CONNECTION_REFUSED").await?;
        let mut connection = Connection::open(server.address)?;
        assert_eq!(stage.instance.read(&mut connection, "KEPT")?, "after");
        visit.was_clean(&url)?;
        chromium.end().await?;
        server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_session_leads_to_the_login_and_back() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        stage.create("KEPT", "value")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.shows(visit.button("Reveal KEPT")).await?;
        // Somebody presses "Log out everywhere" on another device.
        let token = e2e::instance::log_in(stage.server.address)?;
        Connection::open(stage.server.address)?
            .call(&token, "DELETE", "/api/strongroom/v1/sessions", None)?
            .ok()?;
        visit.watch.expect("status of 401");
        visit.press("Reveal KEPT").await?;
        visit.shows(visit.heading("Log in")).await?;
        assert_eq!(visit.page.locator("pre.plain").count().await?, 0);
        visit.inspect("43-session-ended").await?;
        visit.watch.came("status of 401").await?;
        visit.log_in().await?;
        visit.shows(visit.button("Reveal KEPT")).await?;
        assert_eq!(visit.page.url(), stage.secrets());
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_any_page_leads_there_after_the_login() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        let url = stage.server.url();
        let chromium = Chromium::start().await?;
        let visit = chromium.visitor().await?;
        // Of strangers: they lead nowhere else, and not to a login that is over.
        for next in [
            "https://evil.example/",
            "//evil.example/",
            "/%5Cevil.example/",
            "/%09/evil.example/",
            "/login",
        ] {
            visit.go(&format!("{url}/login?next={next}")).await?;
            log_in_and_out(&visit, "Projects", &format!("{url}/projects")).await?;
        }
        let settings = format!("/projects/{}/settings", stage.instance.project);
        for (page, heading) in [
            ("/identities", "Machine Identities"),
            ("/recovery", "Keys & recovery"),
            ("/backups?from=a%20link&more=1%2B1", "Backups"),
            ("/certificates", "Certificates"),
            ("/instance", "Instance"),
            ("/settings?from=%2Flogin", "Server settings"),
            ("/account", "Account"),
            (&settings, "Environments"),
        ] {
            let page = format!("{url}{page}");
            visit.go(&page).await?;
            log_in_and_out(&visit, heading, &page).await?;
        }
        visit.was_clean(&url)?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

/// The login that is in the way, the page behind it, and out again.
async fn log_in_and_out(visit: &Visit, heading: &str, page: &str) -> Result<()> {
    visit.shows(visit.heading("Log in")).await?;
    visit.log_in().await?;
    visit.shows(visit.button("Log out")).await?;
    visit.shows(visit.heading(heading)).await?;
    ensure!(visit.page.url() == page, "{} instead of {page}", visit.page.url());
    visit.press("Log out").await?;
    visit.shows(visit.heading("Log in")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_added_found_and_changed_without_a_mouse() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        stage.create("ALPHA", "1")?;
        stage.create("BETA", "2")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.shows(visit.button("Reveal ALPHA")).await?;
        let keys = visit.page.keyboard();
        keys.press("n", None).await?;
        visit.listens(visit.page.get_by_label("Name", true)).await?;
        keys.type_text("TYPED", None).await?;
        keys.press("Tab", None).await?;
        visit.listens(visit.page.get_by_label("Value", true)).await?;
        keys.type_text("by hand", None).await?;
        keys.press("Control+Enter", None).await?;
        visit.shows(visit.button("Reveal TYPED")).await?;
        let mut connection = Connection::open(stage.server.address)?;
        assert_eq!(stage.instance.read(&mut connection, "TYPED")?, "by hand");

        visit.shows(visit.button("Undo").last()).await?;
        visit.listens(visit.button("Add Secret")).await?;
        keys.press("Control+z", None).await?;
        visit.gone(visit.button("Reveal TYPED")).await?;
        keys.press("/", None).await?;
        visit
            .listens(visit.page.get_by_label("Search secrets", true))
            .await?;
        keys.type_text("BET", None).await?;
        visit.gone(visit.button("Reveal ALPHA")).await?;
        visit.shows(visit.button("Reveal BETA")).await?;
        keys.press("Escape", None).await?;
        visit.shows(visit.button("Reveal ALPHA")).await?;
        keys.press("?", None).await?;
        visit.shows(visit.heading("Keyboard shortcuts")).await?;
        visit.inspect("44-shortcuts").await?;
        keys.press("Escape", None).await?;
        visit.gone(visit.heading("Keyboard shortcuts")).await?;
        keys.press("ArrowDown", None).await?;
        visit.shows(visit.page.locator(".secret:focus")).await?;
        keys.press("r", None).await?;
        visit.shows(visit.page.locator("pre.plain")).await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_is_enough_in_an_emergency() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        stage.create("DOOR_CODE", "4711")?;
        let chromium = Chromium::start().await?;
        let visit = chromium.visitor_with(PHONE).await?;
        visit.go(&stage.secrets()).await?;
        visit.log_in().await?;
        visit.shows(visit.button("Reveal DOOR_CODE")).await?;
        visit.fits("secrets on a phone").await?;
        visit.press("Reveal DOOR_CODE").await?;
        visit.shows(visit.page.locator("pre.plain")).await?;
        visit.fits("a value on a phone").await?;
        visit.press("Menu").await?;
        visit.follow("Keys & recovery").await?;
        visit.says("There is no recovery kit").await?;
        visit.fits("keys on a phone").await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_text_and_stay_inside_the_page() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        let mut connection = Connection::open(stage.server.address)?;
        let user = &stage.instance.user;
        let long = "W".repeat(60);
        for name in [
            "<img src=x onerror=alert(1)>",
            "\u{5d0}\u{5d1} admin",
            "{{constructor}} ${HOME}",
            long.as_str(),
        ] {
            let body = json!({ "projectName": name });
            connection
                .call(user, "POST", "/api/v1/projects", Some(&body))?
                .ok()?;
        }
        let name = "A".repeat(180);
        stage.create(&name, "<script>alert(2)</script>")?;
        stage.create("javascript:alert(3)", "x")?;
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.shows(visit.button(&format!("Reveal {name}"))).await?;
        visit.press(&format!("Reveal {name}")).await?;
        visit
            .shows(visit.page.get_by_text("<script>alert(2)</script>", true))
            .await?;
        visit.inspect("45-hostile-secrets").await?;
        visit.go(&format!("{}/projects", stage.server.url())).await?;
        visit
            .shows(
                visit
                    .page
                    .get_by_text("<img src=x onerror=alert(1)>", true)
                    .first(),
            )
            .await?;
        visit.inspect("46-hostile-projects").await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_secrets_scroll_and_filter() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        let mut connection = Connection::open(stage.server.address)?;
        for block in 0..10 {
            let secrets: Vec<_> = (0..500)
                .map(|number| json!({ "secretKey": format!("SECRET_{:04}", block * 500 + number), "secretValue": "v" }))
                .collect();
            let body = json!({
                "projectId": stage.instance.project, "environment": "dev", "secretPath": "/", "secrets": secrets,
            });
            connection
                .call(&stage.instance.user, "POST", "/api/v4/secrets/batch", Some(&body))?
                .ok()?;
        }
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.shows(visit.button("Reveal SECRET_0000")).await?;
        visit.says("5000 secrets").await?;
        let rows = visit.page.locator("ul.secrets > li").count().await?;
        ensure!(rows < 200, "{rows} rows are drawn at once");
        visit
            .page
            .evaluate_expression("window.scrollTo(0, document.documentElement.scrollHeight)")
            .await?;
        visit.shows(visit.button("Reveal SECRET_4999")).await?;
        visit.fill("Search secrets", "_2718").await?;
        visit.shows(visit.button("Reveal SECRET_2718")).await?;
        visit.gone(visit.button("Reveal SECRET_4999")).await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    })
    .await
}
