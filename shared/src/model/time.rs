//! Points in time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Text that was expected to be a point in time and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a point in time: ISO-8601 such as 2025-11-22T00:00:00.000Z is expected")]
pub struct InvalidTime;

/// Milliseconds since 1970-01-01 UTC. On the wire it is ISO-8601 with milliseconds and `Z`, the form that
/// Infisical's clients expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixMillis(pub i64);

impl UnixMillis {
    /// This time moved by a number of seconds, held at the ends of the range instead of overflowing.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// The same for milliseconds.
    #[must_use]
    pub fn plus_milliseconds(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// Whole seconds since 1970-01-01, as JWT claims want them.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The calendar date alone, `2026-11-22`.
    pub fn date(self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

const DAY: i64 = 86_400_000;
/// The years that four digits can name, 0000 to 9999.
const NAMEABLE: (i64, i64) = (-62_167_219_200_000, 253_402_300_799_999);

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0.clamp(NAMEABLE.0, NAMEABLE.1);
        let (year, month, day) = civil(time.div_euclid(DAY));
        let clock = time.rem_euclid(DAY);
        let (seconds, millis) = (clock / 1000, clock % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
        )
    }
}

impl FromStr for UnixMillis {
    type Err = InvalidTime;

    /// Reads `2025-11-22T00:00:00Z`, with a fraction of a second or without, with `Z` or an offset such as `+01:00`.
    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let (date, rest) = text.trim().split_once(['T', 't', ' ']).ok_or(InvalidTime)?;
        let clock_end = rest.find(['Z', 'z', '+', '-']).ok_or(InvalidTime)?;
        let (clock, zone) = rest.split_at(clock_end);
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
        let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
        let days = days(year, month, day);
        let fits = civil(days) == (year, month, day) && hour < 24 && minute < 60 && second < 60;
        if !fits {
            return Err(InvalidTime);
        }
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset(zone)?;
        Ok(Self(seconds * 1000 + millis(fraction)?))
    }
}

/// Numbers of so many digits with a sign between them.
fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Result<[i64; N], InvalidTime> {
    let mut parts = text.split(between);
    let mut found = [0; N];
    for (number, digits) in found.iter_mut().zip(digits) {
        let part = parts
            .next()
            .filter(|part| part.len() == digits)
            .ok_or(InvalidTime)?;
        *number = natural(part)?;
    }
    if parts.next().is_some() {
        return Err(InvalidTime);
    }
    Ok(found)
}

/// Digits alone: what `parse` takes besides, such as a sign, has no place in a time.
fn natural(digits: &str) -> Result<i64, InvalidTime> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().map_err(|_| InvalidTime)
    } else {
        Err(InvalidTime)
    }
}

/// The first three digits of a fraction; what is finer is cut off.
fn millis(fraction: &str) -> Result<i64, InvalidTime> {
    if fraction.len() > 9 {
        return Err(InvalidTime);
    }
    natural(fraction)?;
    natural(&format!("{fraction:0<3}")[..3])
}

/// Seconds by which a zone is ahead of UTC.
fn offset(zone: &str) -> Result<i64, InvalidTime> {
    let (sign, clock) = match zone.split_at_checked(1) {
        Some(("Z" | "z", "")) => return Ok(0),
        Some(("+", clock)) => (1, clock),
        Some(("-", clock)) => (-1, clock),
        _ => return Err(InvalidTime),
    };
    let [hours, minutes] = numbers(clock, ':', [2, 2])?;
    if hours > 23 || minutes > 59 {
        return Err(InvalidTime);
    }
    Ok(sign * (hours * 3600 + minutes * 60))
}

/// Days from 1970-01-01 to a date. Years begin in March here, so that the leap day is the last one; 400 of them repeat.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468
}

/// Year, month and day of so many days after 1970-01-01: [`days`] backwards.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (year * 365 + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

impl Serialize for UnixMillis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnixMillis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shown_with_milliseconds_and_z() {
        assert_eq!(UnixMillis(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            UnixMillis(1_763_769_600_120).to_string(),
            "2025-11-22T00:00:00.120Z"
        );
        assert_eq!(UnixMillis(1_763_769_600_120).date(), "2025-11-22");
    }

    #[test]
    fn every_day_is_read_as_it_was_written() {
        for day in NAMEABLE.0 / DAY..=NAMEABLE.1.div_euclid(DAY) {
            let (year, month, of_month) = civil(day);
            assert!((1..=12).contains(&month) && (1..=31).contains(&of_month), "{day}");
            assert_eq!(days(year, month, of_month), day);
        }
        for millis in (NAMEABLE.0..=NAMEABLE.1).step_by(9_999_991 * 3_001) {
            let text = UnixMillis(millis).to_string();
            assert_eq!(text.parse(), Ok(UnixMillis(millis)), "{text}");
        }
        for (millis, text) in [
            (i64::MIN, "0000-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (i64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(UnixMillis(millis).to_string(), text);
        }
    }

    #[test]
    fn offsets_and_fractions_are_read_and_nonsense_is_not() {
        for text in [
            "2025-11-22T01:00:00.120+01:00",
            "2025-11-21T18:30:00.12-05:30",
            "2025-11-22 00:00:00.120999999z",
        ] {
            assert_eq!(text.parse(), Ok(UnixMillis(1_763_769_600_120)), "{text}");
        }
        for text in [
            "",
            "2025-11-22",
            "2025-11-22T00:00:00",
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-00-01T00:00:00Z",
            "2025-11-00T00:00:00Z",
            "2025-11-22T24:00:00Z",
            "2025-11-22T00:00:60Z",
            "2025-11-22T00:00Z",
            "2025-11-22T00:00:00.Z",
            "2025-11-22T00:00:00.1234567890Z",
            "2025-11-22T00:00:00ZZ",
            "2025-11-22T00:00:00+1:00",
            "2025-11-22T00:00:00+24:00",
            "+025-11-22T00:00:00Z",
            "2025-11-22Té0:00:00Z",
        ] {
            assert_eq!(text.parse::<UnixMillis>(), Err(InvalidTime), "{text}");
        }
    }

    #[test]
    fn json_round_trip() {
        let time = UnixMillis(1_763_769_600_120);
        let json = serde_json::to_string(&time).unwrap();
        assert_eq!(serde_json::from_str::<UnixMillis>(&json).unwrap(), time);
    }

    #[test]
    fn adding_seconds_never_overflows() {
        assert_eq!(UnixMillis(i64::MAX).plus_seconds(1).0, i64::MAX);
        assert_eq!(UnixMillis(1).plus_seconds(-1).0, -999);
    }
}
