//! A server that is set up, and somebody who looks at it.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context as _, Result};
use e2e::http::Connection;
use e2e::instance::Instance;
use e2e::server::Server;
use e2e::visit::{Chromium, Visit};

/// Of one visit.
const PATIENCE: Duration = Duration::from_mins(4);

/// A visit that ends in time.
pub async fn patiently<T>(visit: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(PATIENCE, visit)
        .await
        .context("the visit takes too long")?
}

/// A server that is set up, with the project `Home Lab`.
pub struct Stage {
    /// The server.
    pub server: Server,
    /// What set-up answered.
    pub instance: Instance,
    /// Where its data directory is.
    pub scratch: tempfile::TempDir,
}

impl Stage {
    /// Starts it.
    pub fn new() -> Result<Self> {
        Self::in_folder(tempfile::tempdir()?, &[])
    }

    /// The same in a folder that is there already, with more arguments.
    pub fn in_folder(scratch: tempfile::TempDir, arguments: &[&str]) -> Result<Self> {
        let server = Server::start_with(&scratch.path().join("data"), arguments)?;
        let instance = Instance::set_up(server.address)?;
        Ok(Self {
            server,
            instance,
            scratch,
        })
    }

    /// Makes a secret in `dev`.
    pub fn create(&self, name: &str, value: &str) -> Result<()> {
        let mut connection = Connection::open(self.server.address)?;
        self.instance.create(&mut connection, name, value)?.ok()?;
        Ok(())
    }

    /// The address of the secrets of `dev`.
    pub fn secrets(&self) -> String {
        format!(
            "{}/projects/{}/secrets/dev",
            self.server.url(),
            self.instance.project
        )
    }

    /// Somebody who logs in and looks at them.
    pub async fn visit(&self, chromium: &Chromium) -> Result<Visit> {
        let visit = chromium.visitor().await?;
        visit.go(&self.secrets()).await?;
        visit.shows(visit.heading("Log in")).await?;
        visit.log_in().await?;
        visit.shows(visit.button("Log out")).await?;
        Ok(visit)
    }
}

/// Somebody who is logged in looks at these secrets of `dev`, names and values, and does something there. The browser must
/// have nothing to complain about.
pub async fn show(
    secrets: &[(&str, &str)],
    gestures: impl AsyncFnOnce(&Stage, &Visit) -> Result<()>,
) -> Result<()> {
    patiently(Box::pin(async {
        let stage = Stage::new()?;
        for (name, value) in secrets {
            stage.create(name, value)?;
        }
        let chromium = Chromium::start().await?;
        let visit = stage.visit(&chromium).await?;
        gestures(&stage, &visit).await?;
        visit.was_clean(&stage.server.url())?;
        chromium.end().await?;
        stage.server.stop()
    }))
    .await
}
