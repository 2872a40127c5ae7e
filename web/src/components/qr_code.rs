//! A text as a picture that a phone reads.

use std::fmt::Write as _;

use leptos::prelude::*;
use qrcode::{Color, QrCode as Code};
use shared::model::text::SecretText;

use crate::plaintext;

/// Modules of white around the code, as the standard wants them.
const MARGIN: usize = 4;

/// The picture; always dark on white, whatever the theme, because readers expect it so.
#[component]
pub fn QrCode(
    /// The text.
    text: SecretText,
    /// What it is, for people who do not see it.
    label: &'static str,
) -> impl IntoView {
    // A text that is too long for any code has none; what is shown beside it says the same.
    drawing(plaintext::on_screen(&text).as_bytes()).map(|(size, path)| {
        view! {
            <svg class="qr-code" viewBox=format!("0 0 {size} {size}") role="img" aria-label=label>
                <rect class="qr-paper" width=size height=size />
                <path class="qr-ink" d=path />
            </svg>
        }
    })
}

/// Side of the picture in modules, and the dark ones as a path: one stroke for each run in a row.
fn drawing(bytes: &[u8]) -> Option<(usize, String)> {
    let code = Code::new(bytes).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row
                .iter()
                .skip(x)
                .take_while(|color| **color == Color::Dark)
                .count();
            if run > 0 {
                // Writing into a String cannot fail.
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + MARGIN, y + MARGIN);
            }
            x += run.max(1);
        }
    }
    Some((width + 2 * MARGIN, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_needs_a_small_code_and_every_dark_module_is_drawn_once() {
        let key = b"AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFQ4EGAEX";
        let (size, path) = drawing(key).unwrap();
        assert!(size <= 45, "capital letters and digits take less room: {size}");
        let drawn: usize = path
            .split('h')
            .skip(1)
            .map(|rest| rest.split('v').next().unwrap().parse::<usize>())
            .filter_map(Result::ok)
            .sum();
        let dark = Code::new(key)
            .unwrap()
            .to_colors()
            .iter()
            .filter(|color| **color == Color::Dark)
            .count();
        // Each run is drawn there and back; the way back has a minus sign, which does not parse as a size.
        assert_eq!(drawn, dark);
    }
}
