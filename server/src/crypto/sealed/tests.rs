use super::*;
use crate::crypto::seeded::Seeded;

const HERE: Context = Context {
    table: "secret_versions",
    row: "7f1c0e9a-52f4-4a53-9a44-0c6f1d6f4b11",
    version: 3,
    column: "value",
    owner: "",
};

#[test]
fn every_part_of_the_context_is_bound() {
    let key = Key::random().unwrap();
    let sealed = seal(&key, 1, &HERE, &SecretText::from("hunter2")).unwrap();
    let elsewhere = [
        Context {
            table: "secrets",
            ..HERE
        },
        Context { row: "7f1c", ..HERE },
        Context { version: 2, ..HERE },
        Context { version: -3, ..HERE },
        Context {
            column: "comment",
            ..HERE
        },
        Context {
            owner: "somebody",
            ..HERE
        },
        // The same letters, cut at another place.
        Context {
            table: "secret_versions7",
            row: &HERE.row[1..],
            ..HERE
        },
        Context {
            column: "",
            owner: "value",
            ..HERE
        },
    ];
    for context in elsewhere {
        assert!(
            matches!(open(&key, &context, &sealed), Err(Error::WrongKey)),
            "{context:?}"
        );
    }
    assert_eq!(open(&key, &HERE, &sealed).unwrap(), SecretText::from("hunter2"));
}

#[test]
fn every_flipped_bit_is_noticed() {
    let key = Key::random().unwrap();
    let sealed = seal(&key, 1, &HERE, &SecretText::from("a value of some length")).unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        // Any key version gives the right key here: the header must be protected by itself.
        assert!(open_with(|_| Some(&key), &HERE, &changed).is_err(), "bit {bit}");
    }
    assert!(open_with(|_| Some(&key), &HERE, &sealed).is_ok());
}

#[test]
fn every_truncation_and_extension_is_refused() {
    let key = Key::random().unwrap();
    let mut sealed = seal(&key, 1, &HERE, &SecretText::from("value")).unwrap();
    for length in 0..sealed.len() {
        assert!(open(&key, &HERE, &sealed[..length]).is_err(), "{length}");
    }
    sealed.push(0);
    assert!(open(&key, &HERE, &sealed).is_err());
}

#[test]
fn the_key_version_is_read_and_must_be_known() {
    let (old, new) = (Key::random().unwrap(), Key::random().unwrap());
    let keys = |version| match version {
        1 => Some(&old),
        0x0102_0304 => Some(&new),
        _ => None,
    };
    for (key, version) in [(&old, 1), (&new, 0x0102_0304)] {
        let sealed = seal(key, version, &HERE, &SecretText::from("v")).unwrap();
        assert_eq!(key_version(&sealed).unwrap(), version);
        assert_eq!(open_with(keys, &HERE, &sealed).unwrap(), SecretText::from("v"));
    }
    let sealed = seal(&old, 9, &HERE, &SecretText::from("v")).unwrap();
    assert!(matches!(
        open_with(keys, &HERE, &sealed),
        Err(Error::UnknownKeyVersion(9))
    ));
}

#[test]
fn random_values_round_trip_and_do_not_show() {
    let mut seeded = Seeded(3);
    let key = Key::random().unwrap();
    for _ in 0..200 {
        let text = SecretText::new(seeded.text(2000));
        let sealed = seal(&key, 1, &HERE, &text).unwrap();
        assert_eq!(open(&key, &HERE, &sealed).unwrap(), text);
        if text.len() >= 8 {
            let shown = &text.expose().as_bytes()[..8];
            assert!(!sealed.windows(8).any(|window| window == shown));
        }
    }
}

#[test]
fn random_bytes_never_open_and_never_panic() {
    let mut seeded = Seeded(4);
    let key = Key::random().unwrap();
    for length in 0..300 {
        let mut bytes = seeded.bytes(length);
        assert!(open_with(|_| Some(&key), &HERE, &bytes).is_err());
        if length > 2 {
            bytes[..2].copy_from_slice(&[FORMAT, XCHACHA20_POLY1305]);
            assert!(open_with(|_| Some(&key), &HERE, &bytes).is_err());
        }
    }
}

#[test]
fn wrapped_keys_are_bound_to_project_and_version() {
    let (root, data_key) = (Key::random().unwrap(), Key::random().unwrap());
    let (project, other) = (ProjectId::from_random([1; 16]), ProjectId::from_random([2; 16]));
    let wrapped = seal_key(&root, 4, project, 2, &data_key).unwrap();
    assert_eq!(key_version(&wrapped).unwrap(), 4);
    for (project, version) in [(other, 2), (project, 1)] {
        assert!(matches!(
            open_key(|_| Some(&root), project, version, &wrapped),
            Err(Error::WrongKey)
        ));
    }
    assert!(matches!(
        open_key(|_| None, project, 2, &wrapped),
        Err(Error::UnknownKeyVersion(4))
    ));
    let opened = open_key(|_| Some(&root), project, 2, &wrapped).unwrap();
    assert_eq!(opened.as_bytes(), data_key.as_bytes());
}

#[test]
fn a_wrapped_key_is_no_value() {
    let root = Key::random().unwrap();
    let project = ProjectId::from_random([1; 16]);
    let wrapped = seal_key(&root, 1, project, 1, &Key::random().unwrap()).unwrap();
    assert!(matches!(open(&root, &HERE, &wrapped), Err(Error::WrongKey)));
    // A value of another length in the place of a key is refused as well.
    let row = project.to_string();
    let value = seal(&root, 1, &project_key(&row, 1), &SecretText::from("short")).unwrap();
    assert!(matches!(
        open_key(|_| Some(&root), project, 1, &value),
        Err(Error::Malformed(_))
    ));
}

#[test]
fn the_layout_is_what_earlier_releases_wrote() {
    let key = Key::from_bytes(&[0x42; 32]);
    let sealed = data_encoding::HEXLOWER.decode(WRITTEN.as_bytes()).unwrap();
    assert_eq!(key_version(&sealed).unwrap(), 258);
    let context = Context {
        owner: "somebody",
        ..HERE
    };
    assert_eq!(
        open(&key, &context, &sealed).unwrap(),
        SecretText::from("hunter2")
    );
}

const WRITTEN: &str = concat!(
    "0101000001021dbea986f0540197d82930ee75afd6f4b354402b9181b5c9fb43ebed5e7c6e0f58ba3fe6b593fc",
    "c1519b57e0e536d9"
);
