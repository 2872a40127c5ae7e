//! Places: from the caller's words for a project, an environment and a folder to the rows they mean.

use shared::model::access::{Action, Subject};
use shared::model::ids::{FolderId, ProjectId};
use shared::model::names::{EnvSlug, FolderPath, environment_alias};

use super::access::{Access, Scope};
use super::audit::Entry;
use super::caller::Caller;
use super::service_tokens::Grant;
use super::{Context, Error, projects};
use crate::store;
use crate::store::environments::Environment;

/// Where a request looks: the words of the caller, not yet resolved.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// Id, slug or unique name of the project.
    pub project: Option<String>,
    /// Slug of the environment.
    pub environment: Option<String>,
    /// Folder.
    pub path: FolderPath,
    /// Who chose the words.
    pub origin: Origin,
}

/// Where the words of a place come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// A value or a row names it: it is meant as it stands.
    #[default]
    Named,
    /// A request names it. The one folder of a service token takes the place of what is asked for in reads, because
    /// clients send their defaults there, and fills what is missing in writes.
    Request {
        /// Whether the request gave a folder.
        path_given: bool,
    },
}

impl Place {
    /// What a request means when it comes with a service token.
    fn with_grant(&self, grant: &Grant, action: Action) -> Self {
        let mut place = self.clone();
        let Origin::Request { path_given } = self.origin else {
            return place;
        };
        let project = || Some(grant.project.to_string());
        match grant.only_folder() {
            Some((environment, path)) if action == Action::Read => {
                place.project = project();
                place.environment = Some(environment.to_owned());
                place.path = path.clone();
            }
            Some((environment, path)) => {
                place.project = place.project.or_else(project);
                place.environment = place.environment.or_else(|| Some(environment.to_owned()));
                if !path_given {
                    place.path = path.clone();
                }
            }
            None => place.project = place.project.or_else(project),
        }
        place
    }
}

/// A place in a project the caller may look into. Environment and folder need not exist.
#[derive(Debug)]
pub struct Resolved {
    /// The project.
    pub project: ProjectId,
    /// What the caller may do in it.
    pub access: Access,
    /// Slug of the environment, as stored if it exists.
    pub environment: String,
    /// Path of the folder.
    pub path: FolderPath,
    /// The folder, or what is missing as [`Error::NotFound`].
    pub folder: Result<Folder, Error>,
}

/// A folder that exists, with what leads to it.
#[derive(Debug, Clone)]
pub struct Folder {
    /// Its id.
    pub id: FolderId,
    /// The project.
    pub project: ProjectId,
    /// What the caller may do in the project.
    pub access: Access,
    /// The environment.
    pub environment: Environment,
    /// Its path.
    pub path: FolderPath,
}

impl Resolved {
    /// An audit entry about the place.
    pub fn entry(&self, event: &'static str) -> Entry {
        Entry::in_project(event, self.project)
            .with("environment", &self.environment)
            .with("path", &self.path)
    }
}

impl Folder {
    /// Whether the caller may read the secrets in it.
    pub fn shows_secrets(&self) -> bool {
        let scope = Scope {
            environment: Some(&self.environment.slug),
            path: Some(&self.path),
        };
        self.access.allows(Action::Read, Subject::Secrets, scope)
    }

    /// An audit entry about the folder.
    pub fn entry(&self, event: &'static str) -> Entry {
        Entry::in_project(event, self.project)
            .with("environment", &self.environment.slug)
            .with("path", &self.path)
    }
}

/// What leads to a folder, which need not exist.
pub struct Surroundings {
    /// The project.
    pub project: ProjectId,
    /// What the caller may do in it.
    pub access: Access,
    /// Slug of the environment, as stored if it exists.
    pub slug: String,
    /// The environment, if it exists.
    pub environment: Option<Environment>,
    /// Path of the folder: that of the place, or that of a service token.
    pub path: FolderPath,
}

/// Finds the project and the environment and asks for permission. The scope is that of the environment which is meant,
/// not of the word for it: an alias opens nothing. Who may not look is refused alike whether it is there or not.
pub fn surroundings(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    action: Action,
    subject: Subject,
) -> Result<Surroundings, Error> {
    let supplied = caller.grant.as_ref().map(|grant| place.with_grant(grant, action));
    let place = supplied.as_ref().unwrap_or(place);
    let project = place.project.as_deref().ok_or_else(|| {
        Error::BadRequest("Which project? Give projectId, workspaceId or workspaceSlug".into())
    })?;
    let word = place.environment.as_deref().ok_or_else(|| {
        Error::BadRequest("Which environment? Give its slug as environment, such as dev".into())
    })?;
    let membership = projects::find(cx, caller, project)?;
    let project = membership.project.id;
    let environment = find_environment(cx, project, word)?;
    let slug = environment
        .as_ref()
        .map_or_else(|| word.to_owned(), |found| found.slug.clone());
    let scope = Scope {
        environment: Some(&slug),
        path: Some(&place.path),
    };
    membership.access.require(action, subject, scope)?;
    Ok(Surroundings {
        project,
        access: membership.access,
        slug,
        environment,
        path: place.path.clone(),
    })
}

/// Finds the project, asks for permission, then looks for the folder: who may not look learns nothing about what is
/// there.
pub fn resolve(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    action: Action,
    subject: Subject,
) -> Result<Resolved, Error> {
    let Surroundings {
        project,
        access,
        slug,
        environment,
        path,
    } = surroundings(cx, caller, place, action, subject)?;
    let folder = match environment {
        None => Err(environment_not_found(project, &slug)),
        Some(environment) => match find_folder(cx, &environment, &path)? {
            None => Err(folder_not_found(&path, &environment.slug)),
            Some(id) => Ok(Folder {
                id,
                project,
                access: access.clone(),
                environment,
                path: path.clone(),
            }),
        },
    };
    Ok(Resolved {
        project,
        access,
        environment: slug,
        path,
        folder,
    })
}

/// The same for what needs the folder to exist.
pub fn resolve_folder(
    cx: &mut Context,
    caller: &Caller,
    place: &Place,
    action: Action,
    subject: Subject,
) -> Result<Folder, Error> {
    resolve(cx, caller, place, action, subject)?.folder
}

/// The refusal for an environment that is not there, in words the CLI shows.
pub fn environment_not_found(project: ProjectId, slug: &str) -> Error {
    Error::NotFound(format!(
        "Environment with slug '{slug}' in project with ID {project} not found"
    ))
}

/// The refusal for a folder that is not there.
pub fn folder_not_found(path: &FolderPath, slug: &str) -> Error {
    Error::NotFound(format!(
        "Folder with path '{path}' in environment with slug '{slug}' not found"
    ))
}

/// An environment by slug, or by the other of a pair of usual names when the project has that one alone.
pub fn find_environment(
    cx: &mut Context,
    project: ProjectId,
    slug: &str,
) -> Result<Option<Environment>, Error> {
    for slug in [Some(slug), environment_alias(slug)].into_iter().flatten() {
        if let Ok(slug) = slug.parse::<EnvSlug>()
            && let Some(found) = store::environments::by_slug(cx.tx, project, &slug)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The same among environments that are at hand.
pub fn among<'a>(environments: &'a [Environment], slug: &str) -> Option<&'a Environment> {
    [Some(slug), environment_alias(slug)]
        .into_iter()
        .flatten()
        .find_map(|slug| environments.iter().find(|found| found.slug == slug))
}

/// A folder of an environment by path.
pub fn find_folder(
    cx: &mut Context,
    environment: &Environment,
    path: &FolderPath,
) -> Result<Option<FolderId>, Error> {
    let Some(mut folder) = store::folders::child(cx.tx, environment.id, None, "")? else {
        return Ok(None);
    };
    for segment in path.segments() {
        match store::folders::child(cx.tx, environment.id, Some(folder), segment)? {
            Some(child) => folder = child,
            None => return Ok(None),
        }
    }
    Ok(Some(folder))
}
