//! What guides tell people to type: health checks, one call for a value, names instead of ids.

use anyhow::{Result, ensure};
use e2e::clients::Stage;
use e2e::http::once;
use e2e::instance::text;
use serde_json::json;

#[test]
fn one_call_changes_a_value() -> Result<()> {
    let stage = Stage::new()?;
    let (user, project) = (stage.instance.user.as_str(), stage.instance.project.as_str());
    let mut connection = stage.connection()?;
    stage
        .instance
        .create(&mut connection, "POSTGRES_PASSWORD", "old")?
        .ok()?;
    let path = "/api/v1/secrets/POSTGRES_PASSWORD";
    let value = |value: &str| json!({ "value": value });

    // Without a place it says what it needs to know, and changes nothing.
    let refused = connection
        .call(user, "PATCH", path, Some(&value("lost")))?
        .expect(400)?;
    ensure!(text(&refused, "/message")?.contains("projectId"), "{refused}");
    let in_query = format!("{path}?workspaceId=home-lab&environment=development");
    connection
        .call(user, "PATCH", &in_query, Some(&json!({ "velue": "lost" })))?
        .expect(422)?;
    assert_eq!(stage.instance.read(&mut connection, "POSTGRES_PASSWORD")?, "old");

    connection
        .call(user, "PATCH", &in_query, Some(&value("new")))?
        .ok()?;
    assert_eq!(stage.instance.read(&mut connection, "POSTGRES_PASSWORD")?, "new");
    let in_body = json!({ "value": "newer", "projectId": project, "environment": "dev" });
    connection.call(user, "PATCH", path, Some(&in_body))?.ok()?;
    assert_eq!(
        stage.instance.read(&mut connection, "POSTGRES_PASSWORD")?,
        "newer"
    );

    // A service token for one place brings the place along.
    let body = json!({
        "name": "rotation", "workspaceId": project, "scopes": [{ "environment": "dev", "secretPath": "/" }],
        "encryptedKey": "", "iv": "", "tag": "", "permissions": ["read", "write"],
    });
    let made = connection
        .call(user, "POST", "/api/v2/service-token", Some(&body))?
        .ok()?;
    let token = text(&made, "/serviceToken")?;
    connection
        .call(&token, "PATCH", path, Some(&value("newest")))?
        .ok()?;
    assert_eq!(
        stage.instance.read(&mut connection, "POSTGRES_PASSWORD")?,
        "newest"
    );
    Ok(())
}

#[test]
fn projects_and_environments_by_the_names_people_use() -> Result<()> {
    let stage = Stage::new()?;
    let user = stage.instance.user.as_str();
    let mut connection = stage.connection()?;
    stage.instance.create(&mut connection, "FOUND", "value")?.ok()?;
    for project in [stage.instance.project.as_str(), "home-lab", "Home%20Lab"] {
        for environment in ["dev", "development"] {
            let path = format!("/api/v3/secrets/raw/FOUND?workspaceId={project}&environment={environment}");
            let found = connection.call(user, "GET", &path, None)?.ok()?;
            assert_eq!(text(&found, "/secret/environment")?, "dev", "{path}");
        }
    }
    // A slug of its own takes the name away from the other.
    let body = json!({ "name": "Long", "slug": "development" });
    let at = format!("/api/v1/workspace/{}/environments", stage.instance.project);
    connection.call(user, "POST", &at, Some(&body))?.ok()?;
    let path = "/api/v3/secrets/raw/FOUND?workspaceId=home-lab&environment=development";
    connection.call(user, "GET", path, None)?.expect(404)?;
    Ok(())
}

#[test]
fn deleting_a_personal_value_that_nobody_has_names_the_way_out() -> Result<()> {
    let stage = Stage::new()?;
    let mut connection = stage.connection()?;
    stage.instance.create(&mut connection, "KEPT", "value")?.ok()?;
    let mut body = stage.instance.body("");
    body["type"] = json!("personal");
    let path = "/api/v3/secrets/raw/KEPT";
    let refused = connection
        .call(&stage.instance.user, "DELETE", path, Some(&body))?
        .expect(404)?;
    ensure!(text(&refused, "/message")?.contains("--type=shared"), "{refused}");
    assert_eq!(stage.instance.read(&mut connection, "KEPT")?, "value");
    Ok(())
}

#[test]
fn health_checks_need_no_credentials() -> Result<()> {
    let stage = Stage::new()?;
    for path in ["/healthcheck", "/api/status", "/api/health"] {
        once(stage.server.address, "GET", path, &[], b"")?.ok()?;
    }
    Ok(())
}
