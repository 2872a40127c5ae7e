//! `/backups`: those there are, when they are made, where copies go, and whether they restore.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;

use crate::api;
use crate::backups::AllBackups;
use crate::components::backup_list::BackupList;
use crate::components::backup_now::{BackupNow, BackupNowButton, BackupNowState};
use crate::components::backup_schedule::BackupSchedule;
use crate::components::backup_targets::BackupTargets;
use crate::components::backup_tiles::BackupTiles;
use crate::components::backup_warnings::BackupWarnings;
use crate::components::button::Button;
use crate::components::drill_list::DrillList;
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::ProblemNotice;
use crate::components::page::Page;
use crate::components::skeleton::Skeleton;
use crate::plaintext;
use crate::problem::Problem;
use crate::session::Session;

/// Name of the file that the runbook is saved as.
const RUNBOOK: &str = "strongroom-runbook.md";

/// The page.
#[component]
pub fn BackupsPage() -> impl IntoView {
    let session = Session::current();
    let backups = AllBackups::load(session);
    let problem = RwSignal::new(None::<Problem>);
    let known = backups.are_known();
    view! {
        <Page
            title="Backups"
            lead="Everything of this server in one file, made by itself, copied elsewhere, and rehearsed."
            narrow=true
            actions=move || view! { <RunbookButton problem /> }
        >
            <ProblemNotice problem />
            <ProblemNotice problem=backups.problem() retry=move |()| backups.reload() />
            <Show
                when=move || known.get()
                fallback=move || {
                    backups
                        .problem()
                        .with(Option::is_none)
                        .then(|| view! { <Skeleton label="Loading backups" lines=6 /> })
                }
            >
                <BackupWarnings backups />
                <BackupTiles backups />
                <Files backups />
                <BackupSchedule backups />
                <BackupTargets backups />
                <DrillList backups />
            </Show>
        </Page>
    }
}

#[component]
fn Files(backups: AllBackups) -> impl IntoView {
    let now = BackupNow::none(Session::current(), backups);
    let no_kit = backups.part(|backups| backups.opens_with.is_empty());
    view! {
        <section class="panel" aria-labelledby="files-heading">
            <div class="panel-head">
                <h2 id="files-heading">"All backups"</h2>
                <BackupNowButton now />
            </div>
            <Show when=move || no_kit.get()>
                <p class="notice notice-warning">
                    <Glyph icon=Icon::Warning />
                    <span>
                        "Nobody could open a backup yet, so none is made. "
                        <A href="/recovery" attr:class="link">
                            "Create a recovery kit"
                        </A>
                    </span>
                </p>
            </Show>
            <BackupNowState now />
            <BackupList backups />
        </section>
    }
}

/// What to do when something broke, with the real paths and fingerprints of this instance.
#[component]
fn RunbookButton(problem: RwSignal<Option<Problem>>) -> impl IntoView {
    const WHAT: &str = "The runbook was not fetched";
    let session = Session::current();
    let busy = RwSignal::new(false);
    let fetch = move |()| {
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let trouble = match api::runbook::get(session).await {
                Ok(text) if plaintext::to_file(RUNBOOK, &text) => None,
                Ok(_) => Some(Problem::local(
                    WHAT,
                    "The browser refused to save it.",
                    "Allow downloads for this page and try again.",
                )),
                Err(error) => Some(Problem::new(WHAT, &error)),
            };
            problem.try_set(trouble);
            busy.try_set(false);
        });
    };
    view! { <Button label="Download runbook" icon=Icon::Download busy on_press=fetch /> }
}
