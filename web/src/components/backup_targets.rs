//! Where copies of backups go.

use leptos::prelude::*;
use shared::model::backups::{Backups, BackupsAct, Target, TargetPlace};
use shared::model::ids::TargetId;

use super::announcer::Announcements;
use super::backup_target_form::AddTargetDialog;
use super::badge::Badge;
use super::button::{Button, IconButton};
use super::focus::focus_next;
use super::icon::{Glyph, Icon};
use super::password_dialog::PasswordDialog;
use crate::backups::{AllBackups, CopyState, newest};
use crate::problem::Problem;
use crate::words::{ago, minute};

/// The panel.
#[component]
pub fn BackupTargets(
    /// Everything.
    backups: AllBackups,
) -> impl IntoView {
    let targets = backups.part(|backups| backups.targets.clone());
    let adding = RwSignal::new(false);
    let removing = RwSignal::new(None::<Target>);
    view! {
        <section class="panel" aria-labelledby="targets-heading">
            <div class="panel-head">
                <h2 id="targets-heading">"Copies elsewhere"</h2>
                <Button label="Add target" icon=Icon::Plus on_press=move |()| adding.set(true) />
            </div>
            <p class="lead">
                "Every backup is copied to each target, checked there, and removed there when it is not kept any more. What arrives "
                "is encrypted for the recovery kits."
            </p>
            <Show when=move || targets.with(|targets| !targets.is_empty())>
                <ul class="rows">
                    <For each=move || targets.get() key=|target| target.id let(target)>
                        <Row backups target removing />
                    </For>
                </ul>
            </Show>
        </section>
        <Show when=move || adding.get()>
            <AddTargetDialog backups on_close=move |()| adding.set(false) />
        </Show>
        {move || {
            removing
                .get()
                .map(|target| {
                    view! { <RemoveDialog backups target on_close=move |()| removing.set(None) /> }
                })
        }}
    }
}

#[component]
fn Row(backups: AllBackups, target: Target, removing: RwSignal<Option<Target>>) -> impl IntoView {
    let id = target.id;
    let state = backups.part(move |backups| state(backups, id));
    let (icon, kind, place) = place(&target.place);
    let name = target.name.clone();
    let remove = format!("Remove the target {name}");
    view! {
        <li class="row">
            <Glyph icon />
            <div class="row-text">
                <p class="row-title">
                    <bdi>{name}</bdi>
                    " "
                    <Badge text=kind />
                </p>
                <p class="soft">
                    <code>{place}</code>
                </p>
                {move || match state.get() {
                    None => view! { <p class="soft">"There is no backup yet to copy."</p> }.into_any(),
                    Some(CopyState::There(at)) => {
                        let text = move || {
                            format!("The newest backup arrived {} ({})", ago(at, backups.now()), minute(at))
                        };
                        view! { <p class="soft">{text}</p> }.into_any()
                    }
                    Some(CopyState::Failed(error)) => {
                        view! { <p class="row-error">{format!("The newest backup is not there: {error}")}</p> }
                            .into_any()
                    }
                    Some(_) => {
                        view! { <p class="soft">"The newest backup is about to be copied."</p> }.into_any()
                    }
                }}
            </div>
            <div class="row-actions">
                <IconButton
                    name=remove
                    icon=Icon::Bin
                    on_press=move |()| removing.set(Some(target.clone()))
                />
            </div>
        </li>
    }
}

/// How the newest backup is at a target; nothing without a backup.
fn state(backups: &Backups, id: TargetId) -> Option<CopyState> {
    newest(backups).map(|newest| CopyState::of(newest, id))
}

/// What kind of place it is, and where.
fn place(place: &TargetPlace) -> (Icon, &'static str, String) {
    match place {
        TargetPlace::Directory { path } => (Icon::Folder, "Directory", path.clone()),
        TargetPlace::S3 {
            endpoint,
            bucket,
            prefix,
            ..
        } => {
            let endpoint = endpoint.trim_end_matches('/');
            (Icon::Server, "S3", format!("{endpoint}/{bucket}/{prefix}"))
        }
        TargetPlace::WebDav { url, user } if user.is_empty() => (Icon::Server, "WebDAV", url.clone()),
        TargetPlace::WebDav { url, user } => (Icon::Server, "WebDAV", format!("{url} as {user}")),
    }
}

#[component]
fn RemoveDialog(backups: AllBackups, target: Target, #[prop(into)] on_close: Callback<()>) -> impl IntoView {
    let announcements = Announcements::current();
    let title = format!("Remove the target {}?", target.name);
    let remove = move |password| {
        let act = BackupsAct::RemoveTarget { target: target.id };
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
        <PasswordDialog title danger=true action=remove on_close>
            <p>"It gets no more copies, and what is needed to write there is forgotten. The copies that are there stay."</p>
        </PasswordDialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backups::samples::{MADE, all_well, bucket, copy};

    #[test]
    fn the_state_is_that_of_the_newest_backup() {
        let mut all = all_well();
        assert_eq!(state(&all, bucket().id), Some(CopyState::There(MADE)));
        all.backups[0].copies = vec![copy(Some("it is full"))];
        assert_eq!(
            state(&all, bucket().id),
            Some(CopyState::Failed("it is full".to_owned()))
        );
        all.backups[0].copies.clear();
        assert_eq!(state(&all, bucket().id), Some(CopyState::Waiting));
        all.backups.clear();
        assert_eq!(state(&all, bucket().id), None);
    }

    #[test]
    fn a_place_is_told_without_what_it_takes_to_write_there() {
        let (_, kind, where_to) = place(&bucket().place);
        assert_eq!(
            (kind, where_to.as_str()),
            ("S3", "https://s3.example/vault/nightly/")
        );
    }
}
