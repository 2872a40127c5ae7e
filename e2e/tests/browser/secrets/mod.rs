//! The page of secrets, gesture by gesture.

mod deletion;
mod import;
mod shortcuts;
mod tags;
mod unsaved;
mod values;

use anyhow::{Context as _, Result};
use e2e::http::Connection;
use e2e::visit::{SOON, Visit};
use playwright_rs::protocol::AriaRole;
use playwright_rs::{Locator, expect};

use crate::stage::Stage;

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
    has_value(visit, "Value", value).await?;
    visit.listens(visit.page.get_by_label("Value", true)).await
}

/// An entry of the navigation: the trail above a page has the same names.
fn menu(visit: &Visit, name: &str) -> Locator {
    let navigation = visit.part(AriaRole::Navigation, "Main");
    navigation.get_by_text(name, true)
}

fn read(stage: &Stage, name: &str) -> Result<String> {
    let mut connection = Connection::open(stage.server.address)?;
    stage.instance.read(&mut connection, name)
}

async fn clipboard(visit: &Visit) -> Result<String> {
    let script = "() => navigator.clipboard.readText()";
    Ok(visit.page.evaluate(script, None::<&()>).await?)
}
