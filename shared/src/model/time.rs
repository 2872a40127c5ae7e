//! Points in time.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
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

impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timestamp = Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{timestamp:.3}")
    }
}

impl FromStr for UnixMillis {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let timestamp: Timestamp = text.trim().parse().map_err(|_| InvalidTime)?;
        Ok(Self(timestamp.as_millisecond()))
    }
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
