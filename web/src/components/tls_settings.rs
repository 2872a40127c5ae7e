//! Where certificates come from, and the form to choose.

use leptos::prelude::*;
use shared::wire::tls::{AcmeSettings, TlsMode, TlsSettings, TlsState};

use super::button::{Button, Weight};
use super::field::{Field, TextArea};
use super::icon::{Glyph, Icon};
use super::password_dialog::PasswordDialog;
use super::select::Select;
use crate::api;
use crate::problem::Problem;
use crate::session::Session;

/// The panel.
#[component]
pub fn TlsSettingsPanel(
    /// Everything.
    state: TlsState,
    /// Told how it is after a change.
    changed: Callback<TlsState>,
) -> impl IntoView {
    let mode = state.settings.mode;
    let by_flag = state.by_flag;
    let names = state.settings.names.join(", ");
    view! {
        <section class="panel" aria-labelledby="tls-heading">
            <h2 id="tls-heading">"Where certificates come from"</h2>
            <p class="lead">{words(mode)}</p>
            {(!names.is_empty()).then(|| view! { <p class="soft">"Names of this server: " <bdi>{names}</bdi></p> })}
            {if by_flag {
                view! {
                    <p class="notice">
                        <Glyph icon=Icon::Info />
                        <span>
                            "This is set on the command line or in the environment of the server (" <code class="flag">"--tls"</code>
                            "), which comes before what is chosen here."
                        </span>
                    </p>
                }
                    .into_any()
            } else {
                view! { <Form settings=state.settings changed /> }.into_any()
            }}
        </section>
    }
}

fn words(mode: TlsMode) -> &'static str {
    match mode {
        TlsMode::Off => {
            "Nowhere: this server speaks plain HTTP. That is right behind a proxy that encrypts, and on the same machine."
        }
        TlsMode::Internal => "From an authority of the server's own. Each device has to trust it once.",
        TlsMode::Files => "From files on the server, which are read again when they change.",
        TlsMode::Acme => {
            "From an authority that speaks ACME, such as Let's Encrypt; until then from the server's own."
        }
    }
}

fn listed(text: &str) -> Vec<String> {
    text.split([',', ' ', '\n'])
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn given(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[component]
fn Form(settings: TlsSettings, changed: Callback<TlsState>) -> impl IntoView {
    let session = Session::current();
    let before = StoredValue::new(settings.clone());
    let mode = RwSignal::new(settings.mode.as_str().to_owned());
    let names = RwSignal::new(settings.names.join(", "));
    let domains = RwSignal::new(settings.acme.domains.join(", "));
    let email = RwSignal::new(settings.acme.email.unwrap_or_default());
    let directory = RwSignal::new(settings.acme.directory);
    let root = RwSignal::new(settings.acme.directory_root.unwrap_or_default());
    let asking = RwSignal::new(false);
    let modes = [
        (TlsMode::Off, "Off: plain HTTP"),
        (TlsMode::Internal, "The server's own authority"),
        (TlsMode::Acme, "ACME, such as Let's Encrypt"),
    ];
    let options = modes.map(|(mode, words)| (mode.as_str().to_owned(), words.to_owned()));
    let chosen = move || mode.with(|mode| mode.parse::<TlsMode>()).unwrap_or_default();
    let wanted = move || TlsSettings {
        mode: chosen(),
        names: names.with(|names| listed(names)),
        // What was typed into fields that are hidden now does not count.
        acme: if chosen() == TlsMode::Acme {
            AcmeSettings {
                domains: domains.with(|domains| listed(domains)),
                email: email.with(|email| given(email)),
                directory: directory.get(),
                directory_root: root.with(|root| given(root)),
            }
        } else {
            before.with_value(|before| before.acme.clone())
        },
    };
    let apply = move |password| {
        let settings = untrack(wanted);
        async move {
            let state = api::tls::set(session, settings, password)
                .await
                .map_err(|error| Problem::new("TLS stays as it was", &error))?;
            changed.try_run(state);
            Ok(())
        }
    };
    let unchanged = Memo::new(move |_| before.with_value(|before| wanted() == *before));
    let acme = Memo::new(move |_| chosen() == TlsMode::Acme);
    let on = Memo::new(move |_| chosen() != TlsMode::Off);
    view! {
        <div class="form">
            <Select id="tls-mode" label="Certificates" value=mode options=Signal::derive(move || options.to_vec()) />
            <Show when=move || acme.get()>
                <Field
                    id="tls-domains"
                    label="Public names"
                    value=domains
                    code=true
                    hint=Signal::derive(|| {
                        "Several are separated by commas. The authority looks at port 443 of each, or at port 80.".to_owned()
                    })
                />
                <Field
                    id="tls-email"
                    label="E-mail for the authority"
                    value=email
                    required=false
                    hint=Signal::derive(|| "It may write there when something is wrong.".to_owned())
                />
                <Field id="tls-directory" label="Directory of the authority" value=directory code=true />
                <TextArea id="tls-root" label="Certificate that vouches for the directory (PEM, optional)" value=root />
                <p class="hint">"By asking for certificates you accept the terms of that authority."</p>
            </Show>
            <Show when=move || on.get()>
                <Field
                    id="tls-names"
                    label="Further names and addresses"
                    value=names
                    required=false
                    code=true
                    hint=Signal::derive(|| {
                        "Those by which it is reached in the local network, or that of a router in front of it.".to_owned()
                    })
                />
            </Show>
            <div class="actions">
                <Button label="Apply" weight=Weight::Primary disabled=unchanged on_press=move |()| asking.set(true) />
            </div>
        </div>
        <Show when=move || asking.get()>
            <PasswordDialog title="Change how connections are encrypted?" action=apply on_close=move |()| asking.set(false)>
                <p>
                    "It counts for every new connection, on the same port. Devices and programs that do not trust the new \
                     certificate yet, or were told another scheme (http, https), do not reach the server until they do."
                </p>
            </PasswordDialog>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        assert_eq!(
            listed(" a.lan, 10.0.0.1\nb.lan,, "),
            ["a.lan", "10.0.0.1", "b.lan"]
        );
        assert!(listed(" , ").is_empty());
        assert_eq!(given("  "), None);
        assert_eq!(given(" a@b "), Some("a@b".to_owned()));
    }
}
