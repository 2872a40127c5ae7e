//! Messages that stay where they are until their cause is gone.

use leptos::prelude::*;

use super::announcer::Announcements;
use super::button::Button;
use super::icon::{Glyph, Icon};
use crate::problem::Problem;
use crate::words::sentence;

/// Shows a problem in its place. When that is gone, because somebody closed the dialog meanwhile, it is said.
pub fn tell(place: RwSignal<Option<Problem>>, announcements: Announcements, problem: Problem) {
    if let Some(Some(untold)) = place.try_set(Some(problem)) {
        announcements.say(format!("{}. {}", untold.what, sentence(&untold.why)));
    }
}

/// A problem: what happened, why, what to do now. Read out at once.
#[component]
pub fn ProblemNotice(
    /// The problem, if there is one.
    #[prop(into)]
    problem: Signal<Option<Problem>>,
    /// Offers to try again.
    #[prop(optional, into)]
    retry: Option<Callback<()>>,
) -> impl IntoView {
    let announcements = Announcements::current();
    Effect::new(move |_| {
        if problem.with(Option::is_some) {
            announcements.clear();
        }
    });
    view! {
        <div role="alert" class="notice-place">
            {move || {
                problem
                    .get()
                    .map(|problem| {
                        view! {
                            <div class="notice notice-problem">
                                <Glyph icon=Icon::Warning />
                                <div class="notice-text">
                                    <p class="notice-what">{problem.what}</p>
                                    <p>{sentence(&problem.why)}</p>
                                    <p>{problem.next}</p>
                                    {problem
                                        .request_id
                                        .map(|id| {
                                            view! { <p class="hint">"Request id: " <code>{id}</code></p> }
                                        })}
                                    {retry
                                        .map(|retry| {
                                            view! { <Button label="Try again" on_press=retry /> }
                                        })}
                                </div>
                            </div>
                        }
                    })
            }}
        </div>
    }
}
