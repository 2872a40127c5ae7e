//! The server's own authority, and how each kind of device comes to trust it.

use leptos::prelude::*;
use shared::wire::tls::TlsAuthority;

use super::icon::{Glyph, Icon};
use crate::location;
use crate::words::minute;

const PEM: &str = "/api/strongroom/v1/tls/authority.pem";
const DER: &str = "/api/strongroom/v1/tls/authority.der";

/// Systems, what to do on them with the file, and the command that does it.
const STEPS: &[(&str, &str, &str)] = &[
    (
        "Debian, Ubuntu",
        "",
        "sudo cp strongroom-authority.pem /usr/local/share/ca-certificates/strongroom.crt && sudo update-ca-certificates",
    ),
    (
        "Fedora, RHEL",
        "",
        "sudo cp strongroom-authority.pem /etc/pki/ca-trust/source/anchors/ && sudo update-ca-trust",
    ),
    (
        "macOS",
        "",
        "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain strongroom-authority.pem",
    ),
    (
        "Windows",
        "As administrator: ",
        "certutil -addstore Root strongroom-authority.crt",
    ),
    (
        "iPhone, iPad",
        "Open the .crt file in Safari, install the profile in Settings → General → VPN & Device Management, then switch it on in \
         Settings → General → About → Certificate Trust Settings.",
        "",
    ),
    (
        "Android",
        "Settings → Security → Encryption & credentials → Install a certificate → CA certificate, then choose the .crt file.",
        "",
    ),
    (
        "Firefox",
        "Settings → Privacy & Security → Certificates → View Certificates → Authorities → Import, then tick websites. On Windows \
         and macOS it trusts what the system trusts.",
        "",
    ),
    (
        "strongroom, infisical",
        "The variable SSL_CERT_FILE names the .pem file to both; --ca-cert does to strongroom.",
        "",
    ),
    (
        "Other programs",
        "curl takes --cacert, Node.js the variable NODE_EXTRA_CA_CERTS, Python's requests REQUESTS_CA_BUNDLE.",
        "",
    ),
];

/// The panel.
#[component]
pub fn TlsTrust(
    /// Who is to be trusted.
    authority: TlsAuthority,
) -> impl IntoView {
    let fetch = format!("curl --insecure --remote-name {}{PEM}", location::origin());
    view! {
        <section class="panel" aria-labelledby="trust-heading">
            <div class="panel-head">
                <h2 id="trust-heading">"The server's own authority"</h2>
                <div class="row-actions">
                    <a class="button" href=PEM download="strongroom-authority.pem" rel="external">
                        <Glyph icon=Icon::Download />
                        <span>".pem file"</span>
                    </a>
                    <a class="button" href=DER download="strongroom-authority.crt" rel="external">
                        <Glyph icon=Icon::Download />
                        <span>".crt file"</span>
                    </a>
                </div>
            </div>
            <p class="lead">
                "A device that trusts this certificate trusts every page of this server. It holds no secret and is the same for \
                 everybody. Compare its fingerprint with the one in the server's log before you install it."
            </p>
            <dl class="facts">
                <dt>"Name"</dt>
                <dd>
                    <bdi>{authority.name}</bdi>
                </dd>
                <dt>"SHA-256"</dt>
                <dd>
                    <code>{authority.fingerprint}</code>
                </dd>
                <dt>"Valid until"</dt>
                <dd>{minute(authority.not_after)}</dd>
                <dt>"On a terminal"</dt>
                <dd>
                    <code>{fetch}</code>
                </dd>
            </dl>
            <h3>"How to trust it"</h3>
            <dl class="facts">
                {STEPS
                    .iter()
                    .map(|(system, step, command)| {
                        view! {
                            <dt>{*system}</dt>
                            <dd>
                                {*step}
                                <code>{*command}</code>
                            </dd>
                        }
                    })
                    .collect_view()}
            </dl>
        </section>
    }
}
