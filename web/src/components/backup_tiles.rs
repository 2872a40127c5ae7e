//! The state of backups at a glance: the last good one, the next one, the last rehearsal.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::backups::{AllBackups, last_good};
use crate::words::{ago, ahead, bytes, capitalized, count_of, minute};

/// What one of them says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Tile {
    value: String,
    notes: Vec<String>,
    trouble: bool,
}

/// The tiles.
#[component]
pub fn BackupTiles(
    /// Everything.
    backups: AllBackups,
) -> impl IntoView {
    let now = Memo::new(move |_| backups.now());
    let last = backups.part(move |backups| match last_good(backups) {
        Some(file) => Tile {
            value: ago(file.created_at, now.get()),
            notes: vec![bytes(file.size), minute(file.created_at)],
            trouble: backups.overdue,
        },
        None => Tile {
            value: "None yet".to_owned(),
            notes: vec!["Make the first one now".to_owned()],
            trouble: true,
        },
    });
    let next = backups.part(move |backups| match backups.next_at {
        _ if backups.opens_with.is_empty() => Tile {
            value: "Waits for a recovery kit".to_owned(),
            notes: vec!["Nobody could open a backup without one".to_owned()],
            trouble: true,
        },
        Some(next) => Tile {
            value: ahead(next, now.get()),
            notes: vec![minute(next)],
            trouble: false,
        },
        None => Tile {
            value: "Off".to_owned(),
            notes: vec!["No backup is made by itself".to_owned()],
            trouble: true,
        },
    });
    let rehearsed = backups.part(move |backups| match backups.drills.first() {
        Some(drill) => Tile {
            value: if drill.passed { "Passed" } else { "Did not pass" }.to_owned(),
            notes: match backups.drills.iter().find(|drill| drill.passed) {
                Some(passed) if !drill.passed => {
                    vec![
                        ago(drill.at, now.get()),
                        format!("the last one passed {}", ago(passed.at, now.get())),
                    ]
                }
                _ => vec![
                    format!("{} opened", count_of(drill.secrets, "secret")),
                    ago(drill.at, now.get()),
                ],
            },
            trouble: !drill.passed || backups.drill_overdue,
        },
        None => Tile {
            value: "None yet".to_owned(),
            notes: vec!["The server does it by itself".to_owned()],
            trouble: backups.drill_overdue,
        },
    });
    let tile = |label: &'static str, icon: Icon, tile: Memo<Tile>| {
        view! {
            <div class="tile" class:tile-trouble=move || tile.with(|tile| tile.trouble)>
                <dt>
                    <Glyph icon />
                    <span>{label}</span>
                </dt>
                <dd class="tile-value">{move || tile.with(|tile| capitalized(&tile.value))}</dd>
                <dd class="soft">{move || tile.with(|tile| tile.notes.join(" · "))}</dd>
            </div>
        }
    };
    view! {
        <dl class="tiles">
            {tile("Last good backup", Icon::Archive, last)} {tile("Next by schedule", Icon::History, next)}
            {tile("Last rehearsed restore", Icon::Shield, rehearsed)}
        </dl>
    }
}
