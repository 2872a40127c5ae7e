//! docs/ROLES.md says what the code decides.

use server::domain::access::{Scope, organization_allows, project_allows};
use shared::model::access::{Action, OrganizationRole, ProjectRole, Subject};

const ACTIONS: [Action; 4] = [Action::Read, Action::Create, Action::Edit, Action::Delete];

/// Every subject with its words for people. Adding a subject without a row here does not compile.
fn words(subject: Subject) -> &'static str {
    match subject {
        Subject::Secrets => "secrets: values, comments, tags on them, metadata, versions",
        Subject::Folders => "folders",
        Subject::SecretImports => "secret imports",
        Subject::Tags => "tags",
        Subject::ServiceTokens => "service tokens",
        Subject::Environments => "environments",
        Subject::Project => "the project itself: name, description, settings",
        Subject::ProjectMembers => "members of the project, people and identities",
        Subject::Projects => "projects",
        Subject::Identities => "machine identities and their credentials",
        Subject::OrganizationMembers => "people of the organization",
        Subject::Audit => "audit log of the organization",
    }
}

const IN_PROJECT: [Subject; 8] = [
    Subject::Secrets,
    Subject::Folders,
    Subject::SecretImports,
    Subject::Tags,
    Subject::ServiceTokens,
    Subject::Environments,
    Subject::Project,
    Subject::ProjectMembers,
];
const IN_ORGANIZATION: [Subject; 4] = [
    Subject::Projects,
    Subject::Identities,
    Subject::OrganizationMembers,
    Subject::Audit,
];

fn table<R: Copy + ToString>(
    roles: &[R],
    subjects: &[Subject],
    allows: impl Fn(R, Action, Subject) -> bool,
) -> String {
    let mut lines = vec![String::from("| |"), String::from("| --- |")];
    for role in roles {
        lines[0] += &(" ".to_owned() + &role.to_string() + " |");
        lines[1].push_str(" --- |");
    }
    for subject in subjects {
        let mut line = format!("| {} |", words(*subject));
        for role in roles {
            let allowed: Vec<String> = ACTIONS
                .iter()
                .filter(|action| allows(*role, **action, *subject))
                .map(ToString::to_string)
                .collect();
            let cell = match allowed.len() {
                0 => "–".to_owned(),
                4 => "everything".to_owned(),
                _ => allowed.join(", "),
            };
            line += &(" ".to_owned() + &cell + " |");
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[test]
fn the_document_says_what_the_code_decides() {
    let document = include_str!("../../../docs/ROLES.md");
    let project = table(
        &[
            ProjectRole::Admin,
            ProjectRole::Member,
            ProjectRole::Viewer,
            ProjectRole::NoAccess,
        ],
        &IN_PROJECT,
        |role, action, subject| project_allows(role, action, subject, Scope::default()),
    );
    let organization = table(
        &[
            OrganizationRole::Admin,
            OrganizationRole::Member,
            OrganizationRole::NoAccess,
        ],
        &IN_ORGANIZATION,
        organization_allows,
    );
    for table in [project, organization] {
        assert!(
            document.contains(&table),
            "docs/ROLES.md should contain\n\n{table}\n"
        );
    }
}

#[test]
fn a_role_of_one_scope_says_nothing_about_the_other() {
    for action in ACTIONS {
        for subject in IN_ORGANIZATION {
            assert!(!project_allows(
                ProjectRole::Admin,
                action,
                subject,
                Scope::default()
            ));
        }
        for subject in IN_PROJECT {
            assert!(!organization_allows(OrganizationRole::Admin, action, subject));
        }
    }
}
