//! Tags of a secret.

use anyhow::{Context as _, Result};
use e2e::http::Connection;
use serde_json::Value;

use super::edit;
use crate::stage::{Stage, show};

fn whole(stage: &Stage, name: &str) -> Result<Value> {
    let mut connection = Connection::open(stage.server.address)?;
    let path = stage.instance.query(name);
    connection.call(&stage.instance.user, "GET", &path, None)?.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_typed_tag_is_saved_with_its_secret() -> Result<()> {
    show(&[("TAGGED", "x")], async |stage, visit| {
        edit(visit, "TAGGED", "x").await?;
        visit.fill("New tag", "database").await?;
        visit.page.keyboard().press("Control+Enter", None).await?;
        visit.shows(visit.button("Reveal TAGGED")).await?;
        visit.says("database").await?;
        edit(visit, "TAGGED", "x").await?;
        visit.fill("New tag", "no tag!").await?;
        visit.press("Save").await?;
        visit.says("TAGGED was not saved").await?;
        visit.inspect("52-tags").await?;
        visit.fill("New tag", "web").await?;
        visit.press("Save").await?;
        visit.shows(visit.button("Reveal TAGGED")).await?;
        let tags = whole(stage, "TAGGED")?["secret"]["tags"].clone();
        let mut slugs: Vec<_> = tags
            .as_array()
            .context("no tags")?
            .iter()
            .filter_map(|tag| tag["slug"].as_str())
            .collect();
        slugs.sort_unstable();
        assert_eq!(slugs, ["database", "web"]);
        Ok(())
    })
    .await
}
