//! Operator commands to a running server, over its socket.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use serde_json::json;
use server::app::data_dir::DataDir;
use server::app::key_sources::KeySources;
use server::app::operator::{Command, Reply};
use server::app::{App, control, open};
use server::clock::Clock;
use server::crypto::identity;
use server::crypto::keyring::{self, Keyring};
use shared::model::text::SecretText;
use tempfile::TempDir;

use crate::app::{EMAIL, PASSWORD, TestApp, get, post};

struct Server {
    _scratch: TempDir,
    dir: DataDir,
    app: TestApp,
}

impl Server {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let dir = DataDir::new(scratch.path().join("data"));
        dir.create().unwrap();
        let opened = open::open(&dir, &KeySources::default(), Clock::default().now()).unwrap();
        let app = TestApp::of(App::opened(opened).unwrap(), identity::generate());
        control::listen(Arc::clone(&app.app), dir.clone()).unwrap();
        Self {
            _scratch: scratch,
            dir,
            app,
        }
    }

    fn send(&self, command: &Command) -> (Result<Reply, String>, Vec<u8>) {
        let mut output = Vec::new();
        let reply = control::send(&self.dir, command, &mut output).unwrap();
        (reply, output)
    }

    #[track_caller]
    fn refused(&self, command: &Command) -> String {
        let (reply, output) = self.send(command);
        assert!(output.is_empty());
        reply.expect_err("the command is done")
    }

    fn code(&self) -> String {
        match self.send(&Command::SetupCode).0 {
            Ok(Reply::SetupCode { code, .. }) => code.expose().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    fn set_up(&self) {
        let body = json!({
            "email": EMAIL, "password": PASSWORD, "organization": "Home Lab", "setupCode": self.code(),
        });
        self.app.send(post("/api/strongroom/v1/setup", &body)).expect(200);
    }
}

fn user(email: &str, password: &str) -> Command {
    Command::CreateUser {
        email: email.parse().unwrap(),
        name: "Dev".into(),
        password: SecretText::from(password),
    }
}

#[test]
fn the_socket_is_its_owners_alone_and_goes_with_the_server() {
    let server = Server::new();
    let mode = fs::metadata(server.dir.control_socket())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    control::forget(&server.dir);
    assert!(control::send(&server.dir, &Command::SetupCode, &mut Vec::new()).is_err());
    // One that was left by a process that is gone is replaced.
    control::listen(Arc::clone(&server.app.app), server.dir.clone()).unwrap();
    control::listen(Arc::clone(&server.app.app), server.dir.clone()).unwrap();
    server.code();
}

#[test]
fn nonsense_does_not_stop_the_server() {
    let server = Server::new();
    for line in [
        "\n",
        "nonsense\n",
        "{\"command\":\"wipe\"}\n",
        &"x".repeat(100_000),
    ] {
        let mut stream = UnixStream::connect(server.dir.control_socket()).unwrap();
        // The other side may hang up before it has read all of it.
        let _ = stream.write_all(line.as_bytes());
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty(), "{answer:?}");
    }
    server.code();
}

#[test]
fn a_set_up_code_works_until_set_up() {
    let server = Server::new();
    let first = server.code();
    let second = server.code();
    assert_ne!(first, second);
    assert!(
        server
            .refused(&user("dev@example.com", PASSWORD))
            .contains("not set up")
    );
    server.set_up();
    assert!(server.refused(&Command::SetupCode).contains("already"));
}

#[test]
fn a_user_is_made_and_can_log_in() {
    let server = Server::new();
    server.set_up();
    assert!(
        server
            .refused(&user("dev@example.com", "short"))
            .contains("password")
    );
    assert!(server.refused(&user(EMAIL, PASSWORD)).contains("exists already"));
    server
        .app
        .login("dev@example.com", PASSWORD)
        .refused(400, "BadRequest");
    let (reply, _) = server.send(&user("Dev@Example.com", PASSWORD));
    assert!(matches!(reply, Ok(Reply::UserCreated { email }) if email == "dev@example.com"));
    server.app.login("dev@example.com", PASSWORD).expect(200);
}

#[test]
fn the_operator_lets_people_in_again_and_it_is_on_record() {
    let server = Server::new();
    server.set_up();
    let name = "dev_x@example.com";
    server.send(&user(name, PASSWORD)).0.unwrap();
    server.send(&user("devix@example.com", PASSWORD)).0.unwrap();
    let session = server.app.login(name, PASSWORD).expect(200).at("/accessToken");
    let reset = |password: &str| Command::ResetPassword {
        email: name.parse().unwrap(),
        password: SecretText::from(password),
    };
    assert!(server.refused(&reset("short")).contains("password"));
    server.send(&reset("another-lantern-orbit-7")).0.unwrap();
    let account = get("/api/strongroom/v1/sessions").token(&session);
    server.app.send(account).refused(401, "UnauthorizedError");
    server.app.login(name, PASSWORD).refused(400, "BadRequest");
    server.app.login(name, "another-lantern-orbit-7").expect(200);

    // Too many failures, for one and for somebody whose name only looks alike.
    for who in [name, "devix@example.com"] {
        for _ in 0..12 {
            server.app.login(who, "wrong");
        }
        server.app.login(who, PASSWORD).refused(429, "RateLimitExceeded");
    }
    let unlock = |email: &str| Command::UnlockUser {
        email: email.parse().unwrap(),
    };
    server.send(&unlock(name)).0.unwrap();
    server.app.login(name, "another-lantern-orbit-7").expect(200);
    server
        .app
        .login("devix@example.com", PASSWORD)
        .refused(429, "RateLimitExceeded");
    assert!(server.refused(&unlock("nobody@example.com")).contains("no user"));

    assert!(matches!(server.send(&Command::Report).0, Ok(Reply::Report { report }) if report.unlockers == 1));
    let rows = server.app.sql(|tx| {
        tx.query(
            "SELECT event FROM audit_records WHERE actor_kind = 'operator' ORDER BY at, id",
            &[],
        )
    });
    let events: Vec<String> = rows.iter().map(|row| row.get(0).unwrap()).collect();
    for event in ["user.password.reset", "user.unlock", "instance.report"] {
        assert_eq!(
            events.iter().filter(|seen| *seen == event).count(),
            1,
            "{events:?}"
        );
    }
}

#[test]
fn a_kit_opens_the_backups_made_after_it() {
    let server = Server::new();
    server.set_up();
    let said = server.refused(&Command::Backup);
    assert!(said.contains("strongroom keys kit"), "{said}");
    let kit = vec![identity::generate()];
    let recipient = identity::recipient(&kit[0]);
    let add = |recipient: &str| Command::AddKit {
        name: "safe".into(),
        recipient: recipient.to_owned(),
    };
    for nonsense in ["", "age1", "ssh-ed25519 AAAA"] {
        assert!(server.refused(&add(nonsense)).contains("recipient"));
    }
    let (reply, output) = server.send(&add(&recipient));
    let Ok(Reply::KitAdded { fingerprint }) = reply else {
        panic!("no kit")
    };
    assert!(output.is_empty());
    assert_eq!(fingerprint, keyring::fingerprint(&recipient));
    assert!(server.refused(&add(&recipient)).contains("already"));
    // The keyring on disk opens for it.
    let text = fs::read_to_string(server.dir.path().join("keyring.json")).unwrap();
    assert!(Keyring::open(&text, &kit).is_ok());
    let (reply, backup) = server.send(&Command::Backup);
    let Ok(Reply::BackedUp { summary }) = reply else {
        panic!("no backup")
    };
    assert_eq!(summary.manifest.opens_with, [format!("safe ({fingerprint})")]);
    assert!(backup.starts_with(b"age-encryption.org/v1"));
    let file = server.dir.path().join("backup");
    fs::write(&file, &backup).unwrap();
    let new = DataDir::new(server.dir.path().join("new"));
    let restored = server::backup::restore::into_data_dir(
        &file,
        &new,
        &kit,
        Clock::default().now(),
        server::backup::restore::Options::default(),
    );
    assert_eq!(restored.unwrap().summary, summary);
    let events = server.app.events();
    for event in ["keys.kit.create", "backup.create"] {
        assert!(events.iter().any(|recorded| recorded == event), "{events:?}");
    }
    let operators = server.app.sql(|tx| {
        let rows = tx.query(
            "SELECT actor_kind FROM audit_records WHERE event = 'backup.create'",
            &[],
        )?;
        rows.iter()
            .map(|row| row.get::<String>(0))
            .collect::<Result<Vec<_>, _>>()
    });
    assert!(operators.iter().all(|kind| kind == "operator"), "{operators:?}");
}

#[test]
fn a_locked_server_does_nothing_for_an_operator() {
    let scratch = tempfile::tempdir().unwrap();
    let dir = DataDir::new(scratch.path());
    let locked = open::Locked {
        reason: "no identity".into(),
        slots: Vec::new(),
        unreachable: false,
    };
    let app = Arc::new(App::locked(locked).unwrap());
    control::listen(app, dir.clone()).unwrap();
    for command in [
        Command::SetupCode,
        Command::Backup,
        user("dev@example.com", PASSWORD),
    ] {
        let refused = control::send(&dir, &command, &mut Vec::new()).unwrap();
        assert!(refused.unwrap_err().contains("locked"));
    }
}
