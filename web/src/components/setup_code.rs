//! The setup code, which whoever sets up an empty server or restores into it must enter.

use leptos::prelude::*;

use super::field::Field;
use crate::location;

/// What to do when the server refuses the code.
pub const NEXT_AFTER_REFUSAL: &str = "Enter the newest setup code, then try again.";

/// The code of the link, or what was typed.
#[derive(Debug, Clone, Copy)]
pub struct SetupCode {
    entered: RwSignal<String>,
    /// Whether the link brought one.
    pub known: bool,
}

impl SetupCode {
    /// Begins with the code of the link, if it has one.
    pub fn of_link() -> Self {
        let code = location::setup_code();
        Self {
            known: code.is_some(),
            entered: RwSignal::new(code.unwrap_or_default()),
        }
    }

    /// The code; nothing when none was entered, or when the page is gone.
    pub fn get(self) -> Option<String> {
        self.entered
            .try_get_untracked()
            .map(|code| code.trim().to_owned())
            .filter(|code| !code.is_empty())
    }

    /// The address of the other page that takes it.
    pub fn link_to(self, page: &str) -> String {
        self.entered.with(|code| location::with_setup_code(page, code))
    }
}

/// The field.
#[component]
pub fn SetupCodeField(
    /// The code.
    code: SetupCode,
    /// Whether it must be filled.
    #[prop(default = true)]
    required: bool,
) -> impl IntoView {
    let hint = Signal::stored(if code.known {
        "Taken from the link.".to_owned()
    } else {
        "The server printed it at its start. A new one: strongroom setup-code".to_owned()
    });
    view! {
        <Field
            id="setup-code"
            label="Setup code"
            value=code.entered
            code=true
            required
            focused=!code.known
            hint
        />
    }
}
