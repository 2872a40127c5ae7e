//! `/settings`: how the server is configured, for people who administer it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::settings::Care;
use shared::wire::settings::Settings;

use crate::api;
use crate::components::badge::Badge;
use crate::components::button::Button;
use crate::components::care::{self, CareBadge};
use crate::components::given_settings::{GivenSettings, Variables};
use crate::components::icon::Icon;
use crate::components::notice::ProblemNotice;
use crate::components::page::Page;
use crate::components::runtime_settings::RuntimeSettings;
use crate::components::skeleton::Skeleton;
use crate::problem::Problem;
use crate::projects::Load;
use crate::session::Session;
use crate::words::count_of;

/// The page.
#[component]
pub fn ServerSettingsPage() -> impl IntoView {
    let session = Session::current();
    let state = RwSignal::new(Load::<Settings>::Loading);
    let loading = RwSignal::new(false);
    let load = move || {
        loading.set(true);
        spawn_local(async move {
            state.try_set(match api::settings::list(session).await {
                Ok(settings) => Load::Ready(settings),
                Err(error) => Load::Failed(Problem::new("The settings were not loaded", &error)),
            });
            loading.try_set(false);
        });
    };
    load();
    let failed = Signal::derive(move || state.with(Load::problem));
    let reload = move || {
        view! { <Button label="Reload" icon=Icon::Again busy=loading on_press=move |()| load() /> }
    };
    view! {
        <Page title="Server settings" lead="Of this server, for everybody on it." narrow=true actions=reload>
            <ProblemNotice problem=failed />
            {move || match state.get() {
                Load::Loading => view! { <Skeleton label="Loading the settings" lines=8 /> }.into_any(),
                Load::Failed(_) => ().into_any(),
                Load::Ready(settings) => {
                    let given = settings.fixed.clone();
                    let (file, variables) = (settings.file.clone(), settings.variables.clone());
                    view! {
                        <Legend settings=settings.clone() />
                        <RuntimeSettings
                            changeable=settings.changeable
                            on_change=move |settings| state.set(Load::Ready(settings))
                        />
                        <GivenSettings given file />
                        <Variables variables />
                    }
                        .into_any()
                }
            }}
        </Page>
    }
}

/// What the colours mean, and how many settings have each.
#[component]
fn Legend(settings: Settings) -> impl IntoView {
    let count = move |care: Care| {
        let given = settings.fixed.iter().filter(|fixed| fixed.care == care).count();
        let changeable = settings.changeable.len();
        given + if care == Care::Free { changeable } else { 0 }
    };
    let line = |care: Care| {
        let text = match count(care) {
            0 => "none".to_owned(),
            some => count_of(u64::try_from(some).unwrap_or_default(), "setting"),
        };
        view! {
            <dt>
                <CareBadge care />
            </dt>
            <dd>
                {care::meaning(care)} " " <Badge text />
            </dd>
        }
    };
    view! {
        <section class="panel" aria-label="What the colours mean">
            <dl class="facts">{line(Care::SetOnce)} {line(Care::Procedure)} {line(Care::Free)}</dl>
        </section>
    }
}
