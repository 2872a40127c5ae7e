//! Names of the files of backups, in the data directory and at targets: `strongroom-20261127T030000Z-k3v9x0ab.age`. The
//! letters keep two servers apart that copy to one place at the same second; older files have a number there, or nothing.

use shared::model::time::UnixMillis;

const PREFIX: &str = "strongroom-";
const SUFFIX: &str = ".age";
/// Length of `20261127T030000Z`.
const TIME: usize = 16;
/// Most letters after it.
const MOST_LETTERS: usize = 16;

/// The name of a backup that was begun at a time.
pub fn name(at: UnixMillis, letters: &str) -> String {
    // 2026-11-27T03:00:00.000Z, in letters that every file system takes.
    let time: String = at
        .to_string()
        .chars()
        .take(19)
        .filter(char::is_ascii_alphanumeric)
        .collect();
    format!("{PREFIX}{time}Z-{letters}{SUFFIX}")
}

/// When the backup of that name was begun; nothing when no backup has such a name. One that has is safe to append to a
/// folder or an address.
pub fn time(name: &str) -> Option<UnixMillis> {
    let stem = name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    let (time, letters) = stem.split_at_checked(TIME)?;
    let is_letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let letters = match letters {
        "" => "1",
        _ => letters.strip_prefix('-')?,
    };
    if letters.is_empty() || letters.len() > MOST_LETTERS || !letters.chars().all(is_letter) {
        return None;
    }
    let (date, clock) = time.strip_suffix('Z')?.split_once('T')?;
    let digits = |text: &str| text.chars().all(|letter| letter.is_ascii_digit());
    if date.len() != 8 || clock.len() != 6 || !digits(date) || !digits(clock) {
        return None;
    }
    let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
    let (hour, minute, second) = (&clock[..2], &clock[2..4], &clock[4..]);
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_name_of_a_backup() {
        for bad in [
            "",
            "mine.age",
            "strongroom-backup.age",
            "strongroom-before-migration.age",
            "strongroom-20261127T030000Z.age.part",
            "strongroom-20261127T030000Z-.age",
            "strongroom-20261127T030000Z-K3V9.age",
            "strongroom-20261127T030000Z-a/../../b.age",
            "strongroom-20261127T030000Z-%2e%2e.age",
            "strongroom-20261127T030000Z-12345678901234567.age",
            "strongroom-20261327T030000Z.age",
            "strongroom-20261127T250000Z.age",
            "strongroom-2026112+T030000Z.age",
            "strongroom-20261127T0300000.age",
            "strongroom-20261127é030000Z.age",
            "../strongroom-20261127T030000Z.age",
            "../keyring.json",
            "/etc/shadow",
            "http://127.0.0.1/strongroom-20261127T030000Z.age",
        ] {
            assert_eq!(time(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_name_says_when() {
        let at = UnixMillis(1_795_748_400_000);
        assert_eq!(name(at, "k3v9x0ab"), "strongroom-20261127T030000Z-k3v9x0ab.age");
        for good in [
            name(at.plus_milliseconds(999), "k3v9x0ab"),
            "strongroom-20261127T030000Z.age".to_owned(),
            "strongroom-20261127T030000Z-2.age".to_owned(),
        ] {
            assert_eq!(time(&good), Some(at), "{good}");
        }
    }
}
