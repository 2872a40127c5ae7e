//! Rotating keys: each with what it is for, and how far the ones under way are.

use leptos::prelude::*;
use shared::model::keys::{DataKeyRotation, Keys, KeysAct, RotationState};

use super::button::Button;
use super::icon::{Glyph, Icon};
use super::key_act::Asked;
use super::menu::{Menu, MenuItem};
use crate::words::count_of;

/// The panel.
#[component]
pub fn KeyRotations(
    /// The keys as they are.
    keys: Keys,
    /// What somebody wants to do.
    asked: RwSignal<Option<Asked>>,
    /// How far those of data keys are, which changes each second.
    rotations: Memo<Vec<DataKeyRotation>>,
    /// Somebody wants to rotate everything.
    #[prop(into)]
    on_everything: Callback<()>,
) -> impl IntoView {
    let sure = move |title: &str, lead: &'static str, danger: bool, act: KeysAct| {
        let title = title.to_owned();
        move |()| {
            asked.set(Some(Asked::Sure {
                title: title.clone(),
                lead,
                danger,
                act: act.clone(),
            }));
        }
    };
    let retired = !keys.root.retired.is_empty();
    let root_about = format!(
        "Version {}. The keys of all projects lie under it. A new one takes a moment and can be taken back.",
        keys.root.version
    );
    let more = move |()| {
        vec![
            MenuItem::new(
                "Take the last root key back",
                Icon::Undo,
                sure(
                    "Go back to the root key before?",
                    "Every project's key goes under the earlier root key again.",
                    false,
                    KeysAct::RevertRoot,
                ),
            ),
            MenuItem::new(
                "Destroy retired root keys",
                Icon::Bin,
                sure(
                    "Destroy the retired root keys?",
                    "This cannot be undone. A copy of the database file alone, made before, opens no more. Backups do.",
                    true,
                    KeysAct::DestroyRetired,
                ),
            )
            .danger(),
        ]
    };
    view! {
        <section class="panel" aria-labelledby="rotation-heading">
            <div class="panel-head">
                <h2 id="rotation-heading">"Rotation"</h2>
                <Button label="Rotate everything" on_press=on_everything />
            </div>
            <p class="lead">
                "New keys inside, without a restart and without a change of any variable. Nobody is logged out, and backups made "
                "before open with their kits as before."
            </p>
            <ul class="rows">
                <Rotatable title="Root key" about=root_about>
                    <Button
                        label="Rotate root key"
                        on_press=sure(
                            "Rotate the root key?",
                            "A new root key, and every project's key under it.",
                            false,
                            KeysAct::RotateRoot,
                        )
                    />
                    {retired.then(|| view! { <Menu name="More about the root key" items=more /> })}
                </Rotatable>
                <Rotatable
                    title="Data keys"
                    about="One for each project, for values and comments. Everything is sealed anew in the background, old versions and the trash too."
                >
                    <Button
                        label="Rotate data keys"
                        on_press=sure(
                            "Rotate the data keys of all projects?",
                            "New values use the new keys at once. The rest follows in the background, and can be paused.",
                            false,
                            KeysAct::RotateData { project: None },
                        )
                    />
                    <Menu
                        name="More about the data keys"
                        items=move |()| vec![
                            MenuItem::new(
                                "Rotate the data key of one project",
                                Icon::Again,
                                move |()| asked.set(Some(Asked::ProjectDataKey)),
                            ),
                        ]
                    />
                </Rotatable>
                {move || view! { <Progress rotations=rotations.get() asked /> }}
                <Rotatable
                    title="Signing key"
                    about=format!("Version {}. It signs tokens; those signed before stay valid.", keys.signing_version)
                >
                    <Button
                        label="Rotate signing key"
                        on_press=sure(
                            "Rotate the signing key?",
                            "Tokens are signed with a new key from now on. Nobody is logged out.",
                            false,
                            KeysAct::RotateSigning,
                        )
                    />
                </Rotatable>
                {keys.has_database_key.then(|| view! {
                    <Rotatable
                        title="Database key"
                        about="The whole file is encrypted anew. Writes wait meanwhile, and as much free disk again as the file has is needed."
                    >
                        <Button
                            label="Rotate database key"
                            on_press=sure(
                                "Encrypt the database file anew?",
                                "Some seconds for each hundred megabytes. Interrupted, it goes on at the next start.",
                                false,
                                KeysAct::RekeyDatabase,
                            )
                        />
                    </Rotatable>
                })}
            </ul>
        </section>
    }
}

#[component]
fn Rotatable(title: &'static str, #[prop(into)] about: String, children: Children) -> impl IntoView {
    view! {
        <li class="row">
            <Glyph icon=Icon::Again />
            <div class="row-text">
                <p class="row-title">{title}</p>
                <p class="soft">{about}</p>
            </div>
            <div class="row-actions">{children()}</div>
        </li>
    }
}

/// How far rotations of data keys are, all projects together.
#[component]
fn Progress(rotations: Vec<DataKeyRotation>, asked: RwSignal<Option<Asked>>) -> impl IntoView {
    let of = |state: RotationState| rotations.iter().filter(move |rotation| rotation.state == state);
    let (running, paused) = (
        of(RotationState::Running).count(),
        of(RotationState::Paused).count(),
    );
    let unreadable: i64 = of(RotationState::Incomplete)
        .map(|rotation| rotation.unreadable)
        .sum();
    let under_way = || of(RotationState::Running).chain(of(RotationState::Paused));
    let total: i64 = under_way().map(|rotation| rotation.total).sum();
    let done: i64 = under_way().map(|rotation| rotation.done).sum();
    let waits = running == 0 && paused > 0;
    (running + paused > 0 || unreadable > 0).then(|| {
        let text = if running + paused > 0 {
            let how = if waits { "wait" } else { "are under way" };
            let rotations = u64::try_from(running + paused).unwrap_or_default();
            format!("{} {how}: {done} of {total} versions sealed anew", count_of(rotations, "rotation"))
        } else {
            format!("{unreadable} versions did not open and keep their old key: see the server's log and an older backup")
        };
        let (label, act) = if waits {
            ("Resume", KeysAct::ResumeRotation)
        } else {
            ("Pause", KeysAct::PauseRotation)
        };
        view! {
            <li class="row">
                <Glyph icon=Icon::Info />
                <div class="row-text" role="status">
                    <p class="soft">{text}</p>
                    {(total > 0)
                        .then(|| {
                            view! {
                                <progress max=total.to_string() value=done.to_string() aria-label="Versions sealed anew"></progress>
                            }
                        })}
                </div>
                {(running + paused > 0)
                    .then(|| {
                        let press = move |()| {
                            asked.set(Some(Asked::Sure {
                                title: format!("{label} the rotation?"),
                                lead: "Nothing is lost either way: each step is whole.",
                                danger: false,
                                act: act.clone(),
                            }));
                        };
                        view! {
                            <div class="row-actions">
                                <Button label on_press=press />
                            </div>
                        }
                    })}
            </li>
        }
    })
}
