//! Tags of projects.

use shared::model::access::{Action, Subject};
use shared::model::ids::{ProjectId, TagId};
use shared::model::names::{TagColor, TagSlug};

use super::caller::Caller;
use super::projects::find_for;
use super::{Context, Error, audit};
use crate::crypto::random;
use crate::store;
use crate::store::tags::Tag;

fn not_found(reference: &str) -> Error {
    Error::NotFound(format!("Tag '{reference}' not found"))
}

/// In the words that Infisical's clients know.
fn exists(error: store::Error) -> Error {
    Error::or_exists(error, "Tag already exist")
}

fn by_id(cx: &mut Context, project: ProjectId, reference: &str) -> Result<Tag, Error> {
    let Ok(id) = reference.parse::<TagId>() else {
        return Err(not_found(reference));
    };
    store::tags::by_id(cx.tx, project, id)?.ok_or_else(|| not_found(reference))
}

fn entry(event: &'static str, tag: &Tag) -> audit::Entry {
    audit::Entry::in_project(event, tag.project_id).with("tag", &tag.slug)
}

/// The tags of a project by slug.
pub fn list(cx: &mut Context, caller: &Caller, project: &str) -> Result<Vec<Tag>, Error> {
    let found = find_for(cx, caller, project, Action::Read, Subject::Tags)?;
    Ok(store::tags::list(cx.tx, found.project.id)?)
}

/// A tag by id.
pub fn get(cx: &mut Context, caller: &Caller, project: &str, id: &str) -> Result<Tag, Error> {
    let found = find_for(cx, caller, project, Action::Read, Subject::Tags)?;
    by_id(cx, found.project.id, id)
}

/// A tag by slug. The command line makes a tag when, and only when, it is not found.
pub fn get_by_slug(cx: &mut Context, caller: &Caller, project: &str, slug: &str) -> Result<Tag, Error> {
    let found = find_for(cx, caller, project, Action::Read, Subject::Tags)?;
    let known = match slug.parse::<TagSlug>() {
        Ok(parsed) => store::tags::by_slug(cx.tx, found.project.id, &parsed)?,
        Err(_) => None,
    };
    known.ok_or_else(|| not_found(slug))
}

/// Makes a tag.
pub fn create(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    slug: &TagSlug,
    color: &TagColor,
) -> Result<Tag, Error> {
    let found = find_for(cx, caller, project, Action::Create, Subject::Tags)?;
    let tag = Tag {
        id: TagId::from_random(random::bytes()?),
        project_id: found.project.id,
        slug: slug.to_string(),
        color: color.to_string(),
        created_by_kind: caller.actor.kind().to_owned(),
        created_by: caller.actor.id(),
        created_at: cx.now,
        updated_at: cx.now,
    };
    store::tags::insert(cx.tx, &tag).map_err(exists)?;
    audit::record(cx, caller, &entry("tag.create", &tag))?;
    Ok(tag)
}

/// Changes slug and colour; absent ones stay.
pub fn update(
    cx: &mut Context,
    caller: &Caller,
    project: &str,
    id: &str,
    slug: Option<&TagSlug>,
    color: Option<&TagColor>,
) -> Result<Tag, Error> {
    let found = find_for(cx, caller, project, Action::Edit, Subject::Tags)?;
    let mut tag = by_id(cx, found.project.id, id)?;
    let mut entry = entry("tag.update", &tag);
    if let Some(slug) = slug {
        tag.slug = slug.to_string();
        entry = entry.with("new_tag", slug);
    }
    if let Some(color) = color {
        tag.color = color.to_string();
    }
    tag.updated_at = cx.now;
    store::tags::update(cx.tx, &tag).map_err(exists)?;
    audit::record(cx, caller, &entry)?;
    Ok(tag)
}

/// Moves a tag to the trash; secrets no longer have it.
pub fn delete(cx: &mut Context, caller: &Caller, project: &str, id: &str) -> Result<Tag, Error> {
    let found = find_for(cx, caller, project, Action::Delete, Subject::Tags)?;
    let tag = by_id(cx, found.project.id, id)?;
    store::tags::delete(cx.tx, tag.id, cx.now)?;
    audit::record(cx, caller, &entry("tag.delete", &tag))?;
    Ok(tag)
}
