use super::*;
use crate::app::key_sources::KeySources;
use crate::app::open;
use crate::crypto::identity;
use crate::crypto::keyfile;
use crate::crypto::keyring::Keyring;

fn opened() -> (tempfile::TempDir, DataDir, Arc<App>) {
    let scratch = tempfile::tempdir().unwrap();
    let dir = DataDir::new(scratch.path().join("data"));
    dir.create().unwrap();
    let store = open::open(&dir, &KeySources::default(), UnixMillis(1_763_769_600_120))
        .map_err(|locked| locked.reason)
        .unwrap();
    let app = Arc::new(App::opened(store).unwrap());
    (scratch, dir, app)
}

fn add(app: &Arc<App>, dir: &DataDir, recipient: String) -> Result<Reply, Failure> {
    let name = "kit".into();
    perform(app, dir, Command::AddKit { name, recipient }, &mut io::sink())
}

fn slots_on_disk(dir: &DataDir) -> usize {
    let text = keyfile::load(dir.path()).unwrap().unwrap().text;
    crate::crypto::keyring::summary(&text).unwrap().slots.len()
}

#[test]
fn a_refused_kit_leaves_no_slot() {
    let (_scratch, dir, app) = opened();
    assert!(add(&app, &dir, "age1nonsense".into()).is_err());
    // The record cannot be written: then there must be no slot either.
    app.store().unwrap().db.close_blocking().unwrap();
    assert!(add(&app, &dir, identity::recipient(&identity::generate())).is_err());
    assert_eq!(slots_on_disk(&dir), 1);
    assert_eq!(app.store().unwrap().keyring().slots().len(), 1);
}

#[test]
fn kits_added_at_the_same_moment_are_all_there() {
    let (_scratch, dir, app) = opened();
    let kits: Vec<_> = (0..4).map(|_| identity::generate()).collect();
    std::thread::scope(|scope| {
        for kit in &kits {
            let (app, dir) = (&app, &dir);
            scope.spawn(move || add(app, dir, identity::recipient(kit)).unwrap());
        }
        for _ in 0..20 {
            let rewritten = app.store().unwrap().keep_keyring_files(&dir).unwrap();
            assert!(rewritten.is_empty());
        }
    });
    let text = keyfile::load(dir.path()).unwrap().unwrap().text;
    for kit in kits {
        Keyring::open(&text, &[kit]).unwrap();
    }
    assert_eq!(app.store().unwrap().keyring().slots().len(), 5);
}
