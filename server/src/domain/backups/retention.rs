//! Which backups are kept.

use std::collections::HashSet;

use jiff::civil::ISOWeekDate;
use shared::model::backups::Schedule;
use shared::model::time::UnixMillis;

use super::schedule::civil;

/// Backups that are always kept, the newest of them: whoever makes one by hand finds it again.
const NEWEST: usize = 3;

/// Whether each backup is kept. `times` are the moments of their snapshots, the newest first. Of each of the last days,
/// weeks and months in which there was a backup at all, the newest is kept: a server that was off for a month loses none.
pub fn kept(times: &[UnixMillis], schedule: &Schedule) -> Vec<bool> {
    let mut days = HashSet::new();
    let mut weeks = HashSet::new();
    let mut months = HashSet::new();
    let full = |count: usize, most: u32| count >= usize::try_from(most).unwrap_or(usize::MAX);
    times
        .iter()
        .enumerate()
        .map(|(place, at)| {
            let date = civil(*at).date();
            let week = ISOWeekDate::from(date);
            let mut keep = place < NEWEST;
            if !full(days.len(), schedule.daily) {
                keep |= days.insert(date);
            }
            if !full(weeks.len(), schedule.weekly) {
                keep |= weeks.insert((week.year(), week.week()));
            }
            if !full(months.len(), schedule.monthly) {
                keep |= months.insert((date.year(), date.month()));
            }
            keep
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60;

    fn nightly(count: i64) -> Vec<UnixMillis> {
        // 2026-11-27T03:00:00Z and the nights before.
        let newest = UnixMillis(1_795_748_400_000);
        (0..count).map(|day| newest.plus_seconds(-day * DAY)).collect()
    }

    #[test]
    fn of_a_year_of_nights_the_promised_ones_are_kept() {
        let times = nightly(500);
        let schedule = Schedule::default();
        let kept = kept(&times, &schedule);
        let dates: Vec<String> = times
            .iter()
            .zip(&kept)
            .filter(|(_, kept)| **kept)
            .map(|(at, _)| civil(*at).date().to_string())
            .collect();
        assert_eq!(
            dates,
            [
                "2026-11-27",
                "2026-11-26",
                "2026-11-25",
                "2026-11-24",
                "2026-11-23",
                "2026-11-22",
                "2026-11-21",
                "2026-11-15",
                "2026-11-08",
                "2026-10-31",
                "2026-09-30",
                "2026-08-31",
                "2026-07-31",
                "2026-06-30",
                "2026-05-31",
                "2026-04-30",
                "2026-03-31",
                "2026-02-28",
                "2026-01-31",
                "2025-12-31",
            ]
        );
    }

    #[test]
    fn removing_night_after_night_keeps_the_same() {
        let schedule = Schedule::default();
        let mut held: Vec<UnixMillis> = Vec::new();
        for at in nightly(500).into_iter().rev() {
            held.insert(0, at);
            let keep = kept(&held, &schedule);
            held = held
                .into_iter()
                .zip(keep)
                .filter(|(_, keep)| *keep)
                .map(|(at, _)| at)
                .collect();
        }
        let dates: Vec<String> = held.iter().map(|at| civil(*at).date().to_string()).collect();
        assert_eq!(dates.len(), 20, "{dates:?}");
        assert!(dates.contains(&"2025-12-31".to_owned()), "{dates:?}");
    }

    #[test]
    fn several_of_one_day_count_once_but_the_newest_stay() {
        let newest = UnixMillis(1_795_784_400_000);
        let times: Vec<UnixMillis> = (0..6).map(|hour| newest.plus_seconds(-hour * 3_600)).collect();
        assert_eq!(
            kept(&times, &Schedule::default()),
            [true, true, true, false, false, false]
        );
    }

    #[test]
    fn a_long_pause_loses_nothing() {
        let times: Vec<UnixMillis> = nightly(5)
            .into_iter()
            .map(|at| at.plus_seconds(-400 * DAY))
            .collect();
        assert!(kept(&times, &Schedule::default()).iter().all(|kept| *kept));
        assert!(kept(&[], &Schedule::default()).is_empty());
    }
}
