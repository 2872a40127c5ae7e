//! Copies at targets: one after the other, in the background, tried again until they are there.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::app::App;
use crate::domain::Error;
use crate::domain::backups::targets::{self, Stored, Work};
use crate::outside::backup_target::{self, BackupTarget};

/// Frees the place of the one who works at a target.
struct Copying(Arc<App>);

impl Drop for Copying {
    fn drop(&mut self) {
        self.0.backups.copying.store(false, Ordering::Release);
    }
}

impl App {
    /// Begins the next piece of work at a target, if there is one and none is being done.
    pub async fn copy_backups(self: &Arc<Self>) -> Result<(), Error> {
        if self.data_dir().is_none() || self.backups.copying.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let copying = Copying(Arc::clone(self));
        let Some((stored, work)) = self.read(targets::next_work).await? else {
            return Ok(());
        };
        // The other jobs do not wait for a slow line, nor does the end of the process.
        tokio::spawn(async move {
            let app = &copying.0;
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
            let id = stored.target.id;
            let noted = app.write(move |cx| targets::note(cx, id, &work, &outcome)).await;
            if let Err(error) = noted {
                tracing::error!(%error, "what came of a copy was not written down; it is done again");
            }
        });
        Ok(())
    }

    async fn at_target(&self, stored: &Stored, work: &Work) -> Result<(), backup_target::Error> {
        let target = BackupTarget::at(
            &stored.target.place,
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
