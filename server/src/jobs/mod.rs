//! Work that nobody waits for: the whole schedule is this screen.

use std::sync::Arc;
use std::time::Duration;

use crate::app::{App, data_dir::DataDir};
use crate::domain::{Error, access_tokens, audit, limiter};

/// Records linked in one transaction.
const LINK_BATCH: i64 = 500;

/// Runs until the process ends.
pub async fn run(app: Arc<App>, data_dir: Option<DataDir>) {
    let mut ticks: u64 = 0;
    let mut interval = tokio::time::interval(Duration::from_millis(500));
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        ticks += 1;
        report("link audit records", link(&app).await);
        if ticks.is_multiple_of(2) {
            report("record repeated reads", flush(&app).await);
        }
        if ticks.is_multiple_of(20)
            && let Some(data_dir) = &data_dir
        {
            report("keep the key files", keep_keys(&app, data_dir).await);
        }
        if ticks.is_multiple_of(7_200) {
            report(
                "forget old login attempts",
                app.write(limiter::forget_old).await.map(drop),
            );
            report(
                "remove ended tokens and sessions",
                app.write(access_tokens::remove_ended).await.map(drop),
            );
        }
    }
}

/// A job that fails is said once each time it runs; it runs again soon.
fn report(job: &str, result: Result<(), Error>) {
    match result {
        Ok(()) | Err(Error::Locked) => {}
        Err(error) => tracing::error!(job, %error, "a background job failed and will be tried again"),
    }
}

async fn link(app: &App) -> Result<(), Error> {
    // A cheap look first: most of the time there is nothing to do, and writing wakes the disk.
    while app
        .read(|cx| Ok(!crate::store::audit::unlinked(cx.tx, 1)?.is_empty()))
        .await?
    {
        let opened = app.store()?;
        let keys = opened.keyring();
        let now = app.clock.now();
        opened
            .db
            .write_relaxed(move |tx| {
                audit::link(&mut crate::domain::Context { tx, keys: &keys, now }, LINK_BATCH)
            })
            .await?;
    }
    Ok(())
}

async fn flush(app: &App) -> Result<(), Error> {
    let opened = app.store()?;
    opened.reads.flush(&opened.db, app.clock.now()).await
}

/// A key file that somebody removed is written again while the keys are still in memory.
async fn keep_keys(app: &App, data_dir: &DataDir) -> Result<(), Error> {
    let opened = app.store()?;
    let data_dir = data_dir.clone();
    crate::app::blocking(move || {
        let _files = opened.keyring_files();
        let text = opened.keyring_text();
        for file in crate::crypto::keyfile::ensure(data_dir.path(), &text)? {
            tracing::warn!(file = %file.display(), "a key file was missing or damaged and was written again");
        }
        Ok(())
    })
    .await
}
