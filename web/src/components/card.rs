//! The frame of pages that ask for one thing: sign-up, login, the locked page.

use leptos::prelude::*;

use super::brand::Brand;

/// A card in the middle of the page, below the name mark.
#[component]
pub fn Card(
    /// The heading; also the title of the tab.
    title: &'static str,
    /// One sentence below it.
    #[prop(optional)]
    lead: &'static str,
    /// The rest.
    children: Children,
) -> impl IntoView {
    document().set_title(&format!("{title} · Strongroom"));
    view! {
        <main id="main" tabindex="-1" class="card-page">
            <Brand />
            <section class="card">
                <h1>{title}</h1>
                {(!lead.is_empty()).then(|| view! { <p class="lead">{lead}</p> })}
                {children()}
            </section>
        </main>
    }
}
