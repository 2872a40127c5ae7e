//! `/welcome`: right after the first account: its recovery kit, before anything is stored.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use shared::wire::kits::{Kits, Unlocker};

use crate::api;
use crate::app::replacing;
use crate::components::announcer::Announcements;
use crate::components::brand::Brand;
use crate::components::button::{Button, Weight};
use crate::components::kit_wizard::KitWizard;
use crate::components::notice::ProblemNotice;
use crate::components::skeleton::Skeleton;
use crate::first_steps::FirstSteps;
use crate::person::Person;
use crate::problem::Problem;
use crate::projects::Load;
use crate::session::Session;

/// The page.
#[component]
pub fn Welcome() -> impl IntoView {
    document().set_title("Your recovery kit · Strongroom");
    let session = Session::current();
    let person = Person::current();
    let steps = FirstSteps::current();
    let announcements = Announcements::current();
    let navigate = StoredValue::new_local(use_navigate());
    // Nowhere to go when somebody has left the page already.
    let go_on = move || {
        navigate.try_with_value(|navigate| navigate("/projects", replacing()));
    };
    let kits = RwSignal::new(Load::<Kits>::Loading);
    let skipping = RwSignal::new(false);
    let not_skipped = RwSignal::new(None::<Problem>);
    let load = move || {
        spawn_local(async move {
            kits.try_set(match api::kits::list(session).await {
                Ok(list) => Load::Ready(list),
                Err(error) => Load::Failed(Problem::new("The recovery kit cannot be made now", &error)),
            });
        });
    };
    load();
    // Whoever has a kit, or is not the one who makes it, has no business here.
    Effect::new(move |_| {
        let has_kit = kits.with(|kits| {
            matches!(kits, Load::Ready(kits)
                if kits.unlockers.iter().any(|unlocker| unlocker.opens_backups))
        });
        if has_kit || (person.is_known() && !person.administers_the_server()) {
            go_on();
        }
    });
    let skip = move |()| {
        skipping.set(true);
        spawn_local(async move {
            match api::kits::skip(session).await {
                Ok(()) => {
                    steps.refresh().await;
                    go_on();
                }
                Err(error) => {
                    not_skipped.try_set(Some(Problem::new("This step was not skipped", &error)));
                    skipping.try_set(false);
                }
            }
        });
    };
    let failed = Signal::derive(move || kits.with(Load::problem));
    let skip_button = move || {
        view! { <Button label="Skip for now" weight=Weight::Ghost busy=skipping on_press=skip /> }
    };
    view! {
        <main id="main" tabindex="-1" class="card-page">
            <Brand />
            <section class="card card-wide">
                <h1>"Your recovery kit"</h1>
                <p class="lead">"Before you store anything: the way back, should this machine ever be lost."</p>
                <ProblemNotice problem=failed retry=move |()| load() />
                <ProblemNotice problem=not_skipped />
                {move || match kits.get() {
                    Load::Loading => view! { <Skeleton label="Loading keys" /> }.into_any(),
                    Load::Failed(_) => view! { <div class="actions">{skip_button()}</div> }.into_any(),
                    Load::Ready(list) => {
                        view! {
                            <KitWizard
                                instance=list.instance
                                on_done=move |_: Unlocker| {
                                    announcements.say("Your recovery kit opens this store from now on");
                                    go_on();
                                }
                                aside=skip_button
                            />
                        }
                            .into_any()
                    }
                }}
            </section>
        </main>
    }
}
