//! Where the server's own key is, what that protects against, and the other choices.

use leptos::prelude::*;
use shared::model::keys::{IdentityPlace, KeysAct};

use super::button::Button;
use super::key_act::Asked;

/// The panel.
#[component]
pub fn ServerIdentity(
    /// Where it is.
    place: IdentityPlace,
    /// What somebody wants to do.
    asked: RwSignal<Option<Asked>>,
) -> impl IntoView {
    let ask = move |title: &'static str, lead: &'static str, danger: bool, act: KeysAct| {
        move |()| {
            asked.set(Some(Asked::Sure {
                title: title.to_owned(),
                lead,
                danger,
                act: act.clone(),
            }));
        }
    };
    view! {
        <section class="panel" aria-labelledby="identity-heading">
            <div class="panel-head">
                <h2 id="identity-heading">"Starting by itself"</h2>
                <div class="row-actions">
                    {(place != IdentityPlace::DataDir)
                        .then(|| {
                            view! {
                                <Button
                                    label="Use the data directory"
                                    on_press=ask(
                                        "Keep the server's identity in the data directory?",
                                        "A new one is made there. The server starts by itself again, and so does a copy of the whole \
                                         directory.",
                                        false,
                                        KeysAct::IdentityInDataDir,
                                    )
                                />
                            }
                        })}
                    {(place != IdentityPlace::Nowhere)
                        .then(|| {
                            view! {
                                <Button
                                    label="Ask for a key at each start"
                                    on_press=ask(
                                        "Ask for a key at each start?",
                                        "The server's own key is deleted. From the next start on the server waits, locked, until \
                                         somebody brings another key. One of those must be proven.",
                                        true,
                                        KeysAct::IdentityNowhere,
                                    )
                                />
                            }
                        })}
                </div>
            </div>
            <p class="lead">{format!("{}.", place.words())}</p>
            <p class="hint">
                "To keep it in a file elsewhere, run on the server: "
                <code>"strongroom keys identity --move-to FILE"</code>
            </p>
        </section>
    }
}
