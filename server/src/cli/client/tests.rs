use serde_json::json;

use super::fixture::{Server, error, secret};
use super::*;

async fn client(server: &Server) -> Client {
    connected(server, Credentials::Token("t".into())).await.unwrap()
}

async fn connected(server: &Server, credentials: Credentials) -> Result<Client, Failure> {
    let address = server.address.clone();
    Client::connect(Connection {
        address,
        credentials,
        authority: None,
    })
    .await
}

fn query() -> SecretQuery {
    SecretQuery {
        project_id: Some("p".to_owned()),
        environment: Some("dev".to_owned()),
        secret_path: Some("/a b&c".to_owned()),
        ..SecretQuery::default()
    }
}

#[tokio::test]
async fn a_redirect_is_refused_and_the_token_stays_here() {
    let elsewhere = Server::start(|_| (200, json!({"secrets": [], "imports": []}))).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("{}/api/v3/secrets/raw", elsewhere.address);
        let server = Server::redirecting(move |_| (status, json!("")), Some(location)).await;
        let failure = client(&server).await.secrets(&query()).await.unwrap_err();
        let lines = failure.lines().unwrap();
        assert!(
            lines.contains(&format!("redirects to {}", elsewhere.address)),
            "{lines}"
        );
        assert!(lines.contains("--domain"), "{lines}");
    }
    assert!(elsewhere.requests().is_empty(), "nothing may be sent on");
}

#[tokio::test]
async fn a_refusal_tells_what_why_and_next() {
    let server = Server::start(|_| {
        let (status, mut body) = error(403, "PermissionDenied", "You are not allowed to read on secrets");
        body["details"] = json!(["rule one", {"rule": 2}]);
        (status, body)
    })
    .await;
    let failure = client(&server).await.secrets(&query()).await.unwrap_err();
    assert_eq!(failure.status(), Some(403));
    assert_eq!(
        failure.lines().unwrap(),
        format!(
            "Could not list the secrets: You are not allowed to read on secrets\n\
             {} answered 403 PermissionDenied, request id req-12345678901234.\n  - rule one\n  - {{\"rule\":2}}\n\
             Ask an administrator of the project for access",
            server.address
        )
    );
}

#[tokio::test]
async fn issues_of_a_422_are_readable() {
    let server = Server::start(|_| {
        let (status, mut body) = error(422, "ValidationFailure", "");
        body["message"] = json!([{"code": "custom", "path": ["secretName"], "message": "too long"}]);
        (status, body)
    })
    .await;
    let failure = client(&server).await.secrets(&query()).await.unwrap_err();
    assert_eq!(failure.what(), "Could not list the secrets: secretName: too long");
}

#[tokio::test]
async fn an_ended_login_says_how_to_log_in_again() {
    for (status, name) in [(401, "UnauthorizedError"), (403, "TokenError")] {
        let server = Server::start(move |_| error(status, name, "Token expired")).await;
        let session = connected(&server, Credentials::Session("s".into()))
            .await
            .unwrap();
        let lines = session.me().await.unwrap_err().lines().unwrap();
        assert!(lines.starts_with("Not logged in to Strongroom\n"), "{lines}");
        assert!(
            lines.contains("Token expired") && lines.contains("req-12345678901234"),
            "{lines}"
        );
        assert!(
            lines.ends_with(&format!(
                "Please run: strongroom login --domain={}",
                server.address
            )),
            "{lines}"
        );
        let lines = client(&server).await.me().await.unwrap_err().lines().unwrap();
        assert!(lines.ends_with("check --token and INFISICAL_TOKEN"), "{lines}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_no_ended_login() {
    let server = Server::start(|_| error(401, "UnauthorizedError", "Invalid credentials")).await;
    let failure = Client::anonymous(server.address.clone())
        .unwrap()
        .login("a@b.cd".to_owned(), "hunter2 canary".into())
        .await
        .unwrap_err();
    assert_eq!(failure.what(), "Could not log in: Invalid credentials");
    assert!(!failure.lines().unwrap().contains("canary"));
}

#[tokio::test]
async fn what_is_no_strongroom_is_never_quoted() {
    for (status, body) in [
        (200, json!("<html>canary</html>")),
        (200, json!({"secrets": [{"secretValue": "canary"}]})),
        (200, json!({"secrets": "canary"})),
        (502, json!("<html>canary</html>")),
        (404, json!({"message": "canary"})),
    ] {
        let server = Server::start(move |_| (status, body.clone())).await;
        let lines = client(&server)
            .await
            .secrets(&query())
            .await
            .unwrap_err()
            .lines()
            .unwrap();
        assert!(!lines.contains("canary"), "{lines}");
        assert!(lines.contains("--domain"), "{lines}");
    }
}

#[tokio::test]
async fn a_list_is_asked_for_with_token_and_place() {
    let server = Server::start(|_| (200, json!({"secrets": [secret("A", "1")]}))).await;
    let secrets = client(&server).await.secrets(&query()).await.unwrap();
    assert_eq!(secrets[0].secret_value, "1".into());
    let request = &server.requests()[0];
    assert_eq!(request.line(), "GET /api/v4/secrets");
    assert_eq!(request.query, "environment=dev&projectId=p&secretPath=%2Fa+b%26c");
    assert_eq!(request.bearer.as_deref(), Some("Bearer t"));
}

#[tokio::test]
async fn setting_creates_or_updates() {
    let server = Server::start(|request| match &*request.method {
        "POST" if request.path.ends_with("/NEW") => (200, json!({"secret": secret("NEW", "v")})),
        "POST" => error(400, "BadRequest", "Secret already exist"),
        _ => (200, json!({"secret": secret("OLD", "v")})),
    })
    .await;
    let client = client(&server).await;
    let body = SecretBody {
        secret_value: Some("v".into()),
        ..SecretBody::default()
    };
    assert_eq!(client.set_secret("NEW", false, &body).await, Ok(Change::Created));
    // Somebody made it after the list was read.
    assert_eq!(client.set_secret("OLD", false, &body).await, Ok(Change::Updated));
    assert_eq!(client.set_secret("KNOWN", true, &body).await, Ok(Change::Updated));
    assert_eq!(
        server.lines(),
        [
            "POST /api/v3/secrets/raw/NEW",
            "POST /api/v3/secrets/raw/OLD",
            "PATCH /api/v3/secrets/raw/OLD",
            "PATCH /api/v3/secrets/raw/KNOWN"
        ]
    );
    assert_eq!(server.requests()[2].body, json!({"secretValue": "v"}));
}

#[tokio::test]
async fn other_refusals_of_setting_are_no_updates() {
    for message in ["Name too long", "Folder not found"] {
        let server = Server::start(move |_| error(400, "BadRequest", message)).await;
        let failure = client(&server)
            .await
            .set_secret("A", false, &SecretBody::default())
            .await;
        assert!(failure.unwrap_err().what().contains(message));
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn names_travel_as_one_segment() {
    let server = Server::start(|_| (200, json!({"secret": secret("A", "v")}))).await;
    let client = client(&server).await;
    for (name, sent) in [("a/b", "a%2Fb"), ("100% ?#", "100%25%20%3F%23"), ("ü", "%C3%BC")] {
        client.delete_secret(name, &SecretBody::default()).await.unwrap();
        let last = server.requests().pop().unwrap();
        assert_eq!(last.path, format!("/api/v3/secrets/raw/{sent}"));
    }
    let asked = server.requests().len();
    for name in [".", ".."] {
        assert!(client.delete_secret(name, &SecretBody::default()).await.is_err());
    }
    assert_eq!(
        server.requests().len(),
        asked,
        "the folder must not be hit instead"
    );
}

#[tokio::test]
async fn a_machine_identity_logs_in_first() {
    let server = Server::start(|request| match &*request.path {
        "/api/v1/auth/universal-auth/login" => (
            200,
            json!({"accessToken": "fresh", "expiresIn": 1, "accessTokenMaxTTL": 1, "tokenType": "Bearer"}),
        ),
        _ => (
            200,
            json!({"kind": "identity", "name": "ci", "organizationId": null}),
        ),
    })
    .await;
    let credentials = Credentials::UniversalAuth {
        client_id: "id".to_owned(),
        client_secret: "secret".into(),
    };
    let client = connected(&server, credentials).await.unwrap();
    assert_eq!(client.me().await.unwrap().name, "ci");
    let requests = server.requests();
    assert_eq!(requests[0].bearer, None);
    assert_eq!(
        requests[0].body,
        json!({"clientId": "id", "clientSecret": "secret"})
    );
    assert_eq!(requests[1].bearer.as_deref(), Some("Bearer fresh"));
}

#[tokio::test]
async fn a_token_that_cannot_be_a_header_is_refused_without_showing_it() {
    let server = Server::start(|_| (200, json!({}))).await;
    let credentials = Credentials::Token("can\nary".into());
    let failure = connected(&server, credentials)
        .await
        .unwrap()
        .me()
        .await
        .unwrap_err();
    assert!(!failure.lines().unwrap().contains("ary"), "{failure:?}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn nobody_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: Address = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    drop(listener);
    let client = Client::anonymous(address.clone()).unwrap().with_token("t".into());
    assert_eq!(
        client.me().await.unwrap_err().lines().unwrap(),
        format!(
            "Could not reach the Strongroom server at {address}: connection refused\nNothing listens there.\n\
             Start it with `strongroom serve`, or name another server with --domain"
        )
    );
}

#[tokio::test]
async fn a_locked_server_is_told_apart_from_a_busy_one() {
    for (locked, code) in [(true, code::LOCKED), (false, code::FAILED)] {
        let server = Server::start(move |request| match &*request.path {
            "/api/strongroom/v1/locked" => (200, json!({"locked": locked})),
            _ => error(503, "ServiceUnavailable", "Try again"),
        })
        .await;
        let failure = client(&server).await.secrets(&query()).await.unwrap_err();
        assert_eq!((failure.status(), failure.code()), (Some(503), code));
        assert_eq!(failure.what().contains("locked"), locked, "{}", failure.what());
    }
}
