//! The vocabulary of permissions. Who may do what is decided in one place, the server's `domain/access.rs`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// See it.
    Read,
    /// Make a new one.
    Create,
    /// Change it.
    Edit,
    /// Remove it.
    Delete,
}

/// What it is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Secrets and their values.
    Secrets,
    /// Folders.
    Folders,
    /// Imports of one folder's secrets into another.
    SecretImports,
    /// Tags of a project.
    Tags,
    /// Environments of a project.
    Environments,
    /// Service tokens of a project.
    ServiceTokens,
    /// A project's own settings, and its deletion.
    Project,
    /// Who belongs to a project.
    ProjectMembers,
    /// Projects of an organization (creation only; the rest is decided inside the project).
    Projects,
    /// Machine identities of an organization, with their credentials.
    Identities,
    /// People of an organization.
    OrganizationMembers,
    /// The audit log of an organization.
    Audit,
}

macro_rules! words {
    ($type:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $type {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $word),+ })
            }
        }
        impl FromStr for $type {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text { $($word => Ok(Self::$variant),)+ _ => Err(UnknownWord) }
            }
        }
    };
}

/// A word that names no role, action or kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown word")]
pub struct UnknownWord;

words!(Action { Read = "read", Create = "create", Edit = "edit", Delete = "delete" });
words!(Subject {
    Secrets = "secrets",
    Folders = "secret-folders",
    SecretImports = "secret-imports",
    Tags = "tags",
    Environments = "environments",
    ServiceTokens = "service-tokens",
    Project = "project",
    ProjectMembers = "member",
    Projects = "workspace",
    Identities = "identity",
    OrganizationMembers = "organization-member",
    Audit = "audit-logs",
});

/// Built-in roles in an organization, weakest first (the order is used to compare).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrganizationRole {
    /// Sees the organization and the own projects.
    NoAccess,
    /// May create projects.
    Member,
    /// Members, identities, settings, audit.
    Admin,
}
words!(OrganizationRole { NoAccess = "no-access", Member = "member", Admin = "admin" });

/// Built-in roles in a project, weakest first (the order is used to compare).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProjectRole {
    /// Belongs to the project and may do nothing in it.
    NoAccess,
    /// Reads.
    Viewer,
    /// Reads and writes secrets, folders, imports, tags.
    Member,
    /// Everything in the project.
    Admin,
}
words!(ProjectRole { NoAccess = "no-access", Viewer = "viewer", Member = "member", Admin = "admin" });

/// Ways for a machine identity to get access tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthMethod {
    /// A client id and a client secret buy a token.
    UniversalAuth,
    /// An administrator makes tokens by hand.
    TokenAuth,
}
words!(AuthMethod { UniversalAuth = "universal-auth", TokenAuth = "token-auth" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_by_what_they_allow() {
        assert!(ProjectRole::Admin > ProjectRole::Member);
        assert!(ProjectRole::Member > ProjectRole::Viewer);
        assert!(ProjectRole::Viewer > ProjectRole::NoAccess);
        assert!(OrganizationRole::Admin > OrganizationRole::Member);
    }

    #[test]
    fn words_round_trip_and_strangers_are_refused() {
        for role in [
            ProjectRole::NoAccess,
            ProjectRole::Viewer,
            ProjectRole::Member,
            ProjectRole::Admin,
        ] {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        assert_eq!("owner".parse::<ProjectRole>(), Err(UnknownWord));
        assert_eq!("Admin".parse::<OrganizationRole>(), Err(UnknownWord));
    }
}
