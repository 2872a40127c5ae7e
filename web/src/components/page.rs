//! The frame of a page behind the login: heading, one sentence, the main actions.

use leptos::prelude::*;

/// The page.
#[component]
pub fn Page(
    /// The heading; also the title of the tab.
    #[prop(into)]
    title: Signal<String>,
    /// One sentence below it.
    #[prop(optional, into)]
    lead: Option<String>,
    /// Buttons beside the heading.
    #[prop(optional, into)]
    actions: ViewFnOnce,
    /// Whether it holds forms and text rather than lists, which read better when they are narrow.
    #[prop(optional)]
    narrow: bool,
    /// The rest.
    children: Children,
) -> impl IntoView {
    Effect::new(move |_| document().set_title(&format!("{} · Strongroom", title.get())));
    view! {
        <main id="main" tabindex="-1" class="page" class:page-narrow=narrow>
            <div class="page-head">
                <h1 class="page-title">
                    <bdi>{move || title.get()}</bdi>
                </h1>
                <div class="actions">{actions.run()}</div>
                {lead.map(|lead| view! { <p class="lead">{lead}</p> })}
            </div>
            {children()}
        </main>
    }
}
