//! Lock-out of machine logins: some wrong client secrets in a row lock a client id for a while, for the source they
//! came from. Others who know the client id cannot lock out the machine itself; docs/adr/0003 says why.
//!
//! Only a client secret that was never made counts. Counted in the database, so that a restart forgives nothing.

use shared::model::ids::ClientId;
use shared::model::time::UnixMillis;

use super::caller::Source;
use super::{Context, Error, limiter};
use crate::store;
use crate::store::attempts::Attempts;
use crate::store::universal_auths::Lockout;

/// How a client id stands, for one source.
#[derive(Debug, Clone)]
pub struct Standing {
    subject: String,
    /// Anything on record that a right client secret clears.
    marked: bool,
    /// Wrong client secrets that still count.
    failures: i64,
    /// Seconds to wait, when it is locked.
    pub locked: Option<i64>,
}

fn judged(attempts: Attempts, lockout: Lockout, now: UnixMillis) -> (i64, Option<i64>) {
    let since = |seconds| attempts.last_failure_at.plus_seconds(seconds);
    if attempts.failures >= lockout.threshold {
        let wait = (since(lockout.seconds).0 - now.0 + 999) / 1000;
        return match wait {
            1.. => (attempts.failures, Some(wait)),
            _ => (0, None),
        };
    }
    if since(lockout.reset_seconds) <= now {
        return (0, None);
    }
    (attempts.failures, None)
}

/// How a client id stands for a source.
pub fn standing(
    cx: &mut Context,
    client: ClientId,
    source: &Source,
    lockout: Lockout,
) -> Result<Standing, Error> {
    let subject = format!("client-secret:{client}@{}", limiter::network(&source.ip));
    let attempts = store::attempts::get(cx.tx, &subject)?;
    let (failures, locked) = judged(attempts, lockout, cx.now);
    Ok(Standing {
        subject,
        marked: attempts.failures > 0,
        failures,
        locked,
    })
}

/// Counts a wrong client secret.
pub fn count(cx: &mut Context, standing: &Standing) -> Result<(), Error> {
    let attempts = Attempts {
        failures: standing.failures + 1,
        last_failure_at: cx.now,
    };
    Ok(store::attempts::set(cx.tx, &standing.subject, attempts)?)
}

/// Forgets the wrong client secrets: a right one was presented.
pub fn clear(cx: &mut Context, standing: &Standing) -> Result<(), Error> {
    if standing.marked {
        store::attempts::clear(cx.tx, &standing.subject)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKOUT: Lockout = Lockout {
        enabled: true,
        threshold: 3,
        seconds: 300,
        reset_seconds: 30,
    };

    fn after(failures: i64, milliseconds: i64) -> (i64, Option<i64>) {
        let attempts = Attempts {
            failures,
            last_failure_at: UnixMillis(1_000_000),
        };
        judged(attempts, LOCKOUT, UnixMillis(1_000_000 + milliseconds))
    }

    #[test]
    fn some_wrong_secrets_in_a_row_lock() {
        assert_eq!(after(0, 0), (0, None));
        assert_eq!(after(2, 0), (2, None));
        assert_eq!(after(3, 0), (3, Some(300)));
        assert_eq!(after(3, 1), (3, Some(300)));
        assert_eq!(after(3, 299_001), (3, Some(1)));
    }

    #[test]
    fn a_lock_ends_and_few_wrong_secrets_are_forgotten() {
        assert_eq!(after(3, 300_000), (0, None));
        assert_eq!(after(2, 29_999), (2, None));
        assert_eq!(after(2, 30_000), (0, None));
    }
}
