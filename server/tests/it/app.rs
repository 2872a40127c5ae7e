//! The application in process: requests go in without a socket, answers come back whole.

use std::cell::RefCell;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use server::app::data_dir::DataDir;
use server::app::host::Host;
use server::app::{App, OpenStore, open};
use server::clock::Clock;
use server::crypto::identity::{self, Identity};
use server::crypto::keyring::{Keyring, NewSlot, SlotKind};
use server::crypto::random;
use server::domain::setup;
use server::domain::users::{self, NewUser};
use server::http::transport::Transport;
use server::store::members::Member;
use server::store::{Db, Sql};
use shared::model::access::{OrganizationRole, ProjectRole};
use shared::model::ids::{InstanceId, MembershipId, ProjectId, UserId};
use shared::model::text::SecretText;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use crate::database::TestDatabase;

/// Occurs in the values that tests store, and must not occur where they do not ask for it.
pub const CANARY: &str = "canary-7Qx0vJr2";
pub const EMAIL: &str = "kavi@example.com";
pub const PASSWORD: &str = "wrong pony battery staple";

const LAN: &str = "192.0.2.10:40000";
const LOOPBACK: &str = "127.0.0.1:40000";

/// A request to be sent.
#[derive(Clone, PartialEq)]
pub struct Call {
    pub method: Method,
    pub path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    peer: SocketAddr,
    locked_certificate: Option<String>,
}

impl Call {
    pub fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.parse().unwrap(),
            path: path.to_owned(),
            headers: vec![("host".to_owned(), "strongroom.lan:8080".to_owned())],
            body: Vec::new(),
            peer: LAN.parse().unwrap(),
            locked_certificate: None,
        }
    }

    /// Over a connection with the certificate of a locked server, of this fingerprint.
    pub fn over_locked_certificate(mut self, fingerprint: &str) -> Self {
        self.locked_certificate = Some(fingerprint.to_owned());
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.raw("application/json", &body.to_string())
    }

    pub fn raw(mut self, kind: &str, body: &str) -> Self {
        body.as_bytes().clone_into(&mut self.body);
        self.header("content-type", kind)
    }

    /// With a file as its body.
    pub fn bytes(mut self, body: &[u8]) -> Self {
        body.clone_into(&mut self.body);
        self.header("content-type", "application/octet-stream")
    }

    pub fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn cookie(self, refresh: &str) -> Self {
        self.header("cookie", &format!("theme=dark; jid={refresh}"))
    }

    /// Sets a header; the one of the same name is replaced.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(existing, _)| existing != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a header beside those of the same name.
    pub fn beside(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn from(mut self, ip: &str) -> Self {
        let ip: std::net::IpAddr = ip.parse().unwrap();
        self.peer = SocketAddr::new(ip, 40_000);
        self
    }

    /// As a script on the same machine sends it.
    pub fn local(mut self) -> Self {
        self.peer = LOOPBACK.parse().unwrap();
        self.header("host", "localhost:8080")
    }
}

pub fn get(path: &str) -> Call {
    Call::new("GET", path)
}

pub fn post(path: &str, body: &Value) -> Call {
    Call::new("POST", path).json(body)
}

pub fn patch(path: &str, body: &Value) -> Call {
    Call::new("PATCH", path).json(body)
}

pub fn delete(path: &str, body: &Value) -> Call {
    Call::new("DELETE", path).json(body)
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body; bytes that are no text are replaced.
    pub text: String,
    pub bytes: Vec<u8>,
    pub json: Value,
}

impl Reply {
    /// The answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The answer, if it refuses with this status and this word of Infisical's.
    #[track_caller]
    pub fn refused(self, status: u16, error: &str) -> Self {
        assert_eq!(
            (self.status, self.json["error"].as_str()),
            (status, Some(error)),
            "{}",
            self.text
        );
        assert_eq!(self.json["statusCode"], status, "{}", self.text);
        assert!(!self.text.contains(CANARY), "{}", self.text);
        self
    }

    /// A text in the answer, by JSON pointer.
    #[track_caller]
    pub fn at(&self, pointer: &str) -> String {
        match self.json.pointer(pointer) {
            Some(Value::String(text)) => text.clone(),
            other => panic!("no text at {pointer} but {other:?} in {}", self.text),
        }
    }

    /// The refresh token that the answer sets.
    #[track_caller]
    pub fn refresh(&self) -> String {
        let cookie = self.headers["set-cookie"].to_str().unwrap();
        let pair = cookie.split(';').next().unwrap();
        pair.strip_prefix("jid=").unwrap().to_owned()
    }
}

/// The running application with its database.
pub struct TestApp {
    runtime: Runtime,
    pub app: Arc<App>,
    service: axum::Router,
    /// Opens the keyring.
    pub server: Identity,
    database: Option<TestDatabase>,
    /// Holds the data directory.
    scratch: TempDir,
    said: RefCell<Vec<String>>,
}

impl TestApp {
    /// A new instance without an administrator.
    pub fn new() -> Self {
        Self::on(TestDatabase::open())
    }

    /// The same on a certain database.
    pub fn on(database: TestDatabase) -> Self {
        Self::with_host(database, |_| Host::default())
    }

    /// The same with the host's own configuration, made for the data directory.
    pub fn with_host(database: TestDatabase, host: impl FnOnce(&Path) -> Host) -> Self {
        let server = identity::generate();
        let (keyring, text) = new_keyring(&server);
        open::prepare(&database.db, &keyring, Clock::default().now()).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let opened = OpenStore::new(database.db.clone(), keyring, text);
        let app = App::opened(opened).unwrap().on(host(scratch.path()));
        let mut app = Self::within(scratch, app, server);
        app.database = Some(database);
        app
    }

    /// The application over a store that is open already.
    pub fn over(db: Db, keyring: Keyring, text: String, server: Identity) -> Self {
        Self::of(App::opened(OpenStore::new(db, keyring, text)).unwrap(), server)
    }

    pub fn of(app: App, server: Identity) -> Self {
        Self::within(tempfile::tempdir().unwrap(), app, server)
    }

    fn within(scratch: TempDir, app: App, server: Identity) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let app = Arc::new(match app.data_dir() {
            Some(_) => app,
            None => app.at(DataDir::new(scratch.path())),
        });
        Self {
            runtime,
            service: server::http::service(Arc::clone(&app)),
            app,
            server,
            database: None,
            scratch,
            said: RefCell::default(),
        }
    }

    /// Stops and starts again on the same database.
    pub fn reopened(mut self) -> Self {
        let opened = self.app.store().unwrap();
        let keyring = Keyring::clone(&opened.keyring());
        let text = keyring.to_file_text().unwrap();
        self.wait(self.app.close()).unwrap();
        let database = self.database.take().unwrap();
        let db = database.open_again();
        open::prepare(&db, &keyring, Clock::default().now()).unwrap();
        let mut app = Self::over(db, keyring, text, self.server.clone());
        app.database = Some(database);
        app
    }

    /// A file of the data directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub fn db(&self) -> Db {
        self.app.store().unwrap().db.clone()
    }

    pub fn keyring(&self) -> Keyring {
        Keyring::clone(&self.app.store().unwrap().keyring())
    }

    /// Runs statements against the database, past every rule.
    pub fn sql<T: Send + 'static>(
        &self,
        work: impl Fn(&mut dyn Sql) -> Result<T, crate::store::Error> + Send + 'static,
    ) -> T {
        self.db().write_blocking(work).unwrap()
    }

    pub fn send(&self, call: Call) -> Reply {
        let reply = self.wait(answer(self.service.clone(), call));
        self.heard(reply)
    }

    /// Sends all of them at the same moment.
    pub fn send_together(&self, calls: Vec<Call>) -> Vec<Reply> {
        let tasks: Vec<_> = calls
            .into_iter()
            .map(|call| self.runtime.spawn(answer(self.service.clone(), call)))
            .collect();
        tasks
            .into_iter()
            .map(|task| self.heard(self.wait(task).unwrap()))
            .collect()
    }

    fn heard(&self, reply: Reply) -> Reply {
        self.said
            .borrow_mut()
            .push(format!("{:?}\n{}", reply.headers, reply.text));
        reply
    }

    /// The answers so far that contain a text.
    pub fn said(&self, text: &str) -> usize {
        self.said
            .borrow()
            .iter()
            .filter(|answer| answer.contains(text))
            .count()
    }

    /// The events on record, oldest first.
    pub fn events(&self) -> Vec<String> {
        self.sql(|tx| {
            tx.query("SELECT event FROM audit_records ORDER BY at, id", &[])?
                .iter()
                .map(|row| row.get(0))
                .collect()
        })
    }

    pub fn setup_code(&self) -> String {
        let (code, _) = self.wait(self.app.write(setup::new_code)).unwrap();
        code.expose().to_owned()
    }

    /// Logs a person in; the answer has the token and the cookie.
    pub fn login(&self, email: &str, password: &str) -> Reply {
        self.send(post(
            "/api/v3/auth/login",
            &json!({"email": email, "password": password}),
        ))
    }
}

async fn answer(service: axum::Router, call: Call) -> Reply {
    let mut request = Request::builder().method(call.method).uri(call.path);
    for (name, value) in call.headers {
        request = request.header(name, value);
    }
    let mut request = request.body(Body::from(call.body)).unwrap();
    request.extensions_mut().insert(ConnectInfo(call.peer));
    if call.locked_certificate.is_some() {
        request.extensions_mut().insert(Transport {
            locked_fingerprint: call.locked_certificate,
            ..Transport::default()
        });
    }
    let response = service.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Reply {
        status: parts.status.as_u16(),
        headers: parts.headers,
        json: serde_json::from_str(&text).unwrap_or_default(),
        text,
        bytes: bytes.to_vec(),
    }
}

/// A keyring that the identity opens, with its text.
pub fn new_keyring(server: &Identity) -> (Keyring, String) {
    let now = Clock::default().now();
    let instance = InstanceId::from_random(random::bytes().unwrap());
    let mut keyring = Keyring::create(instance, now).unwrap();
    keyring
        .add_slot(
            &NewSlot::plain(SlotKind::Server, "Server", &identity::recipient(server)),
            now,
        )
        .unwrap();
    let text = keyring.to_file_text().unwrap();
    (keyring, text)
}

/// An instance with its administrator, and what tests need at hand.
pub struct World {
    pub app: TestApp,
    pub organization: String,
    /// Bearer token of the administrator, organization selected.
    pub admin: String,
    /// Refresh token of the administrator.
    pub refresh: String,
    /// Bearer token of the identity that set-up makes.
    pub root: String,
}

/// A project.
pub struct Project {
    pub id: String,
    pub slug: String,
}

/// A machine identity with its credentials.
pub struct Machine {
    pub id: String,
    pub client_id: String,
    pub client_secret: String,
    pub token: String,
}

impl std::ops::Deref for World {
    type Target = TestApp;

    fn deref(&self) -> &TestApp {
        &self.app
    }
}

impl World {
    pub fn new() -> Self {
        Self::on(TestApp::new())
    }

    /// With the host's own configuration, made for the data directory.
    pub fn with_host(host: impl FnOnce(&Path) -> Host) -> Self {
        Self::on(TestApp::with_host(TestDatabase::open(), host))
    }

    pub fn on(app: TestApp) -> Self {
        let body = json!({"email": EMAIL, "password": PASSWORD, "organization": "Home Lab"});
        let reply = app
            .send(post("/api/v1/admin/bootstrap", &body).local())
            .expect(200);
        let mut world = Self {
            app,
            organization: reply.at("/organization/id"),
            admin: String::new(),
            refresh: String::new(),
            root: reply.at("/identity/credentials/token"),
        };
        let login = world.login(EMAIL, PASSWORD).expect(200);
        let selected = world.selection(&login.at("/accessToken"));
        world.refresh = selected.refresh();
        world.admin = selected.at("/token");
        world
    }

    /// Selects the organization.
    pub fn select(&self, token: &str) -> String {
        self.selection(token).at("/token")
    }

    /// The same; the answer has the token and the cookie.
    pub fn selection(&self, token: &str) -> Reply {
        let body = json!({"organizationId": self.organization});
        self.send(post("/api/v3/auth/select-organization", &body).token(token))
            .expect(200)
    }

    pub fn project(&self, name: &str) -> Project {
        let call = post("/api/v1/projects", &json!({"projectName": name})).token(&self.admin);
        let reply = self.send(call).expect(200);
        Project {
            id: reply.at("/project/id"),
            slug: reply.at("/project/slug"),
        }
    }

    /// A machine identity of the organization with credentials, made by whoever has the token.
    pub fn machine_by(&self, token: &str, name: &str, role: &str) -> Machine {
        let body = json!({"name": name, "organizationId": self.organization, "role": role});
        let id = self
            .send(post("/api/v1/identities", &body).token(token))
            .expect(200)
            .at("/identity/id");
        let client_id = self.universal_auth(&id, &json!({}));
        let client_secret = self.client_secret(&id, &json!({}));
        let token = self
            .machine_login(&client_id, &client_secret)
            .expect(200)
            .at("/accessToken");
        Machine {
            id,
            client_id,
            client_secret,
            token,
        }
    }

    pub fn machine(&self, name: &str, role: &str) -> Machine {
        self.machine_by(&self.admin, name, role)
    }

    /// Attaches Universal Auth and returns the client id.
    pub fn universal_auth(&self, identity: &str, settings: &Value) -> String {
        let path = format!("/api/v1/auth/universal-auth/identities/{identity}");
        self.send(post(&path, settings).token(&self.admin))
            .expect(200)
            .at("/identityUniversalAuth/clientId")
    }

    pub fn client_secret(&self, identity: &str, settings: &Value) -> String {
        let path = format!("/api/v1/auth/universal-auth/identities/{identity}/client-secrets");
        self.send(post(&path, settings).token(&self.admin))
            .expect(200)
            .at("/clientSecret")
    }

    pub fn machine_login(&self, client_id: &str, client_secret: &str) -> Reply {
        let body = json!({"clientId": client_id, "clientSecret": client_secret});
        self.send(post("/api/v1/auth/universal-auth/login", &body))
    }

    /// Makes an identity a member of a project, as the administrator.
    pub fn join(&self, project: &Project, identity: &str, role: &str) {
        let path = format!("/api/v2/workspace/{}/identity-memberships/{identity}", project.id);
        self.send(post(&path, &json!({"role": role})).token(&self.admin))
            .expect(200);
    }

    /// A machine that is a member of a project.
    pub fn member(&self, project: &Project, role: &str) -> Machine {
        let machine = self.machine(role, "no-access");
        self.join(project, &machine.id, role);
        machine
    }

    /// A further person with a token for the organization.
    pub fn person(&self, email: &str, role: OrganizationRole) -> String {
        let password_hash = self
            .wait(self.app.app.hash_password(SecretText::from(PASSWORD)))
            .unwrap();
        let new = NewUser {
            email: email.parse().unwrap(),
            first_name: String::new(),
            last_name: String::new(),
            password_hash,
            instance_admin: false,
        };
        let organization = self.organization.parse().unwrap();
        self.wait(
            self.app
                .app
                .write(move |cx| users::create(cx, &new, organization, role)),
        )
        .unwrap();
        let token = self.login(email, PASSWORD).expect(200).at("/accessToken");
        self.select(&token)
    }

    /// Makes a person a member of a project, for which there is no route yet.
    pub fn join_person(&self, project: &Project, token: &str, role: ProjectRole) {
        let user: UserId = self
            .send(get("/api/v1/user").token(token))
            .expect(200)
            .at("/user/id")
            .parse()
            .unwrap();
        self.add_member(project, Member::User(user), role);
    }

    pub fn add_member(&self, project: &Project, member: Member, role: ProjectRole) {
        let project: ProjectId = project.id.parse().unwrap();
        self.sql(move |tx| {
            let id = MembershipId::from_random(random::bytes().unwrap());
            crate::store::members::insert(tx, id, project, member, role, Clock::default().now())
        });
    }

    /// A service token made by the administrator, with `environment:path` scopes.
    pub fn service_token(&self, project: &Project, scopes: &[&str], permissions: &[&str]) -> String {
        let scopes: Vec<Value> = scopes
            .iter()
            .map(|scope| {
                let (environment, path) = scope.split_once(':').unwrap();
                json!({"environment": environment, "secretPath": path})
            })
            .collect();
        let body = json!({
            "name": "ci", "workspaceId": project.id, "scopes": scopes, "permissions": permissions,
            "encryptedKey": "", "iv": "", "tag": "", "expiresIn": null, "randomBytes": "00",
        });
        self.send(post("/api/v2/service-token", &body).token(&self.admin))
            .expect(200)
            .at("/serviceToken")
    }

    /// Stores a secret in `dev`.
    pub fn put(&self, project: &Project, name: &str, value: &str) {
        let body = json!({"workspaceId": project.id, "environment": "dev", "secretValue": value});
        self.send(post(&format!("/api/v3/secrets/raw/{name}"), &body).token(&self.admin))
            .expect(200);
    }

    /// Stores a secret in a folder, which is made if need be.
    pub fn put_at(&self, project: &Project, (environment, path): (&str, &str), name: &str, value: &str) {
        self.folder(project, environment, path);
        let body = json!({
            "workspaceId": project.id, "environment": environment, "secretPath": path, "secretValue": value,
        });
        self.send(post(&format!("/api/v3/secrets/raw/{name}"), &body).token(&self.admin))
            .expect(200);
    }

    /// Makes a folder with those above it, unless they are there.
    pub fn folder(&self, project: &Project, environment: &str, path: &str) {
        let (above, name) = path.rsplit_once('/').unwrap();
        if name.is_empty() {
            return;
        }
        let above = if above.is_empty() { "/" } else { above };
        let body = json!({
            "workspaceId": project.id, "environment": environment, "path": above, "name": name,
        });
        self.send(post("/api/v1/folders", &body).token(&self.admin))
            .expect(200);
    }

    /// Reads a secret of `dev` with a token.
    pub fn read(&self, project: &Project, name: &str, token: &str) -> Reply {
        let path = format!(
            "/api/v3/secrets/raw/{name}?workspaceId={}&environment=dev",
            project.id
        );
        self.send(get(&path).token(token))
    }

    /// Moves the application's clock.
    pub fn later(&self, seconds: i64) {
        self.app.app.clock.advance_seconds(seconds);
    }
}
