use std::io::Write;
use std::iter;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use super::*;
use crate::crypto::identity;
use crate::crypto::seeded::Seeded;

const NOW: UnixMillis = UnixMillis(1_763_769_600_120);

/// A keyring with a server and a kit, and both identities.
fn with_two_slots() -> (Keyring, x25519::Identity, x25519::Identity) {
    let (server, kit) = (identity::generate(), identity::generate());
    let mut keyring = Keyring::create(InstanceId::from_random([1; 16]), NOW).unwrap();
    for (kind, name, identity) in [
        (SlotKind::Server, "This server", &server),
        (SlotKind::Recovery, "Kit in the safe", &kit),
    ] {
        let recipient = identity.to_public().to_string();
        keyring
            .add_slot(&NewSlot::plain(kind, name, &recipient), NOW)
            .unwrap();
    }
    (keyring, server, kit)
}

fn same_keys(a: &Keyring, b: &Keyring) -> bool {
    let keys = |keyring: &Keyring| serde_json::to_string(&keyring.keys).unwrap();
    keys(a) == keys(b)
}

/// The file with one place changed and the checksum made right again, as somebody would who wants to deceive.
fn forged(text: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(text).unwrap();
    value.as_object_mut().unwrap().remove("checksum");
    change(&mut value);
    let mut document: Document = serde_json::from_value(value).unwrap();
    document.checksum = Some(document.checksum().unwrap());
    serde_json::to_string(&document).unwrap()
}

#[test]
fn a_stranger_does_not_open_it() {
    let (keyring, ..) = with_two_slots();
    let text = keyring.to_file_text().unwrap();
    for identities in [vec![], vec![identity::generate(), identity::generate()]] {
        assert!(matches!(
            Keyring::open(&text, &identities),
            Err(Error::NoIdentityOpens)
        ));
    }
}

#[test]
fn every_unlocker_opens_the_same_keys() {
    let (keyring, server, kit) = with_two_slots();
    let text = keyring.to_file_text().unwrap();
    for identities in [vec![server.clone()], vec![identity::generate(), kit.clone()]] {
        let opened = Keyring::open(&text, &identities).unwrap();
        assert!(same_keys(&opened, &keyring));
        assert_eq!(opened.generation(), 2);
        assert_eq!(opened.instance(), keyring.instance());
        assert_eq!(opened.created(), NOW);
        assert_eq!(opened.slots().len(), 2);
        // What was opened can be changed and stored again.
        let mut opened = opened;
        opened.rotate_root().unwrap();
        let text = opened.to_file_text().unwrap();
        assert!(same_keys(
            &Keyring::open(&text, std::slice::from_ref(&server)).unwrap(),
            &opened
        ));
    }
}

#[test]
fn neither_file_nor_debug_show_a_key() {
    let (mut keyring, ..) = with_two_slots();
    keyring.rotate_root().unwrap();
    let text = keyring.to_file_text().unwrap();
    let shown = format!("{keyring:?}");
    let mut secrets: Vec<String> = vec![keyring.unlock.to_hex().to_string()];
    for key in [
        keyring.root(1).unwrap(),
        keyring.root(2).unwrap(),
        keyring.current_signing().1,
        keyring.database_key(),
        keyring.token_key(),
        keyring.index_key(),
    ] {
        secrets.push(key.to_hex().to_string());
    }
    let different: std::collections::HashSet<&String> = secrets.iter().collect();
    assert_eq!(different.len(), secrets.len());
    for secret in &secrets {
        assert!(!text.contains(secret.as_str()));
        assert!(!shown.contains(secret.as_str()));
        let bytes = HEXLOWER.decode(secret.as_bytes()).unwrap();
        assert!(!text.contains(&STANDARD.encode(&bytes)));
        assert!(!shown.contains(&format!("{bytes:?}")));
    }
}

#[test]
fn a_keyring_that_nobody_could_open_is_not_written() {
    let keyring = Keyring::create(InstanceId::from_random([1; 16]), NOW).unwrap();
    assert!(matches!(keyring.to_file_text(), Err(Error::LastSlot)));
}

#[test]
fn slots_that_make_no_sense_are_refused() {
    let (mut keyring, server, _) = with_two_slots();
    let recipient = server.to_public().to_string();
    let mut add = |name: &str, recipient: &str| {
        keyring.add_slot(&NewSlot::plain(SlotKind::Recovery, name, recipient), NOW)
    };
    assert!(matches!(add("again", &recipient), Err(Error::SlotExists)));
    assert!(matches!(
        add("again", &format!(" {recipient}\n")),
        Err(Error::SlotExists)
    ));
    for bad in [
        "",
        "age1",
        "age1qqqq",
        &recipient[..61],
        &recipient.replace("age1", "age2"),
    ] {
        assert!(matches!(add("bad", bad), Err(Error::InvalidRecipient)), "{bad}");
    }
    let other = identity::generate().to_public().to_string();
    for bad in ["line\nbreak", "", "  "] {
        assert!(matches!(add(bad, &other), Err(Error::Malformed(_))), "{bad}");
    }
    let mut one = Keyring::create(InstanceId::from_random([1; 16]), NOW).unwrap();
    let id = one
        .add_slot(&NewSlot::plain(SlotKind::Server, "s", &other), NOW)
        .unwrap();
    assert!(matches!(one.remove_slot(id), Err(Error::LastSlot)));
    assert!(matches!(
        one.remove_slot(SlotId::from_random([9; 16])),
        Err(Error::UnknownSlot)
    ));
    assert!(Keyring::open(&one.to_file_text().unwrap(), &[server]).is_err());
}

#[test]
fn a_removed_unlocker_opens_nothing_anymore() {
    let (mut keyring, server, kit) = with_two_slots();
    let before = keyring.clone();
    keyring.remove_slot(keyring.slots()[1].id).unwrap();
    let text = keyring.to_file_text().unwrap();
    assert!(matches!(
        Keyring::open(&text, std::slice::from_ref(&kit)),
        Err(Error::NoIdentityOpens)
    ));
    assert!(same_keys(
        &Keyring::open(&text, std::slice::from_ref(&server)).unwrap(),
        &before
    ));
    // Nor does the old slot, put back into the new file.
    let old = serde_json::to_value(&before.slots[1]).unwrap();
    let text = forged(&text, |file| file["slots"].as_array_mut().unwrap().push(old));
    assert!(matches!(Keyring::open(&text, &[kit]), Err(Error::WrongKey)));
    assert_ne!(keyring.unlock.as_bytes(), before.unlock.as_bytes());
    assert_eq!(keyring.generation(), 3);
}

type Change = Box<dyn FnOnce(&mut Value)>;

#[test]
fn what_the_file_says_in_clear_cannot_be_changed() {
    let (keyring, server, _) = with_two_slots();
    let text = keyring.to_file_text().unwrap();
    let stranger = identity::generate().to_public().to_string();
    let changes: [Change; 7] = [
        Box::new(move |file| file["slots"][1]["recipient"] = json!(stranger)),
        Box::new(|file| file["slots"][0]["kind"] = json!("recovery")),
        Box::new(|file| file["slots"][1]["name"] = json!("Another kit")),
        Box::new(|file| file["slots"][1]["created"] = json!("2020-01-01T00:00:00.000Z")),
        Box::new(|file| file["generation"] = json!(1)),
        Box::new(|file| file["instance"] = json!("7f1c0e9a-52f4-4a53-9a44-0c6f1d6f4b11")),
        Box::new(|file| {
            file["slots"].as_array_mut().unwrap().pop();
        }),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let text = forged(&text, change);
        assert!(
            matches!(
                Keyring::open(&text, std::slice::from_ref(&server)),
                Err(Error::WrongKey)
            ),
            "{number}"
        );
    }
    let unchanged = forged(&text, |_| ());
    assert!(Keyring::open(&unchanged, &[server]).is_ok());
}

#[test]
fn one_damaged_slot_does_not_lock_out_the_others() {
    let (keyring, server, kit) = with_two_slots();
    let text = keyring.to_file_text().unwrap();
    for damage in [
        "",
        "garbage",
        "-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n-----END AGE ENCRYPTED FILE-----\n",
    ] {
        let text = forged(&text, |file| file["slots"][0]["wrapped"] = json!(damage));
        assert!(matches!(
            Keyring::open(&text, std::slice::from_ref(&server)),
            Err(Error::NoIdentityOpens)
        ));
        assert!(same_keys(
            &Keyring::open(&text, std::slice::from_ref(&kit)).unwrap(),
            &keyring
        ));
    }
}

#[test]
fn damage_is_told_from_a_wrong_key() {
    let (keyring, server, _) = with_two_slots();
    let text = keyring.to_file_text().unwrap();
    for length in 0..text.trim_end().len() {
        assert!(
            matches!(summary(&text[..length]), Err(Error::Malformed(_))),
            "{length}"
        );
    }
    let mut seeded = Seeded(7);
    for _ in 0..1000 {
        let mut bytes = text.clone().into_bytes();
        let place = seeded.below(bytes.len());
        bytes[place] ^= 1 << seeded.below(7);
        let changed = String::from_utf8(bytes).unwrap();
        match Keyring::open(&changed, std::slice::from_ref(&server)) {
            // White space between the parts carries no meaning, nor does the case of an id.
            Ok(opened) => assert!(same_keys(&opened, &keyring)),
            Err(Error::Malformed(_) | Error::NewerFormat) => (),
            Err(other) => panic!("{other} at {place}"),
        }
    }
    for bad in [
        "",
        "{}",
        "[]",
        "null",
        "{\"format\":1}",
        "{\"format\":0}",
        "{\"format\":\"1\"}",
    ] {
        assert!(matches!(summary(bad), Err(Error::Malformed(_))), "{bad}");
    }
}

#[test]
fn a_newer_format_is_named_as_such() {
    assert!(matches!(
        summary("{\"format\":3,\"whatever\":true}"),
        Err(Error::NewerFormat)
    ));
}

#[test]
fn a_locked_server_can_tell_who_would_unlock_it() {
    let (keyring, _, kit) = with_two_slots();
    let slots = fingerprints(&keyring.to_file_text().unwrap()).unwrap();
    assert_eq!(slots.len(), 2);
    assert_eq!(slots[1].name, "Kit in the safe");
    assert_eq!(slots[1].kind, SlotKind::Recovery);
    assert_eq!(slots[1].fingerprint, fingerprint(&kit.to_public().to_string()));
    assert_ne!(slots[0].fingerprint, slots[1].fingerprint);
}

#[test]
fn rotation_keeps_what_was_before_and_needs_no_unlocker() {
    let (mut keyring, server, _) = with_two_slots();
    let before = keyring.clone();
    assert_eq!(keyring.current_root().0, 1);
    assert_eq!(keyring.rotate_root().unwrap(), 2);
    assert_eq!(keyring.rotate_root().unwrap(), 3);
    assert_eq!(keyring.rotate_signing().unwrap(), 2);
    let text = keyring.to_file_text().unwrap();
    let opened = Keyring::open(&text, &[server]).unwrap();
    assert_eq!(opened.current_root().0, 3);
    assert_eq!(opened.current_signing().0, 2);
    assert_eq!(
        opened.root(1).unwrap().as_bytes(),
        before.current_root().1.as_bytes()
    );
    assert_eq!(
        opened.signing(1).unwrap().as_bytes(),
        before.current_signing().1.as_bytes()
    );
    assert!(opened.root(4).is_none() && opened.root(0).is_none() && opened.signing(3).is_none());
    let roots: std::collections::HashSet<_> = (1..=3)
        .map(|version| *opened.root(version).unwrap().as_bytes())
        .collect();
    assert_eq!(roots.len(), 3);
    assert_eq!(opened.generation(), before.generation() + 3);
}

#[test]
fn backups_go_to_the_kits_only() {
    let (keyring, server, kit) = with_two_slots();
    assert_eq!(keyring.recovery_recipients(), [kit.to_public().to_string()]);
    assert!(
        !keyring
            .recovery_recipients()
            .contains(&server.to_public().to_string())
    );
}

#[test]
fn a_planted_unlock_key_of_another_length_is_ignored() {
    let (keyring, server, _) = with_two_slots();
    let text = keyring.to_file_text().unwrap();
    for length in [0, 31, 33, 5000] {
        let mut armored = Vec::new();
        let recipient = server.to_public();
        let encryptor =
            age::Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient)).unwrap();
        let mut writer = encryptor
            .wrap_output(
                age::armor::ArmoredWriter::wrap_output(&mut armored, age::armor::Format::AsciiArmor).unwrap(),
            )
            .unwrap();
        writer.write_all(&vec![0; length]).unwrap();
        writer.finish().unwrap().finish().unwrap();
        let armored = String::from_utf8(armored).unwrap();
        let text = forged(&text, |file| file["slots"][0]["wrapped"] = json!(armored));
        assert!(matches!(
            Keyring::open(&text, std::slice::from_ref(&server)),
            Err(Error::NoIdentityOpens)
        ));
    }
}
