//! Commits the record of a read before its answer leaves. Identical reads of one credential within ten seconds become
//! one record with a count: the first is recorded at once, the repeats together when the ten seconds are over.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::model::ids::AuditId;
use shared::model::time::UnixMillis;

use crate::crypto::random;
use crate::domain::Error;
use crate::domain::audit::Audited;
use crate::store::audit::Record;
use crate::store::{self, Db};

const WINDOW_SECONDS: i64 = 10;
/// A bound on memory: beyond it every read gets a record of its own.
const MOST_REMEMBERED: usize = 4_096;

/// Reads of the last ten seconds.
#[derive(Debug, Default)]
pub struct Reads {
    recent: Mutex<HashMap<String, Recent>>,
}

#[derive(Debug)]
struct Recent {
    since: UnixMillis,
    repeats: i64,
    record: Record,
}

/// Everything that makes two reads the same.
fn key(record: &Record) -> String {
    let parts = [
        &record.credential_id,
        &record.event,
        &record.project_id,
        &record.detail,
        &record.ip,
        &record.user_agent,
    ];
    let mut key = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    for part in parts {
        key.push_str(part);
        key.push('\0');
    }
    key
}

impl Reads {
    fn recent(&self) -> MutexGuard<'_, HashMap<String, Recent>> {
        // The map is whole between any two statements that hold the lock, so a panic elsewhere spoils nothing.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a read, then hands out what was read.
    pub async fn commit<T>(&self, db: &Db, now: UnixMillis, audited: Audited<T>) -> Result<T, Error> {
        let (value, record) = audited.into_parts();
        let key = key(&record);
        if let Some(recent) = self.recent().get_mut(&key)
            && now < recent.since.plus_seconds(WINDOW_SECONDS)
        {
            recent.repeats += 1;
            return Ok(value);
        }
        let kept = record.clone();
        insert(db, record).await?;
        self.remember(key, now, kept);
        Ok(value)
    }

    fn remember(&self, key: String, since: UnixMillis, record: Record) {
        let mut recent = self.recent();
        let room = recent.len() < MOST_REMEMBERED;
        match recent.get_mut(&key) {
            // An expired window with repeats stays until the sweep has recorded them.
            Some(waiting) if waiting.repeats > 0 => {}
            Some(waiting) => waiting.since = since,
            None if room => {
                recent.insert(
                    key,
                    Recent {
                        since,
                        repeats: 0,
                        record,
                    },
                );
            }
            None => {}
        }
    }

    /// Records the repeats whose ten seconds are over.
    pub async fn flush(&self, db: &Db, now: UnixMillis) -> Result<(), Error> {
        self.flush_older_than(db, now, now.plus_seconds(-WINDOW_SECONDS))
            .await
    }

    /// Records all repeats, at the end of the process.
    pub async fn flush_all(&self, db: &Db, now: UnixMillis) -> Result<(), Error> {
        self.flush_older_than(db, now, UnixMillis(i64::MAX)).await
    }

    async fn flush_older_than(&self, db: &Db, now: UnixMillis, limit: UnixMillis) -> Result<(), Error> {
        let mut over = Vec::new();
        self.recent().retain(|key, recent| {
            let keep = recent.since > limit;
            if !keep && recent.repeats > 0 {
                over.push((key.clone(), recent.since, recent.repeats, recent.record.clone()));
            }
            keep
        });
        while let Some((key, since, repeats, template)) = over.pop() {
            let record = Record {
                id: AuditId::from_random(random::bytes()?),
                at: now,
                count: repeats,
                ..template.clone()
            };
            if let Err(error) = insert(db, record).await {
                // Not recorded: keep the counts for the next try.
                over.push((key, since, repeats, template));
                let mut recent = self.recent();
                for (key, since, repeats, record) in over {
                    let waiting = recent.entry(key).or_insert(Recent {
                        since,
                        repeats: 0,
                        record,
                    });
                    waiting.repeats += repeats;
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

async fn insert(db: &Db, record: Record) -> Result<(), Error> {
    db.write_relaxed(move |tx| store::audit::insert(tx, &record).map_err(Error::from))
        .await
}
