//! Keys & recovery: more ways to unlock, proving, removing, and rotations that are followed to their end.

use anyhow::{Result, ensure};
use e2e::visit::{Chromium, SOON, Visit};
use playwright_rs::expect;
use playwright_rs::protocol::AriaRole;

use crate::stage::{Stage, patiently};

const PHRASE: &str = "seven bridges over the quiet river";
const PASSWORD_LABEL: &str = "Your password";

/// An action of the menu that is open.
async fn choose(visit: &Visit, name: &str) -> Result<()> {
    visit.click(visit.part(AriaRole::Menuitem, name), name).await
}

/// The key that was removed was lost: everything under new keys, with one password and one button.
async fn rotate_everything(visit: &Visit) -> Result<()> {
    visit
        .shows(visit.heading("Was Desk lost, or seen by somebody?"))
        .await?;
    visit.inspect("keys-lost").await?;
    visit.fill(PASSWORD_LABEL, "a wrong passphrase").await?;
    visit.watch.expect("/api/strongroom/v1/keys");
    visit.press("Rotate everything now").await?;
    visit.says("The password is wrong").await?;
    visit.watch.came("/api/strongroom/v1/keys").await?;
    visit.fill(PASSWORD_LABEL, e2e::instance::PASSWORD).await?;
    visit.press("Rotate everything now").await?;
    visit.shows(visit.text("Everything is under new keys.")).await?;
    visit.inspect("keys-everything").await?;
    visit.press("Close").await?;
    visit
        .gone(visit.heading("Was Desk lost, or seen by somebody?"))
        .await?;

    // Not only after a removal; and nobody has to.
    visit.press("Rotate everything").await?;
    visit.shows(visit.button("Rotate everything now")).await?;
    visit.press("Cancel").await?;
    visit.gone(visit.button("Rotate everything now")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_added_proven_rotated_and_removed() -> Result<()> {
    patiently(async {
        let stage = Stage::new()?;
        for number in 0..40 {
            stage.create(&format!("NAME_{number}"), "kept")?;
        }
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        visit.go(&format!("{}/recovery", stage.server.url())).await?;
        // The token lives in memory alone: the page is loaded anew and renews it.
        visit.shows(visit.heading("Keys & recovery")).await?;
        visit.shows(visit.heading("Rotation")).await?;
        visit.inspect("keys").await?;

        visit.press("More ways to unlock").await?;
        choose(&visit, "Add a passphrase").await?;
        visit.fill("Name", "Desk").await?;
        visit.fill("Passphrase", "short").await?;
        visit.fill(PASSWORD_LABEL, e2e::instance::PASSWORD).await?;
        visit.watch.expect("/api/strongroom/v1/keys");
        visit.press("Confirm").await?;
        visit.says("Nothing was changed").await?;
        visit.watch.came("/api/strongroom/v1/keys").await?;
        visit.fill("Passphrase", PHRASE).await?;
        visit.inspect("keys-passphrase").await?;
        visit.press("Confirm").await?;
        visit.shows(visit.text("never proven")).await?;

        visit.press("More ways to unlock").await?;
        choose(&visit, "Prove a key").await?;
        visit.fill("Kit, cards or passphrase", PHRASE).await?;
        visit.fill(PASSWORD_LABEL, e2e::instance::PASSWORD).await?;
        visit.press("Confirm").await?;
        visit.gone(visit.text("never proven")).await?;

        visit.shows(visit.text("lies in the data directory")).await?;
        visit.press("Ask for a key at each start").await?;
        visit.fill(PASSWORD_LABEL, e2e::instance::PASSWORD).await?;
        visit.press("Confirm").await?;
        visit.shows(visit.text("no identity of its own").first()).await?;
        ensure!(!stage.server.data_dir.join("identity").exists());
        visit.inspect("keys-without-identity").await?;
        visit.press("Use the data directory").await?;
        visit.fill(PASSWORD_LABEL, e2e::instance::PASSWORD).await?;
        visit.press("Confirm").await?;
        visit
            .shows(visit.text("lies in the data directory").first())
            .await?;
        ensure!(stage.server.data_dir.join("identity").exists());

        visit.press("More about Desk").await?;
        choose(&visit, "Note where a copy is").await?;
        visit
            .fill("Place, such as: safe in the office", "drawer of the desk")
            .await?;
        visit.fill(PASSWORD_LABEL, e2e::instance::PASSWORD).await?;
        visit.press("Confirm").await?;
        visit.shows(visit.text("Kept at: drawer of the desk")).await?;

        for (button, says) in [
            ("Rotate root key", "Root key 2 is in use"),
            ("Rotate signing key", "Tokens are signed with key 2"),
            ("Rotate data keys", "sealed anew in the background"),
            ("Rotate database key", "encrypted under a new key"),
        ] {
            visit.press(button).await?;
            visit.fill(PASSWORD_LABEL, e2e::instance::PASSWORD).await?;
            visit.press("Confirm").await?;
            visit.says(says).await?;
        }
        // Followed to its end without a reload.
        visit.gone(visit.text("versions sealed anew")).await?;

        visit.press("More about the data keys").await?;
        choose(&visit, "Rotate the data key of one project").await?;
        let projects = visit.page.get_by_label("Project", true);
        expect(projects)
            .with_timeout(SOON)
            .to_have_value(&stage.instance.project)
            .await?;
        visit.fill(PASSWORD_LABEL, e2e::instance::PASSWORD).await?;
        visit.inspect("keys-one-project").await?;
        visit.press("Confirm").await?;
        visit.says("The project has a new key").await?;

        visit.press("More about Desk").await?;
        choose(&visit, "Remove").await?;
        visit.shows(visit.part(AriaRole::Dialog, "Remove Desk?")).await?;
        visit.fill(PASSWORD_LABEL, e2e::instance::PASSWORD).await?;
        visit.press("Confirm").await?;
        visit.says("Desk opens the store no more").await?;
        visit.gone(visit.button("More about Desk")).await?;
        visit.fits("keys").await?;

        rotate_everything(&visit).await?;

        let state = std::process::Command::new(e2e::program::binary()?)
            .args(["keys", "list", "--json", "--data-dir"])
            .arg(&stage.server.data_dir)
            .output()?;
        let state = String::from_utf8(state.stdout)?;
        let state: serde_json::Value = serde_json::from_str(&state)?;
        let rotation = &state["rotations"][0];
        ensure!(
            rotation["state"] == "done" && rotation["done"] == 40 && rotation["version"] == 4,
            "{state}"
        );
        ensure!(
            state["root"]["version"] == 3 && state["root"]["retired"] == serde_json::json!([]),
            "{state}"
        );
        ensure!(!state.to_string().contains("Desk"), "{state}");
        visit.was_clean(&stage.server.url())?;
        chromium.end().await
    })
    .await
}
