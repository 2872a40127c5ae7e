//! The audit log: one record for every request that reads or changes something that matters.
//!
//! A change's record is written in the transaction of the change. A read's record travels with what was read, as
//! [`Audited`], and is committed before the answer leaves. Records are chained afterwards, by [`link`], so that no
//! transaction waits for another.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::model::ids::{AuditId, ProjectId};

use super::caller::Caller;
use super::{Context, Error};
use crate::crypto::{digest, random};
use crate::store;
use crate::store::audit::{Link, Record};

/// Bytes of names in one record, as JSON: a backup carries a record as one line, and records are read by the hundred.
const MOST_NAMES: usize = 32 * 1024;

/// Something that happened, to be recorded.
#[derive(Debug, Clone)]
pub struct Entry {
    event: &'static str,
    project: Option<ProjectId>,
    detail: BTreeMap<&'static str, String>,
    /// Bytes of the names in it.
    names: usize,
    /// Names that had no room any more.
    left_out: usize,
}

impl Entry {
    /// An event outside any project, such as `user.login`.
    pub fn new(event: &'static str) -> Self {
        Self {
            event,
            project: None,
            detail: BTreeMap::new(),
            names: 0,
            left_out: 0,
        }
    }

    /// An event in a project, such as `secret.read`.
    pub fn in_project(event: &'static str, project: ProjectId) -> Self {
        Self {
            project: Some(project),
            ..Self::new(event)
        }
    }

    /// Adds a detail. Never the value of a secret.
    #[must_use]
    pub fn with(mut self, name: &'static str, text: &(impl ToString + ?Sized)) -> Self {
        self.detail.insert(name, text.to_string());
        self
    }

    /// Adds names of any number of secrets, as JSON: they may contain whatever else would separate them. Those for which
    /// there is no room are counted.
    #[must_use]
    pub fn with_names<'a>(mut self, name: &'static str, names: impl IntoIterator<Item = &'a str>) -> Self {
        let told: Vec<String> = names.into_iter().filter_map(|name| self.room_for(name)).collect();
        self.with_told(name, &format!("[{}]", told.join(",")))
    }

    /// The same for secrets that got another name: the old one with the new one.
    #[must_use]
    pub fn with_renamed<'a>(mut self, renamed: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let told: Vec<String> = renamed
            .into_iter()
            .filter_map(|(old, new)| Some(format!("{}:{}", self.room_for(old)?, self.room_for(new)?)))
            .collect();
        self.with_told("renamed", &format!("{{{}}}", told.join(",")))
    }

    /// A name as JSON, if there is room for it. After the first one for which there is none, there is none for any.
    fn room_for(&mut self, name: &str) -> Option<String> {
        let text = as_json(name);
        if self.left_out > 0 || self.names + text.len() > MOST_NAMES {
            self.left_out += 1;
            return None;
        }
        self.names += text.len();
        Some(text)
    }

    fn with_told(self, name: &'static str, json: &str) -> Self {
        let left_out = self.left_out;
        let told = self.with(name, json);
        if left_out == 0 {
            return told;
        }
        told.with("names_left_out", &left_out)
    }
}

/// Writing text to a String cannot fail; an empty text would be a lost detail, so say so instead.
fn as_json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("{{\"unreadable\":\"{error}\"}}"))
}

/// Something read together with the record of reading it. The value comes out only where the record is committed
/// ([`crate::app::reads`]).
#[derive(Debug)]
pub struct Audited<T> {
    value: T,
    record: Record,
    values_shown: usize,
}

impl<T> Audited<T> {
    /// Ties a value to the record of its reading.
    pub fn new(cx: &Context, caller: &Caller, entry: &Entry, value: T) -> Result<Self, Error> {
        Ok(Self {
            value,
            record: record_of(cx, caller, entry)?,
            values_shown: 0,
        })
    }

    /// The same, showing the values of so many secrets.
    #[must_use]
    pub fn showing(mut self, values: usize) -> Self {
        self.values_shown = values;
        self
    }

    /// How many values it shows.
    pub fn values_shown(&self) -> usize {
        self.values_shown
    }

    /// The value and its record, for the one place that commits it.
    pub(crate) fn into_parts(self) -> (T, Record) {
        (self.value, self.record)
    }
}

fn record_of(cx: &Context, caller: &Caller, entry: &Entry) -> Result<Record, Error> {
    Ok(Record {
        id: AuditId::from_random(random::bytes()?),
        at: cx.now,
        event: entry.event.to_owned(),
        actor_kind: caller.actor.kind().to_owned(),
        actor_id: caller.actor.id(),
        credential_id: caller.credential_id.clone(),
        organization_id: caller
            .organization_id()
            .map(|id| id.to_string())
            .unwrap_or_default(),
        project_id: entry.project.map(|id| id.to_string()).unwrap_or_default(),
        // A flat JSON object with sorted names.
        detail: as_json(&entry.detail),
        count: 1,
        ip: caller.source.ip.clone(),
        user_agent: caller.source.user_agent.clone(),
        request_id: caller.source.request_id.clone(),
    })
}

/// Records a change in its own transaction.
pub fn record(cx: &mut Context, caller: &Caller, entry: &Entry) -> Result<(), Error> {
    let record = record_of(cx, caller, entry)?;
    Ok(store::audit::insert(cx.tx, &record)?)
}

/// Hash over the previous one and every field of a record, each with its length before it.
fn chain_hash(previous: &[u8], number: i64, record: &Record) -> Vec<u8> {
    let count = record.count.to_string();
    let fields = [
        number.to_string(),
        record.id.to_string(),
        record.at.0.to_string(),
        record.event.clone(),
        record.actor_kind.clone(),
        record.actor_id.clone(),
        record.credential_id.clone(),
        record.organization_id.clone(),
        record.project_id.clone(),
        record.detail.clone(),
        count,
        record.ip.clone(),
        record.user_agent.clone(),
        record.request_id.clone(),
    ];
    let parts: Vec<&[u8]> = std::iter::once(previous)
        .chain(fields.iter().map(String::as_bytes))
        .collect();
    digest::of_parts(&parts).to_vec()
}

/// Gives up to `limit` unlinked records their place in the chain; returns how many.
pub fn link(cx: &mut Context, limit: i64) -> Result<usize, Error> {
    let records = store::audit::unlinked(cx.tx, limit)?;
    let (mut number, mut previous) = match store::audit::last_link(cx.tx)? {
        Some(last) => (last.number, last.hash),
        None => (0, Vec::new()),
    };
    for record in &records {
        number += 1;
        let hash = chain_hash(&previous, number, record);
        let link = Link {
            number,
            previous_hash: previous,
            hash: hash.clone(),
        };
        store::audit::set_link(cx.tx, record.id, &link)?;
        previous = hash;
    }
    Ok(records.len())
}

/// How many records there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Those that were ever written, also those that were removed since.
    pub records: u64,
    /// Those that are not linked yet.
    pub unlinked: u64,
}

/// Counts them without reading them.
pub fn counts(cx: &mut Context) -> Result<Counts, Error> {
    let linked = store::audit::last_link(cx.tx)?.map_or(0, |link| link.number);
    let unlinked = store::audit::count_unlinked(cx.tx)?;
    Ok(Counts {
        records: u64::try_from(linked + unlinked).unwrap_or_default(),
        unlinked: u64::try_from(unlinked).unwrap_or_default(),
    })
}

/// What checking the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Records whose place and content are proven.
    pub linked: i64,
    /// Records not linked yet.
    pub unlinked: i64,
    /// Number of the first record that does not fit.
    pub broken_at: Option<i64>,
}

/// Checks the whole chain.
pub fn verify(cx: &mut Context) -> Result<Verification, Error> {
    let mut number = 0;
    let mut previous = Vec::new();
    let unlinked = store::audit::count_unlinked(cx.tx)?;
    loop {
        let batch = store::audit::linked_from(cx.tx, number + 1, 1_000)?;
        if batch.is_empty() {
            return Ok(Verification {
                linked: number,
                unlinked,
                broken_at: None,
            });
        }
        for (record, link) in batch {
            let expected = chain_hash(&previous, number + 1, &record);
            if link.number != number + 1 || link.previous_hash != previous || link.hash != expected {
                return Ok(Verification {
                    linked: number,
                    unlinked,
                    broken_at: Some(number + 1),
                });
            }
            number += 1;
            previous = expected;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_record_have_an_end() {
        let name = "\"".repeat(512);
        let names = vec![name.as_str(); 5_000];
        let entry = Entry::new("secret.change")
            .with_names("deleted", ["first"])
            .with_names("restored", names)
            .with_names("created", ["last"])
            .with_renamed([("old", "new")]);
        assert_eq!(entry.detail["deleted"], "[\"first\"]");
        assert!(entry.detail["restored"].starts_with("[\"\\\""));
        assert_eq!(entry.detail["created"], "[]");
        assert_eq!(entry.detail["renamed"], "{}");
        let told: usize = 1 + serde_json::from_str::<Vec<String>>(&entry.detail["restored"])
            .unwrap()
            .len();
        assert_eq!(entry.detail["names_left_out"], (5_003 - told).to_string());
        let text = as_json(&as_json(&entry.detail));
        assert!(text.len() < 5 * MOST_NAMES, "{}", text.len());
    }

    #[test]
    fn few_names_are_all_told() {
        let entry = Entry::new("secret.change")
            .with_names("created", ["A", "B \"\n"])
            .with_renamed([("C", "D"), ("E", "F")]);
        assert_eq!(entry.detail["created"], r#"["A","B \"\n"]"#);
        assert_eq!(entry.detail["renamed"], r#"{"C":"D","E":"F"}"#);
        assert!(!entry.detail.contains_key("names_left_out"));
    }
}
