//! References in values, as clients see them.

use serde_json::{Value, json};
use server::domain::caller::{Actor, Caller, Source};
use server::domain::places::Place;
use server::domain::secrets::read::{self, GetOptions};
use server::domain::{Context, Error};
use server::store::{Dialect, Row, Sql};
use shared::model::access::{OrganizationRole, ProjectRole};
use shared::model::time::UnixMillis;

use crate::app::{CANARY, Machine, Project, Reply, World, get, post};
use crate::secret_imports::{blocks, import};

/// Reads one secret of `dev` with its references expanded.
fn expanded(world: &World, project: &Project, name: &str) -> String {
    ask(world, project, name, "expandSecretReferences=true", &world.admin)
        .expect(200)
        .at("/secret/secretValue")
}

fn ask(world: &World, project: &Project, name: &str, query: &str, token: &str) -> Reply {
    let path = format!(
        "/api/v3/secrets/raw/{name}?workspaceId={}&environment=dev&{query}",
        project.id
    );
    world.send(get(&path).token(token))
}

/// Name and value of what a list shows.
fn values(reply: &Reply) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    reply.json["secrets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|secret| format!("{}={}", text(&secret["secretKey"]), text(&secret["secretValue"])))
        .collect()
}

#[test]
fn references_are_expanded_when_asked() {
    let world = World::new();
    let project = world.project("Web");
    for (name, value) in [
        ("BASE", "value"),
        ("EMPTY", ""),
        ("SIMPLE", "a${BASE}b"),
        ("SPACES", "${ BASE }"),
        ("ABSOLUTE", "${prod.KEY}"),
        ("DEEP", "${prod.app.db.KEY}"),
        ("ONE", "1>${TWO}"),
        ("TWO", "2>${THREE}"),
        ("THREE", "3>plain"),
        ("NOPE", "a${MISSING}b"),
        ("NO_ENVIRONMENT", "${nope.KEY}"),
        ("NO_FOLDER", "${dev.nope.KEY}"),
        ("NOTHING", "a${EMPTY}b"),
        ("ESCAPED", "$${BASE}"),
        ("UNCLOSED", "${BASE"),
        ("BRACES", "${}"),
        ("NESTED", "${${BASE}}"),
        ("SELF", "s${SELF}"),
        ("PING", "1${PONG}"),
        ("PONG", "2${PING}"),
        ("ELSEWHERE", "${@other-project.dev.KEY}"),
        ("ENVIRONMENT", "prod"),
        ("COMPOSED", "${${ENVIRONMENT}.KEY}"),
        ("MANY", "${BASE} ${BASE} ${prod.KEY}"),
    ] {
        world.put(&project, name, value);
    }
    world.put_at(&project, ("prod", "/"), "KEY", "prod value");
    world.put_at(&project, ("prod", "/app/db"), "KEY", "deep ${BESIDE}");
    world.put_at(&project, ("prod", "/app/db"), "BESIDE", "beside");
    let expected = [
        ("SIMPLE", "avalueb"),
        ("SPACES", "value"),
        ("ABSOLUTE", "prod value"),
        ("DEEP", "deep beside"),
        ("ONE", "1>2>3>plain"),
        ("NOPE", "a${MISSING}b"),
        ("NO_ENVIRONMENT", "${nope.KEY}"),
        ("NO_FOLDER", "${dev.nope.KEY}"),
        ("NOTHING", "ab"),
        ("ESCAPED", "$value"),
        ("UNCLOSED", "${BASE"),
        ("BRACES", "${}"),
        ("NESTED", "${${BASE}}"),
        ("SELF", "ss${SELF}"),
        ("PING", "121${PONG}"),
        ("ELSEWHERE", "${@other-project.dev.KEY}"),
        ("COMPOSED", "prod value"),
        ("MANY", "value value prod value"),
    ];
    for (name, value) in expected {
        assert_eq!(expanded(&world, &project, name), value, "{name}");
    }
    let list = |version: &str, query: &str| {
        let path = format!("/api/{version}?projectId={}&environment=dev{query}", project.id);
        values(&world.send(get(&path).token(&world.admin)).expect(200))
    };
    for shown in [
        list("v3/secrets/raw", "&expandSecretReferences=true"),
        list("v4/secrets", ""),
    ] {
        assert_eq!(shown.len(), 24);
        for (name, value) in expected {
            assert!(shown.contains(&format!("{name}={value}")), "{name} in {shown:?}");
        }
    }
    // By itself v3 shows what is stored, and so does whoever says so.
    for shown in [
        list("v3/secrets/raw", ""),
        list("v3/secrets/raw", "&expandSecretReferences=false"),
        list("v4/secrets", "&expandSecretReferences=false"),
    ] {
        assert!(shown.contains(&"SIMPLE=a${BASE}b".to_owned()), "{shown:?}");
    }
    let plain = ask(&world, &project, "SIMPLE", "", &world.admin).expect(200);
    assert_eq!(plain.at("/secret/secretValue"), "a${BASE}b");
}

#[test]
fn lines_are_quoted_where_the_secret_asks_for_it() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "PEM", "a\nb");
    for (name, value) in [("QUOTED", "${PEM}"), ("LITERAL", "a\nb")] {
        let body = json!({
            "workspaceId": project.id, "environment": "dev", "secretValue": value, "skipMultilineEncoding": true,
        });
        world
            .send(post(&format!("/api/v3/secrets/raw/{name}"), &body).token(&world.admin))
            .expect(200);
    }
    world.put(&project, "UNQUOTED", "${PEM}");
    assert_eq!(expanded(&world, &project, "QUOTED"), "\"a\\nb\"");
    assert_eq!(expanded(&world, &project, "LITERAL"), "a\nb");
    assert_eq!(expanded(&world, &project, "UNQUOTED"), "a\nb");
}

#[test]
fn hidden_values_are_not_expanded() {
    let world = World::new();
    let project = world.project("Web");
    let person = world.person("pat@example.com", OrganizationRole::Member);
    world.join_person(&project, &person, ProjectRole::Member);
    world.put(&project, "TARGET", CANARY);
    world.put(&project, "REFERRING", "${TARGET}");
    let own = json!({
        "workspaceId": project.id, "environment": "dev", "secretValue": "own ${TARGET}", "type": "personal",
    });
    world
        .send(post("/api/v3/secrets/raw/REFERRING", &own).token(&person))
        .expect(200);
    let before = world.said(CANARY);
    for version in ["v3/secrets/raw", "v4/secrets"] {
        for name in ["", "/REFERRING"] {
            let path = format!(
                "/api/{version}{name}?projectId={}&environment=dev&viewSecretValue=false\
                 &expandSecretReferences=true&includePersonalOverrides=true",
                project.id
            );
            world.send(get(&path).token(&person)).expect(200);
        }
    }
    assert_eq!(world.said(CANARY), before);
    assert!(
        world.said("own ${TARGET}") > 1,
        "the own override is shown, as it is written"
    );
}

#[test]
fn what_the_caller_may_not_read_is_refused_by_name() {
    let world = World::new();
    let project = world.project("Web");
    world.put_at(&project, ("prod", "/db"), "PASSWORD", CANARY);
    world.put(&project, "PLAIN", "plain");
    world.put(&project, "URL", "u:${prod.db.PASSWORD}");
    world.put(&project, "INDIRECT", "${URL}");
    world.put(&project, "GONE", "${prod.db.NOPE}");
    let before = world.said(CANARY);
    let token = world.service_token(&project, &["dev:/", "staging:/"], &["read", "write"]);
    for name in ["URL", "INDIRECT"] {
        let reply = ask(&world, &project, name, "expandSecretReferences=true", &token);
        let reply = reply.refused(403, "PermissionDenied");
        assert_eq!(
            reply.json["details"],
            json!([
                "Referenced: secret 'PASSWORD' in environment 'prod' at path '/db'",
                "Referencing: secret 'URL' in environment 'dev' at path '/'"
            ])
        );
        for part in ["'PASSWORD'", "'prod'", "'/db'", "'URL'"] {
            assert!(reply.text.contains(part), "{part} in {}", reply.text);
        }
    }
    // Whether the target is there makes no difference.
    ask(&world, &project, "GONE", "expandSecretReferences=true", &token).refused(403, "PermissionDenied");
    let list = format!("/api/v4/secrets?projectId={}&environment=dev", project.id);
    world
        .send(get(&list).token(&token))
        .refused(403, "PermissionDenied");
    world
        .send(get(&format!("{list}&expandSecretReferences=false")).token(&token))
        .expect(200);
    assert_eq!(expanded(&world, &project, "INDIRECT"), format!("u:{CANARY}"));
    // Imports are expanded unasked, so nothing is refused on their account.
    import(&world, &project, "staging", ("dev", "/"));
    let path = format!(
        "/api/v3/secrets/raw?workspaceId={}&environment=staging&include_imports=true",
        project.id
    );
    let reply = world.send(get(&path).token(&token)).expect(200);
    let shown = &blocks(&reply, "imports")[0].1;
    assert!(
        shown.contains(&"URL=u:${prod.db.PASSWORD}".to_owned()),
        "{shown:?}"
    );
    assert_eq!(world.said(CANARY), before + 1);
}

#[test]
fn imported_values_are_expanded_where_they_come_from() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "HOST", "dev host");
    world.put(&project, "SEES", "${URL}");
    world.put_at(&project, ("prod", "/"), "HOST", "prod host");
    world.put_at(&project, ("prod", "/"), "URL", "http://${HOST}");
    import(&world, &project, "dev", ("prod", "/"));
    let list = |version: &str, query: &str| {
        let path = format!("/api/{version}?projectId={}&environment=dev{query}", project.id);
        world.send(get(&path).token(&world.admin)).expect(200)
    };
    for reply in [
        list("v3/secrets/raw", "&include_imports=true"),
        list(
            "v3/secrets/raw",
            "&includeImports=true&expandSecretReferences=true",
        ),
        list("v4/secrets", ""),
    ] {
        let shown = &blocks(&reply, "imports")[0].1;
        assert!(shown.contains(&"URL=http://prod host".to_owned()), "{shown:?}");
        // A reference sees no imports.
        assert!(values(&reply).contains(&"SEES=${URL}".to_owned()));
    }
    for version in ["v3/secrets/raw", "v4/secrets"] {
        let reply = list(version, "&include_imports=true&expandSecretReferences=false");
        assert!(
            blocks(&reply, "imports")[0]
                .1
                .contains(&"URL=http://${HOST}".to_owned())
        );
    }
    let single = ask(
        &world,
        &project,
        "URL",
        "include_imports=true&expandSecretReferences=true",
        &world.admin,
    );
    assert_eq!(single.expect(200).at("/secret/secretValue"), "http://prod host");
}

#[test]
fn overrides_count_in_references_where_they_take_the_place_of_secrets() {
    let world = World::new();
    let project = world.project("Web");
    let person = world.person("pat@example.com", OrganizationRole::Member);
    world.join_person(&project, &person, ProjectRole::Member);
    world.put(&project, "HOST", "shared");
    world.put(&project, "URL", "http://${HOST}");
    world.put_at(&project, ("prod", "/"), "AWAY", "http://${dev.HOST}");
    let own = json!({
        "workspaceId": project.id, "environment": "dev", "secretValue": "mine", "type": "personal",
    });
    world
        .send(post("/api/v3/secrets/raw/HOST", &own).token(&person))
        .expect(200);
    let list = |query: &str, token: &str| {
        let path = format!("/api/v4/secrets?projectId={}&{query}", project.id);
        values(&world.send(get(&path).token(token)).expect(200))
    };
    let mine = "includePersonalOverrides=true";
    assert_eq!(
        list(&format!("environment=dev&{mine}"), &person),
        ["HOST=mine", "URL=http://mine"]
    );
    assert_eq!(
        list(&format!("environment=prod&{mine}"), &person),
        ["AWAY=http://mine"]
    );
    assert_eq!(
        list("environment=dev", &person),
        ["HOST=shared", "URL=http://shared"]
    );
    assert_eq!(
        list(&format!("environment=dev&{mine}"), &world.admin),
        ["HOST=shared", "URL=http://shared"]
    );
    let path = format!(
        "/api/v3/secrets/raw?workspaceId={}&environment=dev&expandSecretReferences=true",
        project.id
    );
    let reply = world.send(get(&path).token(&person)).expect(200);
    assert_eq!(values(&reply), ["HOST=shared", "HOST=mine", "URL=http://shared"]);
}

#[test]
fn bombs_are_refused_and_do_no_harm() {
    let world = World::new();
    let project = world.project("Web");
    world.put(&project, "B9", "ha");
    for number in 0..9 {
        let next = format!("${{B{}}}", number + 1);
        world.put(&project, &format!("B{number}"), &next.repeat(10));
    }
    let reply = ask(
        &world,
        &project,
        "B0",
        "expandSecretReferences=true",
        &world.admin,
    );
    let reply = reply.refused(400, "BadRequest");
    assert!(reply.text.contains("'B0'") && reply.text.contains("expandSecretReferences=false"));
    let list = format!("/api/v4/secrets?projectId={}&environment=dev", project.id);
    world
        .send(get(&list).token(&world.admin))
        .refused(400, "BadRequest");
    assert_eq!(expanded(&world, &project, "B8"), "ha".repeat(10));
    world
        .send(get(&format!("{list}&expandSecretReferences=false")).token(&world.admin))
        .expect(200);
}

#[test]
fn many_references_to_one_folder_are_found() {
    let world = World::new();
    let project = world.project("Web");
    let secrets: Vec<Value> = (0..30)
        .map(|number| json!({"secretKey": format!("K{number:02}"), "secretValue": format!("v{number}")}))
        .collect();
    let batch = |environment: &str, secrets: &[Value]| {
        let body = json!({"workspaceId": project.id, "environment": environment, "secrets": secrets});
        world
            .send(post("/api/v3/secrets/batch/raw", &body).token(&world.admin))
            .expect(200);
    };
    batch("prod", &secrets);
    let referring: Vec<Value> = (0..30)
        .map(|number| {
            let value = format!(
                "${{prod.K{number:02}}}+${{prod.K{:02}}}+${{prod.NOPE{number}}}",
                29 - number
            );
            json!({"secretKey": format!("R{number:02}"), "secretValue": value})
        })
        .collect();
    batch("dev", &referring);
    let path = format!("/api/v4/secrets?projectId={}&environment=dev", project.id);
    let shown = values(&world.send(get(&path).token(&world.admin)).expect(200));
    for (number, shown) in shown.iter().enumerate() {
        let expected = format!("R{number:02}=v{number}+v{}+${{prod.NOPE{number}}}", 29 - number);
        assert_eq!(*shown, expected);
    }
    assert_eq!(shown.len(), 30);
}

fn joined(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

/// A transaction that counts its statements.
struct Counted<'a> {
    tx: &'a mut dyn Sql,
    statements: usize,
}

type Rows = Result<Vec<Row>, server::store::Error>;

impl Sql for Counted<'_> {
    fn dialect(&self) -> Dialect {
        self.tx.dialect()
    }

    fn query(&mut self, sql: &str, p: &[server::store::Value]) -> Rows {
        self.statements += 1;
        self.tx.query(sql, p)
    }

    fn execute(&mut self, sql: &str, p: &[server::store::Value]) -> Result<u64, server::store::Error> {
        self.statements += 1;
        self.tx.execute(sql, p)
    }

    fn prepare(&mut self, sql: &str) -> Result<usize, server::store::Error> {
        self.tx.prepare(sql)
    }
}

/// How many statements a machine's read of a secret of `dev` takes with its references expanded.
fn statements(world: &World, project: &Project, machine: &Machine, name: &str) -> usize {
    let caller = Caller {
        actor: Actor::Identity(machine.id.parse().unwrap()),
        organization: Some((world.organization.parse().unwrap(), OrganizationRole::NoAccess)),
        ..Caller::anonymous(Source::default())
    };
    let place = Place {
        project: Some(project.id.clone()),
        environment: Some("dev".into()),
        ..Place::default()
    };
    let options = GetOptions {
        value: true,
        expand: true,
        ..GetOptions::default()
    };
    let (keys, name) = (world.keyring(), name.parse().unwrap());
    world
        .db()
        .read_blocking(move |tx| {
            let mut counted = Counted { tx, statements: 0 };
            let mut cx = Context {
                tx: &mut counted,
                keys: &keys,
                now: UnixMillis(0),
            };
            read::get(&mut cx, &caller, &place, &name, options)?;
            Ok::<_, Error>(counted.statements)
        })
        .unwrap()
}

#[test]
fn what_is_missing_costs_no_statements() {
    let world = World::new();
    let project = world.project("Web");
    let deep = |last: &str| format!("{}{last}", "/a".repeat(20));
    for number in 0..12 {
        world.put_at(
            &project,
            ("prod", &deep(&format!("/f{number}"))),
            "KEY",
            &format!("v{number}"),
        );
    }
    let above = deep("").replace('/', ".");
    let missing = joined(450, |number| {
        format!(
            "${{prod{above}.n{number}.KEY}}${{dev.n{number}.KEY}}${{e{number}.KEY}}${{prod{above}.f1.N{number}}}"
        )
    });
    let found = joined(12, |number| format!("${{production{above}.f{number}.KEY}}"));
    world.put(&project, "MANY", &format!("{missing}{found}"));
    let value = expanded(&world, &project, "MANY");
    let found = joined(12, |number| format!("v{number}"));
    assert_eq!(value, format!("{missing}{found}"));
    // Eight folders of 22 names, a tree for each of two environments, what is in the folders; not 1,812 times that.
    let machine = world.member(&project, "viewer");
    let taken = statements(&world, &project, &machine, "MANY");
    assert!(taken < 300, "{taken}");
    // Few references are followed without loading a tree.
    world.put(&project, "ONE", "${prod.KEY}");
    let taken = statements(&world, &project, &machine, "ONE");
    assert!(taken < 20, "{taken}");
}

#[test]
fn more_references_than_anybody_needs_are_refused() {
    let world = World::new();
    let project = world.project("Web");
    let many = |count: usize| -> String { joined(count, |number| format!("${{e{number}.K}}")) };
    world.put(&project, "MOST", &many(2_000));
    assert_eq!(expanded(&world, &project, "MOST"), many(2_000));
    world.put(&project, "MORE", &many(2_001));
    let reply = ask(
        &world,
        &project,
        "MORE",
        "expandSecretReferences=true",
        &world.admin,
    );
    let reply = reply.refused(400, "BadRequest");
    assert!(reply.text.contains("'MORE'") && reply.text.contains("2000 values"));
}
