//! The audit log: append-only. Records arrive unlinked; the linker numbers and chains them afterwards.

use shared::model::ids::AuditId;
use shared::model::time::UnixMillis;

use super::{Error, Row, Tx, Value};

/// A row of `audit_records`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Id.
    pub id: AuditId,
    /// When it happened.
    pub at: UnixMillis,
    /// What happened, such as `secret.read`.
    pub event: String,
    /// `user`, `identity`, `operator` or `anonymous`.
    pub actor_kind: String,
    /// Id of the user or identity, may be empty.
    pub actor_id: String,
    /// Session or access token, may be empty.
    pub credential_id: String,
    /// Organization, may be empty.
    pub organization_id: String,
    /// Project, may be empty.
    pub project_id: String,
    /// More, as JSON text without any value of a secret.
    pub detail: String,
    /// How many identical events this record stands for.
    pub count: i64,
    /// Address of the caller.
    pub ip: String,
    /// Program of the caller.
    pub user_agent: String,
    /// Id of the request.
    pub request_id: String,
}

/// Where a record stands in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// From 1.
    pub number: i64,
    /// Hash of the record before.
    pub previous_hash: Vec<u8>,
    /// Hash over the one before and this record.
    pub hash: Vec<u8>,
}

fn record(row: &Row) -> Result<Record, Error> {
    Ok(Record {
        id: row.parsed(0)?,
        at: UnixMillis(row.get(1)?),
        event: row.get(2)?,
        actor_kind: row.get(3)?,
        actor_id: row.get(4)?,
        credential_id: row.get(5)?,
        organization_id: row.get(6)?,
        project_id: row.get(7)?,
        detail: row.get(8)?,
        count: row.get(9)?,
        ip: row.get(10)?,
        user_agent: row.get(11)?,
        request_id: row.get(12)?,
    })
}

/// Adds a record, unlinked.
pub fn insert(tx: Tx, new: &Record) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO audit_records (id, at, event, actor_kind, actor_id, credential_id, organization_id, project_id, \
         detail, count, ip, user_agent, request_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        &[
            Value::text(new.id),
            Value::from(new.at.0),
            Value::from(new.event.as_str()),
            Value::from(new.actor_kind.as_str()),
            Value::from(new.actor_id.as_str()),
            Value::from(new.credential_id.as_str()),
            Value::from(new.organization_id.as_str()),
            Value::from(new.project_id.as_str()),
            Value::from(new.detail.as_str()),
            Value::from(new.count),
            Value::from(new.ip.as_str()),
            Value::from(new.user_agent.as_str()),
            Value::from(new.request_id.as_str()),
        ],
    )?;
    Ok(())
}

/// The oldest records that are not linked yet.
pub fn unlinked(tx: Tx, limit: i64) -> Result<Vec<Record>, Error> {
    let rows = tx.query(
        "SELECT id, at, event, actor_kind, actor_id, credential_id, organization_id, project_id, detail, count, ip, \
         user_agent, request_id FROM audit_records WHERE number IS NULL ORDER BY at, id LIMIT $1",
        &[Value::from(limit)],
    )?;
    rows.iter().map(record).collect()
}

/// The last link of the chain.
pub fn last_link(tx: Tx) -> Result<Option<Link>, Error> {
    let rows = tx.query(
        "SELECT number, previous_hash, hash FROM audit_records WHERE number IS NOT NULL ORDER BY number DESC LIMIT 1",
        &[],
    )?;
    rows.first().map(link).transpose()
}

fn link(row: &Row) -> Result<Link, Error> {
    Ok(Link {
        number: row.get(0)?,
        previous_hash: row.get(1)?,
        hash: row.get(2)?,
    })
}

/// Gives a record its place in the chain; only an unlinked record takes one.
pub fn set_link(tx: Tx, id: AuditId, link: &Link) -> Result<(), Error> {
    tx.execute(
        "UPDATE audit_records SET number = $2, previous_hash = $3, hash = $4 WHERE id = $1 AND number IS NULL",
        &[
            Value::text(id),
            Value::from(link.number),
            Value::from(link.previous_hash.as_slice()),
            Value::from(link.hash.as_slice()),
        ],
    )?;
    Ok(())
}

/// Linked records from a number on, in order.
pub fn linked_from(tx: Tx, number: i64, limit: i64) -> Result<Vec<(Record, Link)>, Error> {
    let rows = tx.query(
        "SELECT id, at, event, actor_kind, actor_id, credential_id, organization_id, project_id, detail, count, ip, \
         user_agent, request_id, number, previous_hash, hash FROM audit_records \
         WHERE number >= $1 ORDER BY number LIMIT $2",
        &[Value::from(number), Value::from(limit)],
    )?;
    rows.iter()
        .map(|row| {
            let link = Link {
                number: row.get(13)?,
                previous_hash: row.get(14)?,
                hash: row.get(15)?,
            };
            Ok((record(row)?, link))
        })
        .collect()
}

/// The newest records about a project, newest first.
pub fn of_project(tx: Tx, project: &str, limit: i64) -> Result<Vec<Record>, Error> {
    let rows = tx.query(
        "SELECT id, at, event, actor_kind, actor_id, credential_id, organization_id, project_id, detail, count, ip, \
         user_agent, request_id FROM audit_records WHERE project_id = $1 ORDER BY at DESC, id LIMIT $2",
        &[Value::from(project), Value::from(limit)],
    )?;
    rows.iter().map(record).collect()
}

/// Number of records that are not linked yet.
pub fn count_unlinked(tx: Tx) -> Result<i64, Error> {
    let rows = tx.query("SELECT count(*) FROM audit_records WHERE number IS NULL", &[])?;
    rows.first().map_or(Ok(0), |row| row.get(0))
}
