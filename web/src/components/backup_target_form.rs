//! A new place for copies of backups.

use leptos::prelude::*;
use shared::model::backups::{BackupsAct, TargetPlace};
use shared::model::text::SecretText;

use super::announcer::Announcements;
use super::field::Field;
use super::icon::{Glyph, Icon};
use super::password_dialog::PasswordDialog;
use super::select::Select;
use crate::backups::AllBackups;
use crate::problem::Problem;

const DIRECTORY: &str = "directory";
const S3: &str = "s3";
const WEB_DAV: &str = "web-dav";

/// What was entered; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
struct Entered {
    kind: RwSignal<String>,
    name: RwSignal<String>,
    /// A directory that the host's configuration allows, and one in it.
    root: RwSignal<String>,
    folder: RwSignal<String>,
    /// Of the service.
    address: RwSignal<String>,
    region: RwSignal<String>,
    bucket: RwSignal<String>,
    prefix: RwSignal<String>,
    /// Id of the access key, or name for the login.
    user: RwSignal<String>,
    /// Secret key, or password.
    secret: RwSignal<String>,
}

impl Entered {
    fn nothing(root: Option<String>) -> Self {
        let empty = || RwSignal::new(String::new());
        Self {
            // What is possible comes first.
            kind: RwSignal::new(if root.is_some() { DIRECTORY } else { S3 }.to_owned()),
            name: empty(),
            root: RwSignal::new(root.unwrap_or_default()),
            folder: empty(),
            address: empty(),
            region: empty(),
            bucket: empty(),
            prefix: empty(),
            user: empty(),
            secret: empty(),
        }
    }

    fn is(self, kind: &str) -> bool {
        self.kind.with(|chosen| chosen == kind)
    }

    fn act(self) -> BackupsAct {
        let text = |signal: RwSignal<String>| signal.get_untracked().trim().to_owned();
        let place = match self.kind.get_untracked().as_str() {
            DIRECTORY => TargetPlace::Directory {
                path: path_in(&self.root.get_untracked(), &text(self.folder)),
            },
            S3 => TargetPlace::S3 {
                endpoint: text(self.address),
                region: text(self.region),
                bucket: text(self.bucket),
                prefix: text(self.prefix),
                access_key: text(self.user),
            },
            _ => TargetPlace::WebDav {
                url: text(self.address),
                user: text(self.user),
            },
        };
        let secret = self.secret.get_untracked();
        let needs_secret = !matches!(place, TargetPlace::Directory { .. }) && !secret.is_empty();
        BackupsAct::AddTarget {
            name: text(self.name),
            place,
            secret: needs_secret.then(|| SecretText::new(secret)),
        }
    }
}

/// The dialog.
#[component]
pub fn AddTargetDialog(
    /// Everything.
    backups: AllBackups,
    /// Called when it was added, or not.
    #[prop(into)]
    on_close: Callback<()>,
) -> impl IntoView {
    let announcements = Announcements::current();
    let roots = backups.part(|backups| backups.roots.clone());
    let entered = Entered::nothing(roots.with_untracked(|roots| roots.first().cloned()));
    let options = [
        (DIRECTORY, "A directory or mounted disk"),
        (S3, "An S3-compatible bucket"),
        (WEB_DAV, "A WebDAV folder"),
    ];
    let options = options
        .map(|(value, text)| (value.to_owned(), text.to_owned()))
        .to_vec();
    let impossible = Memo::new(move |_| entered.is(DIRECTORY) && roots.with(Vec::is_empty));
    let add = move |password| {
        let act = entered.act();
        async move {
            let message = backups
                .act(act, password)
                .await
                .map_err(|error| Problem::new("The target was not added", &error))?;
            announcements.say(message);
            Ok(())
        }
    };
    view! {
        <PasswordDialog title="Add target" action=add disabled=impossible on_close>
            <p>"The server tries it first: it writes a small file there and removes it."</p>
            <Select id="target-kind" label="Kind" value=entered.kind options />
            <Field id="target-name" label="Name" value=entered.name hint=Signal::stored("Such as: NAS".to_owned()) />
            {move || match entered.kind.get().as_str() {
                DIRECTORY => view! { <DirectoryFields entered roots /> }.into_any(),
                S3 => view! { <S3Fields entered /> }.into_any(),
                _ => view! { <WebDavFields entered /> }.into_any(),
            }}
        </PasswordDialog>
    }
}

#[component]
fn DirectoryFields(entered: Entered, roots: Memo<Vec<String>>) -> impl IntoView {
    let options = Signal::derive(move || {
        let roots = roots.get();
        roots
            .into_iter()
            .map(|root| (root.clone(), root))
            .collect::<Vec<_>>()
    });
    view! {
        <Show
            when=move || roots.with(|roots| !roots.is_empty())
            fallback=|| {
                view! {
                    <div class="notice">
                        <Glyph icon=Icon::Info />
                        <p>
                            "No directory may be a target yet. Who runs the server decides which: start it with "
                            <code class="flag">"--backup-root DIRECTORY"</code> ", and that directory and those in it can be chosen here."
                        </p>
                    </div>
                }
            }
        >
            <Select id="target-root" label="Directory" value=entered.root options />
            <Field
                id="target-folder"
                label="Folder in it"
                value=entered.folder
                required=false
                code=true
                hint=Signal::stored("It has to exist. Empty means the directory itself.".to_owned())
            />
        </Show>
    }
}

#[component]
fn S3Fields(entered: Entered) -> impl IntoView {
    view! {
        <Field
            id="target-endpoint"
            label="Endpoint"
            kind="url"
            value=entered.address
            hint=Signal::stored("Such as: https://s3.eu-central-1.example".to_owned())
        />
        <div class="numbers">
            <Field id="target-region" label="Region" value=entered.region />
            <Field id="target-bucket" label="Bucket" value=entered.bucket />
        </div>
        <Field
            id="target-prefix"
            label="Prefix"
            value=entered.prefix
            required=false
            hint=Signal::stored("What the names of files there begin with; may be empty.".to_owned())
        />
        <Field id="target-access-key" label="Access key" value=entered.user code=true />
        <Field id="target-secret-key" label="Secret key" kind="password" value=entered.secret />
    }
}

#[component]
fn WebDavFields(entered: Entered) -> impl IntoView {
    view! {
        <Field
            id="target-url"
            label="Address of the folder"
            kind="url"
            value=entered.address
            hint=Signal::stored("Such as: https://nas.example/dav/backups. It has to exist.".to_owned())
        />
        <Field id="target-user" label="User (may be empty)" value=entered.user required=false />
        <Field
            id="target-dav-password"
            label="Password there (may be empty)"
            kind="password"
            value=entered.secret
            required=false
        />
    }
}

/// A folder in a directory, or the directory itself.
fn path_in(root: &str, folder: &str) -> String {
    let folder = folder.trim_matches('/');
    if folder.is_empty() {
        root.to_owned()
    } else {
        format!("{}/{folder}", root.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_lies_in_its_directory() {
        for (root, folder, path) in [
            ("/mnt/disk", "", "/mnt/disk"),
            ("/mnt/disk", "/", "/mnt/disk"),
            ("/mnt/disk/", "vault/nightly/", "/mnt/disk/vault/nightly"),
            ("/", "mnt", "/mnt"),
        ] {
            assert_eq!(path_in(root, folder), path);
        }
    }
}
