//! Which environments a new project gets.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use shared::model::names::{DisplayName, EnvSlug};

use super::button::{Button, IconButton};
use super::focus::focus_next;
use super::icon::Icon;
use crate::slug::slug_for;

/// The list, with a field for more.
#[component]
pub fn NewEnvironments(
    /// Pairs of name and slug, in their order.
    environments: RwSignal<Vec<(String, String)>>,
) -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let refused = RwSignal::new(String::new());
    let add = move || match environments.with_untracked(|list| checked(&typed.get_untracked(), list)) {
        Ok(environment) => {
            environments.update(|list| list.push(environment));
            typed.set(String::new());
            refused.set(String::new());
            focus_next("new-environment");
        }
        Err(reason) => refused.set(reason),
    };
    let keys = move |event: KeyboardEvent| {
        // Enter adds what was typed; with nothing typed it sends the form, as usual.
        if event.key() == "Enter" && typed.with_untracked(|typed| !typed.trim().is_empty()) {
            event.prevent_default();
            add();
        }
    };
    view! {
        <fieldset class="field">
            <legend class="field-label">"Environments"</legend>
            <ul class="chips" aria-label="Environments of the new project">
                <For each=move || environments.get() key=Clone::clone let(environment)>
                    {
                        let (name, slug) = environment;
                        view! {
                            <li class="chip">
                                <bdi>{name.clone()}</bdi>
                                <code>{slug.clone()}</code>
                                <IconButton
                                    name=format!("Leave out {name}")
                                    icon=Icon::Cross
                                    on_press=move |()| {
                                        environments.update(|list| list.retain(|(_, other)| *other != slug));
                                        focus_next("new-environment");
                                    }
                                />
                            </li>
                        }
                    }
                </For>
            </ul>
            <div class="add-line">
                <label class="visually-hidden" for="new-environment">
                    "Another environment"
                </label>
                <input
                    id="new-environment"
                    type="text"
                    placeholder="Another environment"
                    autocomplete="off"
                    aria-describedby="new-environment-hint"
                    prop:value=move || typed.get()
                    on:input=move |event| typed.set(event_target_value(&event))
                    on:keydown=keys
                />
                <Button label="Add" on_press=move |()| add() />
            </div>
            <p class="hint" id="new-environment-hint" role="status">
                {move || refused.get()}
            </p>
        </fieldset>
    }
}

/// The environment that a name stands for, or why there cannot be one.
fn checked(name: &str, there: &[(String, String)]) -> Result<(String, String), String> {
    let name = name
        .parse::<DisplayName>()
        .map_err(|reason| format!("Not added: {reason}."))?;
    let slug = slug_for(name.as_str());
    if slug.parse::<EnvSlug>().is_err() {
        return Err("Not added: the name needs at least one letter from a to z or a digit.".to_owned());
    }
    if there.iter().any(|(_, other)| *other == slug) {
        return Err(format!("Not added: {slug} is there already."));
    }
    Ok((name.to_string(), slug))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_an_environment_is_refused() {
        let there = vec![("Production".to_owned(), "prod".to_owned())];
        for (name, reason) in [
            ("", "Not added"),
            ("本番", "letter"),
            ("PROD", "prod is there already"),
        ] {
            let refused = checked(name, &there);
            assert!(
                refused.as_ref().is_err_and(|why| why.contains(reason)),
                "{refused:?}"
            );
        }
        assert_eq!(
            checked(" QA Europe ", &there),
            Ok(("QA Europe".to_owned(), "qa-europe".to_owned()))
        );
    }
}
