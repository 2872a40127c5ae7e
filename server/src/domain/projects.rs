//! Projects, and finding one: by id, by slug, or by a name that only one of the caller's projects has.

use shared::model::access::{Action, ProjectRole, Subject};
use shared::model::change::Change;
use shared::model::ids::{MembershipId, OrganizationId, ProjectId};
use shared::model::names::{Description, DisplayName, ProjectSlug};

use super::access::{Access, Scope, require_organization};
use super::caller::Caller;
use super::{Context, Error, audit, data_keys, environments, organizations, service_tokens};
use crate::crypto::random;
use crate::store;
use crate::store::environments::Environment;
use crate::store::projects::Project;

/// A project that the caller belongs to, with what he may do in it.
#[derive(Debug, Clone)]
pub struct Membership {
    /// The project.
    pub project: Project,
    /// What the caller may do in it.
    pub access: Access,
}

fn not_found(reference: &str) -> Error {
    Error::NotFound(format!("Project '{reference}' not found"))
}

/// The project that a reference means, for a caller who belongs to it. An id is nothing else; a slug of one and the name
/// of another is refused, because either could have been chosen to be mistaken for the other.
pub fn find(cx: &mut Context, caller: &Caller, reference: &str) -> Result<Membership, Error> {
    if let Some(grant) = &caller.grant {
        return service_tokens::project_of(cx, grant, reference);
    }
    let (organization, _) = caller.organization()?;
    let member = caller.member()?;
    // Ids and slugs are names too, as far as their characters go; nothing else is worth asking the database for.
    if reference.parse::<DisplayName>().is_err() {
        return Err(not_found(reference));
    }
    let project = if let Ok(id) = reference.parse::<ProjectId>() {
        store::projects::by_id(cx.tx, organization, id)?
    } else {
        let mut meant = store::projects::of_member(cx.tx, organization, member)?;
        meant.retain(|(project, _)| project.slug == reference || project.name == reference);
        if meant.len() > 1 {
            return Err(Error::BadRequest(format!(
                "Several projects are called '{reference}'. Use the id of the one you mean"
            )));
        }
        if let Some((project, role)) = meant.pop() {
            return Ok(Membership {
                project,
                access: Access::Role(role),
            });
        }
        store::projects::by_slug(cx.tx, organization, reference)?
    };
    let project = project.ok_or_else(|| not_found(reference))?;
    let role = store::members::role_of(cx.tx, project.id, member)?
        .ok_or_else(|| Error::Forbidden(format!("You are not a member of the project '{reference}'")))?;
    Ok(Membership {
        project,
        access: Access::Role(role),
    })
}

/// The same, refusing a role that does not allow the action.
pub fn find_for(
    cx: &mut Context,
    caller: &Caller,
    reference: &str,
    action: Action,
    subject: Subject,
) -> Result<Membership, Error> {
    let found = find(cx, caller, reference)?;
    found.access.require(action, subject, Scope::default())?;
    Ok(found)
}

/// A project with its environments.
pub type Overview = (Project, Vec<Environment>);

fn overview(cx: &mut Context, project: Project) -> Result<Overview, Error> {
    let environments = store::environments::list(cx.tx, project.id)?;
    Ok((project, environments))
}

/// The caller's projects by name. One in which he has no access shows its name alone.
pub fn list(cx: &mut Context, caller: &Caller) -> Result<Vec<Overview>, Error> {
    let (organization, _) = caller.organization()?;
    let member = caller.member()?;
    let mut overviews = Vec::new();
    for (project, role) in store::projects::of_member(cx.tx, organization, member)? {
        if Access::Role(role).allows(Action::Read, Subject::Project, Scope::default()) {
            overviews.push(overview(cx, project)?);
        } else {
            overviews.push((project, Vec::new()));
        }
    }
    Ok(overviews)
}

/// The same for an organization that is named: the one that the caller has selected.
pub fn list_of_organization(
    cx: &mut Context,
    caller: &Caller,
    organization: OrganizationId,
) -> Result<Vec<Overview>, Error> {
    let (selected, _) = caller.organization()?;
    if selected != organization {
        return Err(organizations::not_a_member());
    }
    list(cx, caller)
}

/// One of the caller's projects.
pub fn get(cx: &mut Context, caller: &Caller, reference: &str) -> Result<Overview, Error> {
    let found = find_for(cx, caller, reference, Action::Read, Subject::Project)?;
    overview(cx, found.project)
}

/// A project to be made.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// Name.
    pub name: DisplayName,
    /// Slug; made from the name when absent.
    pub slug: Option<ProjectSlug>,
    /// Free text.
    pub description: Option<Description>,
    /// Whether to start with dev, staging and prod.
    pub default_environments: bool,
    /// Whether deleting it is refused.
    pub delete_protection: bool,
}

fn exists(error: store::Error, slug: &str) -> Error {
    Error::or_exists(error, &format!("A project with the slug '{slug}' exists already"))
}

/// Makes a project with its data key; the maker becomes its administrator.
pub fn create(cx: &mut Context, caller: &Caller, new: &NewProject) -> Result<Overview, Error> {
    require_organization(caller, Action::Create, Subject::Projects)?;
    let (organization, _) = caller.organization()?;
    let member = caller.member()?;
    let slug = match &new.slug {
        Some(slug) => slug.to_string(),
        None => free_slug(cx, organization, &new.name)?,
    };
    let project = Project {
        id: ProjectId::from_random(random::bytes()?),
        organization_id: organization,
        name: new.name.to_string(),
        slug,
        description: new.description.as_ref().map(ToString::to_string),
        delete_protection: new.delete_protection,
        // As Infisical begins. The server itself never changes the case of a name.
        auto_capitalization: true,
        audit_retention_days: None,
        created_at: cx.now,
        updated_at: cx.now,
    };
    store::projects::insert(cx.tx, &project).map_err(|error| exists(error, &project.slug))?;
    data_keys::create(cx, project.id)?;
    let membership = MembershipId::from_random(random::bytes()?);
    store::members::insert(cx.tx, membership, project.id, member, ProjectRole::Admin, cx.now)?;
    if new.default_environments {
        environments::create_defaults(cx, project.id)?;
    }
    let entry = audit::Entry::in_project("project.create", project.id).with("name", &project.name);
    audit::record(cx, caller, &entry)?;
    overview(cx, project)
}

/// How often another slug is drawn when the one drawn is taken. Four letters and digits are soon taken in an organization
/// with hundreds of projects of one name, and nobody who left the slug to us can do anything about it.
const SLUG_DRAWS: usize = 32;

/// A slug made from the name that no project of the organization has.
fn free_slug(cx: &mut Context, organization: OrganizationId, name: &DisplayName) -> Result<String, Error> {
    let mut slug = derived_slug(name)?;
    for _ in 1..SLUG_DRAWS {
        if store::projects::by_slug(cx.tx, organization, &slug)?.is_none() {
            break;
        }
        slug = derived_slug(name)?;
    }
    Ok(slug)
}

/// The name as a slug with four random characters, as Infisical does it.
fn derived_slug(name: &DisplayName) -> Result<String, Error> {
    let mut slug = name.slugified();
    slug.truncate(31);
    let slug = slug.trim_end_matches('-');
    let suffix = random::letters(4)?.to_lowercase();
    Ok(if slug.is_empty() {
        format!("project-{suffix}")
    } else {
        format!("{slug}-{suffix}")
    })
}

/// A change to a project; absent parts stay as they are.
#[derive(Debug, Clone, Default)]
pub struct ProjectChange {
    /// New name.
    pub name: Option<DisplayName>,
    /// New slug.
    pub slug: Option<ProjectSlug>,
    /// New description.
    pub description: Change<Description>,
    /// Whether deleting it is refused from now on.
    pub delete_protection: Option<bool>,
    /// Kept for clients that ask for it.
    pub auto_capitalization: Option<bool>,
    /// Days that its audit records are to be kept.
    pub audit_retention_days: Option<i64>,
}

/// Changes a project.
pub fn update(
    cx: &mut Context,
    caller: &Caller,
    reference: &str,
    change: &ProjectChange,
) -> Result<Overview, Error> {
    let mut project = find_for(cx, caller, reference, Action::Edit, Subject::Project)?.project;
    if let Some(name) = &change.name {
        project.name = name.to_string();
    }
    if let Some(slug) = &change.slug {
        project.slug = slug.to_string();
    }
    project.description = change.description.to_text().apply(project.description.take());
    if let Some(protection) = change.delete_protection {
        project.delete_protection = protection;
    }
    if let Some(capitals) = change.auto_capitalization {
        project.auto_capitalization = capitals;
    }
    if change.audit_retention_days.is_some() {
        project.audit_retention_days = change.audit_retention_days;
    }
    project.updated_at = cx.now;
    store::projects::update(cx.tx, &project).map_err(|error| exists(error, &project.slug))?;
    let mut entry = audit::Entry::in_project("project.update", project.id).with("name", &project.name);
    // What stands between a project and its end, and between a record and its own, is on record by itself.
    if let Some(protection) = change.delete_protection {
        entry = entry.with("delete_protection", &protection);
    }
    if let Some(days) = change.audit_retention_days {
        entry = entry.with("audit_retention_days", &days);
    }
    audit::record(cx, caller, &entry)?;
    overview(cx, project)
}

/// Moves a project to the trash, unless it is protected.
pub fn delete(cx: &mut Context, caller: &Caller, reference: &str) -> Result<Overview, Error> {
    let found = find_for(cx, caller, reference, Action::Delete, Subject::Project)?;
    if found.project.delete_protection {
        return Err(Error::BadRequest(format!(
            "The project '{}' is protected from deletion. Lift the protection first: change the project with \
             hasDeleteProtection: false",
            found.project.name
        )));
    }
    let overview = overview(cx, found.project)?;
    store::projects::delete(cx.tx, overview.0.id, cx.now)?;
    let entry = audit::Entry::in_project("project.delete", overview.0.id).with("name", &overview.0.name);
    audit::record(cx, caller, &entry)?;
    Ok(overview)
}
