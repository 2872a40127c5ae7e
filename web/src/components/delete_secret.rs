//! The question whether to delete a secret.

use std::sync::Arc;

use leptos::prelude::*;

use super::dialog::{ConfirmDialog, TypedConfirmDialog};
use crate::projects::Projects;
use crate::secrets::entry::Entry;
use crate::secrets::{Secrets, Sheet};

/// Whether an environment is the one that people depend on: what is deleted there is asked for twice.
fn is_production(name: &str, slug: &str) -> bool {
    [name, slug]
        .iter()
        .any(|text| matches!(text.trim().to_lowercase().as_str(), "prod" | "production"))
}

/// The question. In production the name of the environment must be typed.
#[component]
pub fn DeleteSecretDialog(
    /// The list that the secret stands in.
    secrets: Secrets,
    /// The secret.
    entry: Arc<Entry>,
) -> impl IntoView {
    let projects = expect_context::<Projects>();
    let place = untrack(|| secrets.place());
    let slug = place.environment.clone();
    let name = untrack(|| projects.find(&place.project))
        .into_iter()
        .flat_map(|project| project.environments)
        .find(|environment| environment.slug == slug)
        .map_or_else(|| slug.clone(), |environment| environment.name);
    let title = format!("Delete {}?", entry.name);
    let consequence = format!(
        "It goes from the environment {}. Programs that read it will not find it any more.",
        place.title(),
    );
    let busy = secrets.saving;
    let close = move |()| secrets.sheet.set(Sheet::Nothing);
    if is_production(&name, &slug) {
        // The bar of the page says how it went.
        let action = move || {
            secrets.delete(&entry);
            std::future::ready(Ok(()))
        };
        view! { <TypedConfirmDialog title consequence name slug action on_close=close /> }.into_any()
    } else {
        let confirm = move |()| secrets.delete(&entry);
        view! { <ConfirmDialog title consequence busy on_confirm=confirm on_close=close /> }.into_any()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_is_known_by_name_or_slug() {
        assert!(is_production("Production", "p"));
        assert!(is_production("Live", "prod"));
        assert!(is_production(" PROD ", "x"));
        assert!(!is_production("Staging", "staging"));
        assert!(!is_production("Preproduction", "preprod"));
    }
}
