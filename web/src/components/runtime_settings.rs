//! Settings that can be changed while the server runs.

use leptos::prelude::*;
use shared::model::settings::{Care, Changeable, RuntimeSetting};
use shared::wire::settings::Settings;

use super::announcer::Announcements;
use super::button::Button;
use super::care::CareBadge;
use super::field::Field;
use super::icon::Icon;
use super::password_dialog::PasswordDialog;
use crate::api;
use crate::location;
use crate::problem::Problem;
use crate::session::Session;
use crate::words::{ago, count_of};

/// A change that somebody is about to make.
#[derive(Debug, Clone)]
struct Change {
    setting: RuntimeSetting,
    /// What it is set back to; none when somebody says what it is set to.
    back_to: Option<i64>,
    now: i64,
}

/// The panel.
#[component]
pub fn RuntimeSettings(
    /// All of them.
    changeable: Vec<Changeable>,
    /// Called with what they are after a change.
    #[prop(into)]
    on_change: Callback<Settings>,
) -> impl IntoView {
    let asked = RwSignal::new(None::<Change>);
    view! {
        <section class="panel" aria-labelledby="runtime-heading">
            <div class="panel-head">
                <h2 id="runtime-heading">"Changed here"</h2>
            </div>
            <p class="lead">
                "They take effect at once, lie encrypted in the store, and travel in backups. Each change is on record."
            </p>
            <ul class="rows">
                {changeable.into_iter().map(|changeable| view! { <Row changeable asked /> }).collect_view()}
            </ul>
        </section>
        {move || {
            asked
                .get()
                .map(|change| {
                    view! { <ChangeDialog change on_change on_close=move |()| asked.set(None) /> }
                })
        }}
    }
}

fn label(setting: RuntimeSetting) -> &'static str {
    match setting {
        RuntimeSetting::SessionDays => "Log in again after",
        RuntimeSetting::DrillDays => "Rehearse a restore every",
    }
}

fn days(value: i64) -> String {
    count_of(u64::try_from(value).unwrap_or_default(), "day")
}

#[component]
fn Row(changeable: Changeable, asked: RwSignal<Option<Change>>) -> impl IntoView {
    let Changeable {
        setting,
        value,
        changed,
    } = changeable;
    let (label, about) = (label(setting), setting.about());
    let ask = move |back_to| {
        asked.set(Some(Change {
            setting,
            back_to,
            now: value,
        }));
    };
    let history = changed.clone().map(|changed| {
        let when = ago(changed.at, location::now());
        let text = format!("{} before, changed {when} by ", days(changed.before));
        view! {
            <p class="soft">
                {text} <bdi>{changed.by}</bdi>
            </p>
        }
    });
    let undo = changed.map(|changed| {
        view! {
            <Button
                label=format!("Undo: {}", days(changed.before))
                icon=Icon::Again
                on_press=move |()| ask(Some(changed.before))
            />
        }
    });
    view! {
        <li class="row">
            <div class="row-text">
                <p class="row-title">
                    {format!("{label} {}", days(value))} " " <CareBadge care=Care::Free />
                </p>
                <p class="soft">{format!("{about}.")}</p>
                {history}
            </div>
            <div class="row-actions">
                {undo} <Button label="Change" about=label icon=Icon::Pencil on_press=move |()| ask(None) />
            </div>
        </li>
    }
}

#[component]
fn ChangeDialog(
    change: Change,
    on_change: Callback<Settings>,
    #[prop(into)] on_close: Callback<()>,
) -> impl IntoView {
    let session = Session::current();
    let announcements = Announcements::current();
    let Change {
        setting,
        back_to,
        now,
    } = change;
    let (label, about) = (label(setting), setting.about());
    let typed = RwSignal::new(back_to.unwrap_or(now).to_string());
    let refused = RwSignal::new(None::<String>);
    let save = move |password| {
        refused.set(None);
        let value = typed.get_untracked().trim().parse::<i64>();
        async move {
            let at_field = |reason: String| {
                refused.try_set(Some(reason));
                Problem::local(
                    "The setting was not changed",
                    "The number of days was refused.",
                    "Change it and try again.",
                )
            };
            let value = value.map_err(|_| at_field("must be a whole number".to_owned()))?;
            match api::settings::change(session, setting, value, password).await {
                Ok(settings) => {
                    announcements.say(format!("Changed: {label} {}", days(value)));
                    on_change.try_run(settings);
                    Ok(())
                }
                Err(error) => Err(match error.of_field("value") {
                    Some(reason) => at_field(reason),
                    None => Problem::new("The setting was not changed", &error),
                }),
            }
        }
    };
    let (least, most) = setting.range();
    let title = match back_to {
        Some(value) => format!("{label} {} again?", days(value)),
        None => label.to_owned(),
    };
    view! {
        <PasswordDialog title action=save on_close>
            <p class="lead">{format!("{about}.")}</p>
            <Show when=move || back_to.is_none()>
                <Field
                    id="setting-value"
                    label="Days"
                    kind="number"
                    value=typed
                    hint=Signal::stored(format!("From {least} to {most}; {} until somebody changes it.", setting.default_value()))
                    refused=Signal::derive(move || refused.get())
                />
            </Show>
        </PasswordDialog>
    }
}
