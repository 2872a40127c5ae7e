//! Sizes and times in words for people.

use shared::model::time::UnixMillis;

/// A number of bytes, such as `12.4 MB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    // In tenths of the unit, so that no rounding shows "1000.0 kB".
    let mut tenths = bytes.saturating_add(50) / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths = (tenths + 500) / 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// A point in time to the minute, in UTC, such as `2026-11-27 06:55 UTC`.
pub fn minute(time: UnixMillis) -> String {
    let text = time.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(date), Some(clock)) => format!("{date} {clock} UTC"),
        _ => text,
    }
}

/// How long it is until then, such as `in 5 hours`.
pub fn ahead(time: UnixMillis, now: UnixMillis) -> String {
    let seconds = time.seconds().saturating_sub(now.seconds());
    // Minutes are rounded up, what is longer to the nearest.
    let (count, unit) = match seconds {
        ..60 => return "in a moment".to_owned(),
        60..3_600 => ((seconds + 59) / 60, "minute"),
        3_600..86_400 => ((seconds + 1_799) / 3_600, "hour"),
        _ => ((seconds + 43_199) / 86_400, "day"),
    };
    format!("in {}", count_of(count, unit))
}

/// How long ago it was, such as `5 minutes ago`.
pub fn ago(time: UnixMillis, now: UnixMillis) -> String {
    let seconds = now.seconds().saturating_sub(time.seconds()).max(0);
    let (count, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    count_of(count, unit) + " ago"
}

/// A text with its full stop: what the server says has none.
pub fn sentence(text: &str) -> String {
    let text = text.trim_end();
    let stop = if text.ends_with(['.', '!', '?', ':', ';', '…']) || text.is_empty() {
        ""
    } else {
        "."
    };
    format!("{text}{stop}")
}

/// The same words as the beginning of a line.
pub fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// A count with its noun, such as `1 secret` or `3 secrets`.
pub fn count_of(count: impl TryInto<u64>, noun: &str) -> String {
    either_of(count, noun, &format!("{noun}s"))
}

/// The same for a noun with a plural of its own, such as `1 person` or `3 people`.
pub fn either_of(count: impl TryInto<u64>, one: &str, many: &str) -> String {
    let count = count.try_into().unwrap_or_default();
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_ends_once() {
        for (text, ended) in [
            ("It is full", "It is full."),
            ("'A': gone ", "'A': gone."),
            ("Done.", "Done."),
            ("Why?", "Why?"),
            ("", ""),
        ] {
            assert_eq!(sentence(text), ended);
        }
    }

    #[test]
    fn the_first_letter_of_a_line() {
        for (words, line) in [
            ("", ""),
            ("age plugin", "Age plugin"),
            ("2 of 3 cards", "2 of 3 cards"),
            ("éa", "Éa"),
        ] {
            assert_eq!(capitalized(words), line);
        }
    }

    #[test]
    fn sizes() {
        for (size, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (12_449, "12.4 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (1_234_567_890, "1.2 GB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn times_to_come() {
        let time = UnixMillis(1_763_769_600_120);
        for (seconds, text) in [
            (-5, "in a moment"),
            (61, "in 2 minutes"),
            (3_600, "in 1 hour"),
            (9_000, "in 2 hours"),
            (9_001, "in 3 hours"),
            (7 * 86_400 - 60, "in 7 days"),
        ] {
            assert_eq!(ahead(time.plus_seconds(seconds), time), text);
        }
    }

    #[test]
    fn times() {
        let time = UnixMillis(1_763_769_600_120);
        assert_eq!(minute(time), "2025-11-22 00:00 UTC");
        for (seconds, text) in [
            (-5, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (7_199, "1 hour ago"),
            (3 * 86_400, "3 days ago"),
        ] {
            assert_eq!(ago(time, time.plus_seconds(seconds)), text);
        }
    }
}
