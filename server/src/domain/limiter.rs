//! Slows down guessing: of passwords, of the set-up code, of refresh tokens. Counted for each account and for each
//! source, in the database, so that a restart forgives nothing.
//!
//! An attempt is counted before it is looked at and taken back when it succeeds: many attempts at once cannot slip
//! through together.

use shared::model::time::UnixMillis;

use super::caller::Source;
use super::{Context, Error};
use crate::store;
use crate::store::attempts::Attempts;

/// Failures after which waiting begins.
const FREE_FOR_ACCOUNT: i64 = 10;
const FREE_FOR_SOURCE: i64 = 50;
const LONGEST_WAIT_SECONDS: i64 = 15 * 60;
const FORGOTTEN_AFTER_SECONDS: i64 = 24 * 60 * 60;

/// One attempt that was let through, to be settled when its outcome is known.
#[derive(Debug, Clone)]
pub struct Attempt {
    account: String,
    source: String,
}

/// What an attempt is about.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// A password login.
    Password,
    /// The set-up code.
    SetupCode,
    /// A refresh cookie.
    Refresh,
}

/// Seconds to wait before the next attempt is looked at; 0 when it may be made now.
fn wait_seconds(attempts: Attempts, free: i64, now: UnixMillis) -> i64 {
    let excess = attempts.failures - free;
    if excess < 0 {
        return 0;
    }
    let wait = 1_i64
        .checked_shl(u32::try_from(excess.min(20)).unwrap_or(20))
        .unwrap_or(i64::MAX);
    let until = attempts
        .last_failure_at
        .plus_seconds(wait.min(LONGEST_WAIT_SECONDS));
    ((until.0 - now.0).max(0) + 999) / 1000
}

fn with_one_more(attempts: Attempts, now: UnixMillis) -> Attempts {
    let forgotten = attempts.last_failure_at.plus_seconds(FORGOTTEN_AFTER_SECONDS) < now;
    let failures = if forgotten { 1 } else { attempts.failures + 1 };
    Attempts {
        failures,
        last_failure_at: now,
    }
}

/// Counts an attempt, or refuses it when account or source must wait.
pub fn begin(cx: &mut Context, purpose: Purpose, account: &str, source: &Source) -> Result<Attempt, Error> {
    let word = match purpose {
        Purpose::Password => "password",
        Purpose::SetupCode => "setup-code",
        Purpose::Refresh => "refresh",
    };
    let attempt = Attempt {
        account: format!("{word}:{account}"),
        source: format!("source:{}", source.ip),
    };
    let mut longest = 0;
    let mut counted = Vec::new();
    for (subject, free) in [
        (&attempt.account, FREE_FOR_ACCOUNT),
        (&attempt.source, FREE_FOR_SOURCE),
    ] {
        let attempts = store::attempts::get(cx.tx, subject)?;
        longest = longest.max(wait_seconds(attempts, free, cx.now));
        counted.push((subject, with_one_more(attempts, cx.now)));
    }
    if longest > 0 {
        return Err(Error::TooManyAttempts { retry_after: longest });
    }
    for (subject, attempts) in counted {
        store::attempts::set(cx.tx, subject, attempts)?;
    }
    Ok(attempt)
}

/// Takes an attempt back that succeeded: the account starts afresh, the source loses this one attempt only, because
/// one known password must not buy guesses at others.
pub fn succeed(cx: &mut Context, attempt: &Attempt) -> Result<(), Error> {
    store::attempts::clear(cx.tx, &attempt.account)?;
    let source = store::attempts::get(cx.tx, &attempt.source)?;
    if source.failures <= 1 {
        store::attempts::clear(cx.tx, &attempt.source)?;
    } else {
        store::attempts::set(
            cx.tx,
            &attempt.source,
            Attempts {
                failures: source.failures - 1,
                ..source
            },
        )?;
    }
    Ok(())
}

/// Removes counters that no longer matter.
pub fn forget_old(cx: &mut Context) -> Result<u64, Error> {
    Ok(store::attempts::clear_before(
        cx.tx,
        cx.now.plus_seconds(-FORGOTTEN_AFTER_SECONDS),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_begins_after_the_free_attempts_and_doubles() {
        let now = UnixMillis(1_000_000_000);
        let after = |failures| {
            wait_seconds(
                Attempts {
                    failures,
                    last_failure_at: now,
                },
                10,
                now,
            )
        };
        assert_eq!(after(0), 0);
        assert_eq!(after(9), 0);
        assert_eq!(after(10), 1);
        assert_eq!(after(11), 2);
        assert_eq!(after(13), 8);
        assert_eq!(after(1000), LONGEST_WAIT_SECONDS);
    }

    #[test]
    fn waiting_ends_with_time() {
        let failed = Attempts {
            failures: 12,
            last_failure_at: UnixMillis(0),
        };
        assert_eq!(wait_seconds(failed, 10, UnixMillis(1)), 4);
        assert_eq!(wait_seconds(failed, 10, UnixMillis(3_999)), 1);
        assert_eq!(wait_seconds(failed, 10, UnixMillis(4_000)), 0);
    }

    #[test]
    fn a_day_without_failures_starts_afresh() {
        let old = Attempts {
            failures: 500,
            last_failure_at: UnixMillis(0),
        };
        let now = UnixMillis(FORGOTTEN_AFTER_SECONDS * 1000 + 1);
        assert_eq!(with_one_more(old, now).failures, 1);
        assert_eq!(with_one_more(old, UnixMillis(1)).failures, 501);
    }
}
