//! Service tokens: what opens them, what they open, and how they end.

use serde_json::{Value, json};
use shared::model::access::{OrganizationRole, ProjectRole};

use crate::app::{CANARY, Call, Project, Reply, World, delete, get, patch, post};
use crate::scenario::{accepted, play, refused};

struct Fixture {
    world: World,
    project: Project,
}

impl std::ops::Deref for Fixture {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Fixture {
    /// `A` in `/` and in `/app` of each environment, the value naming its place.
    fn new() -> Self {
        let world = World::new();
        let project = world.project("Web");
        for environment in ["dev", "prod"] {
            let folder = json!({"workspaceId": project.id, "environment": environment, "name": "app"});
            world
                .send(post("/api/v1/folders", &folder).token(&world.admin))
                .expect(200);
            for path in ["/", "/app"] {
                let body = json!({
                    "workspaceId": project.id, "environment": environment, "secretPath": path,
                    "secretValue": format!("{CANARY} {environment}:{path}"),
                });
                world
                    .send(post("/api/v3/secrets/raw/A", &body).token(&world.admin))
                    .expect(200);
            }
        }
        Self { world, project }
    }

    fn token(&self, scopes: &[&str], permissions: &[&str]) -> String {
        self.service_token(&self.project, scopes, permissions)
    }

    fn ask(&self, token: &str, query: &str) -> Reply {
        self.send(get(&format!("/api/v3/secrets/raw/A?{query}")).token(token))
    }

    /// A read that says where it looks.
    fn at(&self, token: &str, environment: &str, path: &str) -> Reply {
        self.ask(
            token,
            &format!(
                "workspaceId={}&environment={environment}&secretPath={path}",
                self.project.id
            ),
        )
    }

    fn set(&self, token: &str, name: &str, place: &Value) -> Reply {
        let mut body = place.clone();
        body["secretValue"] = json!("new");
        self.send(post(&format!("/api/v4/secrets/{name}"), &body).token(token))
    }

    fn create(&self, change: &Value) -> Call {
        let mut body = json!({
            "name": "ci", "workspaceId": self.project.id, "permissions": ["read"],
            "scopes": [{"environment": "dev", "secretPath": "/"}],
        });
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        post("/api/v2/service-token/", &body).token(&self.admin)
    }
}

#[test]
fn unknown_wrong_revoked_and_expired_tokens_are_refused() {
    let fixture = Fixture::new();
    let (world, project) = (&fixture.world, &fixture.project);
    let token = fixture.token(&["dev:/"], &["read", "write"]);
    let (head, secret) = token.rsplit_once('.').unwrap();
    let unknown = format!("st.{}.{secret}", project.id);
    let wrong = format!("{head}.{}", secret.replace(|c: char| c.is_ascii_digit(), "e"));
    for malformed in [&unknown, "st.", "st.x.y", "st..", "st.x"] {
        world.read(project, "A", malformed).refused(404, "NotFound");
    }
    for bad in [
        wrong.as_str(),
        head,
        &format!("{head}."),
        &format!("{head}.{}", &secret[..63]),
        &format!("{head}..{secret}"),
        &format!("{token}0"),
    ] {
        let status = world.read(project, "A", bad).status;
        assert!(status == 401 || (bad == head && status == 404), "{bad}");
    }
    world.read(project, "A", &token).expect(200);

    let brief = world.send(fixture.create(&json!({"expiresIn": 60}))).expect(200);
    let brief_token = brief.at("/serviceToken");
    world.read(project, "A", &brief_token).expect(200);
    world.later(61);
    let reply = world
        .read(project, "A", &brief_token)
        .refused(403, "ForbiddenRequestError");
    assert!(reply.at("/message").contains("expired"), "{}", reply.text);
    world.read(project, "A", &token).expect(200);

    let id = token.split('.').nth(1).unwrap();
    let path = format!("/api/v2/service-token/{id}");
    let reply = world
        .send(delete(&path, &json!({})).token(&world.admin))
        .expect(200);
    assert_eq!(reply.at("/serviceTokenData/id"), id);
    let reply = world.read(project, "A", &token).refused(401, "UnauthorizedError");
    assert!(reply.at("/message").contains("revoked"), "{}", reply.text);
    // Who cannot prove to have held it is not told that it ended.
    let reply = world.read(project, "A", &wrong).refused(401, "UnauthorizedError");
    assert!(!reply.text.contains("revoked"), "{}", reply.text);
    world
        .send(delete(&path, &json!({})).token(&world.admin))
        .refused(404, "NotFound");
}

#[test]
fn a_token_does_not_outlive_its_project() {
    let fixture = Fixture::new();
    let token = fixture.token(&["dev:/"], &["read"]);
    let path = format!("/api/v1/projects/{}", fixture.project.id);
    fixture
        .send(delete(&path, &json!({})).token(&fixture.admin))
        .expect(200);
    for call in [get("/api/v2/service-token"), get("/api/v3/secrets/raw/A")] {
        let reply = fixture.send(call.token(&token)).refused(401, "UnauthorizedError");
        assert!(reply.text.contains("project"), "{}", reply.text);
    }
}

#[test]
fn three_and_four_parts_are_the_same_token() {
    let fixture = Fixture::new();
    let token = fixture.token(&["dev:/"], &["read"]);
    assert_eq!(token.split('.').count(), 3);
    for text in [token.clone(), format!("{token}.0a1b"), format!("{token}.")] {
        fixture.read(&fixture.project, "A", &text).expect(200);
    }
}

#[test]
fn one_folder_takes_the_place_of_what_a_read_asks_for() {
    let fixture = Fixture::new();
    let token = fixture.token(&["prod:/app"], &["read", "write"]);
    let expected = format!("{CANARY} prod:/app");
    // The defaults of the command line, nothing at all, another project: none of them counts.
    for query in [
        "",
        "environment=dev&secretPath=/",
        "workspaceId=&environment=&secretPath=",
        "workspaceId=7f1c0e9a-52f4-4a53-9a44-0c6f1d6f4b11&environment=nowhere&secretPath=/x",
    ] {
        let reply = fixture.ask(&token, query).expect(200);
        assert_eq!(reply.at("/secret/secretValue"), expected, "{query}");
        assert_eq!(reply.at("/secret/environment"), "prod");
        assert_eq!(reply.at("/secret/secretPath"), "/app");
        for version in ["v3/secrets/raw", "v4/secrets"] {
            let list = fixture
                .send(get(&format!("/api/{version}?{query}")).token(&token))
                .expect(200);
            assert_eq!(list.at("/secrets/0/secretValue"), expected, "{query}");
        }
    }
}

#[test]
fn writes_are_filled_but_never_moved_elsewhere() {
    let fixture = Fixture::new();
    let token = fixture.token(&["prod:/app"], &["read", "write"]);
    let id = &fixture.project.id;
    for (name, place) in [
        ("B", json!({})),
        (
            "C",
            json!({"projectId": id, "environment": "prod", "secretPath": "/app/"}),
        ),
        (
            "D",
            json!({"workspaceId": "", "environment": "prod", "secretPath": ""}),
        ),
    ] {
        let reply = fixture.set(&token, name, &place).expect(200);
        assert_eq!(reply.at("/secret/environment"), "prod");
        assert_eq!(reply.at("/secret/secretPath"), "/app");
    }
    let before = fixture.events();
    for place in [
        json!({"environment": "dev"}),
        json!({"secretPath": "/"}),
        json!({"secretPath": "/app/x"}),
        json!({"environment": "prod", "secretPath": "/other"}),
    ] {
        fixture.set(&token, "E", &place).refused(403, "PermissionDenied");
    }
    fixture
        .set(
            &token,
            "E",
            &json!({"projectId": fixture.world.project("Other").id}),
        )
        .refused(403, "ForbiddenRequestError");
    assert_eq!(
        fixture.events().len(),
        before.len() + 1,
        "the other project alone"
    );
}

#[test]
fn several_scopes_and_patterns_are_spelled_out_and_must_match() {
    let fixture = Fixture::new();
    for scopes in [
        vec!["dev:/", "prod:/app"],
        vec!["dev:/", "prod:/ap*"],
        vec!["dev:/", "prod:/app/**"],
    ] {
        let token = fixture.token(&scopes, &["read"]);
        fixture.at(&token, "dev", "/").expect(200);
        fixture.at(&token, "prod", "/app").expect(200);
        // The project is the token's in any case; the environment is not guessed.
        fixture
            .ask(&token, "environment=prod&secretPath=/app")
            .expect(200);
        fixture.ask(&token, "").refused(400, "BadRequest");
        for (environment, path) in [
            ("dev", "/app"),
            ("prod", "/"),
            ("staging", "/"),
            ("nowhere", "/app"),
        ] {
            fixture
                .at(&token, environment, path)
                .refused(403, "PermissionDenied");
        }
    }
    let all = fixture.token(&["prod:/**"], &["read"]);
    fixture.at(&all, "prod", "/").expect(200);
    fixture.at(&all, "prod", "/app").expect(200);
    fixture.at(&all, "dev", "/").refused(403, "PermissionDenied");
    fixture.ask(&all, "").refused(400, "BadRequest");
}

#[test]
fn reading_and_writing_are_two_permissions() {
    let fixture = Fixture::new();
    let id = &fixture.project.id;
    let body = json!({"workspaceId": id, "environment": "dev", "secretValue": "x"});
    let name = |name: &str| format!("/api/v3/secrets/raw/{name}");
    let reader = fixture.token(&["dev:/"], &["read"]);
    for call in [
        post(&name("B"), &body),
        patch(&name("A"), &body),
        delete(&name("A"), &body),
    ] {
        fixture.send(call.token(&reader)).refused(403, "PermissionDenied");
    }
    fixture.at(&reader, "dev", "/").expect(200);

    let writer = fixture.token(&["dev:/"], &["write"]);
    fixture.at(&writer, "dev", "/").refused(403, "PermissionDenied");
    fixture
        .send(get("/api/v3/secrets/raw").token(&writer))
        .refused(403, "PermissionDenied");
    fixture.send(post(&name("B"), &body).token(&writer)).expect(200);
}

#[test]
fn a_token_that_only_writes_is_not_shown_what_was_there() {
    let fixture = Fixture::new();
    let id = &fixture.project.id;
    let writer = fixture.token(&["dev:/"], &["write"]);
    let path = "/api/v3/secrets/raw/A";
    let body = json!({"workspaceId": id, "environment": "dev", "secretComment": "seen"});
    for call in [patch(path, &body), delete(path, &body)] {
        let reply = fixture.send(call.token(&writer)).expect(200);
        assert!(!reply.text.contains(CANARY), "{}", reply.text);
        assert_eq!(reply.json["secret"]["secretComment"], "", "{}", reply.text);
        assert_eq!(reply.json["secret"]["secretValueHidden"], true, "{}", reply.text);
    }
}

#[test]
fn nothing_else_is_open_to_a_token() {
    let fixture = Fixture::new();
    let token = fixture.token(&["dev:/**"], &["read", "write"]);
    let id = &fixture.project.id;
    for path in [
        format!("/api/v1/workspace/{id}"),
        format!("/api/v1/projects/{id}"),
        format!("/api/v1/workspace/{id}/service-token-data"),
        format!("/api/v2/workspace/{id}/identity-memberships"),
        "/api/v1/organization".into(),
        "/api/v1/identities".into(),
        "/api/v1/workspace".into(),
        "/api/v1/user".into(),
        "/api/strongroom/v1/me".into(),
    ] {
        fixture
            .send(get(&path).token(&token))
            .refused(403, "ForbiddenRequestError");
    }
    fixture
        .send(fixture.create(&json!({})).token(&token))
        .refused(403, "ForbiddenRequestError");
    for path in ["/api/v1/auth/token/renew", "/api/v1/auth/token/revoke"] {
        fixture
            .send(post(path, &json!({"accessToken": token})))
            .refused(400, "BadRequest");
    }
}

#[test]
fn making_ending_and_listing_takes_an_administrator_of_the_project() {
    let fixture = Fixture::new();
    let (world, project) = (&fixture.world, &fixture.project);
    let token = fixture.token(&["dev:/"], &["read"]);
    let id = token.split('.').nth(1).unwrap();
    let ending = format!("/api/v2/service-token/{id}");
    let listing = format!("/api/v1/workspace/{}/service-token-data", project.id);
    let boss = world.person("boss@example.com", OrganizationRole::Admin);
    let member = world.person("member@example.com", OrganizationRole::Member);
    world.join_person(project, &member, ProjectRole::Member);
    let machine = world.member(project, "admin");
    play(
        world,
        vec![
            refused(
                "made by a member",
                fixture.create(&json!({})).token(&member),
                403,
                "PermissionDenied",
            ),
            refused(
                "made by a stranger",
                fixture.create(&json!({})).token(&boss),
                403,
                "ForbiddenRequestError",
            ),
            refused(
                "made by a machine",
                fixture.create(&json!({})).token(&machine.token),
                403,
                "ForbiddenRequestError",
            ),
            refused(
                "ended by a member",
                delete(&ending, &json!({})).token(&member),
                403,
                "PermissionDenied",
            ),
            refused(
                "ended by a stranger",
                delete(&ending, &json!({})).token(&boss),
                404,
                "NotFound",
            )
            .hiding(&[&project.id]),
            refused(
                "ended by a machine",
                delete(&ending, &json!({})).token(&machine.token),
                403,
                "ForbiddenRequestError",
            ),
            refused(
                "ended by itself",
                delete(&ending, &json!({})).token(&token),
                403,
                "ForbiddenRequestError",
            ),
            refused(
                "no such token",
                delete("/api/v2/service-token/x", &json!({})).token(&world.admin),
                404,
                "NotFound",
            ),
            refused(
                "listed by a member",
                get(&listing).token(&member),
                403,
                "PermissionDenied",
            ),
            accepted("listed by a machine", get(&listing).token(&machine.token), &[]).saying(&[id]),
            accepted(
                "ended",
                Call::new("DELETE", &ending).token(&world.admin),
                &["service-token.revoke"],
            ),
            accepted("listed afterwards", get(&listing).token(&world.admin), &[]).hiding(&[id]),
        ],
    );
}

#[test]
fn what_would_open_nothing_or_too_much_is_refused() {
    let fixture = Fixture::new();
    let scope =
        |environment: &str, path: &str| json!({"scopes": [{"environment": environment, "secretPath": path}]});
    for (name, change, status, error) in [
        ("no scopes", json!({"scopes": []}), 422, "ValidationFailure"),
        (
            "no list of scopes",
            json!({"scopes": null}),
            422,
            "ValidationFailure",
        ),
        (
            "no permissions",
            json!({"permissions": []}),
            422,
            "ValidationFailure",
        ),
        (
            "unknown permission",
            json!({"permissions": ["admin"]}),
            422,
            "ValidationFailure",
        ),
        ("every environment", scope("*", "/"), 422, "ValidationFailure"),
        ("no environment", scope("", "/"), 422, "ValidationFailure"),
        ("unknown environment", scope("nowhere", "/"), 404, "NotFound"),
        ("climbing", scope("dev", "/a/../.."), 422, "ValidationFailure"),
        (
            "climbing pattern",
            scope("dev", "/a/../*"),
            422,
            "ValidationFailure",
        ),
        (
            "negative life",
            json!({"expiresIn": -1}),
            422,
            "ValidationFailure",
        ),
        (
            "endless life",
            json!({"expiresIn": 9_007_199_254_740_991_i64}),
            422,
            "ValidationFailure",
        ),
        (
            "fraction of a second",
            json!({"expiresIn": 1.5}),
            422,
            "ValidationFailure",
        ),
        ("no name", json!({"name": " "}), 422, "ValidationFailure"),
        ("no project", json!({"workspaceId": ""}), 400, "BadRequest"),
        (
            "unknown project",
            json!({"workspaceId": "nowhere"}),
            404,
            "NotFound",
        ),
        (
            "too much to keep",
            json!({"encryptedKey": "k".repeat(5_000)}),
            422,
            "ValidationFailure",
        ),
    ] {
        let reply = fixture.send(fixture.create(&change));
        assert_eq!(
            (reply.status, reply.json["error"].as_str()),
            (status, Some(error)),
            "{name}: {}",
            reply.text
        );
    }
    let listing = format!("/api/v1/workspace/{}/service-token-data", fixture.project.id);
    let reply = fixture.send(get(&listing).token(&fixture.admin)).expect(200);
    assert_eq!(reply.json["serviceTokenData"], json!([]));
}

#[test]
fn a_token_for_the_usual_name_of_an_environment_opens_it() {
    let fixture = Fixture::new();
    let token = fixture.token(&["production:/"], &["read"]);
    let shown = fixture
        .send(get("/api/v2/service-token").token(&token))
        .expect(200);
    assert_eq!(
        shown.json["scopes"],
        json!([{"environment": "prod", "secretPath": "/"}])
    );
    for asked in ["prod", "production", "dev"] {
        let reply = fixture.at(&token, asked, "/").expect(200);
        assert_eq!(reply.at("/secret/environment"), "prod", "{asked}");
    }
    // It means the environment that was meant when the token was made.
    let late = json!({"name": "Late", "slug": "production"});
    let path = format!("/api/v1/workspace/{}/environments", fixture.project.id);
    fixture.send(post(&path, &late).token(&fixture.admin)).expect(200);
    let reply = fixture.at(&token, "production", "/").expect(200);
    assert_eq!(reply.at("/secret/environment"), "prod");
}

#[test]
fn a_token_shows_itself_and_not_its_secret() {
    let fixture = Fixture::new();
    let made = fixture
        .send(fixture.create(&json!({
            "scopes": [{"environment": "dev", "secretPath": "app/"}, {"environment": "prod", "secretPath": "/**"}],
            "permissions": ["write", "read"], "expiresIn": 0,
        })))
        .expect(200);
    let token = made.at("/serviceToken");
    let secret = token.rsplit('.').next().unwrap();
    assert_eq!(secret.len(), 64);
    let shown = fixture
        .send(get("/api/v2/service-token/").token(&token))
        .expect(200);
    let hash = fixture.sql(|tx| {
        let rows = tx.query("SELECT secret_hash FROM service_tokens", &[])?;
        rows[0].get::<Vec<u8>>(0)
    });
    assert!(!hash.is_empty());
    for text in [
        secret,
        &data_encoding::HEXLOWER.encode(&hash),
        "secretHash",
        "devices",
    ] {
        assert!(!shown.text.contains(text), "{text}: {}", shown.text);
    }
    let json = &shown.json;
    assert_eq!(json["_id"], json["id"]);
    assert_eq!(json["workspace"], json!(fixture.project.id));
    assert_eq!(json["projectId"], json!(fixture.project.id));
    assert_eq!(
        json["scopes"],
        json!([{"environment": "dev", "secretPath": "/app"}, {"environment": "prod", "secretPath": "/**"}])
    );
    assert_eq!(json["permissions"], json!(["read", "write"]));
    assert_eq!(json["expiresAt"], Value::Null);
    assert_eq!(json["lastUsed"], Value::Null);
    assert_eq!(
        (&json["encryptedKey"], &json["iv"], &json["tag"]),
        (&json!(""), &json!(""), &json!(""))
    );
    assert_eq!(json["__v"], 0);
    assert_eq!(json["user"]["email"], crate::app::EMAIL);
    assert_eq!(json["user"]["_id"], json["createdBy"]);
    assert_eq!(made.json["serviceTokenData"]["id"], json["id"]);
    // The command line fails on anything but a text here.
    assert_eq!(made.json["serviceTokenData"].get("user"), None);
    fixture
        .send(get("/api/v2/service-token").token(&fixture.admin))
        .refused(403, "ForbiddenRequestError");
}

#[test]
fn its_use_is_written_down_once_a_minute_and_on_record_each_time() {
    let fixture = Fixture::new();
    let token = fixture.token(&["dev:/"], &["read"]);
    let last = || {
        fixture.sql(|tx| {
            let rows = tx.query("SELECT last_used_at FROM service_tokens", &[])?;
            rows[0].get::<Option<i64>>(0)
        })
    };
    assert_eq!(last(), None);
    fixture.at(&token, "dev", "/").expect(200);
    let first = last().unwrap();
    fixture.later(59);
    fixture.at(&token, "dev", "/").expect(200);
    assert_eq!(last(), Some(first));
    fixture.later(11);
    fixture.at(&token, "dev", "/").expect(200);
    assert!(last().unwrap() > first);
    // A wrong secret is no use.
    fixture.later(120);
    let before = last();
    fixture
        .at(&format!("{token}0"), "dev", "/")
        .refused(401, "UnauthorizedError");
    assert_eq!(last(), before);
    let id = token.split('.').nth(1).unwrap().to_owned();
    let organization = fixture.organization.clone();
    let records = fixture.sql(move |tx| {
        let rows = tx.query(
            "SELECT event FROM audit_records WHERE actor_kind = 'service-token' AND actor_id = $1 \
             AND credential_id = $1 AND organization_id = $2",
            &[id.as_str().into(), organization.as_str().into()],
        )?;
        Ok(rows.len())
    });
    assert_eq!(records, 3);
}

#[test]
fn folders_are_open_within_the_scopes() {
    let fixture = Fixture::new();
    let reader = fixture.token(&["dev:/"], &["read"]);
    let names = |reply: &Reply| -> Vec<String> {
        let folders = reply.json["folders"].as_array().unwrap();
        folders
            .iter()
            .map(|folder| folder["name"].as_str().unwrap().to_owned())
            .collect()
    };
    for version in ["v1", "v2"] {
        // The defaults of a client do not count for a token of one folder.
        let path = format!("/api/{version}/folders?environment=prod&path=/nowhere");
        let reply = fixture.send(get(&path).token(&reader)).expect(200);
        assert_eq!(names(&reply), ["app"]);
    }
    let body = json!({"name": "new"});
    fixture
        .send(post("/api/v1/folders", &body).token(&reader))
        .refused(403, "PermissionDenied");
    let writer = fixture.token(&["dev:/app"], &["write"]);
    let reply = fixture
        .send(post("/api/v1/folders", &body).token(&writer))
        .expect(200);
    assert_eq!(reply.at("/folder/path"), "/app/new");
    fixture
        .send(post("/api/v1/folders", &json!({"name": "new", "path": "/"})).token(&writer))
        .refused(403, "PermissionDenied");

    // A recursive list ends where the scopes do: what lies in a folder that may not be read is not named.
    let nested = fixture.token(&["dev:/", "prod:/**"], &["read"]);
    let list = |token: &str| {
        let id = &fixture.project.id;
        let path = format!("/api/v1/folders?workspaceId={id}&environment=dev&path=/&recursive=true");
        names(&fixture.send(get(&path).token(token)).expect(200))
    };
    assert_eq!(list(&nested), ["app"]);
    let all = fixture.token(&["dev:/**"], &["read"]);
    assert_eq!(list(&all), ["app", "new"]);
}

#[test]
fn a_scope_means_an_environment_and_not_a_word_for_it() {
    let fixture = Fixture::new();
    let several = fixture.token(&["production:/", "dev:/"], &["read"]);
    fixture.at(&several, "prod", "/").expect(200);
    fixture.at(&several, "production", "/").expect(200);
    let one = fixture.token(&["production:/"], &["read"]);
    fixture.ask(&one, "").expect(200);
    // Who gives the word to another environment does not give the tokens to it.
    let path = format!("/api/v1/workspace/{}/environments", fixture.project.id);
    let other = json!({"name": "Other", "slug": "production"});
    fixture
        .send(post(&path, &other).token(&fixture.admin))
        .expect(200);
    fixture
        .at(&several, "production", "/")
        .refused(403, "PermissionDenied");
    fixture.at(&several, "prod", "/").expect(200);
}

#[test]
fn a_folder_is_not_renamed_out_of_the_scopes() {
    let fixture = Fixture::new();
    let rename = |token: &str| {
        let body = json!({
            "workspaceId": fixture.project.id, "environment": "dev", "path": "/", "name": "other",
        });
        patch("/api/v1/folders/app", &body).token(token)
    };
    let narrow = fixture.token(&["dev:/", "dev:/app"], &["read", "write"]);
    fixture.send(rename(&narrow)).refused(403, "PermissionDenied");
    fixture.at(&narrow, "dev", "/app").expect(200);
    let wide = fixture.token(&["dev:/", "dev:/{app,other}"], &["read", "write"]);
    fixture.send(rename(&wide)).expect(200);
    fixture.at(&wide, "dev", "/other").expect(200);
}
