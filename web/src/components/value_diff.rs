//! Two values side by side, line by line.

use leptos::prelude::*;
use shared::model::text::SecretText;

use crate::plaintext;
use crate::secrets::diff::{Line, lines};

/// The comparison. Signs say what colours say, too.
#[component]
pub fn ValueDiff(
    /// The older value.
    older: SecretText,
    /// The newer value.
    newer: SecretText,
) -> impl IntoView {
    let compared = lines(&plaintext::on_screen(&older), &plaintext::on_screen(&newer));
    let rows = compared
        .into_iter()
        .map(|line| {
            let (class, sign, spoken, text) = match line {
                Line::Same(text) => ("diff-line", " ", "", text),
                Line::Gone(text) => ("diff-line diff-gone", "−", "Only in the older one: ", text),
                Line::New(text) => ("diff-line diff-new", "+", "Only in the newer one: ", text),
            };
            view! {
                <li class=class>
                    <span class="diff-sign" aria-hidden="true">
                        {sign}
                    </span>
                    <span class="visually-hidden">{spoken}</span>
                    <code>{text}</code>
                </li>
            }
        })
        .collect_view();
    view! {
        <ul class="diff" aria-label="Difference" tabindex="0">
            {rows}
        </ul>
    }
}
