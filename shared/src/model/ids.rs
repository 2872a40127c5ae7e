//! Identifiers of rows: UUIDs with a type each, so that a project's id cannot be passed where a secret's belongs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Text that was expected to be an identifier and is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid id: a UUID such as 7f1c0e9a-52f4-4a53-9a44-0c6f1d6f4b11 is expected")]
pub struct InvalidId;

macro_rules! identifiers {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier from 16 random bytes (a version 4 UUID), supplied by the caller because only the
            /// server has a source of randomness that may be relied on.
            pub fn from_random(bytes: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }
    )+};
}

identifiers! {
    /// One installation; survives backup and restore.
    InstanceId,
    /// An organization.
    OrganizationId,
    /// A person with a password.
    UserId,
    /// A login of a person; revoking it ends every token made from it.
    SessionId,
    /// A machine identity.
    IdentityId,
    /// The client id under which a machine identity logs in.
    ClientId,
    /// The token auth of a machine identity.
    TokenAuthId,
    /// One pair in the metadata of a machine identity.
    MetadataId,
    /// One client secret of a machine identity.
    ClientSecretId,
    /// One access token of a machine identity.
    AccessTokenId,
    /// Membership of a user or identity in an organization or a project.
    MembershipId,
    /// A project.
    ProjectId,
    /// An environment of a project.
    EnvironmentId,
    /// A folder of an environment.
    FolderId,
    /// A secret, across all its versions.
    SecretId,
    /// A tag of a project.
    TagId,
    /// An import of one folder into another.
    SecretImportId,
    /// A service token.
    ServiceTokenId,
    /// An audit record.
    AuditId,
    /// A slot of the keyring: one way to unlock it.
    SlotId,
    /// A backup.
    BackupId,
    /// A place where copies of backups go.
    TargetId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_version_4_uuids_and_round_trip_as_text() {
        let id = ProjectId::from_random([7; 16]);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(&id.to_string()[14..15], "4");
    }

    #[test]
    fn text_that_is_no_uuid_is_refused() {
        for text in [
            "",
            "7",
            "my-project",
            "7f1c0e9a-52f4-4a53-9a44-0c6f1d6f4b1",
            "' or 1=1",
        ] {
            assert_eq!(text.parse::<SecretId>(), Err(InvalidId), "{text}");
        }
    }
}
