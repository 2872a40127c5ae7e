//! What the server was told when it was started. It is changed there, not here.

use leptos::prelude::*;
use shared::wire::settings::{Fixed, Variable};

use super::care::CareBadge;

/// The panel of settings.
#[component]
pub fn GivenSettings(
    /// All of them.
    given: Vec<Fixed>,
    /// The configuration file.
    file: Option<String>,
) -> impl IntoView {
    view! {
        <section class="panel" aria-labelledby="given-heading">
            <div class="panel-head">
                <h2 id="given-heading">"Given at the start"</h2>
            </div>
            <p class="lead">
                "By flags, environment variables, credentials and "
                {match file {
                    Some(file) => view! { "the file " <code>{file}</code> }.into_any(),
                    None => view! { "a file " <code>"strongroom.toml"</code> ", which is not there" }.into_any(),
                }} ". They are changed where they come from."
            </p>
            <ul class="rows">{given.into_iter().map(|fixed| view! { <Row fixed /> }).collect_view()}</ul>
        </section>
    }
}

#[component]
fn Row(fixed: Fixed) -> impl IntoView {
    view! {
        <li class="row">
            <div class="row-text">
                <p class="row-title">
                    <code>{fixed.name}</code>
                    " "
                    <CareBadge care=fixed.care />
                </p>
                <p>
                    <bdi>{fixed.value}</bdi>
                    <span class="soft">{format!(" · {}", fixed.source)}</span>
                </p>
                <p class="soft">{format!("{}. {}", fixed.about.trim_end_matches('.'), fixed.procedure)}</p>
            </div>
        </li>
    }
}

/// The panel of environment variables.
#[component]
pub fn Variables(
    /// Those that were set.
    variables: Vec<Variable>,
) -> impl IntoView {
    (!variables.is_empty()).then(|| {
        let rows = variables.into_iter().map(|variable| {
            view! {
                <dt>
                    <code>{variable.name}</code>
                </dt>
                <dd>{format!("{}: {}", variable.became, variable.why)}</dd>
            }
        });
        view! {
            <section class="panel" aria-labelledby="variables-heading">
                <div class="panel-head">
                    <h2 id="variables-heading">"Environment variables that were set"</h2>
                </div>
                <dl class="facts">{rows.collect_view()}</dl>
            </section>
        }
    })
}
