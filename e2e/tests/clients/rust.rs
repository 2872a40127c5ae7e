//! `infisical`, the client for Rust, with the defaults it sends.

use anyhow::{Context as _, Result};
use e2e::clients::Stage;
use e2e::instance::text;
use infisical::secrets::{
    CreateSecretRequest, DeleteSecretRequest, GetSecretRequest, ListSecretsRequest, Secret,
    UpdateSecretRequest,
};
use infisical::{AuthMethod, Client, InfisicalError};
use serde_json::json;

async fn client(stage: &Stage) -> Result<Client> {
    let mut client = Client::builder().base_url(stage.server.url()).build().await?;
    client
        .login(AuthMethod::new_universal_auth(
            &stage.client_id,
            &stage.client_secret,
        ))
        .await?;
    Ok(client)
}

fn refused<T: std::fmt::Debug>(result: Result<T, InfisicalError>) -> Result<(u16, serde_json::Value)> {
    match result {
        Err(InfisicalError::HttpError { status, message }) => {
            let body = serde_json::from_str(&message).context("the error is JSON")?;
            Ok((status.as_u16(), body))
        }
        other => anyhow::bail!("expected a refusal: {other:?}"),
    }
}

fn pairs(secrets: &[Secret]) -> Vec<(&str, &str)> {
    secrets
        .iter()
        .map(|secret| (&*secret.secret_key, &*secret.secret_value))
        .collect()
}

#[tokio::test]
async fn creates_reads_changes_and_deletes_with_its_defaults() -> Result<()> {
    let stage = Stage::new()?;
    let client = client(&stage).await?;
    let project = stage.instance.project.as_str();
    let secrets = client.secrets();

    let made = secrets
        .create(CreateSecretRequest::builder("API_KEY", "one", project, "dev").build())
        .await?;
    assert_eq!(
        (&*made.secret_key, &*made.secret_value, made.version),
        ("API_KEY", "one", 1)
    );
    assert_eq!((&*made.secret_type, &*made.environment), ("shared", "dev"));
    assert_eq!((&*made.project_id, &*made.secret_comment), (project, ""));

    // A change names neither type nor path: the server's defaults must find the secret.
    let changed = secrets
        .update(
            UpdateSecretRequest::builder("API_KEY", project, "dev")
                .secret_value("two")
                .secret_comment("rotated")
                .build(),
        )
        .await?;
    assert_eq!((&*changed.id, changed.version), (&*made.id, 2));
    let found = secrets
        .get(GetSecretRequest::builder("API_KEY", project, "dev").build())
        .await?;
    assert_eq!((&*found.secret_value, &*found.secret_comment), ("two", "rotated"));

    let renamed = secrets
        .update(
            UpdateSecretRequest::builder("API_KEY", project, "dev")
                .new_secret_name("API TOKEN")
                .skip_multiline_encoding(true)
                .build(),
        )
        .await?;
    assert_eq!(
        (&*renamed.secret_key, &*renamed.secret_value),
        ("API TOKEN", "two")
    );
    let listed = secrets
        .list(ListSecretsRequest::builder(project, "dev").build())
        .await?;
    assert_eq!(pairs(&listed), [("API TOKEN", "two")]);

    let gone = secrets
        .delete(DeleteSecretRequest::builder("API TOKEN", project, "dev").build())
        .await?;
    assert_eq!((&*gone.id, &*gone.secret_value), (&*made.id, "two"));
    let listed = secrets
        .list(ListSecretsRequest::builder(project, "dev").build())
        .await?;
    assert!(pairs(&listed).is_empty(), "{:?}", pairs(&listed));
    Ok(())
}

#[tokio::test]
async fn lists_references_imports_and_folders_below() -> Result<()> {
    let stage = Stage::new()?;
    let client = client(&stage).await?;
    let project = stage.instance.project.as_str();
    let mut connection = stage.connection()?;
    let mut post = |path: &str, body: serde_json::Value| {
        connection
            .call(&stage.instance.user, "POST", path, Some(&body))?
            .ok()
    };
    for name in ["app", "common"] {
        post(
            "/api/v1/folders",
            json!({ "workspaceId": project, "environment": "dev", "name": name, "path": "/" }),
        )?;
    }
    post(
        "/api/v1/secret-imports",
        json!({
            "workspaceId": project, "environment": "dev", "path": "/app",
            "import": { "environment": "dev", "path": "/common" },
        }),
    )?;
    let secrets = client.secrets();
    for (name, value, path) in [
        ("HOST", "db.internal", "/common"),
        ("URL", "postgres://${dev.common.HOST}", "/app"),
        ("ROOT", "r", "/"),
    ] {
        let request = CreateSecretRequest::builder(name, value, project, "dev").path(path);
        secrets.create(request.build()).await?;
    }
    let app = |request: infisical::secrets::ListSecretsBuilder<_, _>| request.path("/app").build();
    let listed = secrets
        .list(app(ListSecretsRequest::builder(project, "dev")))
        .await?;
    assert_eq!(
        pairs(&listed),
        [("URL", "postgres://db.internal"), ("HOST", "db.internal")]
    );
    let raw = ListSecretsRequest::builder(project, "dev").expand_secret_references(false);
    let listed = secrets.list(app(raw)).await?;
    assert_eq!(pairs(&listed)[0], ("URL", "postgres://${dev.common.HOST}"));
    let below = ListSecretsRequest::builder(project, "dev")
        .recursive(true)
        .build();
    let mut below = secrets.list(below).await?;
    below.sort_by(|left, right| left.secret_key.cmp(&right.secret_key));
    let names: Vec<&str> = below.iter().map(|secret| &*secret.secret_key).collect();
    assert!(
        ["HOST", "ROOT", "URL"].iter().all(|name| names.contains(name)),
        "{names:?}"
    );
    let imported = GetSecretRequest::builder("HOST", project, "dev")
        .path("/app")
        .build();
    assert_eq!(secrets.get(imported).await?.secret_value, "db.internal");
    Ok(())
}

#[tokio::test]
async fn tells_refusals_with_status_and_words() -> Result<()> {
    let stage = Stage::new()?;
    let project = stage.instance.project.as_str();
    let mut wrong = Client::builder().base_url(stage.server.url()).build().await?;
    let login = AuthMethod::new_universal_auth(&stage.client_id, "0".repeat(64));
    let (status, body) = refused(wrong.login(login).await)?;
    assert_eq!(
        (status, text(&body, "/message")?),
        (401, "Invalid credentials".to_owned())
    );

    let client = client(&stage).await?;
    let secrets = client.secrets();
    let get = GetSecretRequest::builder("NOTHING", project, "dev").build();
    let (status, body) = refused(secrets.get(get).await)?;
    assert_eq!((status, text(&body, "/error")?), (404, "NotFound".to_owned()));
    assert_eq!(text(&body, "/message")?, "Secret with name 'NOTHING' not found");

    let create = || CreateSecretRequest::builder("TWICE", "value", project, "dev").build();
    secrets.create(create()).await?;
    let (status, body) = refused(secrets.create(create()).await)?;
    assert_eq!(status, 400, "{body}");
    let update = UpdateSecretRequest::builder("NOTHING", project, "dev")
        .secret_value("x")
        .build();
    assert_eq!(refused(secrets.update(update).await)?.0, 404);
    let delete = DeleteSecretRequest::builder("NOTHING", project, "dev").build();
    assert_eq!(refused(secrets.delete(delete).await)?.0, 404);
    // A machine has no values of its own.
    let personal = CreateSecretRequest::builder("TWICE", "mine", project, "dev")
        .r#type("personal")
        .build();
    assert_eq!(refused(secrets.create(personal).await)?.0, 400);
    Ok(())
}
