//! The projects of the person who is logged in, loaded once and shared by every page under `/projects`.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::model::names::FolderPath;
use shared::wire::projects::Project;

use crate::api;
use crate::api::error::Error;
use crate::problem::Problem;
use crate::session::Session;

/// Something that comes from the server.
#[derive(Debug, Clone)]
pub enum Load<T> {
    /// On its way.
    Loading,
    /// Here.
    Ready(T),
    /// It did not come.
    Failed(Problem),
}

impl<T> Load<T> {
    /// Why it did not come.
    pub fn problem(&self) -> Option<Problem> {
        match self {
            Self::Failed(problem) => Some(problem.clone()),
            _ => None,
        }
    }
}

/// A project that was made.
#[derive(Debug, Clone)]
pub struct Created {
    /// The project.
    pub project: Project,
    /// What of it could not be made, in words.
    pub trouble: Option<String>,
}

/// The projects; a handle that is cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Projects {
    session: Session,
    list: RwSignal<Load<Vec<Project>>>,
}

impl Projects {
    /// Begins to load them.
    pub fn load(session: Session) -> Self {
        let projects = Self {
            session,
            list: RwSignal::new(Load::Loading),
        };
        projects.reload();
        projects
    }

    /// Loads them again.
    pub fn reload(self) {
        self.list.set(Load::Loading);
        spawn_local(async move {
            self.list.try_set(match api::projects::list(self.session).await {
                Ok(list) => Load::Ready(list),
                Err(error) => Load::Failed(Problem::new("The projects were not loaded", &error)),
            });
        });
    }

    /// Loads them again; what is shown stays until the answer is here, and when there is none.
    pub async fn refresh(self) -> Result<(), Error> {
        let list = api::projects::list(self.session).await?;
        self.list.try_set(Load::Ready(list));
        Ok(())
    }

    /// Loads them again after a change. Returns the sentence for it, with a remark when the page does not show it yet.
    pub async fn refresh_after(self, done: String) -> String {
        match self.refresh().await {
            Ok(()) => done,
            Err(error) => format!("{done}. The page may be out of date. {}", error.message),
        }
    }

    /// How far loading is.
    pub fn list(self) -> Load<Vec<Project>> {
        self.list.get()
    }

    /// The same, for an action rather than for the screen.
    pub fn list_untracked(self) -> Load<Vec<Project>> {
        self.list.get_untracked()
    }

    /// Why loading failed.
    pub fn problem(self) -> Option<Problem> {
        self.list.with(Load::problem)
    }

    /// The project with this id, once loaded.
    pub fn find(self, id: &str) -> Option<Project> {
        self.list.with(|list| match list {
            Load::Ready(projects) => projects
                .iter()
                .find(|project| project.id.to_string() == id)
                .cloned(),
            _ => None,
        })
    }

    /// Makes a project with these environments, pairs of name and slug, and adds it to the list.
    pub async fn create(self, name: String, environments: Vec<(String, String)>) -> Result<Created, Error> {
        let usual = environments
            .iter()
            .map(|(name, slug)| (name.as_str(), slug.as_str()));
        let usual = usual.eq(USUAL_ENVIRONMENTS);
        let mut project = api::projects::create(self.session, name, usual).await?;
        // From here on it exists. What goes wrong now is told beside it: a second try would make another one.
        let (mut missing, mut reason) = (Vec::new(), String::new());
        if !usual {
            let id = project.id.to_string();
            for (name, slug) in environments {
                match api::environments::create(self.session, &id, name.clone(), slug).await {
                    Ok(environment) => project.environments.push(environment),
                    Err(error) => {
                        missing.push(name);
                        reason = error.message;
                    }
                }
            }
        }
        let trouble = (!missing.is_empty()).then(|| {
            format!(
                "Created {} without {}. {reason}",
                project.name,
                missing.join(", ")
            )
        });
        if self.refresh().await.is_err() {
            self.list.try_update(|list| {
                if let Load::Ready(list) = list {
                    list.push(project.clone());
                }
            });
        }
        Ok(Created { project, trouble })
    }
}

/// What a project starts with, unless somebody wants something else: names and slugs.
pub const USUAL_ENVIRONMENTS: [(&str, &str); 3] = [
    ("Development", "dev"),
    ("Staging", "staging"),
    ("Production", "prod"),
];

/// The address of a project's first environment, or of its settings, where environments are made.
pub fn first_page_of(project: &Project) -> String {
    let id = project.id.to_string();
    match project.environments.first() {
        Some(environment) => page_of(&id, &environment.slug),
        None => settings_of(&id),
    }
}

/// The address of the secrets of an environment.
pub fn page_of(project: &str, environment: &str) -> String {
    format!("/projects/{project}/secrets/{environment}")
}

/// The address of the secrets of a folder.
pub fn page_of_folder(project: &str, environment: &str, folder: &FolderPath) -> String {
    let page = page_of(project, environment);
    if folder.segments().is_empty() {
        page
    } else {
        // The names of folders need no escaping.
        format!("{page}?path={folder}")
    }
}

/// The address that leads to a project's first environment.
pub fn home_of(project: &str) -> String {
    format!("/projects/{project}/secrets")
}

/// The address of a project's settings.
pub fn settings_of(project: &str) -> String {
    format!("/projects/{project}/settings")
}
