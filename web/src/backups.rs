//! The backups of the instance, loaded for their page and followed while something goes on.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::backups::{BackupFile, Backups, BackupsAct, Copy};
use shared::model::ids::TargetId;
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use crate::api;
use crate::api::error::Error;
use crate::location;
use crate::problem::Problem;
use crate::session::Session;

/// Between two looks while something goes on.
const POLL: Duration = Duration::from_secs(2);
/// Looks of that kind that are left out while nothing does.
const QUIET: u32 = 30;

/// Everything about backups; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct AllBackups {
    session: Session,
    known: RwSignal<Option<Backups>>,
    problem: RwSignal<Option<Problem>>,
    /// How often something was done here: an answer from before that is no news.
    done: StoredValue<u32>,
    now: RwSignal<UnixMillis>,
}

impl AllBackups {
    /// Begins to load them, and follows them until the page is gone.
    pub fn load(session: Session) -> Self {
        let backups = Self {
            session,
            known: RwSignal::new(None),
            problem: RwSignal::new(None),
            done: StoredValue::new(0),
            now: RwSignal::new(location::now()),
        };
        spawn_local(backups.refresh());
        backups.follow(0);
        backups
    }

    /// Asks again, because somebody wants to.
    pub fn reload(self) {
        self.problem.set(None);
        spawn_local(self.refresh());
    }

    /// Asks again. When the page shows something already, an answer that does not come is no news.
    pub async fn refresh(self) {
        let done = self.done.try_get_value();
        match api::backups::list(self.session).await {
            Ok(backups) if done == self.done.try_get_value() => self.show(backups),
            Ok(_) => {}
            Err(error) => {
                if self.known.try_with_untracked(Option::is_none).unwrap_or_default() {
                    self.problem
                        .try_set(Some(Problem::new("The backups were not loaded", &error)));
                }
            }
        }
    }

    /// Does something; the answer is a sentence that says what was done.
    pub async fn act(self, act: BackupsAct, password: SecretText) -> Result<String, Error> {
        let done = api::backups::act(self.session, act, password).await?;
        self.done.try_update_value(|done| *done += 1);
        self.show(done.backups);
        Ok(done.message)
    }

    /// A part of what is known, watched by itself: the others may change without it. Before anything is known it is empty.
    pub fn part<T>(self, pick: impl Fn(&Backups) -> T + Send + Sync + 'static) -> Memo<T>
    where
        T: Default + PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| {
            self.known
                .with(|known| known.as_ref().map(&pick).unwrap_or_default())
        })
    }

    /// Whether they are here.
    pub fn are_known(self) -> Memo<bool> {
        self.part(|_| true)
    }

    /// Why they are not.
    pub fn problem(self) -> RwSignal<Option<Problem>> {
        self.problem
    }

    /// The time of the last look.
    pub fn now(self) -> UnixMillis {
        self.now.get()
    }

    fn show(self, backups: Backups) {
        self.problem.try_set(None);
        self.now.try_set(location::now());
        self.known.try_set(Some(backups));
    }

    fn follow(self, left_out: u32) {
        set_timeout(
            move || {
                // Given back when the page is gone.
                let Some(moves) = self
                    .known
                    .try_with_untracked(|known| known.as_ref().is_some_and(moves))
                else {
                    return;
                };
                if moves || left_out >= QUIET {
                    spawn_local(async move {
                        self.refresh().await;
                        self.follow(0);
                    });
                } else {
                    self.follow(left_out + 1);
                }
            },
            POLL,
        );
    }
}

/// The newest whose values open, wherever it is.
pub fn last_good(backups: &Backups) -> Option<&BackupFile> {
    backups.backups.iter().find(|file| file.unreadable == 0)
}

/// The newest whose file is on the server. It cannot be removed.
pub fn newest(backups: &Backups) -> Option<&BackupFile> {
    backups.backups.iter().find(|file| file.here)
}

/// How a backup is at a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyState {
    /// It is there.
    There(UnixMillis),
    /// It is to be copied there.
    Waiting,
    /// It is to be removed there.
    Going,
    /// It could not be copied or removed.
    Failed(String),
    /// It is not there, and is not to be.
    Nowhere,
}

impl CopyState {
    /// That of one backup at one target.
    pub fn of(file: &BackupFile, target: TargetId) -> Self {
        let copy = file.copies.iter().find(|copy| copy.target == target);
        match copy {
            Some(Copy {
                error: Some(error), ..
            }) => Self::Failed(error.clone()),
            Some(_) if file.removed => Self::Going,
            Some(Copy {
                copied_at: Some(at), ..
            }) => Self::There(*at),
            None if !file.here => Self::Nowhere,
            _ => Self::Waiting,
        }
    }
}

/// Whether something goes on that is worth looking at: a rehearsal, or a copy that is to be made or removed.
fn moves(backups: &Backups) -> bool {
    let is_under_way = |file: &BackupFile| {
        backups.targets.iter().any(|target| {
            let copy = file.copies.iter().find(|copy| copy.target == target.id);
            let failed = |copy: &Copy| copy.error.is_some();
            match copy {
                None => file.here,
                Some(copy) => file.removed && !failed(copy),
            }
        })
    };
    backups.drilling || backups.backups.iter().any(is_under_way)
}

#[cfg(test)]
pub mod samples {
    use shared::model::backups::{
        BackupFile, BackupReason, Backups, Copy, Drill, Schedule, Target, TargetPlace,
    };
    use shared::model::ids::{BackupId, TargetId};
    use shared::model::time::UnixMillis;

    /// When the newest was made.
    pub const MADE: UnixMillis = UnixMillis(1_795_748_400_000);

    /// A backup that is on the server.
    pub fn file(number: u8) -> BackupFile {
        BackupFile {
            id: BackupId::from_random([number; 16]),
            file_name: format!("backup-{number}.age"),
            reason: BackupReason::Schedule,
            created_at: MADE.plus_seconds(-i64::from(number) * 86_400),
            size: 12_400,
            sha256: "ab".repeat(32),
            root: "cd".repeat(32),
            opens_with: vec!["Safe (1234)".to_owned()],
            secrets: 40,
            unreadable: 0,
            here: true,
            removed: false,
            copies: Vec::new(),
        }
    }

    /// A bucket.
    pub fn bucket() -> Target {
        Target {
            id: TargetId::from_random([9; 16]),
            name: "Bucket".to_owned(),
            place: TargetPlace::S3 {
                endpoint: "https://s3.example".to_owned(),
                region: "eu".to_owned(),
                bucket: "vault".to_owned(),
                prefix: "nightly/".to_owned(),
                access_key: "AK".to_owned(),
            },
        }
    }

    /// A copy in it.
    pub fn copy(error: Option<&str>) -> Copy {
        Copy {
            target: bucket().id,
            copied_at: error.is_none().then_some(MADE),
            error: error.map(str::to_owned),
        }
    }

    /// A rehearsal.
    pub fn drill(passed: bool) -> Drill {
        Drill {
            at: MADE,
            passed,
            file_name: "backup-0.age".to_owned(),
            sha256: "ab".repeat(32),
            created_at: MADE,
            secrets: 40,
            unreadable: 0,
            rows: 200,
            root: "cd".repeat(32),
            problem: (!passed).then(|| "the file is not the one that was written".to_owned()),
            genuine: true,
        }
    }

    /// Everything as it should be: two backups, copied elsewhere, rehearsed.
    pub fn all_well() -> Backups {
        let copied = |number| BackupFile {
            copies: vec![copy(None)],
            ..file(number)
        };
        Backups {
            backups: vec![copied(0), copied(1)],
            schedule: Schedule::default(),
            next_at: Some(MADE.plus_seconds(86_400)),
            targets: vec![bucket()],
            failure: None,
            overdue: false,
            drills: vec![drill(true)],
            drilling: false,
            drill_overdue: false,
            opens_with: vec!["Safe (1234)".to_owned()],
            roots: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{all_well, copy, file};
    use super::*;

    #[test]
    fn the_page_looks_again_only_while_something_goes_on() {
        let still = all_well();
        assert!(!moves(&still));
        assert!(moves(&Backups {
            drilling: true,
            ..still.clone()
        }));
        let with = |file: BackupFile| Backups {
            backups: vec![file],
            ..still.clone()
        };
        assert!(moves(&with(file(0))), "a copy is missing");
        let failed = copy(Some("it is full"));
        let failed = BackupFile {
            copies: vec![failed],
            ..file(0)
        };
        assert!(!moves(&with(failed.clone())), "it is tried again later");
        let gone = BackupFile {
            here: false,
            copies: vec![copy(None)],
            ..file(0)
        };
        assert!(!moves(&with(gone.clone())), "its copy stays");
        let removed = |file| BackupFile {
            here: false,
            removed: true,
            ..file
        };
        assert!(moves(&with(removed(gone))), "a copy is to be removed");
        assert!(!moves(&with(removed(failed))));
    }

    #[test]
    fn good_is_what_opens_and_newest_is_what_is_here() {
        let mut all = all_well();
        all.backups[0].unreadable = 1;
        all.backups[1].here = false;
        assert_eq!(last_good(&all), Some(&all.backups[1]));
        assert_eq!(newest(&all), Some(&all.backups[0]));
        all.backups.clear();
        assert_eq!((last_good(&all), newest(&all)), (None, None));
    }
}
