//! Where the server's own identity is: switched at run time, and never without a key that opens the store.

use std::fs;
use std::path::Path;

use serde_json::json;
use server::app::key_sources::KeySources;
use server::app::{OpenStore, keys, open, server_identity};
use server::clock::Clock;
use server::crypto::identity;
use server::crypto::keyring::{NewSlot, SlotKind};
use server::domain::Error;
use server::domain::caller::Caller;
use shared::model::keys::{IdentityPlace, KeysAct};
use shared::model::text::SecretText;
use shared::model::time::UnixMillis;

use crate::app::{PASSWORD, World, get, post};
use crate::restore::Place;

const KEYS: &str = "/api/strongroom/v1/keys";
const PHRASE: &str = "seven bridges over the quiet river";

fn now() -> UnixMillis {
    Clock::default().now()
}

fn opened(place: &Place, sources: &KeySources) -> OpenStore {
    open::open(&place.dir, sources, now()).unwrap()
}

fn act(place: &Place, opened: &OpenStore, act: KeysAct) -> Result<String, Error> {
    keys::perform(opened, &place.dir, act, now(), |_| Ok(Caller::operator()))
}

fn with_passphrase() -> KeySources {
    KeySources {
        passphrase: Some(SecretText::from(PHRASE)),
        ..KeySources::default()
    }
}

/// Adds a passphrase; it is proven only when asked for.
fn add_passphrase(place: &Place, opened: &OpenStore, proven: bool) {
    let passphrase = SecretText::from(PHRASE);
    let add = KeysAct::AddPassphrase {
        name: "desk".into(),
        passphrase: passphrase.clone(),
    };
    act(place, opened, add).unwrap();
    if proven {
        act(place, opened, KeysAct::Prove { key: passphrase }).unwrap();
    }
}

/// A new identity in a file, as the command line makes it; returns its public half.
fn made(file: &Path) -> String {
    let new = identity::generate();
    fs::write(file, identity::server_text(&new, now()).expose()).unwrap();
    identity::recipient(&new)
}

/// Both generations of the keyring open with these sources: whichever file is lost, the other one does.
fn require_both_open(place: &Place, sources: &KeySources) {
    for name in ["keyring.json", "keyring.previous.json"] {
        let text = fs::read_to_string(place.dir.path().join(name)).unwrap();
        sources
            .unlock(&place.dir, &text)
            .unwrap_or_else(|why| panic!("{name}: {why}"));
    }
}

#[test]
fn over_the_api_no_identity_is_moved_to_a_file_that_nobody_can_look_at() {
    let world = World::new();
    let before = world.keyring().generation();
    let recipient = identity::recipient(&identity::generate());
    for (body, status) in [
        (json!({"act": "identity-elsewhere", "recipient": recipient}), 400),
        (json!({"act": "identity-nowhere"}), 409),
    ] {
        let mut body = body;
        let without = world.send(post(KEYS, &body).token(&world.admin));
        assert!((400..500).contains(&without.status), "{}", without.text);
        body["password"] = json!(PASSWORD);
        let refused = world.send(post(KEYS, &body).token(&world.admin));
        assert_eq!(refused.status, status, "{}", refused.text);
    }
    assert_eq!(world.keyring().generation(), before);
    let state = world.send(get(KEYS).token(&world.admin)).expect(200);
    assert_eq!(
        state.json["identity"], "elsewhere",
        "there is no file in this test"
    );
}

#[test]
fn without_another_proven_key_the_server_keeps_its_identity() {
    let place = Place::new();
    let store = opened(&place, &KeySources::default());
    let before = fs::read(place.dir.identity()).unwrap();
    for unproven in [false, true] {
        if unproven {
            add_passphrase(&place, &store, false);
        }
        let generation = store.keyring().generation();
        let refused = act(&place, &store, KeysAct::IdentityNowhere).unwrap_err();
        assert!(
            matches!(&refused, Error::Conflict(why) if why.contains("Prove another one first")),
            "{refused}"
        );
        assert_eq!(store.keyring().generation(), generation);
        assert_eq!(fs::read(place.dir.identity()).unwrap(), before);
    }
}

#[test]
fn what_is_in_the_way_is_neither_overwritten_nor_deleted() {
    let place = Place::new();
    let store = opened(&place, &KeySources::default());
    add_passphrase(&place, &store, true);
    act(&place, &store, KeysAct::IdentityNowhere).unwrap();
    assert!(!place.dir.identity().exists());
    // Somebody's kit of another store, and something that is no key at all.
    let stranger = tempfile::tempdir().unwrap();
    made(&stranger.path().join("kit"));
    let kit = fs::read_to_string(stranger.path().join("kit")).unwrap();
    for foreign in [kit.as_str(), "hunter2", ""] {
        fs::write(place.dir.identity(), foreign).unwrap();
        let generation = store.keyring().generation();
        let refused = act(&place, &store, KeysAct::IdentityInDataDir).unwrap_err();
        assert!(
            matches!(&refused, Error::Conflict(why) if why.contains("in the way") && !why.contains("hunter2")),
            "{refused}"
        );
        let said = act(&place, &store, KeysAct::IdentityNowhere).unwrap();
        assert!(said.contains("was not deleted"), "{said}");
        assert_eq!(store.keyring().generation(), generation);
        assert_eq!(fs::read_to_string(place.dir.identity()).unwrap(), foreign);
    }
    // A key that opens the store already is not the server's own.
    fs::remove_file(place.dir.identity()).unwrap();
    let recipient = store.keyring().slots()[0].recipient.clone();
    let refused = act(&place, &store, KeysAct::IdentityElsewhere { recipient }).unwrap_err();
    assert!(matches!(refused, Error::Conflict(_)), "{refused}");
}

#[test]
fn the_identity_goes_elsewhere_and_nowhere_and_comes_back() {
    let place = Place::new();
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("identity");
    let store = opened(&place, &KeySources::default());
    add_passphrase(&place, &store, true);
    let first = fs::read_to_string(place.dir.identity()).unwrap();
    let is_at = |store: &OpenStore, expected| {
        assert_eq!(
            server_identity::place(&store.keyring(), Some(&place.dir)),
            expected
        );
    };
    is_at(&store, IdentityPlace::DataDir);

    let recipient = made(&file);
    let said = act(
        &place,
        &store,
        KeysAct::IdentityElsewhere {
            recipient: recipient.clone(),
        },
    )
    .unwrap();
    assert!(
        said.contains("outside of the data directory") && !said.contains("not deleted"),
        "{said}"
    );
    is_at(&store, IdentityPlace::Elsewhere);
    assert!(!place.dir.identity().exists());
    require_both_open(&place, &KeySources::at(&file));
    // Given again it changes nothing.
    let generation = store.keyring().generation();
    act(&place, &store, KeysAct::IdentityElsewhere { recipient }).unwrap();
    assert_eq!(store.keyring().generation(), generation);
    // The old identity opens no more what is written from now on.
    act(&place, &store, KeysAct::RotateSigning).unwrap();
    store.db.close_blocking().unwrap();
    fs::write(place.dir.identity(), &first).unwrap();
    assert!(open::open(&place.dir, &KeySources::default(), now()).is_err());
    fs::remove_file(place.dir.identity()).unwrap();

    let store = opened(&place, &KeySources::at(&file));
    act(&place, &store, KeysAct::IdentityNowhere).unwrap();
    is_at(&store, IdentityPlace::Nowhere);
    store.db.close_blocking().unwrap();
    let locked = open::open(&place.dir, &KeySources::at(&file), now())
        .map(drop)
        .unwrap_err();
    assert!(
        locked.reason.contains("does not open the keyring"),
        "{}",
        locked.reason
    );
    let locked = open::open(&place.dir, &KeySources::default(), now())
        .map(drop)
        .unwrap_err();
    assert!(
        locked.reason.contains("no identity of its own"),
        "{}",
        locked.reason
    );

    let store = opened(&place, &with_passphrase());
    let said = act(&place, &store, KeysAct::IdentityInDataDir).unwrap();
    assert!(said.contains("in the data directory"), "{said}");
    // It is known to work, so that the others may be removed.
    let desk = store.keyring().slots()[0].id;
    act(&place, &store, KeysAct::Remove { id: desk }).unwrap();
    is_at(&store, IdentityPlace::DataDir);
    assert_ne!(fs::read_to_string(place.dir.identity()).unwrap(), first);
    store.db.close_blocking().unwrap();
    opened(&place, &KeySources::default())
        .db
        .close_blocking()
        .unwrap();
}

#[test]
fn a_switch_that_was_cut_off_is_finished_by_the_same_command() {
    let place = Place::new();
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("identity");
    let store = opened(&place, &KeySources::default());
    let recipient = made(&file);
    let elsewhere = || KeysAct::IdentityElsewhere {
        recipient: recipient.clone(),
    };
    // Cut off after the new slot: both are there, and other changes come between.
    store
        .change_keyring(&place.dir, |keyring| {
            let new = NewSlot::plain(SlotKind::Server, "Server", &recipient);
            Ok::<_, Error>(keyring.add_slot(&new, now())?)
        })
        .unwrap();
    act(&place, &store, KeysAct::RotateSigning).unwrap();
    act(&place, &store, KeysAct::RotateSigning).unwrap();
    let at = |expected| {
        assert_eq!(
            server_identity::place(&store.keyring(), Some(&place.dir)),
            expected
        );
    };
    at(IdentityPlace::DataDir);
    let old = store.keyring().slots()[0].id;
    act(&place, &store, elsewhere()).unwrap();
    at(IdentityPlace::Elsewhere);
    assert!(!place.dir.identity().exists());
    assert!(store.keyring().slots().iter().all(|slot| slot.id != old));

    // A copy is no move: the file stays, because it opens the store.
    fs::copy(&file, place.dir.identity()).unwrap();
    let said = act(&place, &store, elsewhere()).unwrap();
    assert!(said.contains("it opens the store"), "{said}");
    assert!(place.dir.identity().exists());
    store.db.close_blocking().unwrap();
}
