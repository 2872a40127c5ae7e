//! Environments of projects. Each has a root folder from the start.

pub mod cloning;

use shared::model::access::{Action, Subject};
use shared::model::ids::{EnvironmentId, ProjectId};
use shared::model::names::{DisplayName, EnvSlug};

use super::caller::Caller;
use super::projects::find_for;
use super::{Context, Error, audit, folders, places};
use crate::crypto::random;
use crate::store;
use crate::store::environments::Environment;

const DEFAULTS: [(&str, &str); 3] = [
    ("Development", "dev"),
    ("Staging", "staging"),
    ("Production", "prod"),
];

fn insert(
    cx: &mut Context,
    project: ProjectId,
    name: &str,
    slug: &str,
    position: i64,
) -> Result<Environment, Error> {
    let environment = Environment {
        id: EnvironmentId::from_random(random::bytes()?),
        project_id: project,
        name: name.to_owned(),
        slug: slug.to_owned(),
        position,
        created_at: cx.now,
        updated_at: cx.now,
    };
    store::environments::insert(cx.tx, &environment).map_err(|error| exists(error, slug))?;
    folders::insert(cx, environment.id, None, "", None)?;
    Ok(environment)
}

fn exists(error: store::Error, slug: &str) -> Error {
    Error::or_exists(error, &format!("Environment with slug '{slug}' already exists"))
}

/// Makes dev, staging and prod.
pub fn create_defaults(cx: &mut Context, project: ProjectId) -> Result<(), Error> {
    for (position, (name, slug)) in (1..).zip(DEFAULTS) {
        insert(cx, project, name, slug, position)?;
    }
    Ok(())
}

/// Puts the environments of a project into an order with `changed` at the wanted position (from 1, held in range).
fn reorder(cx: &mut Context, project: ProjectId, changed: EnvironmentId, position: i64) -> Result<(), Error> {
    let mut all = store::environments::list(cx.tx, project)?;
    if let Some(index) = all.iter().position(|environment| environment.id == changed) {
        let environment = all.remove(index);
        let target = usize::try_from(position.saturating_sub(1))
            .unwrap_or(0)
            .min(all.len());
        all.insert(target, environment);
    }
    number(cx, all)
}

/// Numbers environments in the order given, without gaps.
fn number(cx: &mut Context, ordered: Vec<Environment>) -> Result<(), Error> {
    for (position, mut environment) in (1..).zip(ordered) {
        if environment.position != position {
            environment.position = position;
            store::environments::update(cx.tx, &environment)?;
        }
    }
    Ok(())
}

/// The position after the last one.
fn end(cx: &mut Context, project: ProjectId) -> Result<i64, Error> {
    let last = store::environments::list(cx.tx, project)?.len();
    Ok(i64::try_from(last).unwrap_or(i64::MAX - 1) + 1)
}

fn by_id(cx: &mut Context, project: ProjectId, id: EnvironmentId) -> Result<Environment, Error> {
    store::environments::by_id(cx.tx, project, id)?.ok_or_else(|| not_found(id))
}

fn not_found(id: EnvironmentId) -> Error {
    Error::NotFound(format!("Environment with id '{id}' not found"))
}

/// One environment.
pub fn get(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    id: EnvironmentId,
) -> Result<Environment, Error> {
    let found = find_for(cx, caller, project, Action::Read, Subject::Environments)?;
    by_id(cx, found.project.id, id)
}

/// One environment by id alone. One of a project that the caller does not belong to does not exist for him.
pub fn get_anywhere(cx: &mut Context, caller: &Caller, id: EnvironmentId) -> Result<Environment, Error> {
    let environment = store::environments::anywhere(cx.tx, id)?.ok_or_else(|| not_found(id))?;
    match find_for(
        cx,
        caller,
        &environment.project_id.to_string(),
        Action::Read,
        Subject::Environments,
    ) {
        Ok(_) => Ok(environment),
        Err(Error::Forbidden(_) | Error::NotFound(_)) => Err(not_found(id)),
        Err(other) => Err(other),
    }
}

/// One environment by slug, or by the other of a pair of usual names.
pub fn get_by_slug(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    slug: &str,
) -> Result<Environment, Error> {
    let project = find_for(cx, caller, project, Action::Read, Subject::Environments)?
        .project
        .id;
    places::find_environment(cx, project, slug)?.ok_or_else(|| places::environment_not_found(project, slug))
}

/// Adds an environment, at the end or at a position.
pub fn create(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    name: &DisplayName,
    slug: &EnvSlug,
    position: Option<i64>,
) -> Result<Environment, Error> {
    let project = find_for(cx, caller, project, Action::Create, Subject::Environments)?.project;
    let end = end(cx, project.id)?;
    let environment = insert(cx, project.id, name.as_str(), slug.as_str(), end)?;
    if let Some(position) = position {
        reorder(cx, project.id, environment.id, position)?;
    }
    let entry = audit::Entry::in_project("environment.create", project.id).with("environment", &slug);
    audit::record(cx, caller, &entry)?;
    by_id(cx, project.id, environment.id)
}

/// Changes name, slug and position; absent ones stay.
pub fn update(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    id: EnvironmentId,
    name: Option<&DisplayName>,
    slug: Option<&EnvSlug>,
    position: Option<i64>,
) -> Result<Environment, Error> {
    let project = find_for(cx, caller, project, Action::Edit, Subject::Environments)?.project;
    let mut environment = by_id(cx, project.id, id)?;
    if let Some(name) = name {
        environment.name = name.to_string();
    }
    if let Some(slug) = slug {
        environment.slug = slug.to_string();
    }
    environment.updated_at = cx.now;
    store::environments::update(cx.tx, &environment).map_err(|error| exists(error, &environment.slug))?;
    if let Some(position) = position {
        reorder(cx, project.id, id, position)?;
    }
    let entry =
        audit::Entry::in_project("environment.update", project.id).with("environment", &environment.slug);
    audit::record(cx, caller, &entry)?;
    by_id(cx, project.id, id)
}

/// Moves an environment with all it holds to the trash.
pub fn delete(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    id: EnvironmentId,
) -> Result<Environment, Error> {
    let project = find_for(cx, caller, project, Action::Delete, Subject::Environments)?.project;
    let environment = by_id(cx, project.id, id)?;
    store::environments::delete(cx.tx, id, cx.now)?;
    let left = store::environments::list(cx.tx, project.id)?;
    number(cx, left)?;
    let entry =
        audit::Entry::in_project("environment.delete", project.id).with("environment", &environment.slug);
    audit::record(cx, caller, &entry)?;
    Ok(environment)
}
