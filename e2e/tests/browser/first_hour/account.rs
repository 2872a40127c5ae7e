//! The server's state, one's own account, and coming back to it.

use anyhow::{Result, ensure};
use e2e::instance::{EMAIL, PASSWORD};
use e2e::server::Server;
use e2e::visit::{Chromium, Visit};

use super::NEW_PASSWORD;

pub async fn look_at_the_instance(visit: &Visit) -> Result<()> {
    visit.follow("Instance").await?;
    visit.says("SQLite, encrypted").await?;
    visit.says("This server contacts nobody by itself").await?;
    visit.inspect("25-instance").await
}

/// A new password ends the sessions elsewhere at once, and this one goes on.
pub async fn change_password(visit: &Visit, chromium: &Chromium, server: &Server) -> Result<()> {
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
    visit.watch.came("/api/strongroom/v1/account/password").await?;
    visit.fill("Current password", PASSWORD).await?;
    visit.fill("New password", NEW_PASSWORD).await?;
    visit.press("Change password").await?;
    visit.says("Your password is changed").await?;
    visit.inspect("27-password-changed").await?;

    elsewhere.watch.expect("status of 401");
    elsewhere.page.reload(None).await?;
    elsewhere.shows(elsewhere.heading("Log in")).await?;
    elsewhere.watch.came("status of 401").await?;
    elsewhere.was_clean(&server.url())
}

/// Reload, log out, log in again.
pub async fn come_back(visit: &Visit, server: &Server, project: &str) -> Result<()> {
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
