//! Deleting where it matters.

use anyhow::{Result, ensure};
use e2e::http::Connection;
use e2e::instance::Instance;

use crate::stage::show;

#[tokio::test(flavor = "multi_thread")]
async fn production_asks_for_its_name() -> Result<()> {
    show(&[], async |stage, visit| {
        let mut connection = Connection::open(stage.server.address)?;
        let mut body = stage.instance.body("x");
        body["environment"] = "prod".into();
        connection
            .call(&stage.instance.user, "POST", &Instance::path("LIVE"), Some(&body))?
            .ok()?;
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
        Ok(())
    })
    .await
}
