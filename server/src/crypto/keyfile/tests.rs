use std::fs;

use shared::model::ids::InstanceId;
use shared::model::time::UnixMillis;

use super::*;
use crate::crypto::identity;
use crate::crypto::keyring::{Keyring, NewSlot, SlotKind};

/// The texts of five generations of one keyring.
fn generations() -> Vec<String> {
    let mut keyring = Keyring::create(InstanceId::from_random([1; 16]), UnixMillis(0)).unwrap();
    let recipient = identity::recipient(&identity::generate());
    keyring
        .add_slot(
            &NewSlot::plain(SlotKind::Server, "server", &recipient),
            UnixMillis(0),
        )
        .unwrap();
    (0..5)
        .map(|_| {
            keyring.rotate_root().unwrap();
            keyring.to_file_text().unwrap()
        })
        .collect()
}

fn found(folder: &Path) -> (String, bool) {
    let loaded = load(folder).unwrap().unwrap();
    (loaded.text, matches!(loaded.source, Source::Current))
}

#[test]
fn an_empty_folder_has_no_keyring_and_a_damaged_one_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert!(load(folder.path()).unwrap().is_none());
    fs::write(folder.path().join("keyring.json.new"), &generations()[0]).unwrap();
    assert!(load(folder.path()).unwrap().is_none(), "leftovers are not read");
    for name in [CURRENT, PREVIOUS] {
        fs::write(folder.path().join(name), "{").unwrap();
        assert!(matches!(load(folder.path()), Err(Error::Malformed(_))));
    }
    fs::remove_file(folder.path().join(CURRENT)).unwrap();
    assert!(matches!(load(folder.path()), Err(Error::Malformed(_))));
}

#[test]
fn a_crash_after_any_step_leaves_a_whole_generation() {
    let texts = generations();
    for last in [
        Step::NewWritten,
        Step::PreviousWritten,
        Step::PreviousRenamed,
        Step::CurrentRenamed,
        Step::FolderSynced,
    ] {
        let folder = tempfile::tempdir().unwrap();
        store(folder.path(), &texts[0]).unwrap();
        store(folder.path(), &texts[1]).unwrap();
        store_until(folder.path(), &texts[2], last).unwrap();
        let arrived = last >= Step::CurrentRenamed;
        let expected = if arrived { &texts[2] } else { &texts[1] };
        assert_eq!(found(folder.path()), (expected.clone(), true), "{last:?}");
        // Even if the current file is lost on top of that, one is left.
        let lost = tempfile::tempdir().unwrap();
        if let Ok(previous) = fs::read(folder.path().join(PREVIOUS)) {
            fs::write(lost.path().join(PREVIOUS), previous).unwrap();
        }
        let (text, current) = found(lost.path());
        assert!(texts[..2].contains(&text) && !current, "{last:?}");
        // And the next attempt goes through and leaves nothing behind.
        store(folder.path(), &texts[3]).unwrap();
        assert_eq!(found(folder.path()), (texts[3].clone(), true));
        assert_eq!(
            fs::read_to_string(folder.path().join(PREVIOUS)).unwrap(),
            *expected
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "{last:?}");
    }
}

#[test]
fn a_crash_at_the_very_first_store_leaves_nothing_or_all() {
    let texts = generations();
    let folder = tempfile::tempdir().unwrap();
    store_until(folder.path(), &texts[0], Step::NewWritten).unwrap();
    assert!(load(folder.path()).unwrap().is_none());
    store(folder.path(), &texts[0]).unwrap();
    assert_eq!(found(folder.path()), (texts[0].clone(), true));
}

#[test]
fn a_half_written_new_file_is_ignored_whatever_its_length() {
    let texts = generations();
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), &texts[0]).unwrap();
    for length in (0..texts[1].len()).step_by(50) {
        for name in ["keyring.json.new", "keyring.previous.json.new"] {
            fs::write(folder.path().join(name), &texts[1][..length]).unwrap();
        }
        assert_eq!(found(folder.path()), (texts[0].clone(), true));
    }
    store(folder.path(), &texts[1]).unwrap();
    assert_eq!(found(folder.path()), (texts[1].clone(), true));
}

#[test]
fn a_missing_or_damaged_current_file_gives_way_to_the_previous() {
    let texts = generations();
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), &texts[0]).unwrap();
    store(folder.path(), &texts[1]).unwrap();
    let current = folder.path().join(CURRENT);
    for damage in [
        None,
        Some(""),
        Some("garbage"),
        Some(&texts[1][..texts[1].len() / 2]),
    ] {
        match damage {
            None => fs::remove_file(&current).unwrap(),
            Some(text) => fs::write(&current, text).unwrap(),
        }
        assert_eq!(found(folder.path()), (texts[0].clone(), false), "{damage:?}");
    }
    // Storing over the damaged file keeps the good previous one until the new one is there.
    store_until(folder.path(), &texts[2], Step::PreviousRenamed).unwrap();
    assert_eq!(found(folder.path()), (texts[0].clone(), false));
    store(folder.path(), &texts[2]).unwrap();
    assert_eq!(found(folder.path()), (texts[2].clone(), true));
    assert_eq!(
        fs::read_to_string(folder.path().join(PREVIOUS)).unwrap(),
        texts[0]
    );
}

#[test]
fn older_or_foreign_keyrings_do_not_overwrite() {
    let texts = generations();
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), &texts[2]).unwrap();
    let mut foreign = Keyring::create(InstanceId::from_random([2; 16]), UnixMillis(0)).unwrap();
    for name in ["a", "b", "c", "d", "e", "f"] {
        let recipient = identity::recipient(&identity::generate());
        foreign
            .add_slot(
                &NewSlot::plain(SlotKind::Recovery, name, &recipient),
                UnixMillis(0),
            )
            .unwrap();
    }
    for text in [&texts[1], &foreign.to_file_text().unwrap()] {
        assert!(matches!(store(folder.path(), text), Err(Error::KeyringInTheWay)));
    }
    assert!(matches!(store(folder.path(), "{}"), Err(Error::Malformed(_))));
    assert_eq!(found(folder.path()), (texts[2].clone(), true));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    // The same text again is nothing to refuse.
    store(folder.path(), &texts[2]).unwrap();
}

#[test]
fn a_newer_release_is_respected() {
    let texts = generations();
    let folder = tempfile::tempdir().unwrap();
    store(folder.path(), &texts[0]).unwrap();
    store(folder.path(), &texts[1]).unwrap();
    let newer = "{\"format\":3}";
    fs::write(folder.path().join(CURRENT), newer).unwrap();
    assert!(matches!(load(folder.path()), Err(Error::NewerFormat)));
    assert!(matches!(store(folder.path(), &texts[2]), Err(Error::NewerFormat)));
    assert!(matches!(
        ensure(folder.path(), &texts[2]),
        Err(Error::NewerFormat)
    ));
    assert_eq!(fs::read_to_string(folder.path().join(CURRENT)).unwrap(), newer);
}

#[test]
fn ensure_brings_back_what_is_missing_and_leaves_the_rest() {
    let texts = generations();
    let folder = tempfile::tempdir().unwrap();
    let (current, previous) = (folder.path().join(CURRENT), folder.path().join(PREVIOUS));
    store(folder.path(), &texts[0]).unwrap();
    assert_eq!(ensure(folder.path(), &texts[0]).unwrap(), vec![previous.clone()]);
    store(folder.path(), &texts[1]).unwrap();
    fs::write(folder.path().join("keyring.json.new"), "half").unwrap();
    assert!(ensure(folder.path(), &texts[1]).unwrap().is_empty());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    assert_eq!(fs::read_to_string(&previous).unwrap(), texts[0]);

    fs::remove_file(&current).unwrap();
    assert_eq!(ensure(folder.path(), &texts[1]).unwrap(), vec![current.clone()]);
    assert_eq!(found(folder.path()), (texts[1].clone(), true));

    fs::write(&current, "garbage").unwrap();
    fs::remove_file(&previous).unwrap();
    assert_eq!(ensure(folder.path(), &texts[1]).unwrap(), [current, previous]);
    assert_eq!(found(folder.path()), (texts[1].clone(), true));
    assert!(ensure(folder.path(), "garbage").is_err());
}
