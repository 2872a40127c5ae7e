//! The admin interface in a real browser, as a person sees it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::instance::{EMAIL, ORGANIZATION, PASSWORD};
use e2e::server::Server;
use playwright_rs::protocol::{
    AriaRole, BrowserContextOptions, ColorScheme, EmulateMediaOptions, GetByRoleOptions, Page, Viewport,
};
use playwright_rs::{LaunchOptions, Locator, Playwright, expect};
use serde_json::Value;

const CHROMIUM: &str = "/usr/bin/chromium";
/// Of the whole visit; a loaded machine is slow.
const PATIENCE: Duration = Duration::from_mins(3);
/// Of one expectation.
const SOON: Duration = Duration::from_secs(20);

const DESK: Viewport = Viewport {
    width: 1280,
    height: 800,
};
const PHONE: Viewport = Viewport {
    width: 390,
    height: 844,
};

const VALUE: &str = "postgresql://app:kX9$mQ2#vL7&pR4!wZ@db:5432/app?sslmode=disable";

const KEY: &str = "-----BEGIN KEY-----\n  abc\n-----END KEY-----";

/// What a visit collects: nothing of it may be there at the end.
#[derive(Clone, Default)]
struct Watch {
    complaints: Arc<Mutex<Vec<String>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Watch {
    async fn on(page: &Page) -> Result<Self> {
        let watch = Self::default();
        let complaints = watch.complaints.clone();
        page.on_console(move |message| {
            // A browser without a session asks for one first; the refusal is the answer.
            let expected = message.text().contains("status of 401")
                && message.location().url.ends_with("/api/v1/auth/token");
            if matches!(message.type_(), "error" | "warning") && !expected {
                push(&complaints, format!("{}: {}", message.type_(), message.text()));
            }
            std::future::ready(Ok(()))
        })
        .await?;
        let complaints = watch.complaints.clone();
        page.on_pageerror(move |error| {
            push(&complaints, format!("page error: {error}"));
            std::future::ready(Ok(()))
        })
        .await?;
        let requests = watch.requests.clone();
        page.on_request(move |request| {
            push(&requests, request.url().to_owned());
            std::future::ready(Ok(()))
        })
        .await?;
        Ok(watch)
    }

    fn complaints(&self) -> Vec<String> {
        taken(&self.complaints)
    }

    fn requests(&self) -> Vec<String> {
        taken(&self.requests)
    }
}

fn push(list: &Mutex<Vec<String>>, text: String) {
    list.lock().unwrap_or_else(PoisonError::into_inner).push(text);
}

fn taken(list: &Mutex<Vec<String>>) -> Vec<String> {
    list.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A page with the few gestures that this visit is made of.
struct Visit {
    page: Page,
    axe: String,
    pictures: PathBuf,
}

impl Visit {
    fn button(&self, name: &str) -> Locator {
        let options = GetByRoleOptions::default().name(name).exact(true);
        self.page.get_by_role(AriaRole::Button, Some(options))
    }

    fn heading(&self, name: &str) -> Locator {
        let options = GetByRoleOptions::default().name(name).exact(true);
        self.page.get_by_role(AriaRole::Heading, Some(options))
    }

    async fn press(&self, name: &str) -> Result<()> {
        self.button(name)
            .click(None)
            .await
            .with_context(|| format!("the button {name}"))
    }

    async fn fill(&self, label: &str, text: &str) -> Result<()> {
        self.page
            .get_by_label(label, true)
            .fill(text, None)
            .await
            .with_context(|| format!("the field {label}"))
    }

    async fn shows(&self, what: Locator) -> Result<()> {
        let selector = what.selector().to_owned();
        let shown = expect(what).with_timeout(SOON).to_be_visible().await;
        if shown.is_err() {
            self.picture("failed").await?;
        }
        shown.with_context(|| format!("{selector} is not shown"))
    }

    async fn gone(&self, what: Locator) -> Result<()> {
        let selector = what.selector().to_owned();
        expect(what)
            .with_timeout(SOON)
            .to_be_hidden()
            .await
            .with_context(|| format!("{selector} is still shown"))
    }

    async fn picture(&self, name: &str) -> Result<()> {
        let file = self.pictures.join(format!("{name}.png"));
        self.page.screenshot_to_file(&file, None).await?;
        Ok(())
    }

    /// Takes a picture at both widths, looks for things that spill over, and asks axe about accessibility.
    async fn inspect(&self, name: &str) -> Result<()> {
        self.page.set_viewport_size(PHONE).await?;
        self.picture(&format!("{name}-phone")).await?;
        let script = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]";
        let (wanted, there): (u32, u32) = self.page.evaluate(script, None::<&()>).await?;
        assert!(
            wanted <= there,
            "{name}: {wanted} pixels wide on a phone of {there}"
        );
        self.accessible(&format!("{name} on a phone")).await?;
        self.page.set_viewport_size(DESK).await?;
        self.picture(name).await?;
        self.accessible(name).await
    }

    async fn accessible(&self, name: &str) -> Result<()> {
        self.page.evaluate_expression(&self.axe).await?;
        let script = "async () => { const r = await axe.run(); return { passes: r.passes.length, violations: \
             r.violations.map(v => [v.id, v.help, v.nodes.map(n => n.target.join(' ') + ' ' + n.failureSummary)]) }; }";
        let found: Value = self.page.evaluate(script, None::<&()>).await?;
        let violations = found
            .get("violations")
            .and_then(Value::as_array)
            .context("no result")?;
        assert!(violations.is_empty(), "{name}: {violations:#?}");
        let passes = found.get("passes").and_then(Value::as_f64).unwrap_or_default();
        assert!(passes > 5.0, "{name}: axe looked at nothing");
        Ok(())
    }

    /// The one value that is on the screen, exactly.
    async fn revealed(&self) -> Result<String> {
        let values = self.page.locator("pre");
        assert_eq!(values.count().await?, 1);
        values.text_content().await?.context("an element without text")
    }

    async fn log_in(&self) -> Result<()> {
        self.fill("Email", EMAIL).await?;
        self.fill("Password", PASSWORD).await?;
        self.press("Log in").await
    }
}

fn pictures() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(3).context("no target folder")?.join("e2e");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sets_the_server_up_and_keeps_a_secret() -> Result<()> {
    ensure!(
        std::env::var_os("PLAYWRIGHT_DRIVER_PATH").is_some(),
        "PLAYWRIGHT_DRIVER_PATH is not set: run `cargo xtask test`, which prepares the browser's driver"
    );
    tokio::time::timeout(PATIENCE, visit())
        .await
        .context("the visit takes too long")?
}

async fn visit() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let server = Server::start(&scratch.path().join("data"))?;
    let playwright = Playwright::launch().await?;
    let options = LaunchOptions::new()
        .headless(true)
        .executable_path(CHROMIUM.to_owned())
        .args(
            [
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ]
            .map(str::to_owned)
            .to_vec(),
        );
    let browser = playwright.chromium().launch_with_options(options).await?;
    let context = BrowserContextOptions::builder()
        .viewport(DESK)
        .reduced_motion("reduce".to_owned())
        .build();
    let page = browser
        .new_context_with_options(context)
        .await?
        .new_page()
        .await?;
    page.set_default_timeout(20_000.0).await;
    let watch = Watch::on(&page).await?;
    let node_modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules");
    let visit = Visit {
        page,
        axe: std::fs::read_to_string(node_modules.join("axe-core/axe.min.js"))?,
        pictures: pictures()?,
    };

    sign_up(&visit, &server, &watch).await?;
    keep_a_secret(&visit).await?;
    come_back(&visit, &server).await?;

    assert_eq!(
        watch.complaints(),
        Vec::<String>::new(),
        "the console stays empty"
    );
    let origin = format!("{}/", server.url());
    for request in watch.requests() {
        assert!(
            request.starts_with(&origin),
            "a request to another place: {request}"
        );
    }
    // The watch does see what it looks for.
    let script =
        "() => { const s = document.createElement('script'); s.textContent = '1'; document.body.append(s); }";
    visit.page.evaluate_expression(script).await?;
    for _ in 0..200 {
        if !watch.complaints().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let seen = watch.complaints();
    assert!(
        seen.iter().any(|text| text.contains("Content Security Policy")),
        "{seen:?}"
    );
    browser.close().await?;
    server.stop()
}

/// From the link in the server's log to the first account.
async fn sign_up(visit: &Visit, server: &Server, watch: &Watch) -> Result<()> {
    let link = server.logged("Set it up within 60 minutes: ")?;
    let code = server.logged("Setup code: ")?;
    assert!(link.starts_with(&server.url()) && link.ends_with(&code), "{link}");
    visit.page.goto(&link, None).await?;
    visit.shows(visit.heading("Set up Strongroom")).await?;
    let field = visit.page.get_by_label("Setup code", true);
    expect(field).with_timeout(SOON).to_have_value(&code).await?;

    // The document named every file of this first visit.
    let page = e2e::http::once(server.address, "GET", "/", &[], b"")?;
    let document = page.text()?.to_owned();
    let files: Vec<String> = watch
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
    visit.inspect("sign-up").await?;

    visit.fill("Email", EMAIL).await?;
    visit.fill("Password", "too short").await?;
    visit.fill("Organization", ORGANIZATION).await?;
    visit.press("Create account").await?;
    visit
        .shows(visit.page.get_by_text("fewer than 12 characters", false))
        .await?;
    visit.inspect("sign-up-refused").await?;
    visit.fill("Password", PASSWORD).await?;
    visit.press("Create account").await?;
    visit.shows(visit.heading("Create your first project")).await?;
    visit.inspect("first-project").await
}

/// Create a project; add, reveal, edit and delete a secret.
async fn keep_a_secret(visit: &Visit) -> Result<()> {
    visit.fill("Project name", "Home Lab").await?;
    visit.press("Create").await?;
    visit.shows(visit.heading("No secrets here yet")).await?;
    visit.inspect("no-secrets").await?;
    let url = visit.page.url();
    assert!(url.ends_with("/dev") && url.contains("/projects/"), "{url}");

    for (name, value, comment) in [("DB_URL", VALUE, "main database"), ("TLS_KEY", KEY, "")] {
        visit.press("Add Secret").await?;
        visit.fill("Name", name).await?;
        visit.fill("Value", value).await?;
        visit.fill("Comment", comment).await?;
        visit.press("Save").await?;
        visit.shows(visit.button(&format!("Reveal {name}"))).await?;
    }
    let shown = || visit.page.get_by_text(VALUE, true);
    assert_eq!(
        shown().count().await?,
        0,
        "a value stays hidden until it is asked for"
    );
    visit.press("Reveal DB_URL").await?;
    visit.shows(shown()).await?;
    assert_eq!(visit.revealed().await?, VALUE);
    visit.inspect("secrets-revealed").await?;
    let dark = EmulateMediaOptions::builder()
        .color_scheme(ColorScheme::Dark)
        .build();
    visit.page.emulate_media(dark).await?;
    visit.inspect("secrets-dark").await?;
    let light = EmulateMediaOptions::builder()
        .color_scheme(ColorScheme::Light)
        .build();
    visit.page.emulate_media(light).await?;
    visit.press("Hide DB_URL").await?;
    visit.gone(shown()).await?;
    visit.press("Reveal TLS_KEY").await?;
    visit.shows(visit.page.locator("pre")).await?;
    assert_eq!(visit.revealed().await?, KEY);
    visit.press("Hide TLS_KEY").await?;

    visit.press("Edit DB_URL").await?;
    let field = visit.page.get_by_label("Value", true);
    expect(field).with_timeout(SOON).to_have_value(VALUE).await?;
    visit.inspect("secret-editor").await?;
    visit.fill("Value", "changed – Küche").await?;
    visit.press("Save").await?;
    visit.shows(visit.page.get_by_text("v2", true)).await?;
    visit.press("Reveal DB_URL").await?;
    visit
        .shows(visit.page.get_by_text("changed – Küche", true))
        .await?;

    visit.press("Delete TLS_KEY").await?;
    visit.shows(visit.heading("Delete TLS_KEY?")).await?;
    visit.inspect("delete").await?;
    visit.press("Cancel").await?;
    visit.gone(visit.heading("Delete TLS_KEY?")).await?;
    visit.shows(visit.button("Reveal TLS_KEY")).await?;
    visit.press("Delete TLS_KEY").await?;
    visit.press("Confirm").await?;
    visit.gone(visit.button("Reveal TLS_KEY")).await
}

/// Reload, log out, log in again.
async fn come_back(visit: &Visit, server: &Server) -> Result<()> {
    let secrets = visit.page.url();
    visit.page.reload(None).await?;
    visit.shows(visit.button("Reveal DB_URL")).await?;
    assert_eq!(visit.page.url(), secrets, "a reload stays where it was");

    visit.press("Log out").await?;
    visit.shows(visit.heading("Log in")).await?;
    visit.inspect("login").await?;
    // A link to a page of its own comes back to it after the login.
    visit.page.goto(&secrets, None).await?;
    visit.shows(visit.heading("Log in")).await?;
    assert_eq!(visit.button("Reveal DB_URL").count().await?, 0);
    visit.log_in().await?;
    visit.shows(visit.button("Reveal DB_URL")).await?;
    assert_eq!(visit.page.url(), secrets);
    visit.press("Reveal DB_URL").await?;
    visit
        .shows(visit.page.get_by_text("changed – Küche", true))
        .await?;

    // Set-up is over: its page leads on.
    visit
        .page
        .goto(&format!("{}/admin/signup", server.url()), None)
        .await?;
    visit.shows(visit.heading("Projects")).await?;
    visit.inspect("projects").await?;
    visit
        .page
        .goto(&format!("{}/no/such/page", server.url()), None)
        .await?;
    visit.shows(visit.heading("Page not found")).await?;
    visit.inspect("not-found").await
}
