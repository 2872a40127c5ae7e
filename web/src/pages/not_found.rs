//! An address that leads nowhere.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::components::card::Card;

/// Says so and leads back.
#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Card title="Page not found" lead="There is nothing at this address. The link may be old or mistyped.">
            <div class="actions">
                <A href="/" attr:class="button button-primary">
                    "Go to the start"
                </A>
            </div>
        </Card>
    }
}
