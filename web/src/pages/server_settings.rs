//! `/settings`: how the server is configured, for people who administer it.

use leptos::prelude::*;
use shared::model::settings::Care;
use shared::wire::settings::Settings;

use crate::api;
use crate::components::badge::Badge;
use crate::components::care::{self, CareBadge};
use crate::components::given_settings::{GivenSettings, Variables};
use crate::components::loaded_page::LoadedPage;
use crate::components::runtime_settings::RuntimeSettings;
use crate::words::count_of;

/// The page.
#[component]
pub fn ServerSettingsPage() -> impl IntoView {
    view! {
        <LoadedPage
            title="Server settings"
            lead="Of this server, for everybody on it."
            failure="The settings were not loaded"
            lines=8
            load=api::settings::list
            show=|settings: Settings, changed| {
                view! {
                    <Legend settings=settings.clone() />
                    <RuntimeSettings changeable=settings.changeable on_change=changed />
                    <GivenSettings given=settings.fixed file=settings.file />
                    <Variables variables=settings.variables />
                }
            }
        />
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
