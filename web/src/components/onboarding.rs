//! The first steps, ticked off as they are done.

use leptos::prelude::*;

/// The checklist, above the projects.
#[component]
pub fn Onboarding() -> impl IntoView {}
