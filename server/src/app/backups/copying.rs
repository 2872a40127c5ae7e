//! Copies at targets: at each one after the other, in the background, tried again until they are there.

use std::sync::{Arc, MutexGuard, PoisonError};

use shared::model::ids::TargetId;

use super::Backups;
use crate::app::App;
use crate::domain::Error;
use crate::domain::backups::targets::{self, Stored, Work};
use crate::outside::backup_target::{self, BackupTarget};

/// Targets at which something is done at the same moment: each takes memory.
const AT_ONCE: usize = 4;

/// The place of the one who works at a target.
struct Copying {
    app: Arc<App>,
    target: TargetId,
}

impl Drop for Copying {
    fn drop(&mut self) {
        self.app.backups.busy().retain(|target| *target != self.target);
    }
}

impl Backups {
    fn busy(&self) -> MutexGuard<'_, Vec<TargetId>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl App {
    /// Begins the next piece of work at each target where there is some and none is being done: one that is slow, or does not
    /// answer, does not keep the others waiting.
    pub async fn copy_backups(self: &Arc<Self>) -> Result<(), Error> {
        if self.data_dir().is_none() {
            return Ok(());
        }
        // Each has its turn once, whatever comes of it.
        let mut passed = self.backups.busy().clone();
        while passed.len() < AT_ONCE {
            let over = passed.clone();
            let next = self.read(move |cx| targets::next_work(cx, &over)).await?;
            let Some((stored, work)) = next else {
                break;
            };
            passed.push(stored.target.id);
            self.begin_work(stored, work);
        }
        Ok(())
    }

    fn begin_work(self: &Arc<Self>, stored: Stored, work: Work) {
        let target = stored.target.id;
        let mut busy = self.backups.busy();
        if busy.contains(&target) {
            return;
        }
        busy.push(target);
        drop(busy);
        let copying = Copying {
            app: Arc::clone(self),
            target,
        };
        // The other jobs do not wait for a slow line, nor does the end of the process.
        tokio::spawn(async move {
            let app = &copying.app;
            let outcome = app
                .at_target(&stored, &work)
                .await
                .map_err(|error| error.to_string());
            if let Err(reason) = &outcome {
                tracing::error!(
                    target = stored.target.name,
                    reason,
                    "a copy of a backup could not be made or removed"
                );
            }
            let noted = app
                .write(move |cx| targets::note(cx, target, &work, &outcome))
                .await;
            if let Err(error) = noted {
                tracing::error!(%error, "what came of a copy was not written down; it is done again");
            }
        });
    }

    async fn at_target(&self, stored: &Stored, work: &Work) -> Result<(), backup_target::Error> {
        let target = BackupTarget::at(
            &stored.target,
            stored.secret.as_ref(),
            &self.host().backup_roots,
            &self.host().outbound,
        )?;
        match (work, self.data_dir()) {
            (Work::Copy(backup), Some(data_dir)) => {
                let file = data_dir.backups().join(&backup.file_name);
                target.put(&backup.file_name, &file, backup.size).await
            }
            (Work::Remove(backup), _) => target.remove(&backup.file_name).await,
            (Work::Copy(_), None) => Ok(()),
        }
    }
}
