//! The import of a file or a pasted text: what is in it, what it would do, and then all of it at once.

use std::collections::HashSet;
use std::str::FromStr;

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::import::{Format, Parsed, parse};
use shared::model::names::FolderPath;

use super::button::{Button, Weight};
use super::dialog::{CancelButton, Dialog};
use super::field::Field;
use super::focus::focus_next;
use super::import_preview::ImportPreview;
use super::import_source::{ImportSource, format_word};
use super::notice::ProblemNotice;
use super::select::Select;
use crate::api::secrets::Place;
use crate::plaintext;
use crate::problem::Problem;
use crate::projects::{Load, Projects};
use crate::secrets::importing::{Known, changes, lines};
use crate::secrets::saving::not_made;
use crate::secrets::{Secrets, Sheet, Source};
use crate::words::count_of;

/// How the formats are called in the choice, and the one that is found out.
pub const AUTOMATIC: &str = "auto";

fn format_of(chosen: &str) -> Option<Format> {
    match chosen {
        "dotenv" => Some(Format::Dotenv),
        "json" => Some(Format::Json),
        "yaml" => Some(Format::Yaml),
        "csv" => Some(Format::Csv),
        _ => None,
    }
}

fn formats() -> Vec<(String, String)> {
    [
        (AUTOMATIC, "Find out"),
        ("dotenv", ".env"),
        ("json", "JSON"),
        ("yaml", "YAML"),
        ("csv", "CSV"),
    ]
    .map(|(value, text)| (value.to_owned(), text.to_owned()))
    .to_vec()
}

/// The sheet.
#[component]
pub fn ImportSheet(
    /// The page.
    secrets: Secrets,
    /// A text that was pasted or dropped.
    #[prop(optional_no_strip)]
    source: Option<Source>,
) -> impl IntoView {
    let projects = expect_context::<Projects>();
    let here = untrack(|| secrets.place());
    let project = here.project.clone();
    let format = RwSignal::new(format_word(source.as_ref().and_then(|source| source.format)).to_owned());
    let text = RwSignal::new(source.map_or_else(String::new, |source| plaintext::in_field(&source.text)));
    let environment = RwSignal::new(here.environment);
    let folder = RwSignal::new(here.folder.to_string());
    let left_out = RwSignal::new(HashSet::<String>::new());
    let known = RwSignal::new(Load::<Known>::Loading);
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);

    let environments = {
        let project = project.clone();
        Signal::derive(move || {
            projects
                .find(&project)
                .map(|project| project.environments)
                .unwrap_or_default()
                .into_iter()
                .map(|environment| (environment.slug, environment.name))
                .collect::<Vec<_>>()
        })
    };
    let target = Memo::new(move |_| {
        folder
            .with(|folder| FolderPath::from_str(folder))
            .map(|folder| Place {
                project: project.clone(),
                environment: environment.get(),
                folder,
            })
            .map_err(|reason| reason.to_string())
    });
    let parsed = Memo::new(move |_| {
        text.with(|text| {
            (!text.trim().is_empty()).then(|| parse(text, format.with(|format| format_of(format))))
        })
    });
    let any = Memo::new(move |_| parsed.with(Option::is_some));
    // What is there is read only when there is something to compare it with: the server records it as a reading.
    Effect::new(move |_| {
        if !any.get() {
            return;
        }
        let Ok(place) = target.get() else { return };
        known.set(Load::Loading);
        spawn_local(async move {
            let answer = secrets.known_at(&place).await;
            // Closed, or pointed elsewhere meanwhile.
            if target.try_get_untracked() != Some(Ok(place)) {
                return;
            }
            known.set(match answer {
                Ok(list) => Load::Ready(Known::new(&list)),
                Err(error) => Load::Failed(Problem::new("What is there now was not read", &error)),
            });
        });
    });
    let preview = Memo::new(move |_| {
        parsed.with(|parsed| {
            let parsed = parsed.as_ref()?;
            known.with(|known| match known {
                Load::Ready(known) => Some(lines(parsed, known)),
                _ => None,
            })
        })
    });
    let count = Memo::new(move |_| {
        left_out.with(|left_out| {
            preview.with(|preview| {
                preview
                    .iter()
                    .flatten()
                    .filter(|line| {
                        line.outcome.writes()
                            && line.name.as_ref().is_none_or(|name| !left_out.contains(name))
                    })
                    .count()
            })
        })
    });
    let failed = Signal::derive(move || {
        known
            .with(|known| match known {
                Load::Failed(problem) => Some(problem.clone()),
                _ => None,
            })
            .or_else(|| problem.get())
    });
    let submit = move |()| {
        let Ok(place) = target.get_untracked() else { return };
        let written = parsed.with_untracked(|parsed| {
            let parsed: &Parsed = parsed.as_ref()?;
            known.with_untracked(|known| match known {
                Load::Ready(known) => {
                    Some(left_out.with_untracked(|left_out| changes(parsed, known, left_out)))
                }
                _ => None,
            })
        });
        let Some(written) = written.filter(|written| !written.is_empty()) else {
            return;
        };
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            let answer = secrets.commit(place, written).await;
            if busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(_) => {
                    secrets.sheet.set(Sheet::Nothing);
                    focus_next("add-secret");
                }
                Err(refusal) => problem.set(Some(not_made(
                    "Nothing was imported",
                    "It is not known whether this was imported",
                    &refusal.error,
                ))),
            }
        });
    };
    let label = Signal::derive(move || match count.get() {
        0 => "Import secrets".to_owned(),
        count => format!("Import {}", count_of(count as u64, "secret")),
    });
    let found = move || {
        parsed.with(|parsed| {
            parsed
                .as_ref()
                .filter(|_| format.with(|format| format == AUTOMATIC))
                .map(|parsed| format!("Read as {}", parsed.format))
        })
    };
    view! {
        <Dialog title="Import secrets" wide=true on_close=move |()| secrets.sheet.set(Sheet::Nothing)>
            <ImportSource text format problem />
            <div class="import-target">
                <Select id="import-format" label="Format" value=format options=formats() />
                <Select id="import-environment" label="Environment" value=environment options=environments />
                <Field id="import-folder" label="Folder" value=folder code=true />
            </div>
            <p class="import-found" role="status">
                {move || match target.get() {
                    Err(reason) => reason,
                    Ok(_) => found().unwrap_or_default(),
                }}
            </p>
            <ImportPreview lines=preview left_out waiting=any />
            <ProblemNotice problem=failed />
            <div class="actions">
                <CancelButton />
                <Button
                    label
                    weight=Weight::Primary
                    busy
                    disabled=Signal::derive(move || count.get() == 0 || target.with(Result::is_err))
                    on_press=submit
                />
            </div>
        </Dialog>
    }
}
