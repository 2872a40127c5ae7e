//! Making a recovery kit: the key is made in this browser, kept by the person, and only then made known to the server.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::ids::InstanceId;
use shared::model::kit;
use shared::model::names::DisplayName;
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;
use shared::wire::kits::Unlocker;

use super::announcer::Announcements;
use super::button::{Button, Weight};
use super::copy_button::copy;
use super::field::Field;
use super::icon::{Glyph, Icon};
use super::kit_sheet::KitSheet;
use super::notice::{ProblemNotice, tell};
use super::password::OwnPassword;
use crate::api;
use crate::first_steps::FirstSteps;
use crate::kit::{NewKit, TYPED_BACK};
use crate::location;
use crate::plaintext;
use crate::problem::Problem;
use crate::session::Session;

const WHAT: &str = "The recovery kit was not created";

/// A kit with what stands on its sheet.
#[derive(Debug, Clone)]
struct Draft {
    kit: NewKit,
    name: String,
    created: UnixMillis,
}

impl Draft {
    fn file(&self, instance: InstanceId) -> SecretText {
        let address = location::origin();
        let facts = kit::Facts {
            instance,
            address: Some(&address),
            created: self.created,
            recipient: &self.kit.recipient,
        };
        kit::text(&facts, &self.kit.identity)
    }

    fn file_name(&self) -> String {
        let id: String = self
            .kit
            .fingerprint
            .chars()
            .filter(|c| !c.is_whitespace())
            .take(8)
            .collect();
        format!("strongroom-recovery-kit-{}-{id}.txt", self.created.date())
    }
}

/// The steps.
#[component]
pub fn KitWizard(
    /// The installation that the kit is for.
    instance: InstanceId,
    /// Called when the kit opens the store.
    #[prop(into)]
    on_done: Callback<Unlocker>,
    /// What else there is to do in the first step, such as leaving.
    #[prop(optional, into)]
    aside: ViewFn,
) -> impl IntoView {
    let draft = RwSignal::new(None::<Draft>);
    let aside = StoredValue::new(aside);
    view! {
        {move || match draft.get() {
            None => view! { <NameStep draft aside=aside.get_value() /> }.into_any(),
            Some(made) => view! { <KeepStep made instance draft on_done /> }.into_any(),
        }}
    }
}

#[component]
fn NameStep(draft: RwSignal<Option<Draft>>, aside: ViewFn) -> impl IntoView {
    let created = location::now();
    let name = RwSignal::new(format!("Kit of {}", created.date()));
    let problem = RwSignal::new(None::<Problem>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let name = match name.with_untracked(|name| name.parse::<DisplayName>()) {
            Ok(name) => name.to_string(),
            Err(reason) => {
                return problem.set(Some(Problem::local(WHAT, reason.to_string(), "Change the name.")));
            }
        };
        match NewKit::generate() {
            Some(kit) => draft.set(Some(Draft { kit, name, created })),
            None => problem.set(Some(Problem::local(
                WHAT,
                "This browser gave no random numbers.",
                "Use another browser, or make the kit on the server: strongroom keys kit",
            ))),
        }
    };
    view! {
        <form class="form" on:submit=submit>
            <ul class="points">
                <li>
                    <Glyph icon=Icon::Key />
                    <p>
                        <strong>"It opens everything. "</strong>
                        "With a kit and a backup your secrets come back on any machine. Without one nobody can bring them "
                        "back."
                    </p>
                </li>
                <li>
                    <Glyph icon=Icon::Shield />
                    <p>
                        <strong>"Only you have it. "</strong>
                        "The key is made in this browser and never sent. The server learns what it needs to lock for "
                        "it, nothing that opens."
                    </p>
                </li>
                <li>
                    <Glyph icon=Icon::Printer />
                    <p>
                        <strong>"Keep it elsewhere. "</strong>
                        "Printed in a safe, or on a stick in a drawer: not on this server."
                    </p>
                </li>
            </ul>
            <Field
                id="kit-name"
                label="Name of the kit"
                value=name
                hint=Signal::stored("To tell it from others, such as “Safe at home”.".to_owned())
            />
            <ProblemNotice problem />
            <div class="actions">{aside.run()} <Button label="Create recovery kit" kind="submit" weight=Weight::Primary /></div>
        </form>
    }
}

#[component]
fn KeepStep(
    made: Draft,
    instance: InstanceId,
    draft: RwSignal<Option<Draft>>,
    on_done: Callback<Unlocker>,
) -> impl IntoView {
    let session = Session::current();
    let steps = FirstSteps::current();
    let announcements = Announcements::current();
    let typed = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let sheet = made.clone();
    let made = StoredValue::new(made);
    let matches = Memo::new(move |_| {
        typed
            .with(|typed| made.with_value(|made| plaintext::ends_with(&made.kit.identity, typed, TYPED_BACK)))
    });
    let typed_hint = Signal::derive(move || {
        if matches.get() {
            "That is it.".to_owned()
        } else if typed.with(|typed| typed.trim().chars().count() >= TYPED_BACK) {
            "Not the end of this key. Look at your copy of the kit once more.".to_owned()
        } else {
            "From your copy, so that you know it can be read.".to_owned()
        }
    });
    let download = move |()| {
        let saved = made.with_value(|made| plaintext::to_file(&made.file_name(), &made.file(instance)));
        announcements.say(if saved {
            "The kit is in your downloads. Move it off this computer if it is the server."
        } else {
            "The browser did not save the file. Print or copy the kit."
        });
    };
    let print = move |()| {
        if window().print().is_err() {
            announcements.say("The browser does not print. Download or copy the kit.");
        }
    };
    let copy_it = move |()| {
        let text = made.with_value(|made| made.file(instance));
        spawn_local(async move {
            copy(announcements, "the recovery kit", &text).await;
        });
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() || !matches.get_untracked() {
            return;
        }
        busy.set(true);
        problem.set(None);
        let (name, recipient) = made.with_value(|made| (made.name.clone(), made.kit.recipient.clone()));
        let password = SecretText::new(password.get_untracked());
        spawn_local(async move {
            match api::kits::add(session, name, recipient, password).await {
                Ok(unlocker) => {
                    steps.refresh().await;
                    // Whoever left meanwhile finds the kit among the keys.
                    on_done.try_run(unlocker);
                }
                Err(error) => tell(problem, announcements, Problem::new(WHAT, &error)),
            }
            busy.try_set(false);
        });
    };
    view! {
        <div class="kit-keep">
            <p class="lead">
                "Download or print this sheet now. It is shown once: when you leave this page, it is gone."
            </p>
            <KitSheet
                name=sheet.name
                created=sheet.created
                kit=sheet.kit
                instance
                address=location::origin()
            />
            <div class="actions actions-start">
                <Button label="Download" icon=Icon::Download weight=Weight::Primary on_press=download />
                <Button label="Print" icon=Icon::Printer on_press=print />
                <Button label="Copy" icon=Icon::Copy on_press=copy_it />
            </div>
            <form class="form" on:submit=submit>
                <Field
                    id="kit-typed"
                    label=format!("Last {TYPED_BACK} characters of the key")
                    value=typed
                    code=true
                    hint=typed_hint
                />
                <OwnPassword id="kit-password" value=password />
                <ProblemNotice problem />
                <div class="actions">
                    <Button
                        label="Back"
                        weight=Weight::Ghost
                        disabled=busy
                        on_press=move |()| draft.set(None)
                    />
                    <Button
                        label="Confirm"
                        kind="submit"
                        weight=Weight::Primary
                        busy
                        disabled=Signal::derive(move || !matches.get() || password.with(String::is_empty))
                    />
                </div>
            </form>
        </div>
    }
}
