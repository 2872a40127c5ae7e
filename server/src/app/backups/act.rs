//! What is done with backups by people: the schedule, targets, removing one, rehearsing a restore.

use std::sync::Arc;

use shared::model::backups::{Backups, BackupsAct};

use super::job;
use crate::app::drills::nothing_to_try;
use crate::app::{App, blocking};
use crate::crypto::random;
use crate::domain::backups::{self, targets};
use crate::domain::caller::{Caller, Credential, Source, authenticate};
use crate::domain::{Context, Error};
use crate::outside::backup_target::BackupTarget;

impl App {
    /// Everything there is to know about backups, for who administers the instance.
    pub async fn backups(&self, caller: (Credential, Source)) -> Result<Backups, Error> {
        let state = self.read_as(caller, backups::state).await?;
        Ok(self.completed(state))
    }

    /// What only the running process knows.
    pub fn completed(&self, state: Backups) -> Backups {
        let roots = self.host().backup_roots.iter();
        Backups {
            drilling: self.is_drilling(),
            roots: roots.map(|root| root.display().to_string()).collect(),
            ..state
        }
    }

    /// Does something with backups, for who administers the instance; answers with a sentence that says what was done.
    pub async fn act_on_backups(
        self: &Arc<Self>,
        (credential, source): (Credential, Source),
        act: BackupsAct,
    ) -> Result<String, Error> {
        perform(self, act, move |cx| {
            let caller = authenticate(cx, &credential, &source)?;
            caller.require_instance_admin()?;
            Ok(caller)
        })
        .await
    }
}

/// Does it. `permit` says who asks, in the transaction of the change.
pub async fn perform(
    app: &Arc<App>,
    act: BackupsAct,
    permit: impl Fn(&mut Context) -> Result<Caller, Error> + Clone + Send + 'static,
) -> Result<String, Error> {
    match act {
        BackupsAct::Schedule { schedule } => {
            let off = schedule.cron.is_none();
            app.write(move |cx| {
                let caller = permit(cx)?;
                backups::set_schedule(cx, &caller, &schedule)
            })
            .await?;
            Ok(if off {
                "Backups are not made by themselves any more. Make them yourself, or switch the schedule on again".into()
            } else {
                "The schedule was changed".into()
            })
        }
        BackupsAct::AddTarget { name, place, secret } => {
            let (allowed, stored) = (permit.clone(), targets::make(&name, place, secret)?);
            // Before anything is sent anywhere.
            app.read(move |cx| allowed(cx).map(drop)).await?;
            let refused = |error: crate::outside::backup_target::Error| {
                Error::BadRequest(format!("{name} was not added: {error}"))
            };
            let target = BackupTarget::at(
                &stored.target,
                stored.secret.as_ref(),
                &app.host().backup_roots,
                &app.host().outbound,
            )
            .map_err(refused)?;
            let scratch = app
                .require_data_dir()?
                .path()
                .join(format!("trial-{}.part", random::letters(8)?));
            let tried = target.try_out(&scratch).await;
            if let Err(error) = tokio::fs::remove_file(&scratch).await
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "the file of a trial stays behind");
            }
            tried.map_err(refused)?;
            let added = app
                .write(move |cx| {
                    let caller = permit(cx)?;
                    targets::add(cx, &caller, &stored)
                })
                .await;
            if added.is_err() {
                target.give_up().await;
            }
            added?;
            Ok(format!(
                "{name} was tried and added. The backups that are kept are copied there now"
            ))
        }
        BackupsAct::RemoveTarget { target } => {
            let name = app
                .write(move |cx| {
                    let caller = permit(cx)?;
                    targets::remove(cx, &caller, target)
                })
                .await?;
            Ok(format!(
                "{name} gets no more copies. Those that are there were left"
            ))
        }
        BackupsAct::Remove { backup } => {
            let found = app
                .write(move |cx| {
                    let caller = permit(cx)?;
                    backups::removable(cx, &caller, backup)
                })
                .await?;
            let (opened, data_dir, now) = (app.store()?, app.require_data_dir()?.clone(), app.clock.now());
            let name = found.file_name.clone();
            blocking(move || job::remove_file(&opened, &data_dir, &found, now)).await?;
            Ok(format!(
                "{name} was removed. Copies at targets follow within a minute"
            ))
        }
        BackupsAct::Drill => {
            app.read(move |cx| {
                permit(cx)?;
                match backups::newest(cx)? {
                    Some(_) => Ok(()),
                    None => Err(nothing_to_try()),
                }
            })
            .await?;
            if !app.start_drill()? {
                return Err(Error::Conflict("A restore is being rehearsed already".into()));
            }
            Ok(
                "The newest backup is being restored into a scratch store; what comes of it is shown here"
                    .into(),
            )
        }
    }
}
