//! Files that are dropped onto the page. A browser opens them in place of the app, unless the page takes them.

use js_sys::Uint8Array;
use js_sys::futures::JsFuture;
use leptos::ev::{self, DragEvent};
use leptos::leptos_dom::helpers::WindowListenerHandle;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use shared::import::{Format, LONGEST_TEXT};
use shared::model::text::SecretText;
use web_sys::{File, HtmlInputElement};

use crate::problem::Problem;
use crate::secrets::Source;

/// Lets no dropped file replace the app. Belongs to the component that calls it.
pub fn keep_the_page() {
    let keep = |event: &DragEvent| {
        let chooser = event
            .target()
            .and_then(|target| target.dyn_into::<HtmlInputElement>().ok())
            .is_some_and(|input| input.type_() == "file");
        if carries_files(event) && !chooser {
            event.prevent_default();
        }
    };
    let over = window_event_listener(ev::dragover, move |event| keep(&event));
    let drop = window_event_listener(ev::drop, move |event| keep(&event));
    on_cleanup(move || {
        over.remove();
        drop.remove();
    });
}

/// Calls back with each file that is dropped anywhere on the page.
pub fn on_drop(take: impl Fn(File) + 'static) -> WindowListenerHandle {
    window_event_listener(ev::drop, move |event| {
        let file = event
            .data_transfer()
            .and_then(|data| data.files())
            .and_then(|files| files.get(0));
        if let Some(file) = file {
            event.prevent_default();
            take(file);
        }
    })
}

/// Whether files are dragged, and not a piece of text.
pub fn carries_files(event: &DragEvent) -> bool {
    event
        .data_transfer()
        .is_some_and(|data| data.types().iter().any(|kind| kind == "Files"))
}

/// The text of a file, or why there is none.
pub async fn read(file: &File) -> Result<Source, Problem> {
    let name = file.name();
    let refused = |why: &str| {
        Problem::local(
            format!("{name} was not read"),
            why,
            "Choose a text file of secrets: .env, JSON, YAML or CSV.",
        )
    };
    #[expect(clippy::cast_precision_loss, reason = "two million are exact")]
    if file.size() > LONGEST_TEXT as f64 {
        return Err(refused("It is larger than 2 MiB."));
    }
    let buffer = JsFuture::from(file.array_buffer())
        .await
        .map_err(|_| refused("The browser could not read it."))?;
    let text = String::from_utf8(Uint8Array::new(&buffer).to_vec())
        .map_err(|_| refused("It is not a text in UTF-8."))?;
    Ok(Source {
        text: SecretText::new(text),
        format: Format::of_file_name(&name),
    })
}
