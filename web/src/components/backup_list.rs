//! The backups there are, one line for each, with what can be done with it.

use leptos::prelude::*;
use shared::model::backups::{BackupFile, BackupReason, BackupsAct};
use shared::model::ids::BackupId;

use super::announcer::Announcements;
use super::badge::{Badge, Tone};
use super::button::IconButton;
use super::focus::focus_next;
use super::icon::{Glyph, Icon};
use super::password_dialog::PasswordDialog;
use crate::api;
use crate::backups::{AllBackups, newest};
use crate::plaintext;
use crate::problem::Problem;
use crate::session::Session;
use crate::words::{ago, bytes, count_of, minute};

/// What somebody wants to do with a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Download(BackupFile),
    Remove(BackupFile),
}

/// The list.
#[component]
pub fn BackupList(
    /// Everything.
    backups: AllBackups,
) -> impl IntoView {
    let asked = RwSignal::new(None::<Asked>);
    let ids =
        backups.part(|backups| -> Vec<BackupId> { backups.backups.iter().map(|file| file.id).collect() });
    view! {
        <Show
            when=move || ids.with(|ids| !ids.is_empty())
            fallback=|| {
                view! {
                    <p class="notice">
                        <Glyph icon=Icon::Info />
                        <span>"There is no backup yet."</span>
                    </p>
                }
            }
        >
            <ul class="rows">
                <For each=move || ids.get() key=|id| *id let(id)>
                    <Row backups id asked />
                </For>
            </ul>
        </Show>
        {move || {
            let close = move |()| asked.set(None);
            asked
                .get()
                .map(|what| match what {
                    Asked::Download(file) => view! { <DownloadDialog file on_close=close /> }.into_any(),
                    Asked::Remove(file) => view! { <RemoveDialog backups file on_close=close /> }.into_any(),
                })
        }}
    }
}

#[component]
fn Row(backups: AllBackups, id: BackupId, asked: RwSignal<Option<Asked>>) -> impl IntoView {
    // Without its copies: they change while somebody may be about to press a button.
    let file = backups.part(move |backups| {
        let file = backups.backups.iter().find(|file| file.id == id);
        file.map(|file| BackupFile {
            copies: Vec::new(),
            ..file.clone()
        })
    });
    let is_newest = backups.part(move |backups| newest(backups).is_some_and(|newest| newest.id == id));
    let copies = backups.part(move |backups| {
        let copies = backups
            .backups
            .iter()
            .find(|file| file.id == id)
            .map(|file| (file.here, file.removed, file.copies.clone()));
        let (here, removed, copies) = copies.unwrap_or_default();
        let at = |target| copies.iter().find(|copy| copy.target == target);
        let named = backups.targets.iter().map(|target| {
            let state = match at(target.id) {
                Some(copy) => match &copy.error {
                    Some(error) => CopyState::Failed(error.clone()),
                    None if removed => CopyState::Going,
                    None => CopyState::There,
                },
                None if here => CopyState::Waiting,
                None => CopyState::Nowhere,
            };
            (target.name.clone(), state)
        });
        named
            .filter(|(_, state)| *state != CopyState::Nowhere)
            .collect::<Vec<_>>()
    });
    view! {
        {move || {
            file.get()
                .map(|file| {
                    let name = file.file_name.clone();
                    let (fetched, removed) = (file.clone(), file.clone());
                    let here = file.here;
                    view! {
                        <li class="row">
                            <Glyph icon=Icon::Archive />
                            <div class="row-text">
                                <p class="row-title">
                                    {minute(file.created_at)} " "
                                    <Badge text=reason(file.reason) tone=Tone::Neutral />
                                    {(file.unreadable > 0)
                                        .then(|| {
                                            let text = format!("{} unreadable", file.unreadable);
                                            view! { " " <Badge text tone=Tone::Danger icon=Icon::Warning /> }
                                        })}
                                </p>
                                <p class="soft">{move || facts(&file, &ago(file.created_at, backups.now()))}</p>
                                <p class="soft">
                                    <code>{name.clone()}</code>
                                </p>
                                <Copies copies />
                            </div>
                            <div class="row-actions">
                                {here
                                    .then(|| {
                                        view! {
                                            <IconButton
                                                name=format!("Download {name}")
                                                icon=Icon::Download
                                                on_press=move |()| asked.set(Some(Asked::Download(fetched.clone())))
                                            />
                                        }
                                    })}
                                <IconButton
                                    name=Signal::derive(move || if is_newest.get() {
                                        format!("The newest backup cannot be removed: {name}")
                                    } else {
                                        format!("Remove {name}")
                                    })
                                    icon=Icon::Bin
                                    disabled=is_newest
                                    on_press=move |()| asked.set(Some(Asked::Remove(removed.clone())))
                                />
                            </div>
                        </li>
                    }
                })
        }}
    }
}

/// How a copy is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum CopyState {
    There,
    Waiting,
    Going,
    Failed(String),
    Nowhere,
}

#[component]
fn Copies(copies: Memo<Vec<(String, CopyState)>>) -> impl IntoView {
    move || {
        let copies = copies.get();
        let errors = copies.iter().filter_map(|(name, state)| match state {
            CopyState::Failed(error) => Some(format!("{name}: {error}")),
            _ => None,
        });
        let errors = errors
            .map(|text| view! { <p class="row-error">{text}</p> })
            .collect_view();
        let badges = copies
            .iter()
            .map(|(name, state)| {
                let (text, tone, icon) = match state {
                    CopyState::There => (name.clone(), Tone::Good, Some(Icon::Check)),
                    CopyState::Waiting => (format!("{name}: waiting"), Tone::Neutral, None),
                    CopyState::Going => (format!("{name}: being removed"), Tone::Neutral, None),
                    CopyState::Failed(_) => (format!("{name}: failed"), Tone::Danger, Some(Icon::Warning)),
                    CopyState::Nowhere => (name.clone(), Tone::Neutral, None),
                };
                match icon {
                    Some(icon) => view! { <li><Badge text tone icon /></li> }.into_any(),
                    None => view! { <li><Badge text tone /></li> }.into_any(),
                }
            })
            .collect_view();
        (!copies.is_empty())
            .then(|| view! { <ul class="plain-list copies" aria-label="Copies">{badges}</ul> {errors} })
    }
}

#[component]
fn DownloadDialog(file: BackupFile, #[prop(into)] on_close: Callback<()>) -> impl IntoView {
    let session = Session::current();
    let announcements = Announcements::current();
    let title = "Download this backup".to_owned();
    let lead = format!(
        "{} of {}. It holds every secret of its time.",
        file.file_name,
        minute(file.created_at)
    );
    let fetch = move |password| {
        let (id, name) = (file.id, file.file_name.clone());
        async move {
            const WHAT: &str = "The backup was not fetched";
            let ticket = api::backups::ticket(session, id, password)
                .await
                .map_err(|error| Problem::new(WHAT, &error))?;
            if plaintext::download(&ticket, &name) {
                announcements.say("The browser fetches the backup. Keep the file away from this machine.");
                Ok(())
            } else {
                Err(Problem::local(
                    WHAT,
                    "The browser refused to fetch it.",
                    "Allow downloads for this page and try again.",
                ))
            }
        }
    };
    view! {
        <PasswordDialog title action=fetch on_close>
            <p>{lead}</p>
        </PasswordDialog>
    }
}

#[component]
fn RemoveDialog(
    backups: AllBackups,
    file: BackupFile,
    #[prop(into)] on_close: Callback<()>,
) -> impl IntoView {
    let announcements = Announcements::current();
    let lead = format!(
        "{} of {}, with its copies at targets. This cannot be undone.",
        file.file_name,
        minute(file.created_at)
    );
    let remove = move |password| {
        let act = BackupsAct::Remove { backup: file.id };
        async move {
            let message = backups
                .act(act, password)
                .await
                .map_err(|error| Problem::new("Nothing was removed", &error))?;
            announcements.say(message);
            focus_next("main");
            Ok(())
        }
    };
    view! {
        <PasswordDialog title="Remove this backup?" danger=true action=remove on_close>
            <p>{lead}</p>
        </PasswordDialog>
    }
}

fn reason(reason: BackupReason) -> &'static str {
    match reason {
        BackupReason::Schedule => "By schedule",
        BackupReason::Request => "By hand",
        BackupReason::Upgrade => "Before an upgrade",
        BackupReason::Found => "Found here",
    }
}

/// What is known about a backup, in one line.
fn facts(file: &BackupFile, age: &str) -> String {
    let mut facts = vec![age.to_owned(), bytes(file.size)];
    // Of a file that was there before this store nothing else is known.
    if file.reason == BackupReason::Found {
        facts.push("what opens it is not known: it was here before this store".to_owned());
    } else {
        facts.push(count_of(file.secrets, "secret"));
        facts.push(format!("opens with {}", file.opens_with.join(", ")));
    }
    if !file.here {
        facts.push("at targets only".to_owned());
    }
    facts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backups::samples::file;

    #[test]
    fn a_line_says_what_is_known_and_no_more() {
        let known = file(1);
        assert_eq!(
            facts(&known, "1 day ago"),
            "1 day ago · 12.4 kB · 40 secrets · opens with Safe (1234)"
        );
        let found = BackupFile {
            reason: BackupReason::Found,
            here: false,
            ..known
        };
        let found = facts(&found, "1 day ago");
        assert!(!found.contains("40") && found.contains("not known") && found.ends_with("at targets only"));
    }
}
