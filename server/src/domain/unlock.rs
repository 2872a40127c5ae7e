//! Attempts to unlock a locked server. Its database is closed, so they are counted in memory: a restart forgives them.
//! Nobody guesses a key of 256 bits; what is slowed down is noise and work.

use std::collections::HashMap;

use shared::model::time::UnixMillis;

use super::Error;
use super::caller::Source;
use super::limiter::{self, ACCOUNT, ACCOUNT_FROM_SOURCE};
use crate::store::attempts::Attempts;

/// Sources counted at a time; beyond, the count of all together has to do.
const MOST_SOURCES: usize = 1_000;

/// Attempts with keys that did not fit.
#[derive(Debug, Default)]
pub struct Refused {
    by_source: HashMap<String, Attempts>,
    all: Option<Attempts>,
}

impl Refused {
    /// Refuses an attempt that comes too soon after others.
    pub fn require_turn(&self, source: &Source, now: UnixMillis) -> Result<(), Error> {
        let wait = |attempts: Option<&Attempts>, rule| {
            attempts.map_or(0, |attempts| limiter::wait_seconds(*attempts, rule, now))
        };
        let of_source = self.by_source.get(&limiter::network(&source.ip));
        let longest = wait(of_source, ACCOUNT_FROM_SOURCE).max(wait(self.all.as_ref(), ACCOUNT));
        if longest > 0 {
            return Err(Error::TooManyAttempts { retry_after: longest });
        }
        Ok(())
    }

    /// Counts an attempt with a key that does not fit.
    pub fn count(&mut self, source: &Source, now: UnixMillis) {
        self.by_source
            .retain(|_, attempts| !limiter::is_forgotten(*attempts, now));
        let network = limiter::network(&source.ip);
        if self.by_source.len() < MOST_SOURCES || self.by_source.contains_key(&network) {
            let attempts = self.by_source.entry(network).or_insert(NONE);
            *attempts = limiter::with_one_more(*attempts, now);
        }
        self.all = Some(limiter::with_one_more(self.all.unwrap_or(NONE), now));
    }

    /// How many there were.
    pub fn total(&self) -> i64 {
        self.all.map_or(0, |attempts| attempts.failures)
    }
}

const NONE: Attempts = Attempts {
    failures: 0,
    last_failure_at: UnixMillis(0),
};

#[cfg(test)]
mod tests {
    use super::*;

    fn from(ip: &str) -> Source {
        Source {
            ip: ip.to_owned(),
            ..Source::default()
        }
    }

    #[test]
    fn wrong_keys_in_a_row_have_to_wait_but_nobody_locks_out_another_for_long() {
        let (mine, theirs) = (from("192.0.2.1"), from("192.0.2.2"));
        let now = UnixMillis(1_000_000_000_000);
        let mut refused = Refused::default();
        for _ in 0..10 {
            assert!(refused.require_turn(&theirs, now).is_ok());
            refused.count(&theirs, now);
        }
        assert!(matches!(
            refused.require_turn(&theirs, now),
            Err(Error::TooManyAttempts { retry_after: 1 })
        ));
        assert!(refused.require_turn(&theirs, now.plus_seconds(1)).is_ok());
        assert!(refused.require_turn(&mine, now).is_ok());
        for _ in 0..1_000 {
            refused.count(&theirs, now);
        }
        let Err(Error::TooManyAttempts { retry_after }) = refused.require_turn(&mine, now) else {
            panic!("no wait at all");
        };
        assert!(retry_after <= 30, "{retry_after}");
        assert_eq!(refused.total(), 1_010);
    }

    #[test]
    fn memory_stays_small_whoever_tries() {
        let mut refused = Refused::default();
        for number in 0..3_000_u32 {
            let ip = std::net::Ipv4Addr::from_bits(number).to_string();
            refused.count(&from(&ip), UnixMillis(1_000_000_000_000));
        }
        assert!(refused.by_source.len() <= MOST_SOURCES);
        assert_eq!(refused.total(), 3_000);
    }
}
