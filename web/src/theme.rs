//! Which of the two themes the reader wants. The browser remembers it; `static/theme.js` applies it before the first
//! paint, this file when it changes.

use leptos::prelude::*;

const KEY: &str = "strongroom.theme";

/// A choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// Dark letters on light ground.
    Light,
    /// Light letters on dark ground.
    Dark,
    /// As the system says.
    #[default]
    System,
}

impl Theme {
    fn word(self) -> Option<&'static str> {
        match self {
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
            Self::System => None,
        }
    }

    fn from_word(word: Option<&str>) -> Self {
        match word {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }
}

/// The choice of this browser; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Themes(RwSignal<Theme>);

impl Themes {
    /// What was chosen before.
    pub fn remembered() -> Self {
        let word = match window().local_storage() {
            Ok(Some(storage)) => storage.get_item(KEY).ok().flatten(),
            _ => None,
        };
        Self(RwSignal::new(Theme::from_word(word.as_deref())))
    }

    /// The one that [`crate::app::App`] provides.
    pub fn current() -> Self {
        use_context().unwrap_or_else(Self::remembered)
    }

    /// The choice.
    pub fn get(self) -> Theme {
        self.0.get()
    }

    /// Chooses, shows and remembers.
    pub fn choose(self, theme: Theme) {
        self.0.set(theme);
        // Without storage (a hardened browser) the choice holds until the page is left, which is all that is lost.
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = match theme.word() {
                Some(word) => storage.set_item(KEY, word),
                None => storage.remove_item(KEY),
            };
        }
        if let Some(root) = document().document_element() {
            // Refused only for names that are no attribute's.
            let _ = match theme.word() {
                Some(word) => root.set_attribute("data-theme", word),
                None => root.remove_attribute("data-theme"),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_understood_again() {
        for theme in [Theme::Light, Theme::Dark, Theme::System] {
            assert_eq!(Theme::from_word(theme.word()), theme);
        }
        assert_eq!(Theme::from_word(Some("purple")), Theme::System);
    }
}
