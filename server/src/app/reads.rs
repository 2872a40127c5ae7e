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
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    recent: HashMap<String, Recent>,
    /// Nobody will record repeats any more, so every read gets a record of its own.
    closing: bool,
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
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // The map is whole between any two statements that hold the lock, so a panic elsewhere spoils nothing.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a read, then hands out what was read.
    pub async fn commit<T>(&self, db: &Db, now: UnixMillis, audited: Audited<T>) -> Result<T, Error> {
        let (value, record) = audited.into_parts();
        let key = key(&record);
        if self.repeats(&key, now) {
            return Ok(value);
        }
        let kept = record.clone();
        insert(db, record).await?;
        self.remember(key, now, kept);
        Ok(value)
    }

    /// Counts a read that repeats one of the last ten seconds.
    fn repeats(&self, key: &str, now: UnixMillis) -> bool {
        let mut waiting = self.waiting();
        let closing = waiting.closing;
        match waiting.recent.get_mut(key) {
            // A clock that was set back gives no length of time to go by.
            Some(recent)
                if !closing && recent.since <= now && now < recent.since.plus_seconds(WINDOW_SECONDS) =>
            {
                recent.repeats += 1;
                true
            }
            _ => false,
        }
    }

    fn remember(&self, key: String, since: UnixMillis, record: Record) {
        let mut waiting = self.waiting();
        let recent = &mut waiting.recent;
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

    /// Records all repeats, at the end of the process. From then on no read is counted with another.
    pub async fn flush_all(&self, db: &Db, now: UnixMillis) -> Result<(), Error> {
        self.waiting().closing = true;
        self.flush_older_than(db, now, UnixMillis(i64::MAX)).await
    }

    async fn flush_older_than(&self, db: &Db, now: UnixMillis, limit: UnixMillis) -> Result<(), Error> {
        let mut over = Vec::new();
        self.waiting().recent.retain(|key, recent| {
            let keep = limit < recent.since && recent.since <= now;
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
                let mut waiting = self.waiting();
                for (key, since, repeats, record) in over {
                    let again = waiting.recent.entry(key).or_insert(Recent {
                        since,
                        repeats: 0,
                        record,
                    });
                    again.repeats += repeats;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::keyring::Keyring;
    use crate::database::TestDatabase;
    use crate::domain::Context;
    use crate::domain::audit::Entry;
    use crate::domain::caller::Caller;
    use crate::store::migrate;
    use shared::model::ids::InstanceId;

    const NOW: UnixMillis = UnixMillis(1_763_769_600_120);

    struct Fixture {
        database: TestDatabase,
        keys: Keyring,
        reads: Reads,
    }

    impl Fixture {
        fn new() -> Self {
            let database = TestDatabase::open();
            database
                .db
                .write_blocking(|tx| migrate::migrate(tx, NOW.0))
                .unwrap();
            let keys = Keyring::create(InstanceId::from_random([1; 16]), NOW).unwrap();
            let reads = Reads::default();
            Self {
                database,
                keys,
                reads,
            }
        }

        async fn read_at(&self, now: UnixMillis) {
            let keys = self.keys.clone();
            let audited = self
                .database
                .db
                .read(move |tx| {
                    let cx = Context { tx, keys: &keys, now };
                    Audited::new(&cx, &Caller::operator(), &Entry::new("secret.read"), ())
                })
                .await
                .unwrap();
            self.reads.commit(&self.database.db, now, audited).await.unwrap();
        }

        async fn counts(&self) -> Vec<i64> {
            let records = self
                .database
                .db
                .read(|tx| store::audit::unlinked(tx, 100))
                .await
                .unwrap();
            let mut counts: Vec<i64> = records.iter().map(|record| record.count).collect();
            counts.sort_unstable();
            counts
        }
    }

    #[tokio::test]
    async fn repeats_are_counted_until_the_end() {
        let fixture = Fixture::new();
        for _ in 0..3 {
            fixture.read_at(NOW).await;
        }
        assert_eq!(fixture.counts().await, [1]);
        fixture.reads.flush_all(&fixture.database.db, NOW).await.unwrap();
        assert_eq!(fixture.counts().await, [1, 2]);
        // The end has begun: nobody would record these if they were only counted.
        for _ in 0..2 {
            fixture.read_at(NOW).await;
        }
        assert_eq!(fixture.counts().await, [1, 1, 1, 2]);
    }

    #[tokio::test]
    async fn a_clock_that_was_set_back_hides_no_read() {
        let fixture = Fixture::new();
        let earlier = NOW.plus_seconds(-3_600);
        fixture.read_at(NOW).await;
        fixture.read_at(NOW).await;
        fixture.read_at(earlier).await;
        assert_eq!(fixture.counts().await, [1, 1]);
        fixture.reads.flush(&fixture.database.db, earlier).await.unwrap();
        assert_eq!(fixture.counts().await, [1, 1, 1]);
    }
}
