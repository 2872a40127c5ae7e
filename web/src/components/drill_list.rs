//! Rehearsed restores: the button that begins one, and what came of each.

use leptos::prelude::*;
use shared::model::backups::{BackupsAct, Drill};

use super::announcer::Announcements;
use super::badge::{Badge, Tone};
use super::button::Button;
use super::icon::{Glyph, Icon};
use super::password_dialog::PasswordDialog;
use crate::backups::{AllBackups, newest};
use crate::problem::Problem;
use crate::words::{count_of, minute};

/// Characters of a hash that are shown: enough to tell two from each other.
const SHOWN: usize = 16;

/// The panel.
#[component]
pub fn DrillList(
    /// Everything.
    backups: AllBackups,
) -> impl IntoView {
    let announcements = Announcements::current();
    let drills = backups.part(|backups| backups.drills.clone());
    let running = backups.part(|backups| backups.drilling);
    let nothing = backups.part(|backups| newest(backups).is_none());
    let asking = RwSignal::new(false);
    let begin = move |password| async move {
        let message = backups
            .act(BackupsAct::Drill, password)
            .await
            .map_err(|error| Problem::new("No restore was rehearsed", &error))?;
        announcements.say(message);
        Ok(())
    };
    view! {
        <section class="panel" aria-labelledby="drills-heading">
            <div class="panel-head">
                <h2 id="drills-heading">"Rehearsed restores"</h2>
                <Button
                    label="Rehearse a restore now"
                    icon=Icon::Shield
                    busy=running
                    disabled=nothing
                    on_press=move |()| asking.set(true)
                />
            </div>
            <p class="lead">
                "The newest backup is restored into a scratch store, every value in it is opened, and counts and Merkle root are "
                "compared with what was written. The server does it by itself, as often as its settings say."
            </p>
            <div role="status" class="notice-place">
                <Show when=move || running.get()>
                    <p class="notice">
                        <Glyph icon=Icon::Again />
                        <span>"A restore is being rehearsed. This page shows what comes of it."</span>
                    </p>
                </Show>
            </div>
            {move || {
                let rows = drills.get().into_iter().map(|drill| view! { <Row drill /> }).collect_view();
                (!rows.is_empty()).then(|| view! { <ul class="rows">{rows}</ul> })
            }}
        </section>
        <Show when=move || asking.get()>
            <PasswordDialog title="Rehearse a restore now" action=begin on_close=move |()| asking.set(false)>
                <p>"Nothing that is in use is touched. It needs some times the room of the backup for a moment."</p>
            </PasswordDialog>
        </Show>
    }
}

#[component]
fn Row(drill: Drill) -> impl IntoView {
    let (icon, badge, tone) = match (drill.genuine, drill.passed) {
        (false, _) => (Icon::Warning, "Record changed afterwards", Tone::Danger),
        (true, true) => (Icon::Done, "Passed", Tone::Good),
        (true, false) => (Icon::Warning, "Did not pass", Tone::Danger),
    };
    let hash = |label: &'static str, hash: String| {
        (!hash.is_empty()).then(|| {
            let short = hash.chars().take(SHOWN).collect::<String>();
            view! {
                <span class="hash" title=hash>
                    {label} " "
                    <code>{short}</code>
                </span>
            }
        })
    };
    view! {
        <li class="row">
            <Glyph icon />
            <div class="row-text">
                <p class="row-title">
                    {minute(drill.at)} " "
                    <Badge text=badge tone />
                </p>
                <p class="soft">
                    {format!(
                        "{} opened, {} restored",
                        count_of(drill.secrets, "secret"),
                        count_of(drill.rows, "row"),
                    )}
                </p>
                <p class="soft">
                    <code>{drill.file_name}</code>
                </p>
                <p class="soft hashes">{hash("Merkle root", drill.root)} {hash("SHA-256", drill.sha256)}</p>
                {drill.problem.map(|problem| view! { <p class="row-error">{problem}</p> })}
            </div>
        </li>
    }
}
