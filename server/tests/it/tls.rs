//! TLS: who may choose, what is refused, and which certificate a handshake finds.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use server::app::data_dir::DataDir;
use server::app::host::Host;
use server::app::trusted_proxies::TrustedProxies;
use server::app::{App, OpenStore};
use server::crypto::identity::generate;
use server::domain::{Context, sealed_settings};
use server::http::serve::{self, Port};
use server::tls::certificate::facts;
use server::tls::{TlsFlags, keeper};
use shared::model::access::OrganizationRole;
use shared::model::text::SecretText;
use shared::model::tls::{TlsMode, TlsSettings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use crate::app::{Call, PASSWORD, TestApp, World, get, new_keyring, post};
use crate::database::TestDatabase;

const TLS: &str = "/api/strongroom/v1/tls";
const RENEW: &str = "/api/strongroom/v1/tls/renew";
const PEM: &str = "/api/strongroom/v1/tls/authority.pem";
const DER: &str = "/api/strongroom/v1/tls/authority.der";

/// Another address of this machine, such as a proxy has.
const OTHER: &str = "127.0.0.2";

fn set(settings: &Value) -> Call {
    post(TLS, &json!({"settings": settings, "password": PASSWORD}))
}

fn internal(names: &[&str]) -> Call {
    set(&json!({"mode": "internal", "names": names}))
}

#[test]
fn only_who_administers_the_instance_chooses() {
    let world = World::new();
    let organization_admin = world.person("dev@example.com", OrganizationRole::Admin);
    let machine = world.machine("ci", "admin").token;
    for token in [&organization_admin, &machine, &world.root] {
        for call in [get(TLS), internal(&[]), post(RENEW, &json!({}))] {
            world
                .send(call.token(token))
                .refused(403, "ForbiddenRequestError");
        }
    }
    let guess = json!({"settings": {"mode": "internal"}, "password": "wrong"});
    world
        .send(post(TLS, &guess).token(&world.admin))
        .refused(400, "BadRequest");
    let state = world.send(get(TLS).token(&world.admin)).expect(200).json;
    assert_eq!(state["settings"]["mode"], "off");
    assert_eq!(state["authority"], Value::Null);
    for root in [PEM, DER] {
        world.send(get(root)).refused(404, "NotFound");
    }
    assert!(!world.app.events().contains(&"instance.tls.update".to_owned()));
}

#[test]
fn what_cannot_be_is_refused() {
    let world = World::new();
    for (settings, says) in [
        (json!({"mode": "files"}), "command line"),
        (
            json!({"mode": "acme", "acme": {"domains": [], "directory": "https://ca.example/"}}),
            "domains",
        ),
        (
            json!({"mode": "acme", "acme": {"domains": ["10.0.0.1"], "directory": "https://ca.example/"}}),
            "no public name",
        ),
        (
            json!({"mode": "acme", "acme": {"domains": ["a.example"], "directory": "http://ca.example/"}}),
            "https://",
        ),
        (
            json!({"mode": "acme", "acme": {
                "domains": ["a.example"], "directory": "https://ca.example/", "directoryRoot": "no certificate",
            }}),
            "no certificate in it",
        ),
        (
            json!({"mode": "internal", "names": ["*.example.com"]}),
            "no name of a host",
        ),
    ] {
        let reply = world.send(set(&settings).token(&world.admin));
        assert!((400..500).contains(&reply.status), "{}", reply.text);
        assert!(reply.text.contains(says), "{says}: {}", reply.text);
    }
    assert!(!world.app.app.tls().is_on());
}

#[test]
fn the_authority_is_made_once_and_kept() {
    let world = World::new();
    let on = world
        .send(internal(&["Vault.LAN"]).token(&world.admin))
        .expect(200)
        .json;
    assert_eq!(on["settings"]["names"], json!(["vault.lan"]));
    let fingerprint = on["authority"]["fingerprint"].as_str().unwrap().to_owned();
    assert!(world.app.file("tls-locked.pem").exists());
    let pem = world.send(get(PEM)).expect(200);
    assert_eq!(pem.headers["content-type"], "application/x-x509-ca-cert");
    let der = world.send(get(DER)).expect(200);
    let from_pem = CertificateDer::from_pem_slice(pem.text.as_bytes()).unwrap();
    assert_eq!(from_pem.as_ref(), der.bytes.as_slice());
    assert_eq!(facts(&from_pem).unwrap().fingerprint, fingerprint);
    world
        .send(set(&json!({"mode": "off"})).token(&world.admin))
        .expect(200);
    world.send(get(PEM)).refused(404, "NotFound");
    assert!(!world.app.file("tls-locked.pem").exists());
    let again = world.send(internal(&[]).token(&world.admin)).expect(200).json;
    assert_eq!(again["authority"]["fingerprint"], *fingerprint);
    let events = world.app.events();
    let count = |event: &str| events.iter().filter(|one| *one == event).count();
    assert_eq!(count("instance.tls.authority.create"), 1);
    assert_eq!(count("instance.tls.update"), 3);
    // Nothing of the keys is ever answered.
    assert_eq!(world.app.said("PRIVATE KEY"), 0);
}

/// Serves the application on a port of its own until dropped.
struct Served {
    address: SocketAddr,
    stop: watch::Sender<bool>,
}

impl Served {
    fn start(world: &World) -> Self {
        let app = Arc::clone(&world.app.app);
        world.app.wait(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (stop, stopping) = watch::channel(false);
            tokio::spawn(serve::serve(vec![(listener, Port::Service)], app, stopping));
            Self { address, stop }
        })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// A request over TLS by one who trusts the authority alone.
fn over_tls(world: &World, address: SocketAddr, name: &str, root: &[u8]) -> Result<String, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root.to_vec())).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    world.app.wait(async {
        let stream = TcpStream::connect(address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let mut stream = connector
            .connect(name, stream)
            .await
            .map_err(|error| error.to_string())?;
        stream
            .write_all(b"GET /api/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut text = String::new();
        stream
            .read_to_string(&mut text)
            .await
            .map_err(|error| error.to_string())?;
        Ok(text)
    })
}

/// The answer to a request in plain HTTP from another address of this machine, with further headers.
fn in_plain(world: &World, address: SocketAddr, path: &str, headers: &str) -> String {
    world.app.wait(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(format!("{OTHER}:0").parse().unwrap()).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: box:1\r\nconnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    })
}

/// The answer to the next request of a connection that stays open.
async fn next_answer(stream: &mut TcpStream) -> String {
    stream
        .write_all(b"GET /api/v1/user HTTP/1.1\r\nhost: box:1\r\n\r\n")
        .await
        .unwrap();
    let mut head = vec![0; 16 * 1024];
    let length = stream.read(&mut head).await.unwrap();
    String::from_utf8_lossy(&head[..length]).into_owned()
}

#[test]
fn a_connection_that_was_open_before_speaks_no_plain_http_after() {
    let world = World::new();
    let served = Served::start(&world);
    let open = |stream: Option<TcpStream>| {
        world.app.wait(async {
            let mut stream = match stream {
                Some(stream) => stream,
                None => TcpStream::connect(served.address).await.unwrap(),
            };
            let answer = next_answer(&mut stream).await;
            (stream, answer)
        })
    };
    let (stream, answer) = open(None);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    world.send(internal(&[]).token(&world.admin)).expect(200);
    let (stream, answer) = open(Some(stream));
    assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
    world
        .send(set(&json!({"mode": "off"})).token(&world.admin))
        .expect(200);
    let (_, answer) = open(Some(stream));
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

#[test]
fn who_came_to_a_trusted_proxy_by_https_is_not_sent_there_again() {
    for (proxies, through, expected) in [
        (&[OTHER][..], "x-forwarded-proto: https\r\n", "401"),
        (&[OTHER], "x-forwarded-proto: http\r\n", "308"),
        (&[OTHER], "", "308"),
        (&[], "x-forwarded-proto: https\r\n", "308"),
        (&["10.0.0.1"], "x-forwarded-proto: https\r\n", "308"),
    ] {
        let world = World::with_host(|_| Host {
            trusted_proxies: TrustedProxies::new(proxies.iter().map(|text| text.parse().unwrap()).collect()),
            ..Host::default()
        });
        let served = Served::start(&world);
        world.send(internal(&[]).token(&world.admin)).expect(200);
        let answer = in_plain(&world, served.address, "/api/v1/user", through);
        let status = answer.split(' ').nth(1);
        assert_eq!(status, Some(expected), "{proxies:?} {through}: {answer}");
    }
}

#[test]
fn a_handshake_finds_a_certificate_for_what_is_ours_alone() {
    let world = World::new();
    let served = Served::start(&world);
    let plain = |path: &str| in_plain(&world, served.address, path, "");
    assert!(plain("/api/status").starts_with("HTTP/1.1 200"));
    // While it runs, on the same port.
    world
        .send(internal(&["vault.lan"]).token(&world.admin))
        .expect(200);
    let root = world.send(get(DER)).expect(200).bytes;
    for name in ["evil.example", "10.1.2.3"] {
        let refused = over_tls(&world, served.address, name, &root).unwrap_err();
        assert!(refused.contains("invalid peer certificate"), "{name}: {refused}");
    }
    for name in ["vault.lan", "localhost", "a.localhost", "127.0.0.1"] {
        let answer = over_tls(&world, served.address, name, &root).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{name}: {answer}");
    }
    let redirect = plain("/api/v1/user?a=b");
    assert!(redirect.starts_with("HTTP/1.1 308"), "{redirect}");
    assert!(
        redirect.contains("location: https://box:1/api/v1/user?a=b\r\n"),
        "{redirect}"
    );
    world
        .send(set(&json!({"mode": "off"})).token(&world.admin))
        .expect(200);
    assert!(over_tls(&world, served.address, "localhost", &root).is_err());
    assert!(plain("/api/v1/user").starts_with("HTTP/1.1 401"));
}

/// Settings with this mode and nothing else.
fn mode(mode: TlsMode) -> TlsSettings {
    TlsSettings {
        mode,
        ..TlsSettings::default()
    }
}

#[test]
fn a_store_that_cannot_be_read_does_not_mean_plain_http() {
    // It has no table.
    let database = TestDatabase::open();
    let dir = tempfile::tempdir().unwrap();
    let start = |flags: TlsFlags| {
        let server = generate();
        let (keyring, text) = new_keyring(&server);
        let app = App::opened(OpenStore::new(database.db.clone(), keyring, text)).unwrap();
        let app = app.at(DataDir::new(dir.path())).with_tls(flags).unwrap();
        TestApp::of(app, server)
    };
    let by_flag = || TlsFlags {
        settings: Some(mode(TlsMode::Internal)),
        ..TlsFlags::default()
    };
    let nobody_asked = start(TlsFlags::default());
    nobody_asked.wait(keeper::round(&nobody_asked.app));
    assert!(!nobody_asked.app.tls().is_on());
    let flagged = start(by_flag());
    // Before the first look already.
    assert!(flagged.app.tls().is_on());
    flagged.wait(keeper::round(&flagged.app));
    let shown = flagged.app.tls().locked_fingerprint();
    assert!(flagged.app.tls().is_on() && shown.is_some());
    // Chosen on the page once, as the certificate says that lies there now.
    let chosen = start(TlsFlags::default());
    chosen.wait(keeper::round(&chosen.app));
    assert!(chosen.app.tls().is_on());
    assert_eq!(chosen.app.tls().locked_fingerprint(), shown);
}

#[test]
fn a_choice_holds_although_whoever_made_it_went_away() {
    let world = World::new();
    let app = &world.app.app;
    world.app.wait(async {
        keeper::round(app).await;
        let settings = SecretText::new(serde_json::to_string(&mode(TlsMode::Internal)).unwrap());
        app.write(move |cx| sealed_settings::set(cx, "tls", &settings))
            .await
            .unwrap();
        app.tls().settings_changed();
        // Begun, and broken off before the store has answered.
        let broken_off = tokio::time::timeout(std::time::Duration::ZERO, keeper::round(app)).await;
        assert!(broken_off.is_err());
        keeper::round(app).await;
    });
    assert!(app.tls().is_on());
}

#[test]
fn an_authority_that_is_over_makes_room_for_another_one() {
    let world = World::new();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = date_time_ymd(2015, 1, 1);
    params.not_after = date_time_ymd(2025, 1, 1);
    let over = params.self_signed(&key).unwrap();
    let pem = json!({"chain": over.pem(), "key": key.serialize_pem()}).to_string();
    world.app.wait(async {
        let pem = SecretText::new(pem);
        let set = move |cx: &mut Context| sealed_settings::set(cx, "tls-authority", &pem);
        world.app.app.write(set).await.unwrap();
    });
    world.send(internal(&[]).token(&world.admin)).expect(200);
    let made = world.send(get(DER)).expect(200).bytes;
    assert_ne!(made, over.der().as_ref());
    // That one stays.
    world
        .send(set(&json!({"mode": "off"})).token(&world.admin))
        .expect(200);
    world.send(internal(&[]).token(&world.admin)).expect(200);
    assert_eq!(world.send(get(DER)).expect(200).bytes, made);
    let events = world.app.events();
    let created = events
        .iter()
        .filter(|event| *event == "instance.tls.authority.create");
    assert_eq!(created.count(), 1);
}
