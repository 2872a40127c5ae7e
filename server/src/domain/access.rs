//! The built-in roles: one pure function for each scope says what a role allows, everything else asks it.
//!
//! Decisions take the environment and the folder too, so that finer rules fit later; the built-in roles do not look
//! at them.

use std::fmt::Display;
use std::sync::Arc;

use shared::model::access::{Action, OrganizationRole, ProjectRole, Subject};
use shared::model::names::FolderPath;

use super::Error;
use super::caller::Caller;
use super::service_tokens::Grant;

/// Where in a project something happens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// Slug of the environment, if it is about one.
    pub environment: Option<&'a str>,
    /// Folder, if it is about one.
    pub path: Option<&'a FolderPath>,
}

/// Whether a role in a project allows an action. Deny by default: what is not listed is refused.
pub fn project_allows(role: ProjectRole, action: Action, subject: Subject, _scope: Scope) -> bool {
    use Action::Read;
    use Subject::{
        Environments, Folders, Project, ProjectMembers, SecretImports, Secrets, ServiceTokens, Tags,
    };
    let content = matches!(subject, Secrets | Folders | SecretImports | Tags);
    let surroundings = matches!(subject, Environments | Project | ProjectMembers);
    match role {
        ProjectRole::NoAccess => false,
        ProjectRole::Viewer => action == Read && (content || surroundings),
        ProjectRole::Member => content || (action == Read && surroundings),
        ProjectRole::Admin => content || surroundings || subject == ServiceTokens,
    }
}

/// Whether a role in an organization allows an action. It never opens a project: that takes membership.
pub fn organization_allows(role: OrganizationRole, action: Action, subject: Subject) -> bool {
    use Subject::{Audit, Identities, OrganizationMembers, Projects};
    match role {
        OrganizationRole::NoAccess => false,
        OrganizationRole::Member => action == Action::Create && subject == Projects,
        OrganizationRole::Admin => matches!(subject, Projects | Identities | OrganizationMembers | Audit),
    }
}

/// What somebody may do in one project.
#[derive(Debug, Clone)]
pub enum Access {
    /// What the role of a member allows.
    Role(ProjectRole),
    /// What stands in a service token.
    Token(Arc<Grant>),
}

impl Access {
    /// Whether it allows an action.
    pub fn allows(&self, action: Action, subject: Subject, scope: Scope) -> bool {
        match self {
            Self::Role(role) => project_allows(*role, action, subject, scope),
            Self::Token(grant) => grant.allows(action, subject, scope),
        }
    }

    /// Refuses what it does not allow.
    pub fn require(&self, action: Action, subject: Subject, scope: Scope) -> Result<(), Error> {
        if self.allows(action, subject, scope) {
            return Ok(());
        }
        Err(Error::PermissionDenied { action, subject })
    }

    /// The role behind it; the weakest for what is no membership.
    pub fn role(&self) -> ProjectRole {
        match self {
            Self::Role(role) => *role,
            Self::Token(_) => ProjectRole::NoAccess,
        }
    }
}

/// Refuses what the caller's role in his organization does not allow.
pub fn require_organization(caller: &Caller, action: Action, subject: Subject) -> Result<(), Error> {
    let (_, role) = caller.organization()?;
    if organization_allows(role, action, subject) {
        return Ok(());
    }
    Err(Error::PermissionDenied { action, subject })
}

/// Nobody grants what he does not hold: refuses a role, in the organization or in a project, above one's own.
pub fn require_holds<Role: Ord + Display + Copy>(own: Role, granted: Role) -> Result<(), Error> {
    if granted > own {
        return Err(Error::Forbidden(format!(
            "You cannot give the role {granted}: your own is {own}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIONS: [Action; 4] = [Action::Read, Action::Create, Action::Edit, Action::Delete];
    const SUBJECTS: [Subject; 12] = [
        Subject::Secrets,
        Subject::Folders,
        Subject::SecretImports,
        Subject::Tags,
        Subject::ServiceTokens,
        Subject::Environments,
        Subject::Project,
        Subject::ProjectMembers,
        Subject::Projects,
        Subject::Identities,
        Subject::OrganizationMembers,
        Subject::Audit,
    ];

    /// Everything that a project role allows, as `action subject` lines.
    fn allowed_in_project(role: ProjectRole) -> Vec<String> {
        let mut lines = Vec::new();
        for subject in SUBJECTS {
            for action in ACTIONS {
                if project_allows(role, action, subject, Scope::default()) {
                    lines.push(format!("{action} {subject}"));
                }
            }
        }
        lines
    }

    #[test]
    fn no_access_means_none() {
        assert!(allowed_in_project(ProjectRole::NoAccess).is_empty());
        for subject in SUBJECTS {
            for action in ACTIONS {
                assert!(!organization_allows(OrganizationRole::NoAccess, action, subject));
            }
        }
    }

    #[test]
    fn a_viewer_only_reads() {
        assert_eq!(
            allowed_in_project(ProjectRole::Viewer),
            [
                "read secrets",
                "read secret-folders",
                "read secret-imports",
                "read tags",
                "read environments",
                "read project",
                "read member"
            ]
        );
    }

    #[test]
    fn a_member_writes_content_alone() {
        assert_eq!(
            allowed_in_project(ProjectRole::Member),
            [
                "read secrets",
                "create secrets",
                "edit secrets",
                "delete secrets",
                "read secret-folders",
                "create secret-folders",
                "edit secret-folders",
                "delete secret-folders",
                "read secret-imports",
                "create secret-imports",
                "edit secret-imports",
                "delete secret-imports",
                "read tags",
                "create tags",
                "edit tags",
                "delete tags",
                "read environments",
                "read project",
                "read member",
            ]
        );
    }

    #[test]
    fn an_organization_role_never_opens_a_project() {
        for role in [OrganizationRole::Member, OrganizationRole::Admin] {
            for action in ACTIONS {
                for subject in [
                    Subject::Secrets,
                    Subject::Folders,
                    Subject::SecretImports,
                    Subject::Tags,
                    Subject::Environments,
                    Subject::Project,
                    Subject::ServiceTokens,
                ] {
                    assert!(!organization_allows(role, action, subject));
                }
            }
        }
    }

    #[test]
    fn a_stronger_role_allows_whatever_a_weaker_one_does() {
        let roles = [
            ProjectRole::NoAccess,
            ProjectRole::Viewer,
            ProjectRole::Member,
            ProjectRole::Admin,
        ];
        for pair in roles.windows(2) {
            for line in allowed_in_project(pair[0]) {
                assert!(
                    allowed_in_project(pair[1]).contains(&line),
                    "{} lacks {line}",
                    pair[1]
                );
            }
        }
    }
}
