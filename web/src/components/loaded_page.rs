//! A page about one thing of the server: loaded when the page opens, and again when somebody wants to.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::button::Button;
use super::focus::focus_next;
use super::icon::Icon;
use super::notice::ProblemNotice;
use super::page::Page;
use super::skeleton::Skeleton;
use crate::api::error::Error;
use crate::problem::Problem;
use crate::projects::Load;
use crate::session::Session;

/// The page.
#[component]
pub fn LoadedPage<T, L, Answer, S, Shown>(
    /// The heading.
    title: &'static str,
    /// One sentence below it.
    lead: &'static str,
    /// What is said when the server does not answer.
    failure: &'static str,
    /// How many lines it has, more or less.
    #[prop(default = 6)]
    lines: usize,
    /// Asks the server.
    load: L,
    /// Shows what it answered. The callback replaces that, after a change.
    show: S,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
    L: Fn(Session) -> Answer + Copy + Send + Sync + 'static,
    Answer: Future<Output = Result<T, Error>> + 'static,
    S: Fn(T, Callback<T>) -> Shown + Send + 'static,
    Shown: IntoView + 'static,
{
    let session = Session::current();
    let state = RwSignal::new(Load::<T>::Loading);
    let loading = RwSignal::new(false);
    let ask = move || {
        loading.set(true);
        spawn_local(async move {
            state.try_set(match load(session).await {
                Ok(known) => Load::Ready(known),
                Err(error) => Load::Failed(Problem::new(failure, &error)),
            });
            loading.try_set(false);
        });
    };
    ask();
    let failed = Signal::derive(move || state.with(Load::problem));
    let changed = Callback::new(move |known| {
        state.set(Load::Ready(known));
        // What was pressed is made anew.
        focus_next("main");
    });
    let reload = move || {
        view! { <Button label="Reload" icon=Icon::Again busy=loading on_press=move |()| ask() /> }
    };
    view! {
        <Page title lead narrow=true actions=reload>
            <ProblemNotice problem=failed />
            {move || match state.get() {
                Load::Loading => view! { <Skeleton label="Loading the page" lines /> }.into_any(),
                Load::Failed(_) => ().into_any(),
                Load::Ready(known) => show(known, changed).into_any(),
            }}
        </Page>
    }
}
