//! When backups are made.

use std::str::FromStr;

use croner::Cron;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use shared::model::backups::Schedule;
use shared::model::time::UnixMillis;

use crate::domain::Error;

/// Occurrences that are looked at before an expression is accepted.
const LOOKED_AT: usize = 60;
/// Most that are kept of each kind.
const MOST: u32 = 1_000;

/// Refuses a schedule that cannot be kept or keeps nothing.
pub fn check(schedule: &Schedule, now: UnixMillis) -> Result<(), Error> {
    let refused = |field, reason: String| Err(Error::Invalid { field, reason });
    if let Some(cron) = &schedule.cron {
        let parsed = match parse(cron) {
            Ok(parsed) => parsed,
            Err(why) => {
                return refused(
                    "cron",
                    format!("must be a cron expression such as `0 3 * * *`: {why}"),
                );
            }
        };
        let mut last: Option<DateTime> = None;
        for next in parsed.iter_after(civil(now)).take(LOOKED_AT) {
            if last.is_some_and(|last| next.duration_since(last) < SignedDuration::from_hours(1)) {
                return refused("cron", "must leave at least an hour between two backups".into());
            }
            last = Some(next);
        }
        if last.is_none() {
            return refused("cron", "never comes true".into());
        }
    }
    let kept = [schedule.daily, schedule.weekly, schedule.monthly];
    if kept.iter().any(|number| *number > MOST) {
        return refused("daily", format!("and weekly and monthly must be {MOST} at most"));
    }
    if kept.iter().all(|number| *number == 0) {
        return refused(
            "daily",
            "or weekly or monthly must keep at least one backup".into(),
        );
    }
    Ok(())
}

/// The first time after `at` for which the schedule asks; nothing when it is switched off.
pub fn next_after(schedule: &Schedule, at: UnixMillis) -> Option<UnixMillis> {
    let cron = parse(schedule.cron.as_ref()?).ok()?;
    let next = cron.find_next_occurrence(&civil(at), false).ok()?;
    let zoned = next.to_zoned(TimeZone::UTC).ok()?;
    Some(UnixMillis(zoned.timestamp().as_millisecond()))
}

fn parse(cron: &str) -> Result<Cron, String> {
    Cron::from_str(cron).map_err(|error| error.to_string())
}

/// A moment as date and time of day in UTC. The clock of a machine goes no further than what fits.
pub(super) fn civil(at: UnixMillis) -> DateTime {
    Timestamp::from_millisecond(at.0)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(TimeZone::UTC)
        .datetime()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UnixMillis {
        UnixMillis(text.parse::<Timestamp>().unwrap().as_millisecond())
    }

    fn cron(text: &str) -> Schedule {
        Schedule {
            cron: Some(text.into()),
            ..Schedule::default()
        }
    }

    #[test]
    fn the_default_is_every_night() {
        let schedule = Schedule::default();
        check(&schedule, at("2026-11-27T12:00:00Z")).unwrap();
        for (after, next) in [
            ("2026-11-27T12:00:00Z", "2026-11-28T03:00:00Z"),
            ("2026-11-28T02:59:59.999Z", "2026-11-28T03:00:00Z"),
            ("2026-11-28T03:00:00Z", "2026-11-29T03:00:00Z"),
            ("2026-12-31T03:00:00Z", "2027-01-01T03:00:00Z"),
        ] {
            assert_eq!(next_after(&schedule, at(after)), Some(at(next)), "{after}");
        }
    }

    #[test]
    fn off_never_comes() {
        let off = Schedule {
            cron: None,
            ..Schedule::default()
        };
        check(&off, at("2026-11-27T12:00:00Z")).unwrap();
        assert_eq!(next_after(&off, at("2026-11-27T12:00:00Z")), None);
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let now = at("2026-11-27T12:00:00Z");
        for bad in [
            "",
            "every night",
            "61 3 * * *",
            "* * * * *",
            "*/30 * * * *",
            "* 0 3 * * *",
            "0 0 30 2 *",
        ] {
            let refused = check(&cron(bad), now);
            assert!(
                matches!(refused, Err(Error::Invalid { field: "cron", .. })),
                "{bad}: {refused:?}"
            );
        }
        for good in ["0 * * * *", "@daily", "30 4 * * MON", "0 3 L * *", "0 3 1 1,7 *"] {
            check(&cron(good), now).unwrap();
        }
        let keep = |daily, weekly, monthly| Schedule {
            daily,
            weekly,
            monthly,
            ..Schedule::default()
        };
        assert!(check(&keep(0, 0, 0), now).is_err());
        assert!(check(&keep(1_001, 0, 0), now).is_err());
        check(&keep(0, 0, 1), now).unwrap();
    }
}
