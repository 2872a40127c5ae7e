//! What about backups somebody has to look at.

use leptos::prelude::*;
use shared::model::backups::{Backups, TargetPlace};
use shared::model::time::UnixMillis;

use super::icon::{Glyph, Icon};
use crate::backups::{AllBackups, newest};
use crate::words::{ago, capitalized, count_of};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Urgency {
    /// Something did not work.
    Failed,
    /// Something is late.
    Late,
    /// It would be better otherwise.
    Better,
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Warning {
    urgency: Urgency,
    what: String,
    next: String,
}

/// The notices, the worst first.
#[component]
pub fn BackupWarnings(
    /// Everything.
    backups: AllBackups,
) -> impl IntoView {
    let now = Memo::new(move |_| backups.now());
    let warnings = backups.part(move |backups| warnings(backups, now.get()));
    view! {
        <div role="status" class="warnings">
            {move || {
                warnings
                    .get()
                    .into_iter()
                    .map(|warning| {
                        let (class, icon) = match warning.urgency {
                            Urgency::Failed => ("notice notice-problem", Icon::Warning),
                            Urgency::Late => ("notice notice-warning", Icon::Warning),
                            Urgency::Better => ("notice", Icon::Info),
                        };
                        view! {
                            <div class=class>
                                <Glyph icon />
                                <div class="notice-text">
                                    <p class="notice-what">{warning.what}</p>
                                    <p>{warning.next}</p>
                                </div>
                            </div>
                        }
                    })
                    .collect_view()
            }}
        </div>
    }
}

fn warnings(backups: &Backups, now: UnixMillis) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut warn = |urgency, what: String, next: String| {
        found.push(Warning { urgency, what, next });
    };
    let (newest, last) = (newest(backups), backups.drills.first());
    if let Some(failure) = &backups.failure {
        warn(
            Urgency::Failed,
            format!("The last backup failed, {}", ago(failure.at, now)),
            format!("{}. It is tried again by itself.", sentence(&failure.reason)),
        );
    }
    if let Some(drill) = last.filter(|drill| !drill.passed) {
        let why = match &drill.problem {
            _ if !drill.genuine => "The record of it is not as it was written: somebody changed the database",
            Some(problem) => problem,
            None => "The server gave no reason",
        };
        warn(
            Urgency::Failed,
            "The last rehearsed restore did not pass".to_owned(),
            format!(
                "{}. Back up now and rehearse again; keep older backups meanwhile.",
                sentence(why)
            ),
        );
    }
    if let Some(file) = newest.filter(|file| file.unreadable > 0) {
        warn(
            Urgency::Failed,
            format!(
                "{} in the newest backup cannot be read any more",
                count_of(file.unreadable, "value")
            ),
            "Set these secrets anew: the server's log names them. Older backups stay until then, because they may have them."
                .to_owned(),
        );
    }
    for target in &backups.targets {
        let copies = newest.into_iter().flat_map(|file| &file.copies);
        let error = copies
            .filter(|copy| copy.target == target.id)
            .find_map(|copy| copy.error.as_ref());
        if let Some(error) = error {
            warn(
                Urgency::Failed,
                format!("The newest backup is not at {}", target.name),
                format!("{}. It is tried again every ten minutes.", sentence(error)),
            );
        }
    }
    if backups.overdue {
        warn(
            Urgency::Late,
            "No backup was made for two rounds of the schedule".to_owned(),
            if backups.opens_with.is_empty() {
                "There is no recovery kit, and a backup that nobody can open is none.".to_owned()
            } else {
                "Back up now, and look into the server's log for the reason.".to_owned()
            },
        );
    }
    if backups.drill_overdue && last.is_none_or(|drill| drill.passed) {
        warn(
            Urgency::Late,
            "No restore was rehearsed for two weeks".to_owned(),
            "Whether a backup restores is known once it was tried. Rehearse one now.".to_owned(),
        );
    }
    let is_elsewhere = |place: &TargetPlace| !matches!(place, TargetPlace::Directory { .. });
    let here_only = !backups.targets.iter().any(|target| is_elsewhere(&target.place));
    if here_only && newest.is_some() {
        let what = if backups.targets.is_empty() {
            "Every backup is on this machine only"
        } else {
            "Every backup is on disks of this machine"
        };
        warn(
            Urgency::Better,
            what.to_owned(),
            "Fire and theft take the machine with its disks. Add an S3 or WebDAV target, or download a backup now and then."
                .to_owned(),
        );
    }
    found
}

/// The server's reason as the beginning of a sentence, without its full stop.
fn sentence(reason: &str) -> String {
    capitalized(reason.trim().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use shared::model::backups::{BackupFailure, Drill, Target};

    use super::*;
    use crate::backups::samples::{MADE, all_well, bucket, copy, drill};

    fn told(backups: &Backups) -> Vec<(Urgency, String)> {
        let found = warnings(backups, MADE.plus_seconds(3 * 3_600));
        found
            .into_iter()
            .map(|warning| (warning.urgency, format!("{}: {}", warning.what, warning.next)))
            .collect()
    }

    #[test]
    fn nothing_is_said_when_all_is_well() {
        assert_eq!(told(&all_well()), []);
    }

    #[test]
    fn each_trouble_is_told_with_its_reason() {
        type Told = Vec<(Urgency, String)>;
        let with = |change: fn(&mut Backups)| {
            let mut backups = all_well();
            change(&mut backups);
            told(&backups)
        };
        let cases: [(Told, Urgency, &str); 8] = [
            (
                with(|all| {
                    all.failure = Some(BackupFailure {
                        at: MADE,
                        reason: "the disk is full.".to_owned(),
                    });
                }),
                Urgency::Failed,
                "3 hours ago: The disk is full. It is tried again",
            ),
            (
                with(|all| {
                    all.drills.insert(0, drill(false));
                    all.drill_overdue = true;
                }),
                Urgency::Failed,
                "did not pass: The file is not the one that was written.",
            ),
            (
                with(|all| {
                    all.drills = vec![Drill {
                        passed: false,
                        genuine: false,
                        ..drill(true)
                    }];
                }),
                Urgency::Failed,
                "somebody changed the database",
            ),
            (
                with(|all| all.backups[0].unreadable = 2),
                Urgency::Failed,
                "2 values in the newest backup",
            ),
            (
                with(|all| all.backups[0].copies = vec![copy(Some("it is full"))]),
                Urgency::Failed,
                "not at Bucket: It is full.",
            ),
            (
                with(|all| all.overdue = true),
                Urgency::Late,
                "two rounds of the schedule: Back up now",
            ),
            (
                with(|all| all.drill_overdue = true),
                Urgency::Late,
                "rehearsed for two weeks",
            ),
            (
                with(|all| all.targets.clear()),
                Urgency::Better,
                "on this machine only",
            ),
        ];
        for (told, urgency, part) in cases {
            assert_eq!(told.len(), 1, "{part}: {told:?}");
            assert_eq!(told[0].0, urgency, "{part}");
            assert!(told[0].1.contains(part), "{part}: {told:?}");
        }
    }

    #[test]
    fn a_directory_is_not_elsewhere() {
        let mut all = all_well();
        let directory = TargetPlace::Directory {
            path: "/mnt/disk".to_owned(),
        };
        all.targets = vec![Target {
            place: directory,
            ..bucket()
        }];
        assert!(told(&all)[0].1.contains("on disks of this machine"));
        // Before the first backup there is nothing to lose yet.
        all.backups.clear();
        assert_eq!(told(&all), []);
    }
}
