//! Something is to be done with keys: what it means, what it needs, and the password once more.

use leptos::prelude::*;
use shared::model::keys::{KeysAct, Unlocker};
use shared::model::text::SecretText;
use shared::wire::keys::KeysDone;

use super::field::{Field, TextArea};
use super::notice::ProblemNotice;
use super::password::PasswordField;
use super::password_dialog::PasswordDialog;
use super::select::Select;
use crate::api;
use crate::problem::Problem;
use crate::projects::{Load, Projects};
use crate::session::Session;

const WHAT: &str = "Nothing was changed";

/// What is asked for.
#[derive(Debug, Clone)]
pub enum Asked {
    /// An act that needs no more than a yes.
    Sure {
        /// The heading.
        title: String,
        /// What follows from it.
        lead: &'static str,
        /// Whether it takes something away.
        danger: bool,
        /// The act.
        act: KeysAct,
    },
    /// A passphrase that opens the store.
    Passphrase,
    /// An SSH key that opens the store.
    SshKey,
    /// A new data key for one project.
    ProjectDataKey,
    /// A key is given back, to show that it works.
    Prove,
    /// Another name.
    Rename(Unlocker),
    /// A place where a copy is.
    NoteCopy(Unlocker),
}

impl Asked {
    fn title(&self) -> String {
        match self {
            Self::Sure { title, .. } => title.clone(),
            Self::Passphrase => "Add a passphrase".to_owned(),
            Self::SshKey => "Add an SSH key".to_owned(),
            Self::ProjectDataKey => "Rotate the data key of one project".to_owned(),
            Self::Prove => "Prove a key".to_owned(),
            Self::Rename(unlocker) => format!("Rename {}", unlocker.name),
            Self::NoteCopy(unlocker) => format!("Where is a copy of {}?", unlocker.name),
        }
    }

    fn lead(&self) -> &'static str {
        match self {
            Self::Sure { lead, .. } => lead,
            Self::Passphrase => {
                "Whoever knows it can unlock this server. It does not open backups: a recovery kit does."
            }
            Self::SshKey => {
                "Whoever has the private half can unlock this server with it. It does not open backups: a recovery kit does."
            }
            Self::ProjectDataKey => {
                "New values of the project use the new key at once. The rest follows in the background, and can be paused."
            }
            Self::Prove => {
                "Give a recovery kit, cards or a passphrase back once, so that it is certain that it works. It is looked at and \
                 forgotten."
            }
            Self::Rename(_) => "The name helps people to tell keys from each other.",
            Self::NoteCopy(_) => {
                "So that somebody finds it in a hurry. The place is shown on this page and in backups."
            }
        }
    }

    /// The act, with what was typed; none while nothing is chosen.
    fn act(&self, name: &str, text: &str) -> Option<KeysAct> {
        let (name, typed) = (name.trim().to_owned(), text.trim().to_owned());
        Some(match self {
            Self::Sure { act, .. } => act.clone(),
            Self::Passphrase => KeysAct::AddPassphrase {
                name,
                passphrase: SecretText::from(text),
            },
            Self::SshKey => KeysAct::AddSshKey {
                name,
                public_key: typed,
            },
            Self::ProjectDataKey => KeysAct::RotateData {
                // Never all of them because one was not understood.
                project: Some(typed.parse().ok()?),
            },
            Self::Prove => KeysAct::Prove {
                key: SecretText::new(typed),
            },
            Self::Rename(unlocker) => KeysAct::Rename {
                id: unlocker.id,
                name,
            },
            Self::NoteCopy(unlocker) => KeysAct::NoteCopy {
                id: unlocker.id,
                place: typed,
            },
        })
    }

    fn is_danger(&self) -> bool {
        matches!(self, Self::Sure { danger: true, .. })
    }
}

/// The dialog.
#[component]
pub fn KeyActDialog(
    /// What is asked for.
    asked: Asked,
    /// It was done, also when the dialog was closed meanwhile.
    on_done: Callback<(KeysAct, KeysDone)>,
    /// The dialog is closed.
    #[prop(into)]
    on_close: Callback<()>,
) -> impl IntoView {
    let session = Session::current();
    let name = RwSignal::new(match &asked {
        Asked::Passphrase => "Passphrase".to_owned(),
        Asked::SshKey => "SSH key".to_owned(),
        Asked::Rename(unlocker) => unlocker.name.clone(),
        _ => String::new(),
    });
    let text = RwSignal::new(String::new());
    let (title, lead, danger) = (asked.title(), asked.lead(), asked.is_danger());
    let chooses = matches!(asked, Asked::ProjectDataKey);
    let unchosen = Signal::derive(move || chooses && text.with(String::is_empty));
    let fields = fields(&asked, name, text);
    let carry_out = move |password| {
        let act = asked.act(&name.get_untracked(), &text.get_untracked());
        async move {
            let act = act
                .ok_or_else(|| Problem::local(WHAT, "No project is chosen.", "Choose one and try again."))?;
            let done = api::keys::act(session, act.clone(), password)
                .await
                .map_err(|error| Problem::new(WHAT, &error))?;
            on_done.try_run((act, done));
            Ok(())
        }
    };
    view! {
        <PasswordDialog title danger disabled=unchosen action=carry_out on_close>
            <p>{lead}</p>
            {fields}
        </PasswordDialog>
    }
}

fn fields(asked: &Asked, name: RwSignal<String>, text: RwSignal<String>) -> AnyView {
    match asked {
        Asked::Sure { .. } => ().into_any(),
        Asked::Passphrase => view! {
            <Field id="key-name" label="Name" value=name />
            <PasswordField
                id="key-passphrase"
                label="Passphrase"
                value=text
                autocomplete="new-password"
                focused=true
                meter=true
            />
        }
        .into_any(),
        Asked::SshKey => view! {
            <Field id="key-name" label="Name" value=name />
            <TextArea id="key-text" label="Public key (ssh-ed25519 … or ssh-rsa …)" value=text focused=true />
        }
        .into_any(),
        Asked::ProjectDataKey => view! { <ProjectSelect value=text /> }.into_any(),
        Asked::Prove => view! {
            <TextArea id="key-text" label="Kit, cards or passphrase" value=text focused=true />
        }
        .into_any(),
        Asked::Rename(_) => view! { <Field id="key-name" label="Name" value=name focused=true /> }.into_any(),
        Asked::NoteCopy(_) => {
            view! { <Field id="key-place" label="Place, such as: safe in the office" value=text focused=true /> }.into_any()
        }
    }
}

/// The projects of whoever is logged in; the first one is chosen once they are here.
#[component]
fn ProjectSelect(value: RwSignal<String>) -> impl IntoView {
    let projects = Projects::load(Session::current());
    let options = Memo::new(move |_| match projects.list() {
        Load::Ready(list) => list
            .into_iter()
            .map(|project| (project.id.to_string(), project.name.clone()))
            .collect(),
        _ => Vec::new(),
    });
    Effect::new(move |_| {
        options.with(|options: &Vec<(String, String)>| {
            if let Some((first, _)) = options.first() {
                value.set(first.clone());
            }
        });
    });
    let none = move || matches!(projects.list(), Load::Ready(list) if list.is_empty());
    view! {
        <Select id="key-project" label="Project" value options />
        <ProblemNotice problem=Signal::derive(move || projects.problem()) retry=move |()| projects.reload() />
        {move || {
            none()
                .then(|| {
                    view! {
                        <p class="hint">
                            "You are in no project. Others can be named on the server: " <code>"strongroom keys rotate-data"</code>
                        </p>
                    }
                })
        }}
    }
}
