//! The certificates that come from elsewhere, and what becomes of their renewal.

use leptos::prelude::*;
use shared::wire::tls::{AcmeOrder, TlsCertificate, TlsState};

use super::badge::{Badge, Tone};
use super::icon::{Glyph, Icon};
use crate::location;
use crate::words::{ago, ahead, minute};

/// The list.
#[component]
pub fn TlsCertificates(
    /// Everything.
    state: TlsState,
) -> impl IntoView {
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
            <h2 id="certificates-heading">"Served now"</h2>
            <ul class="rows">
                {rows.collect_view()} {missing.into_iter().map(|order| view! { <Missing order /> }).collect_view()}
            </ul>
        </section>
    }
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
