//! The certificates that come from elsewhere, and what becomes of their renewal.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::wire::tls::{AcmeOrder, TlsCertificate, TlsState};

use super::badge::{Badge, Tone};
use super::button::Button;
use super::icon::{Glyph, Icon};
use super::notice::ProblemNotice;
use crate::api;
use crate::location;
use crate::problem::Problem;
use crate::session::Session;
use crate::words::{ago, ahead, minute};

/// The list.
#[component]
pub fn TlsCertificates(
    /// Everything.
    state: TlsState,
    /// Told how it is after another attempt.
    changed: Callback<TlsState>,
) -> impl IntoView {
    let session = Session::current();
    let failing = state.orders.iter().any(|order| order.error.is_some());
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let missing = state
        .orders
        .iter()
        .filter(|order| {
            let has = |certificate: &TlsCertificate| certificate.names.contains(&order.domain);
            !state.certificates.iter().any(has)
        })
        .cloned()
        .collect::<Vec<_>>();
    let orders = state.orders;
    let rows = state.certificates.into_iter().map(move |certificate| {
        let order = orders
            .iter()
            .find(|order| certificate.names.contains(&order.domain))
            .cloned();
        view! { <Certificate certificate order /> }
    });
    view! {
        <section class="panel" aria-labelledby="certificates-heading">
            <div class="panel-head">
                <h2 id="certificates-heading">"Served now"</h2>
                {failing
                    .then(|| {
                        let again = move |()| try_again(session, busy, problem, changed);
                        view! { <Button label="Try again now" icon=Icon::Again busy on_press=again /> }
                    })}
            </div>
            <ProblemNotice problem />
            <ul class="rows">
                {rows.collect_view()} {missing.into_iter().map(|order| view! { <Missing order /> }).collect_view()}
            </ul>
        </section>
    }
}

/// Does not wait until the server does so by itself.
fn try_again(
    session: Session,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
    changed: Callback<TlsState>,
) {
    busy.set(true);
    problem.set(None);
    spawn_local(async move {
        match api::tls::renew(session).await {
            Ok(state) => {
                changed.try_run(state);
            }
            Err(error) => {
                problem.try_set(Some(Problem::new("Nothing was tried again", &error)));
            }
        }
        busy.try_set(false);
    });
}

#[component]
fn Certificate(certificate: TlsCertificate, order: Option<AcmeOrder>) -> impl IntoView {
    let now = location::now();
    let over = certificate.not_after <= now;
    let (tone, word) = if over {
        (Tone::Danger, "Expired")
    } else {
        (Tone::Good, "Valid")
    };
    let next = order.map(|order| next(&order));
    view! {
        <li class="row">
            <Glyph icon=Icon::Shield />
            <div class="row-text">
                <p class="row-title">
                    <bdi>{certificate.names.join(", ")}</bdi>
                    " "
                    <Badge text=word.to_owned() tone />
                </p>
                <p class="soft">
                    {format!(
                        "Issued by {}, valid until {} ({}).",
                        certificate.issuer,
                        minute(certificate.not_after),
                        if over { ago(certificate.not_after, now) } else { ahead(certificate.not_after, now) },
                    )} " " {next}
                </p>
                <p class="soft">
                    "SHA-256 " <code>{certificate.fingerprint}</code>
                </p>
            </div>
        </li>
    }
}

#[component]
fn Missing(order: AcmeOrder) -> impl IntoView {
    let next = next(&order);
    view! {
        <li class="row">
            <Glyph icon=Icon::Warning />
            <div class="row-text">
                <p class="row-title">
                    <bdi>{order.domain}</bdi>
                    " "
                    <Badge text="None yet".to_owned() tone=Tone::Warning />
                </p>
                <p class="soft">"Meanwhile the server's own authority vouches for it. " {next}</p>
            </div>
        </li>
    }
}

/// What comes next, and what came before.
fn next(order: &AcmeOrder) -> String {
    let now = location::now();
    let at = if order.next_at <= now {
        "now".to_owned()
    } else {
        format!("{} ({})", minute(order.next_at), ahead(order.next_at, now))
    };
    match order.attempted_at {
        Some(last) if order.error.is_some() => format!("Tried {}; next attempt {at}.", ago(last, now)),
        _ => format!("Next renewal {at}."),
    }
}
