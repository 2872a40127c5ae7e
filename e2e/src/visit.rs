//! A visit to the admin interface in a real browser, and what must not happen during one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use playwright_rs::protocol::{
    AriaRole, BrowserContextOptions, ColorScheme, EmulateMediaOptions, GetByRoleOptions, Media, Page,
    ScreenshotOptions, Viewport,
};
use playwright_rs::{Browser, LaunchOptions, Locator, Playwright, expect};
use serde_json::Value;

use crate::instance::{EMAIL, PASSWORD};

const CHROMIUM: &str = "/usr/bin/chromium";
/// Of one expectation; a loaded machine is slow.
pub const SOON: Duration = Duration::from_secs(20);
/// A screen on a desk.
pub const DESK: Viewport = Viewport {
    width: 1280,
    height: 800,
};
/// The narrowest and the widest screen that pages must fit.
const EXTREMES: [(Viewport, &str); 2] = [
    (
        Viewport {
            width: 360,
            height: 740,
        },
        "360",
    ),
    (
        Viewport {
            width: 2560,
            height: 1440,
        },
        "2560",
    ),
];
/// A screen in a hand.
pub const PHONE: Viewport = Viewport {
    width: 390,
    height: 844,
};

/// The browser, and the process that drives it.
pub struct Chromium {
    browser: Browser,
    _driver: Playwright,
}

impl Chromium {
    /// Starts a browser.
    pub async fn start() -> Result<Self> {
        Self::start_with(HashMap::new()).await
    }

    /// Starts a browser of somebody who trusts this authority (PEM). `home` is that person's.
    pub async fn trusting(authority: &Path, home: &Path) -> Result<Self> {
        let trusted = home.join(".pki/nssdb");
        std::fs::create_dir_all(&trusted)?;
        let database = format!("sql:{}", trusted.display());
        let certutil = |arguments: &[&str]| -> Result<()> {
            let status = Command::new("certutil")
                .args(["-d", &database])
                .args(arguments)
                .status()?;
            ensure!(status.success(), "certutil {arguments:?}: {status}");
            Ok(())
        };
        certutil(&["-N", "--empty-password"])?;
        let file = authority.display().to_string();
        certutil(&["-A", "-n", "own authority", "-t", "C,,", "-i", &file])?;
        let mut variables: HashMap<String, String> = std::env::vars().collect();
        variables.insert("HOME".to_owned(), home.display().to_string());
        Self::start_with(variables).await
    }

    async fn start_with(variables: HashMap<String, String>) -> Result<Self> {
        ensure!(
            std::env::var_os("PLAYWRIGHT_DRIVER_PATH").is_some(),
            "PLAYWRIGHT_DRIVER_PATH is not set: run `cargo xtask test`, which prepares the browser's driver"
        );
        let driver = Playwright::launch().await?;
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
        let options = if variables.is_empty() {
            options
        } else {
            options.env(variables)
        };
        let browser = driver.chromium().launch_with_options(options).await?;
        Ok(Self {
            browser,
            _driver: driver,
        })
    }

    /// A visitor with a browser profile of his own, at a desk.
    pub async fn visitor(&self) -> Result<Visit> {
        self.visitor_with(DESK).await
    }

    /// The same with another screen.
    pub async fn visitor_with(&self, screen: Viewport) -> Result<Visit> {
        let options = BrowserContextOptions::builder()
            .viewport(screen)
            .reduced_motion("reduce".to_owned())
            .build();
        let context = self.browser.new_context_with_options(options).await?;
        context
            .grant_permissions(&["clipboard-read", "clipboard-write"], None)
            .await?;
        Visit::on(context.new_page().await?).await
    }

    /// Ends the browser.
    pub async fn end(self) -> Result<()> {
        self.browser.close().await?;
        Ok(())
    }
}

/// What a page asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where.
    pub url: String,
    /// What it sent along.
    pub body: Vec<u8>,
}

/// What a visit provokes on purpose, and whether it came.
#[derive(Debug, Clone)]
struct Expected {
    text: String,
    came: bool,
}

/// What pages collect: nothing of it may be there at the end.
#[derive(Clone, Default)]
pub struct Watch {
    complaints: Arc<Mutex<Vec<String>>>,
    requests: Arc<Mutex<Vec<Asked>>>,
    expected: Arc<Mutex<Vec<Expected>>>,
}

impl Watch {
    async fn on(page: &Page) -> Result<Self> {
        let watch = Self::default();
        let (complaints, expected) = (watch.complaints.clone(), watch.expected.clone());
        page.on_console(move |message| {
            let at = message.location().url.clone();
            // A browser without a session asks for one first; the refusal is the answer.
            let resumed = message.text().contains("status of 401") && at.ends_with("/api/v1/auth/token");
            let mut foreseen = false;
            for expected in locked(&expected).iter_mut() {
                if message.text().contains(&expected.text) || at.contains(&expected.text) {
                    (expected.came, foreseen) = (true, true);
                }
            }
            if matches!(message.type_(), "error" | "warning") && !resumed && !foreseen {
                let complaint = format!("{}: {} ({at})", message.type_(), message.text());
                locked(&complaints).push(complaint);
            }
            std::future::ready(Ok(()))
        })
        .await?;
        let complaints = watch.complaints.clone();
        page.on_pageerror(move |error| {
            locked(&complaints).push(format!("page error: {error}"));
            std::future::ready(Ok(()))
        })
        .await?;
        let requests = watch.requests.clone();
        page.on_request(move |request| {
            let asked = Asked {
                url: request.url().to_owned(),
                body: request.post_data_buffer().unwrap_or_default(),
            };
            locked(&requests).push(asked);
            std::future::ready(Ok(()))
        })
        .await?;
        Ok(watch)
    }

    /// What the console said, and errors of the page.
    pub fn complaints(&self) -> Vec<String> {
        locked(&self.complaints).clone()
    }

    /// Everything that was asked for.
    pub fn requests(&self) -> Vec<Asked> {
        locked(&self.requests).clone()
    }

    /// From now on the console may say this, because the visit provokes it. [`Watch::came`] ends that.
    pub fn expect(&self, text: &str) {
        let text = text.to_owned();
        locked(&self.expected).push(Expected { text, came: false });
    }

    /// Waits until the console has said what was expected. It must not say it again.
    pub async fn came(&self, text: &str) -> Result<()> {
        let begun = Instant::now();
        loop {
            let at = locked(&self.expected)
                .iter()
                .position(|expected| expected.came && expected.text == text);
            if let Some(at) = at {
                locked(&self.expected).remove(at);
                return Ok(());
            }
            ensure!(begun.elapsed() < SOON, "the console did not say {text:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn locked<T>(list: &Mutex<T>) -> MutexGuard<'_, T> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A page with the few gestures that visits are made of.
pub struct Visit {
    /// The page.
    pub page: Page,
    /// What it must not do.
    pub watch: Watch,
    axe: String,
    pictures: PathBuf,
}

impl Visit {
    /// Begins a visit in a fresh page.
    pub async fn on(page: Page) -> Result<Self> {
        page.set_default_timeout(20_000.0).await;
        let node_modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("node_modules");
        Ok(Self {
            watch: Watch::on(&page).await?,
            page,
            axe: std::fs::read_to_string(node_modules.join("axe-core/axe.min.js"))?,
            pictures: pictures()?,
        })
    }

    /// Another tab of the same person.
    pub async fn tab(&self) -> Result<Self> {
        Self::on(self.page.context()?.new_page().await?).await
    }

    /// Goes to a path of the server.
    pub async fn go(&self, url: &str) -> Result<()> {
        self.page.goto(url, None).await?;
        Ok(())
    }

    /// A part of the page by what it is and what it is called.
    pub fn part(&self, role: AriaRole, name: &str) -> Locator {
        let options = GetByRoleOptions::default().name(name).exact(true);
        self.page.get_by_role(role, Some(options))
    }

    /// A button.
    pub fn button(&self, name: &str) -> Locator {
        self.part(AriaRole::Button, name)
    }

    /// A heading.
    pub fn heading(&self, name: &str) -> Locator {
        self.part(AriaRole::Heading, name)
    }

    /// Text anywhere.
    pub fn text(&self, text: &str) -> Locator {
        self.page.get_by_text(text, false)
    }

    /// Presses a button.
    pub async fn press(&self, name: &str) -> Result<()> {
        self.click(self.button(name), &format!("the button {name}")).await
    }

    /// Follows a link.
    pub async fn follow(&self, name: &str) -> Result<()> {
        self.click(self.part(AriaRole::Link, name), &format!("the link {name}"))
            .await
    }

    /// Clicks on anything.
    pub async fn click(&self, what: Locator, called: &str) -> Result<()> {
        let clicked = what.click(None).await;
        if clicked.is_err() {
            self.picture("failed").await?;
        }
        clicked.with_context(|| called.to_owned())
    }

    /// Types into a field.
    pub async fn fill(&self, label: &str, text: &str) -> Result<()> {
        let filled = self.page.get_by_label(label, true).fill(text, None).await;
        if filled.is_err() {
            self.picture("failed").await?;
        }
        filled.with_context(|| format!("the field {label}"))
    }

    /// Waits until something is shown.
    pub async fn shows(&self, what: Locator) -> Result<()> {
        let selector = what.selector().to_owned();
        let shown = expect(what).with_timeout(SOON).to_be_visible().await;
        if shown.is_err() {
            self.picture("failed").await?;
        }
        shown.with_context(|| format!("{selector} is not shown"))
    }

    /// Waits until text is shown.
    pub async fn says(&self, text: &str) -> Result<()> {
        self.shows(self.text(text).first()).await
    }

    /// Waits until something is not shown any more.
    pub async fn gone(&self, what: Locator) -> Result<()> {
        let selector = what.selector().to_owned();
        let gone = expect(what).with_timeout(SOON).to_be_hidden().await;
        if gone.is_err() {
            self.picture("failed").await?;
        }
        gone.with_context(|| format!("{selector} is still shown"))
    }

    /// Waits until the keyboard is in something. What is pressed before that, though it is shown already, goes elsewhere.
    pub async fn listens(&self, what: Locator) -> Result<()> {
        self.shows(what.and_(&self.page.locator(":focus"))).await
    }

    /// Takes a picture into the folder of pictures.
    pub async fn picture(&self, name: &str) -> Result<()> {
        let file = self.pictures.join(format!("{name}.png"));
        self.page.screenshot_to_file(&file, None).await?;
        Ok(())
    }

    /// Takes pictures of the whole page at two widths and in two themes, looks for things that spill over, there and at the extremes, and asks
    /// axe about accessibility.
    pub async fn inspect(&self, name: &str) -> Result<()> {
        for (screen, width) in EXTREMES {
            self.page.set_viewport_size(screen).await?;
            self.fits(&format!("{name}-{width}")).await?;
        }
        for (screen, width) in [(PHONE, "phone"), (DESK, "desk")] {
            self.page.set_viewport_size(screen).await?;
            for (scheme, theme) in [(ColorScheme::Dark, "dark"), (ColorScheme::Light, "light")] {
                let media = EmulateMediaOptions::builder().color_scheme(scheme).build();
                self.page.emulate_media(media).await?;
                let name = format!("{name}-{width}-{theme}");
                let file = self.pictures.join(format!("{name}.png"));
                let whole = ScreenshotOptions::builder().full_page(true).build();
                self.page.screenshot_to_file(&file, Some(whole)).await?;
                self.fits(&name).await?;
                self.accessible(&name).await?;
            }
        }
        Ok(())
    }

    /// Takes a picture of the page as it would be printed, and goes back to the screen when `look` has looked at it.
    pub async fn print_preview(&self, name: &str, look: impl Future<Output = Result<()>>) -> Result<()> {
        let media = |media| EmulateMediaOptions::builder().media(media).build();
        self.page.emulate_media(media(Media::Print)).await?;
        self.picture(&format!("{name}-print")).await?;
        self.fits(&format!("{name}-print")).await?;
        look.await?;
        Ok(self.page.emulate_media(media(Media::Screen)).await?)
    }

    /// Whether the page is as wide as the screen, and no wider.
    pub async fn fits(&self, name: &str) -> Result<()> {
        let script = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]";
        let (wanted, there): (u32, u32) = self.page.evaluate(script, None::<&()>).await?;
        ensure!(
            wanted <= there,
            "{name}: {wanted} pixels wide on a screen of {there}"
        );
        Ok(())
    }

    /// Whether axe finds anything.
    pub async fn accessible(&self, name: &str) -> Result<()> {
        self.page.evaluate_expression(&self.axe).await?;
        let script = "async () => { const r = await axe.run(); return { passes: r.passes.length, violations: \
             r.violations.map(v => [v.id, v.help, v.nodes.map(n => n.target.join(' ') + ' ' + n.failureSummary)]) }; }";
        let found: Value = self.page.evaluate(script, None::<&()>).await?;
        let violations = found
            .get("violations")
            .and_then(Value::as_array)
            .context("no result")?;
        ensure!(violations.is_empty(), "{name}: {violations:#?}");
        let passes = found.get("passes").and_then(Value::as_f64).unwrap_or_default();
        ensure!(passes > 5.0, "{name}: axe looked at nothing");
        Ok(())
    }

    /// Logs in as the first administrator, from the login page.
    pub async fn log_in(&self) -> Result<()> {
        self.fill("Email", EMAIL).await?;
        self.fill("Password", PASSWORD).await?;
        self.press("Log in").await
    }

    /// The visit is over: nothing was complained about, and nobody but the server was asked for anything.
    pub fn was_clean(&self, url: &str) -> Result<()> {
        let complaints = self.watch.complaints();
        ensure!(complaints.is_empty(), "the console stays empty: {complaints:#?}");
        let expected = locked(&self.watch.expected).clone();
        ensure!(expected.is_empty(), "nobody looked whether it came: {expected:?}");
        let origin = format!("{url}/");
        for Asked { url, .. } in self.watch.requests() {
            let own = url.starts_with(&origin)
                || url.starts_with(&format!("blob:{origin}"))
                || url.starts_with("data:");
            ensure!(own, "a request to another place: {url}");
        }
        Ok(())
    }
}

/// Where pictures go: `e2e` in the target folder.
fn pictures() -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let folder = test.ancestors().nth(3).context("no target folder")?.join("e2e");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
