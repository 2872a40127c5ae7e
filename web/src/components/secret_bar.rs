//! The bar below the list while forms are open: what would be saved, Save, Discard.

use leptos::prelude::*;

use super::button::{Button, Weight};
use super::notice::ProblemNotice;
use crate::secrets::Secrets;

/// The bar.
#[component]
pub fn SecretBar(
    /// The secrets with the forms.
    secrets: Secrets,
) -> impl IntoView {
    let open = Memo::new(move |_| !secrets.drafts().is_empty());
    let pending = Memo::new(move |_| secrets.pending());
    let elsewhere = Memo::new(move |_| {
        let places = secrets.unsaved().elsewhere(&secrets.place());
        (!places.is_empty()).then(|| {
            let titles: Vec<String> = places.iter().map(crate::api::secrets::Place::title).collect();
            format!("Also unsaved: {}", titles.join(", "))
        })
    });
    view! {
        <Show when=move || open.get() || elsewhere.with(Option::is_some) || secrets.problem.with(Option::is_some)>
            <section class="secret-bar" aria-label="Unsaved changes">
                <ProblemNotice problem=secrets.problem />
                <div class="secret-bar-line">
                    <p class="secret-bar-text" role="status">
                        {move || {
                            if open.get() {
                                pending.get().unwrap_or_else(|| "Nothing changed yet".to_owned())
                            } else {
                                String::new()
                            }
                        }} <span class="secret-bar-more">{move || elsewhere.get()}</span>
                    </p>
                    <Show
                        when=move || open.get()
                        fallback=move || {
                            view! {
                                <Show when=move || secrets.problem.with(Option::is_some)>
                                    <Button label="Dismiss" on_press=move |()| secrets.problem.set(None) />
                                </Show>
                            }
                        }
                    >
                        <Button label="Discard" on_press=move |()| secrets.discard_everything() />
                        <Button
                            label="Save"
                            weight=Weight::Primary
                            busy=secrets.saving
                            disabled=Signal::derive(move || pending.with(Option::is_none))
                            on_press=move |()| secrets.save()
                        />
                    </Show>
                </div>
            </section>
        </Show>
    }
}
