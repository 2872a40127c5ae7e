//! Members of projects: users and machine identities alike.

use shared::model::access::ProjectRole;
use shared::model::ids::{IdentityId, MembershipId, ProjectId, UserId};
use shared::model::time::UnixMillis;

use super::users::{self, User};
use super::{Error, Tx, Value};

/// Who can belong to an organization or a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Member {
    /// A person.
    User(UserId),
    /// A machine.
    Identity(IdentityId),
}

impl Member {
    /// The word stored beside the id.
    pub fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Identity(_) => "identity",
        }
    }

    /// The id as text.
    pub fn id(self) -> String {
        match self {
            Self::User(id) => id.to_string(),
            Self::Identity(id) => id.to_string(),
        }
    }
}

/// A membership of a machine identity in a project.
#[derive(Debug, Clone)]
pub struct IdentityMembership {
    /// Id.
    pub id: MembershipId,
    /// The identity.
    pub identity_id: IdentityId,
    /// Its role.
    pub role: ProjectRole,
    /// Since when.
    pub created_at: UnixMillis,
    /// When the role was last changed.
    pub updated_at: UnixMillis,
}

/// A membership of a person in a project.
#[derive(Clone)]
pub struct UserMembership {
    /// Id.
    pub id: MembershipId,
    /// The person.
    pub user: User,
    /// The role.
    pub role: ProjectRole,
    /// Since when.
    pub created_at: UnixMillis,
    /// When the role was last changed.
    pub updated_at: UnixMillis,
}

/// The role of a member in a project.
pub fn role_of(tx: Tx, project: ProjectId, member: Member) -> Result<Option<ProjectRole>, Error> {
    let rows = tx.query(
        "SELECT role FROM project_members WHERE project_id = $1 AND member_kind = $2 AND member_id = $3",
        &[
            Value::text(project),
            Value::from(member.kind()),
            Value::from(member.id()),
        ],
    )?;
    rows.first().map(|row| row.parsed(0)).transpose()
}

/// Makes somebody a member.
pub fn insert(
    tx: Tx,
    id: MembershipId,
    project: ProjectId,
    member: Member,
    role: ProjectRole,
    now: UnixMillis,
) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO project_members (id, project_id, member_kind, member_id, role, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
        &[
            Value::text(id),
            Value::text(project),
            Value::from(member.kind()),
            Value::from(member.id()),
            Value::text(role),
            Value::from(now.0),
        ],
    )?;
    Ok(())
}

/// Changes the role of a member; the number of rows is 0 when there is none.
pub fn set_role(
    tx: Tx,
    project: ProjectId,
    member: Member,
    role: ProjectRole,
    now: UnixMillis,
) -> Result<u64, Error> {
    tx.execute(
        "UPDATE project_members SET role = $4, updated_at = $5 \
         WHERE project_id = $1 AND member_kind = $2 AND member_id = $3",
        &[
            Value::text(project),
            Value::from(member.kind()),
            Value::from(member.id()),
            Value::text(role),
            Value::from(now.0),
        ],
    )
}

/// Ends a membership; the number of rows is 0 when there is none.
pub fn remove(tx: Tx, project: ProjectId, member: Member) -> Result<u64, Error> {
    tx.execute(
        "DELETE FROM project_members WHERE project_id = $1 AND member_kind = $2 AND member_id = $3",
        &[
            Value::text(project),
            Value::from(member.kind()),
            Value::from(member.id()),
        ],
    )
}

/// Kind and id of the administrators of a project who are not deleted.
pub fn admins(tx: Tx, project: ProjectId) -> Result<Vec<(String, String)>, Error> {
    let rows = tx.query(
        "SELECT m.member_kind, m.member_id FROM project_members m \
         LEFT JOIN identities i ON m.member_kind = 'identity' AND i.id = m.member_id AND i.deleted_at IS NULL \
         LEFT JOIN users u ON m.member_kind = 'user' AND u.id = m.member_id AND u.deleted_at IS NULL \
         WHERE m.project_id = $1 AND m.role = 'admin' AND (i.id IS NOT NULL OR u.id IS NOT NULL)",
        &[Value::text(project)],
    )?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Ends every membership of somebody: when an identity is deleted.
pub fn remove_everywhere(tx: Tx, member: Member) -> Result<u64, Error> {
    tx.execute(
        "DELETE FROM project_members WHERE member_kind = $1 AND member_id = $2",
        &[Value::from(member.kind()), Value::from(member.id())],
    )
}

/// The machine identities in a project, oldest membership first.
pub fn identities(tx: Tx, project: ProjectId) -> Result<Vec<IdentityMembership>, Error> {
    let rows = tx.query(
        "SELECT m.id, m.member_id, m.role, m.created_at, m.updated_at FROM project_members m \
         JOIN identities i ON i.id = m.member_id \
         WHERE m.project_id = $1 AND m.member_kind = 'identity' AND i.deleted_at IS NULL ORDER BY m.created_at, m.id",
        &[Value::text(project)],
    )?;
    rows.iter()
        .map(|row| {
            Ok(IdentityMembership {
                id: row.parsed(0)?,
                identity_id: row.parsed(1)?,
                role: row.parsed(2)?,
                created_at: UnixMillis(row.get(3)?),
                updated_at: UnixMillis(row.get(4)?),
            })
        })
        .collect()
}

/// The people in a project, by e-mail address.
pub fn users(tx: Tx, project: ProjectId) -> Result<Vec<UserMembership>, Error> {
    let rows = tx.query(
        "SELECT u.id, u.email, u.first_name, u.last_name, u.password_hash, u.instance_admin, u.created_at, \
         u.updated_at, m.id, m.role, m.created_at, m.updated_at \
         FROM project_members m JOIN users u ON u.id = m.member_id \
         WHERE m.project_id = $1 AND m.member_kind = 'user' AND u.deleted_at IS NULL ORDER BY u.email, u.id",
        &[Value::text(project)],
    )?;
    rows.iter()
        .map(|row| {
            Ok(UserMembership {
                user: users::user(row)?,
                id: row.parsed(8)?,
                role: row.parsed(9)?,
                created_at: UnixMillis(row.get(10)?),
                updated_at: UnixMillis(row.get(11)?),
            })
        })
        .collect()
}
