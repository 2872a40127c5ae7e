//! Buttons.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// How much a button stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weight {
    /// The one thing to do on this page.
    Primary,
    /// Everything else.
    #[default]
    Quiet,
    /// Not more than a word: no frame.
    Ghost,
    /// Takes something away.
    Danger,
}

impl Weight {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button-primary",
            Self::Quiet => "button",
            Self::Ghost => "button button-ghost",
            Self::Danger => "button button-danger",
        }
    }
}

/// A button with a text.
#[component]
pub fn Button(
    /// The text.
    #[prop(into)]
    label: Signal<String>,
    /// Unique in the page, for a button that the focus returns to.
    #[prop(optional)]
    id: Option<&'static str>,
    /// How much it stands out.
    #[prop(optional)]
    weight: Weight,
    /// An icon before the text.
    #[prop(optional)]
    icon: Option<Icon>,
    /// `button`, or `submit` for the button that sends its form.
    #[prop(default = "button")]
    kind: &'static str,
    /// Id of the form that it sends, when it stands outside of it.
    #[prop(optional)]
    form: Option<&'static str>,
    /// Whether its work is under way; it keeps its size and takes no clicks meanwhile.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Whether it cannot be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// What it belongs to, read out after the text, where several buttons have the same.
    #[prop(optional)]
    about: Option<&'static str>,
    /// Whether it stands in a line of text or a row.
    #[prop(optional)]
    small: bool,
    /// What it does; not needed when it submits a form.
    #[prop(optional, into)]
    on_press: Option<Callback<()>>,
) -> impl IntoView {
    view! {
        <button
            type=kind
            id=id
            form=form
            class=weight.class()
            class:button-small=small
            class:busy=move || busy.get()
            disabled=move || busy.get() || disabled.get()
            on:click=move |_: MouseEvent| {
                if let Some(press) = on_press {
                    press.run(());
                }
            }
        >
            {icon.map(|icon| view! { <Glyph icon /> })}
            <span>{move || label.get()}</span>
            {about.map(|about| view! { <span class="visually-hidden">{about}</span> })}
        </button>
    }
}

/// A button with an icon only; its name is for screen readers and shows when the pointer rests on it.
#[component]
pub fn IconButton(
    /// The name, such as `Reveal DB_URL`.
    #[prop(into)]
    name: Signal<String>,
    /// Unique in the page, for a button that the focus returns to.
    #[prop(optional, into)]
    id: Option<String>,
    /// The icon.
    #[prop(into)]
    icon: Signal<Icon>,
    /// Whether its work is under way.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Whether it cannot be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Whether it has just done its work, which its colour shows.
    #[prop(optional, into)]
    done: Signal<bool>,
    /// What it does.
    #[prop(into)]
    on_press: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            id=id
            class="icon-button"
            class:busy=move || busy.get()
            class:done=move || done.get()
            aria-label=move || name.get()
            title=move || name.get()
            disabled=move || busy.get() || disabled.get()
            on:click=move |_: MouseEvent| on_press.run(())
        >
            {move || view! { <Glyph icon=icon.get() /> }}
        </button>
    }
}
