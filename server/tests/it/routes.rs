//! Every route keeps its policy: a matrix of routes, callers and objects, made from the route table itself.
//!
//! What is expected follows from the policy that stands beside the route and from the rules of the roles; a sample
//! request stands in `routes/samples.rs`, one row for each route.

pub mod callers;
mod samples;
mod target;

use std::collections::BTreeSet;
use std::sync::Mutex;

use server::domain::access::{self, organization_allows, project_allows};
use server::domain::service_tokens::{Grant, Permissions, scopes};
use server::http::route::{Kinds, Policy, Route};
use server::store::{Row, Value, copy};
use shared::model::access::{Action, OrganizationRole, ProjectRole, Subject};
use shared::model::ids::{AccessTokenId, IdentityId, OrganizationId, ProjectId, ServiceTokenId};
use shared::model::names::FolderPath;

use self::callers::{Caller, Standing, Who};
use self::samples::Sample;
use self::target::{Founder, Target};
use crate::app::{CANARY, Call, Reply, World};

/// Everybody is let in to these; whoever makes this list longer says why.
const OPEN: [&str; 25] = [
    "GET /api/status",
    "GET /api/health",
    // To programs on the same machine, and to whoever has its token.
    "GET /metrics",
    "GET /healthcheck",
    "GET /.well-known/security.txt",
    "GET /robots.txt",
    "POST /api/v1/admin/bootstrap",
    "GET /api/v1/admin/config",
    "POST /api/v3/auth/login",
    "POST /api/v3/auth/login1",
    "POST /api/v3/auth/login2",
    "POST /api/v1/auth/token",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/universal-auth/login",
    "POST /api/v1/auth/token/renew",
    "POST /api/v1/auth/token/revoke",
    "GET /api/strongroom/v1/setup",
    "POST /api/strongroom/v1/setup",
    // Ask for the set-up code themselves, and are closed once the instance is set up.
    "PUT /api/strongroom/v1/restore/upload",
    "POST /api/strongroom/v1/restore",
    // Nobody can log in at a locked server; a key of its store is asked for instead.
    "GET /api/strongroom/v1/locked",
    "POST /api/strongroom/v1/unlock",
    // Whoever is to trust a certificate does not do so yet.
    "GET /api/strongroom/v1/tls/authority.pem",
    "GET /api/strongroom/v1/tls/authority.der",
    // A browser sends no bearer token with a download: the ticket in the path is the credential.
    "GET /api/strongroom/v1/backups/download/{ticket}",
];

/// Routes walked with one database: it grows with each.
const ROUTES_PER_SCENE: usize = 4;

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

fn guarded() -> Vec<Route> {
    let mut routes = server::http::routes();
    routes.retain(|route| route.policy != Policy::Open);
    routes
}

#[test]
fn nothing_is_open_that_is_not_listed() {
    let open: BTreeSet<String> = server::http::routes()
        .iter()
        .filter(|route| route.policy == Policy::Open)
        .map(name)
        .collect();
    assert_eq!(open, OPEN.map(str::to_owned).into());
}

#[test]
fn every_route_has_a_sample_and_every_sample_a_route() {
    let routes: BTreeSet<String> = guarded().iter().map(name).collect();
    for route in guarded() {
        samples::of(route.method, route.path);
    }
    let mut seen = BTreeSet::new();
    for (sample, _) in samples::SAMPLES {
        assert!(
            routes.contains(*sample),
            "{sample} is a sample of no guarded route"
        );
        assert!(seen.insert(sample), "{sample} has two samples");
    }
}

#[test]
fn every_route_keeps_its_policy() {
    let routes = guarded();
    let waiting = Mutex::new(routes.chunks(ROUTES_PER_SCENE));
    let violations = Mutex::new(Vec::new());
    let next = || waiting.lock().unwrap().next();
    std::thread::scope(|threads| {
        // More than there are processors: most of the time goes into waiting for commits.
        for _ in 0..3 * std::thread::available_parallelism().map_or(2, usize::from) {
            threads.spawn(|| {
                while let Some(routes) = next() {
                    let scene = Scene::new();
                    for route in routes {
                        let found = scene.walk(route);
                        violations.lock().unwrap().extend(found);
                    }
                }
            });
        }
    });
    let violations = violations.into_inner().unwrap();
    assert!(
        violations.is_empty(),
        "{} violations:\n{}",
        violations.len(),
        violations.join("\n")
    );
}

/// What a policy says about a caller.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Allowed,
    Refused(&'static [u16]),
}

const FORBIDDEN: Verdict = Verdict::Refused(&[403]);
/// Strangers need not be told whether it exists.
const HIDDEN: Verdict = Verdict::Refused(&[403, 404]);

fn when(allowed: bool) -> Verdict {
    if allowed { Verdict::Allowed } else { FORBIDDEN }
}

/// `names_target`: whether the request names something of the target's organization.
fn verdict(policy: Policy, caller: &Caller, names_target: bool) -> Verdict {
    let Some(kinds) = policy.kinds() else {
        return Verdict::Allowed;
    };
    if !caller.kind.admitted(kinds) {
        return FORBIDDEN;
    }
    match (policy, caller.standing) {
        (_, Standing::Foreign) if names_target => HIDDEN,
        (Policy::Instance, _) => when(caller.instance_admin),
        (Policy::Open | Policy::Own(_), _) => Verdict::Allowed,
        (Policy::Organization(_, action, subject), Standing::Member(role, _)) => {
            when(organization_allows(role, action, subject))
        }
        (Policy::Organization(_, action, subject), Standing::Foreign) => {
            when(organization_allows(OrganizationRole::Admin, action, subject))
        }
        (Policy::Organization(..), Standing::Token { .. }) => FORBIDDEN,
        (Policy::Project(..), Standing::Foreign | Standing::Member(_, None)) => HIDDEN,
        (Policy::Project(_, action, subject), Standing::Member(_, Some(role))) => {
            when(project_allows(role, action, subject, access::Scope::default()))
        }
        (Policy::Project(_, action, subject), Standing::Token { read, write, reaches }) => {
            if reaches {
                when(grants(Permissions { read, write }, action, subject))
            } else {
                HIDDEN
            }
        }
    }
}

/// Whether a token of `/**` in `dev` allows it there.
fn grants(permissions: Permissions, action: Action, subject: Subject) -> bool {
    let words = scopes::Words {
        environment: "dev".into(),
        path: "/**".into(),
    };
    let grant = Grant {
        token: ServiceTokenId::from_random([1; 16]),
        organization: OrganizationId::from_random([2; 16]),
        project: ProjectId::from_random([3; 16]),
        scopes: scopes::parse(&[words]).unwrap(),
        permissions,
    };
    let scope = access::Scope {
        environment: Some("dev"),
        path: Some(&FolderPath::root()),
    };
    grant.allows(action, subject, scope)
}

/// Two organizations with everybody in them.
struct Scene {
    world: World,
    home: Founder,
    away_founder: Founder,
    callers: Vec<Caller>,
    /// Another project of the organization.
    other: Target,
    /// A project of another organization.
    away: Target,
    /// How to read each table.
    tables: Vec<String>,
}

/// Changes by being looked at, or is about requests themselves.
const VOLATILE: [&str; 4] = ["last_used_at", "uses", "last_seen_at", "refreshed_at"];

fn row_text(row: Row) -> String {
    let texts: Vec<String> = row
        .into_values()
        .into_iter()
        .map(|value| match value {
            Value::Null => "-".to_owned(),
            Value::Int(number) => number.to_string(),
            Value::Text(text) => text,
            Value::Bytes(bytes) => format!("{bytes:02x?}"),
            Value::Bool(truth) => truth.to_string(),
        })
        .collect();
    texts.join("|")
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let home = Founder {
            token: world.admin.clone(),
            organization: world.organization.clone(),
        };
        let organization = crate::login::foreign_organization(&world);
        let (_, token) = callers::person(&world, "founder", &organization, OrganizationRole::Admin);
        let away_founder = Founder { token, organization };
        let callers = callers::members(&world, &home, &away_founder);
        let other = Target::new(&world, &home, &[]);
        let away = Target::new(&world, &away_founder, &[]);
        let tables = world.sql(|tx| {
            let mut statements = Vec::new();
            for table in copy::tables(tx)? {
                if matches!(table.as_str(), "audit_records" | "attempts") {
                    continue;
                }
                let columns: Vec<String> = copy::columns(tx, &table)?
                    .into_iter()
                    .map(|column| column.name)
                    .filter(|column| !VOLATILE.contains(&column.as_str()))
                    .collect();
                statements.push(format!("SELECT {} FROM {table}", columns.join(", ")));
            }
            Ok(statements)
        });
        Self {
            world,
            home,
            away_founder,
            callers,
            other,
            away,
            tables,
        }
    }

    /// Everything that is stored.
    fn rows(&self) -> BTreeSet<String> {
        let tables = self.tables.clone();
        self.world.sql(move |tx| {
            let mut rows = BTreeSet::new();
            for statement in &tables {
                for row in tx.query(statement, &[])? {
                    rows.insert(format!("{statement}: {}", row_text(row)));
                }
            }
            Ok(rows)
        })
    }

    /// A fresh target with everybody in it.
    fn target(&self, route: &Route) -> Target {
        let members: Vec<(Who, ProjectRole)> = self
            .callers
            .iter()
            .filter_map(|caller| match caller.standing {
                Standing::Member(_, role) => Some((caller.who?, role?)),
                // A list of members could not show one whose organization may not be read.
                Standing::Foreign if route.path.contains("memberships") => None,
                Standing::Foreign => Some((caller.who?, ProjectRole::Admin)),
                Standing::Token { .. } => None,
            })
            .collect();
        let mut target = Target::new(&self.world, &self.home, &members);
        if route.path.contains("/backups") {
            crate::kits::require_kit(&self.world);
        }
        if route.path.contains("{backup}") {
            target.backup = crate::backups::start(&self.world);
        }
        target
    }

    fn walk(&self, route: &Route) -> Vec<String> {
        let target = self.target(route);
        let sample = samples::of(route.method, route.path);
        let walk = Walk {
            scene: self,
            route,
            sample,
            names_target: samples::call(sample, &target) != samples::call(sample, &self.away),
            violations: Mutex::default(),
        };
        let service_tokens = callers::service_tokens(&self.world, &self.home, &target, &self.other);
        walk.nobody(&target);
        walk.everybody(&target, &service_tokens);
        walk.foreign_objects(&target, &service_tokens);
        walk.violations.into_inner().unwrap()
    }
}

/// One route with everybody.
struct Walk<'a> {
    scene: &'a Scene,
    route: &'a Route,
    sample: Sample,
    names_target: bool,
    violations: Mutex<Vec<String>>,
}

impl Walk<'_> {
    fn violation(&self, who: &str, what: &str, reply: &Reply) {
        let text: String = reply.text.chars().take(200).collect();
        let violation = format!("{} as {who}: {what}: {} {text}", name(self.route), reply.status);
        self.violations.lock().unwrap().push(violation);
    }

    /// Sends refusals that together must leave every row as it was.
    fn without_effect(&self, who: &str, refusals: impl FnOnce()) {
        let before = self.scene.rows();
        refusals();
        let after = self.scene.rows();
        if let Some(changed) = after.symmetric_difference(&before).next() {
            let changed: String = changed.chars().take(300).collect();
            let violation = format!("{} as {who}: a refusal that changed {changed}", name(self.route));
            self.violations.lock().unwrap().push(violation);
        }
    }

    /// Sends what must be refused, and checks that it is, in Infisical's shape and without a value.
    fn refuse(&self, who: &str, call: Call, statuses: &[u16]) {
        let reply = self.scene.world.send(call);
        if !statuses.contains(&reply.status) {
            self.violation(who, &format!("expected one of {statuses:?}"), &reply);
        }
        let shaped = reply.json["statusCode"] == reply.status
            && reply.json["error"].is_string()
            && reply.json["reqId"].as_str().is_some_and(|id| id.len() == 18);
        if !shaped {
            self.violation(who, "not the shape of an error", &reply);
        }
        if reply.text.contains(CANARY) {
            self.violation(who, "a refusal with a value in it", &reply);
        }
    }

    /// Without a credential in force nobody learns anything, not even of a wrong body.
    fn nobody(&self, target: &Target) {
        let world = &self.scene.world;
        let call = samples::call(self.sample, target);
        let bare = Call::new(call.method.as_str(), &call.path);
        let revoked = callers::revoked(world, &self.scene.home, target);
        self.without_effect("nobody", || {
            for call in [call.clone(), bare] {
                self.refuse("nobody", call.clone(), &[401]);
                self.refuse("a cookie alone", call.clone().cookie(&world.refresh), &[401]);
                self.refuse("nonsense", call.clone().token("not.a.token"), &[403]);
            }
            let kinds = self.route.policy.kinds().unwrap();
            let made_up = format!("st.{}.00", target.project);
            let status = if kinds.service_token { 404 } else { 403 };
            self.refuse("a made-up service token", call.clone().token(&made_up), &[status]);
            for caller in &revoked {
                let status = if caller.kind.admitted(kinds) { 401 } else { 403 };
                self.refuse(&caller.name, call.clone().token(&caller.token), &[status]);
            }
        });
    }

    /// Everybody with a credential in force: first who is refused, then who is allowed, each on a target of his own if
    /// something may change.
    fn everybody(&self, target: &Target, service_tokens: &[Caller]) {
        let mut allowed = Vec::new();
        self.without_effect("everybody", || {
            for caller in self.scene.callers.iter().chain(service_tokens) {
                match verdict(self.route.policy, caller, self.names_target) {
                    Verdict::Refused(statuses) => {
                        let call = samples::call(self.sample, target).token(&caller.token);
                        self.refuse(&caller.name, call, statuses);
                    }
                    Verdict::Allowed => allowed.push(caller),
                }
            }
        });
        for caller in allowed {
            let (target, token) = if self.route.method == "GET" {
                (target.clone(), caller.token.clone())
            } else if self.route.policy == Policy::Own(Kinds::USER) {
                let Scene {
                    world,
                    home,
                    away_founder,
                    ..
                } = self.scene;
                let token = callers::stand_in(world, home, away_founder, caller.standing);
                (target.clone(), token)
            } else {
                let target = self.scene.target(self.route);
                let token = match caller.standing {
                    Standing::Token { .. } => callers::service_token_named(
                        &self.scene.world,
                        &self.scene.home,
                        &target,
                        &self.scene.other,
                        &caller.name,
                    ),
                    _ => caller.token.clone(),
                };
                (target, token)
            };
            let mut call = samples::call(self.sample, &target).token(&token);
            if call.path.contains(samples::OWN_SESSION) {
                call.path = call
                    .path
                    .replace(samples::OWN_SESSION, &callers::session_of(&token));
            }
            let reply = self.scene.world.send(call);
            if reply.status == 202 {
                // It goes on in the background, and must not change rows while those of others are compared.
                crate::backups::finish(&self.scene.world, &reply.at("/id"));
            } else if reply.status != 200 {
                self.violation(&caller.name, "expected to be allowed", &reply);
            }
            let stranger = matches!(caller.standing, Standing::Foreign | Standing::Member(_, None));
            if stranger && (reply.text.contains(&target.project) || reply.text.contains(CANARY)) {
                self.violation(&caller.name, "a stranger sees the project", &reply);
            }
        }
    }

    /// The strongest callers, with what is not theirs: another project, another organization, and requests that mix
    /// their own with somebody else's.
    fn foreign_objects(&self, own: &Target, service_tokens: &[Caller]) {
        let (other, away) = (&self.scene.other, &self.scene.away);
        let mine = |inner: &Target| Target {
            organization: own.organization.clone(),
            project: own.project.clone(),
            slug: own.slug.clone(),
            ..inner.clone()
        };
        let with_identities = |inner: &Target| Target {
            identity: own.identity.clone(),
            machine: own.machine.clone(),
            person: own.person.clone(),
            outsider: own.outsider.clone(),
            newcomer: own.newcomer.clone(),
            ..mine(inner)
        };
        let mut objects = vec![
            ("what another organization has", away.clone()),
            ("the own project with ids of another organization", mine(away)),
            (
                "own identities with ids of another organization",
                with_identities(away),
            ),
        ];
        if matches!(self.route.policy, Policy::Project(..)) {
            let stranger = Target {
                identity: other.identity.clone(),
                ..own.clone()
            };
            objects.push(("what another project has", other.clone()));
            objects.push(("the own project with ids of another", with_identities(other)));
            objects.push(("an identity that is no member", stranger));
        }
        let strongest = Standing::Member(OrganizationRole::Admin, Some(ProjectRole::Admin));
        let strong = |caller: &&Caller| {
            caller.standing == strongest
                || caller.standing
                    == Standing::Token {
                        read: true,
                        write: true,
                        reaches: true,
                    }
        };
        let original = samples::call(self.sample, own);
        self.without_effect("the strongest on what is not theirs", || {
            for caller in self.scene.callers.iter().chain(service_tokens).filter(strong) {
                if verdict(self.route.policy, caller, self.names_target) != Verdict::Allowed {
                    continue;
                }
                for (what, object) in &objects {
                    let call = samples::call(self.sample, object);
                    if call != original {
                        let who = format!("{} on {what}", caller.name);
                        self.refuse(&who, call.token(&caller.token), &[400, 403, 404]);
                    }
                }
            }
        });
    }
}

#[test]
fn a_token_that_no_row_stands_behind_is_refused() {
    // Signed by the right key, but nothing was ever issued under it.
    let world = World::new();
    let random = || server::crypto::random::bytes().unwrap();
    let forged = world
        .wait(world.app.app.write(move |cx| {
            let row = crate::store::access_tokens::AccessToken {
                id: AccessTokenId::from_random(random()),
                identity_id: IdentityId::from_random(random()),
                method: shared::model::access::AuthMethod::TokenAuth,
                client_secret_id: None,
                name: String::new(),
                terms: server::domain::access_tokens::endless_terms(),
                uses: 0,
                created_at: cx.now,
                renewed_at: cx.now,
                last_used_at: None,
                revoked_at: None,
            };
            server::domain::tokens::for_identity(cx, &row, None)
        }))
        .unwrap();
    world
        .send(crate::app::get("/api/strongroom/v1/me").token(forged.expose()))
        .refused(401, "UnauthorizedError");
}
