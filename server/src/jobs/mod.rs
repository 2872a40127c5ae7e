//! Work that nobody waits for: the whole schedule is this screen.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::{App, data_dir::DataDir};
use crate::domain::{Error, access_tokens, audit, data_key_rotations, limiter};

/// Records linked in one transaction.
const LINK_BATCH: i64 = 500;
/// Versions of secrets sealed anew in one transaction.
const RESEAL_BATCH: i64 = 200;
/// Steps of a rotation before the other jobs have their turn.
const RESEAL_STEPS: usize = 20;
/// Rest between two steps, for other writers.
const RESEAL_PAUSE: Duration = Duration::from_millis(5);

/// Runs until `stop` says so, and ends only between two pieces of work: what a job holds is never lost.
pub async fn run(app: Arc<App>, data_dir: Option<DataDir>, mut stop: watch::Receiver<bool>) {
    let mut ticks: u64 = 0;
    let mut interval = tokio::time::interval(Duration::from_millis(500));
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            // An error means that the sender is gone: then it is time to stop as well.
            _ = stop.wait_for(|stop| *stop) => return,
        }
        ticks += 1;
        report("link audit records", link(&app, &stop).await);
        report("seal secrets under a new key", reseal(&app, &stop).await);
        if ticks.is_multiple_of(2) {
            report("record repeated reads", flush(&app).await);
        }
        if ticks.is_multiple_of(20)
            && let Some(data_dir) = &data_dir
        {
            report("keep the key files", keep_keys(&app, data_dir).await);
            report("make a scheduled backup", app.start_backup_when_due().await);
            report("copy backups to targets", app.copy_backups().await);
            report("rehearse a restore", app.start_drill_when_due().await);
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

async fn link(app: &App, stop: &watch::Receiver<bool>) -> Result<(), Error> {
    // A cheap look first: most of the time there is nothing to do, and writing wakes the disk.
    while !*stop.borrow()
        && app
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

/// Goes on with rotations of data keys for a few steps. Between them there is room for those who write meanwhile.
async fn reseal(app: &App, stop: &watch::Receiver<bool>) -> Result<(), Error> {
    for _ in 0..RESEAL_STEPS {
        // A cheap look first: nearly always there is nothing to do.
        if *stop.borrow() || !app.read(data_key_rotations::is_running).await? {
            return Ok(());
        }
        app.write(|cx| data_key_rotations::step(cx, RESEAL_BATCH)).await?;
        tokio::time::sleep(RESEAL_PAUSE).await;
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
        for file in opened.keep_keyring_files(&data_dir)? {
            tracing::warn!(file = %file.display(), "a key file was missing or damaged and was written again");
        }
        Ok(())
    })
    .await
}
