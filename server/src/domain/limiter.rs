//! Slows down guessing: of passwords, of the set-up code, of refresh tokens (client secrets have
//! [`super::lockouts`]). Counted in the database,
//! so that a restart forgives nothing, for three subjects at once:
//!
//! * the account from one source: waiting doubles up to a quarter of an hour;
//! * the account from anywhere: waiting stays under a minute, so that nobody can lock somebody else out;
//! * the source, whatever it tries.
//!
//! An attempt is counted before it is looked at and taken back when it succeeds: many attempts at once cannot slip
//! through together.

use std::net::{IpAddr, Ipv6Addr};

use shared::model::time::UnixMillis;

use super::caller::Source;
use super::{Context, Error};
use crate::store;
use crate::store::attempts::Attempts;

const FORGOTTEN_AFTER_SECONDS: i64 = 24 * 60 * 60;

/// How many failures a subject has free, and how long it may have to wait after that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    free: i64,
    longest_wait_seconds: i64,
}

pub(super) const ACCOUNT_FROM_SOURCE: Rule = Rule {
    free: 10,
    longest_wait_seconds: 15 * 60,
};
pub(super) const ACCOUNT: Rule = Rule {
    free: 30,
    longest_wait_seconds: 30,
};
const SOURCE: Rule = Rule {
    free: 50,
    longest_wait_seconds: 15 * 60,
};

/// One attempt that was let through, to be settled when its outcome is known: each subject with its counter before.
#[derive(Debug, Clone)]
pub struct Attempt {
    before: [(String, Attempts); 3],
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

impl Purpose {
    fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::SetupCode => "setup-code",
            Self::Refresh => "refresh",
        }
    }
}

/// The account of attempts that name none that could exist: their text may be anything and is not kept.
pub const NOBODY: &str = "-";

/// A source as it is counted: an IPv6 network of 64 bits is one household or one machine.
pub(super) fn network(ip: &str) -> String {
    match ip.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            format!("{}/64", Ipv6Addr::from_bits(network))
        }
        Ok(address) => address.to_string(),
        Err(_) => String::new(),
    }
}

/// Seconds to wait before the next attempt is looked at; 0 when it may be made now.
pub(super) fn wait_seconds(attempts: Attempts, rule: Rule, now: UnixMillis) -> i64 {
    let excess = attempts.failures - rule.free;
    if excess < 0 || is_forgotten(attempts, now) {
        return 0;
    }
    let wait = 1_i64 << u32::try_from(excess.min(20)).unwrap_or(20);
    let until = attempts
        .last_failure_at
        .plus_seconds(wait.min(rule.longest_wait_seconds));
    ((until.0 - now.0).max(0) + 999) / 1000
}

pub(super) fn is_forgotten(attempts: Attempts, now: UnixMillis) -> bool {
    attempts.last_failure_at.plus_seconds(FORGOTTEN_AFTER_SECONDS) < now
}

pub(super) fn with_one_more(attempts: Attempts, now: UnixMillis) -> Attempts {
    let before = if is_forgotten(attempts, now) {
        0
    } else {
        attempts.failures
    };
    Attempts {
        failures: before + 1,
        last_failure_at: now,
    }
}

/// Counts an attempt, or refuses it when one of its subjects must wait.
pub fn begin(cx: &mut Context, purpose: Purpose, account: &str, source: &Source) -> Result<Attempt, Error> {
    let (word, network) = (purpose.word(), network(&source.ip));
    let subjects = [
        (format!("{word}:{account}@{network}"), ACCOUNT_FROM_SOURCE),
        (format!("{word}:{account}"), ACCOUNT),
        (format!("source:{network}"), SOURCE),
    ];
    let mut longest = 0;
    let mut before = Vec::with_capacity(subjects.len());
    for (subject, rule) in subjects {
        let attempts = store::attempts::get(cx.tx, &subject)?;
        longest = longest.max(wait_seconds(attempts, rule, cx.now));
        before.push((subject, attempts));
    }
    if longest > 0 {
        return Err(Error::TooManyAttempts { retry_after: longest });
    }
    for (subject, attempts) in &before {
        store::attempts::set(cx.tx, subject, with_one_more(*attempts, cx.now))?;
    }
    let before = before
        .try_into()
        .map_err(|_| Error::Store(store::Error::Corrupt("an attempt has three subjects")))?;
    Ok(Attempt { before })
}

/// Settles an attempt that succeeded: the account starts afresh from this source. Elsewhere only this one attempt is
/// taken back, because one known password must not buy guesses at others.
pub fn succeed(cx: &mut Context, attempt: &Attempt) -> Result<(), Error> {
    store::attempts::clear(cx.tx, &attempt.before[0].0)?;
    take_back(cx, attempt, 1)
}

/// Takes an attempt back that was never looked at.
pub fn undo(cx: &mut Context, attempt: &Attempt) -> Result<(), Error> {
    take_back(cx, attempt, 0)
}

fn take_back(cx: &mut Context, attempt: &Attempt, from: usize) -> Result<(), Error> {
    for (subject, before) in &attempt.before[from..] {
        let now = store::attempts::get(cx.tx, subject)?;
        // Others may have failed in the meantime; their time stays the last one.
        let alone = now.failures <= before.failures + 1;
        let left = Attempts {
            failures: now.failures - 1,
            last_failure_at: if alone {
                before.last_failure_at
            } else {
                now.last_failure_at
            },
        };
        if left.failures <= 0 {
            store::attempts::clear(cx.tx, subject)?;
        } else {
            store::attempts::set(cx.tx, subject, left)?;
        }
    }
    Ok(())
}

/// Forgets the failures at an account from anywhere: the operator has replaced its credential, or vouches for it.
pub fn forgive(cx: &mut Context, purpose: Purpose, account: &str) -> Result<(), Error> {
    Ok(store::attempts::clear_account(
        cx.tx,
        &format!("{}:{account}", purpose.word()),
    )?)
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

    fn failed(failures: i64, at: i64) -> Attempts {
        Attempts {
            failures,
            last_failure_at: UnixMillis(at),
        }
    }

    #[test]
    fn waiting_begins_after_the_free_attempts_and_doubles() {
        let now = UnixMillis(1_000_000_000);
        let after = |failures| wait_seconds(failed(failures, now.0), ACCOUNT_FROM_SOURCE, now);
        assert_eq!([0, 9, 10, 11, 13, 1000].map(after), [0, 0, 1, 2, 8, 900]);
        assert_eq!(wait_seconds(failed(1000, now.0), ACCOUNT, now), 30);
    }

    #[test]
    fn waiting_ends_with_time() {
        let attempts = failed(12, 0);
        let after = |now| wait_seconds(attempts, ACCOUNT_FROM_SOURCE, UnixMillis(now));
        assert_eq!([1, 3_999, 4_000].map(after), [4, 1, 0]);
    }

    #[test]
    fn a_day_without_failures_starts_afresh() {
        let old = failed(500, 0);
        let now = UnixMillis(FORGOTTEN_AFTER_SECONDS * 1000 + 1);
        assert_eq!(with_one_more(old, now).failures, 1);
        assert_eq!(wait_seconds(old, SOURCE, now), 0);
        assert_eq!(with_one_more(old, UnixMillis(1)).failures, 501);
    }

    #[test]
    fn neighbours_in_a_network_count_together() {
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::"));
        assert_ne!(network("2001:db8:1:2::"), network("2001:db8:1:3::"));
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(network(""), "");
    }
}
