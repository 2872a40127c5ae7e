//! Who a request comes from: the peer of the connection, or whom a proxy names that the host trusts. Nobody else is
//! believed, whatever headers he sends.

use serde_json::{Value, json};
use server::app::App;
use server::app::host::Host;
use server::app::open::Locked;
use server::app::trusted_proxies::TrustedProxies;
use server::crypto::identity::generate;
use server::crypto::keyring::{SlotKind, SlotSummary};
use shared::model::ids::SlotId;
use shared::model::time::UnixMillis;

use crate::app::{Call, EMAIL, PASSWORD, TestApp, World, get, post};
use crate::database::TestDatabase;
use crate::machines::bare;

/// A proxy that the host trusts.
const PROXY: &str = "10.0.0.1";
const CLIENT: &str = "198.51.100.4";

fn host(proxies: &[&str]) -> Host {
    Host {
        trusted_proxies: TrustedProxies::new(proxies.iter().map(|text| text.parse().unwrap()).collect()),
        ..Host::default()
    }
}

fn behind_proxy() -> World {
    World::with_host(|_| host(&["10.0.0.0/24"]))
}

/// What somebody might try, as lines of headers.
fn tricks() -> Vec<Vec<(&'static str, &'static str)>> {
    let mut tricks = vec![
        vec![],
        vec![("x-forwarded-for", "127.0.0.1"), ("x-forwarded-for", "::1")],
        vec![
            ("x-forwarded-for", "127.0.0.1"),
            ("x-real-ip", "127.0.0.1"),
            ("forwarded", "for=127.0.0.1"),
        ],
    ];
    for address in [
        "127.0.0.1",
        "::1",
        "[::1]:80",
        "127.0.0.1:80",
        "::ffff:127.0.0.1",
        "fe80::1%lo",
        "0.0.0.0",
        "localhost",
        "10.0.0.1",
        "127.0.0.1, 10.0.0.1",
        "10.0.0.1, 127.0.0.1",
        "",
        ",",
        "unknown",
        "0x7f000001",
        "2130706433",
    ] {
        for name in [
            "x-forwarded-for",
            "x-real-ip",
            "forwarded",
            "client-ip",
            "x-client-ip",
            "true-client-ip",
        ] {
            tricks.push(vec![(name, address)]);
        }
    }
    for (name, value) in [
        ("forwarded", "for=127.0.0.1;host=localhost;proto=https"),
        ("forwarded", "for=\"[::1]:80\""),
        ("x-forwarded-host", "localhost"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "8080"),
        ("x-original-host", "localhost"),
        ("x-strongroom-setup-code", "000-000"),
    ] {
        tricks.push(vec![(name, value)]);
    }
    tricks
}

fn with(call: Call, lines: &[(&str, &str)]) -> Call {
    lines
        .iter()
        .fold(call, |call, (name, value)| call.beside(name, value))
}

/// A known class of weakness: the first visitor owns the instance.
#[test]
fn a_fresh_instance_is_not_claimed_without_the_code_by_any_header() {
    let app = TestApp::with_host(TestDatabase::open(), |_| host(&["10.0.0.0/24", "loopback"]));
    let body = json!({"email": EMAIL, "password": PASSWORD, "organization": "Home Lab"});
    for peer in ["192.0.2.10", PROXY, "127.0.0.1", "::1", "::ffff:127.0.0.1"] {
        for name in ["localhost:8080", "127.0.0.1", "[::1]:8080", "strongroom.lan"] {
            for lines in tricks() {
                for path in ["/api/v1/admin/bootstrap", "/api/strongroom/v1/setup"] {
                    let call = with(post(path, &body).header("host", name).from(peer), &lines);
                    let reply = app.send(call);
                    assert!(
                        matches!(reply.status, 403 | 429),
                        "{path} from {peer} as {name} with {lines:?}: {} {}",
                        reply.status,
                        reply.text
                    );
                }
            }
            let restore = json!({"upload": "x", "identity": "x"});
            let restore = post("/api/strongroom/v1/restore", &restore)
                .header("host", name)
                .from(peer);
            app.send(restore).refused(403, "ForbiddenRequestError");
        }
    }
    let state = app.send(get("/api/strongroom/v1/setup")).expect(200);
    assert_eq!(state.json["initialized"], false);
    let mut right = body;
    right["setupCode"] = json!(app.setup_code());
    let claimed = post("/api/v1/admin/bootstrap", &right).from(PROXY);
    app.send(claimed.header("x-forwarded-for", "203.0.113.77"))
        .expect(200);
}

/// Addresses on record for failed logins, oldest first.
fn recorded(world: &World) -> Vec<String> {
    world.sql(|tx| {
        let sql = "SELECT ip FROM audit_records WHERE event = 'user.login.refused' ORDER BY at, id";
        tx.query(sql, &[])?.iter().map(|row| row.get(0)).collect()
    })
}

fn wrong() -> Call {
    post(
        "/api/v3/auth/login",
        &json!({"email": EMAIL, "password": "a wrong one, to be sure"}),
    )
}

#[test]
fn the_record_names_the_client_and_not_what_he_claims() {
    let world = behind_proxy();
    for (peer, lines, expected) in [
        ("192.0.2.10", vec![], "192.0.2.10"),
        ("192.0.2.10", vec![("x-forwarded-for", "1.1.1.1")], "192.0.2.10"),
        (
            "192.0.2.10",
            vec![("x-real-ip", "1.1.1.1"), ("forwarded", "for=1.1.1.1")],
            "192.0.2.10",
        ),
        (PROXY, vec![("x-forwarded-for", CLIENT)], CLIENT),
        (PROXY, vec![("x-forwarded-for", "1.1.1.1, 198.51.100.4")], CLIENT),
        (
            PROXY,
            vec![("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", CLIENT)],
            CLIENT,
        ),
        (
            PROXY,
            vec![("x-forwarded-for", "[2001:db8::9]:4711")],
            "2001:db8::9",
        ),
        (PROXY, vec![("x-forwarded-for", "1.1.1.1, nonsense")], PROXY),
        (PROXY, vec![("x-real-ip", "1.1.1.1")], PROXY),
        (PROXY, vec![], PROXY),
    ] {
        let before = recorded(&world).len();
        world
            .send(with(wrong().from(peer), &lines))
            .refused(400, "BadRequest");
        let now = recorded(&world);
        assert_eq!(now.len(), before + 1);
        // A test makes several within a millisecond, so the newest is not always the last.
        assert!(now.iter().any(|ip| ip == expected), "{lines:?}: {now:?}");
        assert!(
            !now.iter().any(|ip| ip == "1.1.1.1" || ip.contains("nonsense")),
            "{now:?}"
        );
    }
}

#[test]
fn guesses_are_counted_by_their_real_source() {
    let world = behind_proxy();
    // Free are ten from one source; another name in a header does not make another source.
    let statuses: Vec<u16> = (0..12)
        .map(|number| {
            world
                .send(wrong().header("x-forwarded-for", &format!("1.1.1.{number}")))
                .status
        })
        .collect();
    assert_eq!(
        statuses.iter().filter(|status| **status == 400).count(),
        10,
        "{statuses:?}"
    );
    assert!(statuses.contains(&429), "{statuses:?}");
    // Somebody else behind the proxy is somebody else.
    let other = wrong().from(PROXY).header("x-forwarded-for", CLIENT);
    world.send(other).refused(400, "BadRequest");
}

/// VULN-236 of Infisical's PR 6138.
#[test]
fn a_range_of_trusted_addresses_is_not_entered_by_a_header() {
    let world = behind_proxy();
    let identity = bare(&world, "ci");
    let settings = json!({"clientSecretTrustedIps": [{"ipAddress": "198.51.100.0/24"}]});
    let client = world.universal_auth(&identity, &settings);
    let secret = world.client_secret(&identity, &json!({}));
    let login = || {
        let body = json!({"clientId": client, "clientSecret": secret});
        post("/api/v1/auth/universal-auth/login", &body)
    };
    for lines in [
        vec![("x-forwarded-for", CLIENT)],
        vec![("x-real-ip", CLIENT)],
        vec![("forwarded", "for=198.51.100.4")],
        vec![("x-forwarded-for", "10.0.0.1"), ("x-forwarded-for", CLIENT)],
    ] {
        world
            .send(with(login(), &lines))
            .refused(403, "ForbiddenRequestError");
    }
    for forwarded in [
        "198.51.100.4, 203.0.113.9",
        "198.51.100.4, nonsense",
        "",
        "198.51.100.4,",
    ] {
        let call = login().from(PROXY).header("x-forwarded-for", forwarded);
        world.send(call).refused(403, "ForbiddenRequestError");
    }
    world
        .send(login().from(PROXY).header("x-forwarded-for", CLIENT))
        .expect(200);
    world.send(login().from(CLIENT)).expect(200);
}

#[test]
fn the_cookie_is_secure_by_the_scheme_that_the_browser_sees() {
    let world = behind_proxy();
    let right = json!({"email": EMAIL, "password": PASSWORD});
    for (peer, lines, secure) in [
        ("192.0.2.10", vec![], false),
        ("192.0.2.10", vec![("x-forwarded-proto", "https")], false),
        (PROXY, vec![], false),
        (PROXY, vec![("x-forwarded-proto", "http")], false),
        (PROXY, vec![("x-forwarded-proto", "https")], true),
        (PROXY, vec![("x-forwarded-proto", "https, http")], false),
        // What the browser says of its own page is truer than a proxy that is set up wrongly.
        (
            PROXY,
            vec![
                ("x-forwarded-proto", "https"),
                ("origin", "http://strongroom.lan:8080"),
            ],
            false,
        ),
        (PROXY, vec![("origin", "https://strongroom.lan:8080")], true),
    ] {
        let reply = world
            .send(with(post("/api/v3/auth/login", &right).from(peer), &lines))
            .expect(200);
        let cookie = reply.headers["set-cookie"].to_str().unwrap();
        assert_eq!(cookie.ends_with("; Secure"), secure, "{peer} {lines:?}: {cookie}");
        assert_eq!(cookie.matches("Secure").count(), usize::from(secure));
        assert!(
            cookie.starts_with("jid=") && cookie.contains("; HttpOnly"),
            "{cookie}"
        );
    }
}

#[test]
fn nothing_that_a_trusted_proxy_sends_is_of_this_machine() {
    let slot = SlotSummary {
        id: SlotId::from_random([1; 16]),
        kind: SlotKind::Server,
        name: "Server".into(),
        created: UnixMillis(0),
        fingerprint: "age1…x".into(),
    };
    let locked = || Locked {
        reason: "a test".into(),
        slots: vec![slot.clone()],
        unreachable: false,
    };
    for (proxies, needed) in [(&[][..], false), (&["loopback"], true), (&["127.0.0.2"], false)] {
        let app = TestApp::of(App::locked(locked()).unwrap().on(host(proxies)), generate());
        let call = || get("/api/strongroom/v1/locked").local();
        let confirmation = |call: Call| app.send(call).expect(200).json["confirmationNeeded"].clone();
        assert_eq!(confirmation(call()), Value::Bool(needed), "{proxies:?}");
        assert_eq!(
            confirmation(call().header("x-forwarded-for", CLIENT)),
            Value::Bool(true)
        );
    }
}
