//! Line icons, 24 by 24, drawn in the colour of the text around them.

use leptos::prelude::*;

/// The icons that this app has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Show.
    Eye,
    /// Hide again.
    EyeOff,
    /// Put on the clipboard.
    Copy,
    /// Change.
    Pencil,
    /// Delete.
    Bin,
    /// Make something.
    Plus,
    /// Log out.
    Leave,
    /// A warning.
    Warning,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Self::Eye => {
                "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Zm9.5 3a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z"
            }
            Self::EyeOff => {
                "M4 4l16 16M9.5 5.9A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-2.8 3.5M6.2 7.7A16 16 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4-.9M10 10a3 3 0 0 0 4 4"
            }
            Self::Copy => "M9 9h11v11H9zM15 9V4H4v11h5",
            Self::Pencil => "M4 20l1-4.5L16.5 4l3.5 3.5L8.5 19 4 20ZM14 6.5l3.5 3.5",
            Self::Bin => "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5.5M14 11v5.5",
            Self::Plus => "M12 5v14M5 12h14",
            Self::Leave => "M14 4H5v16h9M10 12h11M17 8l4 4-4 4",
            Self::Warning => "M12 4 2.5 20h19L12 4ZM12 10v5M12 17.2v.6",
        }
    }
}

/// Draws an icon. It says nothing to a screen reader: the button or text around it does.
#[component]
pub fn Glyph(
    /// Which one.
    icon: Icon,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=icon.path() />
        </svg>
    }
}
