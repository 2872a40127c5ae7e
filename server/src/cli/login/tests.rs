use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use shared::model::ids::OrganizationId;

use super::*;
use crate::cli::client::fixture::{Recorded, Server, error};
use crate::cli::printer::captured;
use crate::cli::project_file::ProjectFile;

fn around(home: &Path, variables: &[(&str, &str)]) -> Surroundings {
    let home = ("HOME", home.to_str().unwrap());
    let variables: BTreeMap<String, SecretText> = std::iter::once(&home)
        .chain(variables)
        .map(|(name, value)| ((*name).to_owned(), SecretText::from(*value)))
        .collect();
    Surroundings {
        variables,
        session: Ok(None),
        project_file: Ok(ProjectFile::default()),
    }
}

fn organization(number: u8, slug: &str) -> Value {
    json!({
        "id": OrganizationId::from_random([number; 16]), "name": slug.to_uppercase(), "slug": slug, "customerId": null,
        "authEnforced": false, "scimEnabled": false, "kmsDefaultKeyId": null, "defaultMembershipRole": "member",
        "createdAt": "2025-11-22T00:00:00.000Z", "updatedAt": "2025-11-22T00:00:00.000Z"
    })
}

async fn server(organizations: &'static [&'static str]) -> Server {
    Server::start(move |request: &Recorded| match &*request.path {
        "/api/v3/auth/login" if request.body["password"] == "right" => (200, json!({"accessToken": "pre"})),
        "/api/v3/auth/login" => error(400, "BadRequest", "Wrong e-mail address or password"),
        "/api/v1/organization" => {
            let list: Vec<Value> = (1..)
                .zip(organizations)
                .map(|(number, slug)| organization(number, slug))
                .collect();
            (200, json!({"organizations": list}))
        }
        "/api/v3/auth/select-organization" => (200, json!({"token": "a.b.c", "isMfaEnabled": false})),
        "/api/v1/auth/universal-auth/login" => (
            200,
            json!({"accessToken": "m.a.c", "expiresIn": 1, "accessTokenMaxTTL": 1, "tokenType": "Bearer"}),
        ),
        "/api/strongroom/v1/me" if request.bearer.as_deref() == Some("Bearer good") => (
            200,
            json!({"kind": "identity", "name": "ci", "organizationId": null}),
        ),
        _ => error(401, "UnauthorizedError", "Token missing"),
    })
    .await
}

fn args(server: &Server) -> LoginArgs {
    LoginArgs {
        connection: ConnectionArgs {
            domain: Some(server.address.clone()),
            ..ConnectionArgs::default()
        },
        ..LoginArgs::default()
    }
}

const PERSON: [(&str, &str); 2] = [
    ("INFISICAL_EMAIL", "kavi@example.com"),
    ("INFISICAL_PASSWORD", "right"),
];

fn stored(home: &Path) -> Option<Session> {
    let logins = session::load(&home.join(".config/strongroom/session.json")).unwrap();
    logins.into_iter().next()
}

#[tokio::test]
async fn a_wrong_password_stores_nothing() {
    let (server, home) = (server(&["one"]).await, tempfile::tempdir().unwrap());
    let around = around(home.path(), &[PERSON[0], ("INFISICAL_PASSWORD", "wrong canary")]);
    let (printer, _, _) = captured::printer();
    let failure = log_in(args(&server), around, &printer).await.unwrap_err();
    assert!(failure.what().contains("Wrong e-mail address or password"));
    assert!(!failure.lines().unwrap().contains("canary"));
    assert_eq!(stored(home.path()), None);
}

#[tokio::test]
async fn a_person_of_one_organization() {
    let (server, home) = (server(&["one"]).await, tempfile::tempdir().unwrap());
    let (printer, out, err) = captured::printer();
    log_in(args(&server), around(home.path(), &PERSON), &printer)
        .await
        .unwrap();
    assert_eq!((&*out.text(), &*err.text()), ("", "✓ Logged in successfully\n"));
    let session = stored(home.path()).unwrap();
    assert_eq!(session.address, server.address);
    assert_eq!(session.name, "kavi@example.com");
    assert_eq!(session.token, "a.b.c".into());
    let requests = server.requests();
    assert_eq!(
        requests[0].body,
        json!({"email": "kavi@example.com", "password": "right"})
    );
    assert_eq!(requests[1].bearer.as_deref(), Some("Bearer pre"));
    assert_eq!(
        requests[2].body,
        json!({"organizationId": OrganizationId::from_random([1; 16])})
    );
}

#[tokio::test]
async fn plain_prints_the_token_and_stores_nothing() {
    let (server, home) = (server(&["one"]).await, tempfile::tempdir().unwrap());
    let (printer, out, err) = captured::printer();
    let args = LoginArgs {
        plain: true,
        client_id: Some("id".to_owned()),
        client_secret: Some("secret".into()),
        ..args(&server)
    };
    let mut around = around(home.path(), &PERSON);
    around.variables.remove("HOME");
    log_in(args, around, &printer).await.unwrap();
    assert_eq!((&*out.text(), &*err.text()), ("m.a.c\n", ""));
    assert_eq!(stored(home.path()), None);
}

#[tokio::test]
async fn without_a_home_nothing_is_sent() {
    let (server, home) = (server(&["one"]).await, tempfile::tempdir().unwrap());
    let mut around = around(home.path(), &PERSON);
    around.variables.remove("HOME");
    let (printer, _, _) = captured::printer();
    let failure = log_in(args(&server), around, &printer).await.unwrap_err();
    assert!(failure.lines().unwrap().contains("--plain"));
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_token_is_tried_before_it_is_stored() {
    let (server, home) = (server(&[]).await, tempfile::tempdir().unwrap());
    let (printer, _, _) = captured::printer();
    for (token, name) in [("bad", None), (" good\n", Some("ci"))] {
        let mut args = args(&server);
        args.connection.token = Some(token.into());
        let outcome = log_in(args, around(home.path(), &[]), &printer).await;
        assert_eq!(outcome.is_ok(), name.is_some());
        assert_eq!(stored(home.path()).map(|session| session.name).as_deref(), name);
    }
    assert_eq!(stored(home.path()).unwrap().token, "good".into());
}

#[tokio::test]
async fn a_damaged_login_is_replaced() {
    let (server, home) = (server(&["one"]).await, tempfile::tempdir().unwrap());
    let mut around = around(home.path(), &PERSON);
    around.session = Err(Failure::new("damaged"));
    let (printer, _, err) = captured::printer();
    log_in(args(&server), around, &printer).await.unwrap();
    assert!(err.text().starts_with("Warning: damaged\n"), "{}", err.text());
    assert!(stored(home.path()).is_some());
}

#[test]
fn an_organization_is_chosen() {
    let all = |slugs: &[&str]| -> Vec<Organization> {
        (1..)
            .zip(slugs)
            .map(|(number, slug)| serde_json::from_value(organization(number, slug)).unwrap())
            .collect()
    };
    let id = OrganizationId::from_random([2; 16]).to_string();
    for (slugs, wanted, chosen) in [
        (&[][..], None, Err("You belong to no organization")),
        (&["one"], None, Ok("one")),
        (&["one"], Some("two"), Err("Organization 'two' not found")),
        (&["one", "two"], None, Err("You belong to several organizations")),
        (&["one", "two"], Some("two"), Ok("two")),
        (&["one", "two"], Some("TWO"), Ok("two")),
        (&["one", "two"], Some(id.as_str()), Ok("two")),
    ] {
        let organizations = all(slugs);
        let found = choose(&organizations, wanted);
        let found = found
            .as_ref()
            .map(|organization| &*organization.slug)
            .map_err(Failure::what);
        assert_eq!(found, chosen);
    }
}

#[test]
fn the_method_follows_from_the_rest() {
    let home = Path::new("/");
    let machine = [
        ("INFISICAL_CLIENT_ID", "id"),
        ("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "secret"),
    ];
    let both = [PERSON[0], machine[0], machine[1]];
    let with_id = || LoginArgs {
        client_id: Some("id".to_owned()),
        ..LoginArgs::default()
    };
    let mut with_token = LoginArgs::default();
    with_token.connection.token = Some("t".into());
    let with_email = LoginArgs {
        email: Some("a@b.cd".to_owned()),
        ..with_id()
    };
    let chosen = LoginArgs {
        method: Some(Method::Token),
        ..with_id()
    };
    for (args, variables, expected) in [
        (LoginArgs::default(), &[][..], None),
        (LoginArgs::default(), &PERSON[..], Some(Method::User)),
        (LoginArgs::default(), &machine[..], Some(Method::UniversalAuth)),
        (LoginArgs::default(), &machine[..1], None),
        (LoginArgs::default(), &both[..], Some(Method::User)),
        (with_id(), &PERSON[..], Some(Method::UniversalAuth)),
        (with_email, &machine[..], Some(Method::User)),
        (with_token, &machine[..], Some(Method::Token)),
        (chosen, &PERSON[..], Some(Method::Token)),
    ] {
        assert_eq!(
            Method::suggested(&args, &around(home, variables)),
            expected,
            "{args:?}"
        );
    }
}
