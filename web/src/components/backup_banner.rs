//! Tells, on every page, that something is wrong with the backups.

use leptos::prelude::*;
use leptos_router::components::A;
use leptos_router::hooks::use_location;
use shared::wire::onboarding::BackupTrouble;

use super::icon::{Glyph, Icon};
use crate::first_steps::FirstSteps;

/// The notice, for people who can do something about it.
#[component]
pub fn BackupBanner() -> impl IntoView {
    let steps = FirstSteps::current();
    let path = use_location().pathname;
    let trouble = Memo::new(move |_| {
        // That page says more.
        let trouble = steps.known()?.backup_trouble;
        trouble.filter(|_| path.with(|path| path != "/backups"))
    });
    move || {
        trouble.get().map(|trouble| {
            let what = match trouble {
                BackupTrouble::Failed => "The last backup failed. ",
                BackupTrouble::Overdue => "No backup was made for two rounds of the schedule. ",
                BackupTrouble::DrillFailed => "The last rehearsed restore did not pass. ",
                BackupTrouble::DrillOverdue => "No restore was rehearsed for two weeks. ",
            };
            view! {
                <aside class="strip" aria-label="Backups">
                    <Glyph icon=Icon::Warning />
                    <p>
                        <strong>{what}</strong>
                        <A href="/backups" attr:class="link">
                            "Look at the backups"
                        </A>
                    </p>
                </aside>
            }
        })
    }
}
