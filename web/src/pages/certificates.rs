//! `/certificates`: how connections to this server are encrypted, for people who administer it.

use leptos::prelude::*;
use shared::wire::tls::{TlsMode, TlsState};

use crate::api;
use crate::components::icon::{Glyph, Icon};
use crate::components::loaded_page::LoadedPage;
use crate::components::tls_certificates::TlsCertificates;
use crate::components::tls_settings::TlsSettingsPanel;
use crate::components::tls_trust::TlsTrust;
use crate::location;
use crate::words::sentence;

/// The page.
#[component]
pub fn CertificatesPage() -> impl IntoView {
    view! {
        <LoadedPage
            title="Certificates"
            lead="How connections to this server are encrypted, and who vouches for it."
            failure="The state of TLS was not loaded"
            load=api::tls::get
            show=|state, changed| view! { <Known state changed /> }
        />
    }
}

#[component]
fn Known(state: TlsState, changed: Callback<TlsState>) -> impl IntoView {
    let warnings = state.warnings(location::now());
    let shown = matches!(state.settings.mode, TlsMode::Acme | TlsMode::Files);
    let authority = state.authority.clone();
    let locked = state.locked_fingerprint.clone();
    view! {
        <div role="status" class="warnings">
            {warnings
                .into_iter()
                .map(|warning| {
                    view! {
                        <p class="notice notice-warning">
                            <Glyph icon=Icon::Warning />
                            <span>{sentence(&warning)}</span>
                        </p>
                    }
                })
                .collect_view()}
        </div>
        {shown.then(|| view! { <TlsCertificates state=state.clone() changed /> })}
        <TlsSettingsPanel state changed />
        {authority.map(|authority| view! { <TlsTrust authority /> })}
        {locked
            .map(|fingerprint| {
                view! {
                    <section class="panel" aria-labelledby="locked-heading">
                        <h2 id="locked-heading">"While it is locked"</h2>
                        <p class="lead">
                            "A locked server cannot open its own keys, and shows another certificate. Write down its SHA-256 \
                             fingerprint: who unlocks over the network compares it."
                        </p>
                        <p>
                            <code>{fingerprint}</code>
                        </p>
                    </section>
                }
            })}
    }
}
