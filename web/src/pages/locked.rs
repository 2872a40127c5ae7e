//! The page of a server that cannot be used: not reachable, locked, or without its database.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::components::card::Card;
use crate::components::notice::ProblemNotice;
use crate::session::Session;

/// Says what is wrong and offers to look again.
#[component]
pub fn Locked() -> impl IntoView {
    let session = Session::current();
    let problem = Signal::derive(move || session.trouble());
    view! {
        <Card title="Not available" lead="Nothing is lost: stored secrets stay encrypted on the server's disk.">
            <ProblemNotice problem retry=move |()| spawn_local(session.start()) />
        </Card>
    }
}
