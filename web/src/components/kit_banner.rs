//! Reminds of the recovery kit, on every page, until there is one.

use leptos::prelude::*;

/// The reminder.
#[component]
pub fn KitBanner() -> impl IntoView {}
