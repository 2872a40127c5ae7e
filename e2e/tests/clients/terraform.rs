//! Infisical's Terraform provider and the Go client under it. Their requests are sent as they send them: empty
//! parameters, nulls for what is not set, and every answer compared with what was sent.

use anyhow::{Context as _, Result, ensure};
use e2e::clients::Stage;
use e2e::http::{Answer, Connection, encoded};
use e2e::instance::text;
use serde_json::{Value, json};

/// The provider, logged in.
struct Provider {
    connection: Connection,
    token: String,
}

impl Provider {
    fn send(&mut self, method: &str, path: &str, body: &Value) -> Result<Answer> {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("User-Agent", "terraform"),
            ("Accept", "application/json"),
            ("Content-Type", "application/json"),
            ("Authorization", bearer.as_str()),
        ];
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.connection.request(method, path, &headers, body.as_bytes())
    }

    fn ok(&mut self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let answer = self.send(method, path, body)?.ok();
        answer.with_context(|| format!("{method} {path}"))
    }

    fn get(&mut self, path: &str) -> Result<Value> {
        self.ok("GET", path, &Value::Null)
    }

    /// A resource that is gone leaves the state only for this status.
    fn gone(&mut self, path: &str) -> Result<()> {
        self.send("GET", path, &Value::Null)?
            .expect(404)
            .with_context(|| path.to_owned())?;
        Ok(())
    }
}

/// The provider of somebody who administers the organization: a machine identity with that role.
fn provider(stage: &Stage) -> Result<Provider> {
    Ok(Provider {
        connection: stage.connection()?,
        token: stage.instance.machine.clone(),
    })
}

/// What was sent is what is read back: anything else is a difference in every plan.
fn same(sent: &Value, read: &Value, fields: &[&str]) -> Result<()> {
    for field in fields {
        ensure!(
            sent[field] == read[field],
            "{field}: sent {}, read {}",
            sent[field],
            read[field]
        );
    }
    Ok(())
}

/// Go parses times strictly; anything else fails the whole answer.
fn time(value: &Value, pointer: &str) -> Result<()> {
    let time = text(value, pointer)?;
    let (date, rest) = time.split_once('T').with_context(|| time.clone())?;
    ensure!(date.len() == 10 && rest.ends_with('Z'), "{time} is not RFC 3339");
    Ok(())
}

#[test]
fn a_project_with_environments_folders_tags_and_secrets() -> Result<()> {
    let stage = Stage::new()?;
    let mut terraform = provider(&stage)?;
    let body = json!({
        "projectName": "From Terraform", "slug": "from-terraform", "projectDescription": "described",
        "organizationSlug": "", "template": "default", "type": "secret-manager", "kmsKeyId": "",
        "shouldCreateDefaultEnvs": true, "hasDeleteProtection": false,
    });
    let made = terraform.ok("POST", "/api/v2/workspace", &body)?;
    let project = text(&made, "/project/id")?;
    assert_eq!(text(&made, "/project/slug")?, "from-terraform");
    assert_eq!(text(&made, "/project/description")?, "described");
    time(&made, "/project/createdAt")?;
    let read = terraform.get("/api/v2/workspace/from-terraform")?;
    assert_eq!(
        (text(&read, "/id")?, text(&read, "/name")?),
        (project.clone(), "From Terraform".into())
    );
    let read = terraform.get(&format!("/api/v1/workspace/{project}"))?;
    assert_eq!(text(&read, "/workspace/slug")?, "from-terraform");
    let listed = terraform.get("/api/v1/projects")?;
    ensure!(
        listed["projects"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["id"] == json!(project)))
    );
    let changed = json!({ "name": "Renamed", "description": "other" });
    terraform.ok("PATCH", &format!("/api/v1/projects/{project}"), &changed)?;
    terraform.ok(
        "PATCH",
        "/api/v2/workspace/from-terraform",
        &json!({ "name": "Renamed again" }),
    )?;
    let read = terraform.get("/api/v2/workspace/from-terraform")?;
    assert_eq!(
        (text(&read, "/name")?, text(&read, "/description")?),
        ("Renamed again".into(), "other".into())
    );

    // An environment.
    let at = format!("/api/v1/workspace/{project}/environments");
    let body = json!({ "name": "Testing", "slug": "testing", "position": 2, "projectId": project });
    let made = terraform.ok("POST", &at, &body)?;
    let environment = text(&made, "/environment/id")?;
    same(&body, &made["environment"], &["name", "slug", "position"])?;
    let own = format!("/api/v1/workspace/environments/{environment}");
    let read = terraform.get(&own)?;
    same(&body, &read["environment"], &["name", "slug", "position"])?;
    time(&read, "/environment/createdAt")?;
    let by_slug = terraform.get(&format!("/api/v1/projects/{project}/environments/slug/testing"))?;
    assert_eq!(text(&by_slug, "/id")?, environment);
    let body = json!({ "name": "Tests", "slug": "tests", "position": 1, "projectId": project });
    let made = terraform.ok("PATCH", &format!("{at}/{environment}"), &body)?;
    same(&body, &made["environment"], &["name", "slug", "position"])?;

    // A folder.
    let body = json!({ "workspaceId": project, "environment": "tests", "name": "app", "path": "/" });
    let made = terraform.ok("POST", "/api/v1/folders", &body)?;
    let folder = text(&made, "/folder/id")?;
    time(&made, "/folder/createdAt")?;
    let read = terraform.get(&format!("/api/v1/folders/{folder}"))?;
    assert_eq!(text(&read, "/folder/environment/envSlug")?, "tests");
    assert_eq!(text(&read, "/folder/path")?, "/app");
    let by_path = format!("/api/v1/folders/{project}/tests/{}", encoded("/app"));
    assert_eq!(text(&terraform.get(&by_path)?, "/folder/id")?, folder);
    let body = json!({ "workspaceId": project, "environment": "tests", "name": "web", "path": "/" });
    terraform.ok("PATCH", &format!("/api/v1/folders/{folder}"), &body)?;
    let listed = terraform.get(&format!(
        "/api/v1/folders?workspaceId={project}&environment=tests&path=%2F"
    ))?;
    assert_eq!(text(&listed, "/folders/0/name")?, "web");

    // A tag, in the older spelling.
    let at = format!("/api/v1/workspace/{project}/tags");
    let body = json!({ "slug": "db", "name": "db", "color": "#ff0000" });
    let made = terraform.ok("POST", &at, &body)?;
    let tag = text(&made, "/workspaceTag/id")?;
    for path in [format!("{at}/{tag}"), format!("{at}/slug/db")] {
        same(
            &body,
            &terraform.get(&path)?["workspaceTag"],
            &["slug", "name", "color"],
        )?;
    }
    ensure!(terraform.get(&at)?["workspaceTags"].is_array(), "a list of tags");
    let body = json!({ "slug": "database", "name": "database", "color": "" });
    terraform.ok("PATCH", &format!("{at}/{tag}"), &body)?;

    // A secret: nulls and empty texts for what was not set.
    let secret = json!({
        "workspaceId": project, "environment": "tests", "secretPath": "/web", "type": "shared",
        "secretKey": "API_KEY", "secretValue": "value\nof two lines", "secretComment": "",
        "secretReminderNote": "", "secretReminderRepeatDays": 0, "skipMultilineEncoding": null,
        "tagIds": [tag], "secretMetadata": null, "metadata": null,
    });
    let made = terraform.ok("POST", "/api/v3/secrets/raw/API_KEY", &secret)?;
    let id = text(&made, "/secret/id")?;
    let query = format!("workspaceId={project}&workspaceSlug=&environment=tests&secretPath=%2Fweb");
    let one = format!(
        "/api/v3/secrets/raw/API_KEY?{query}&type=shared&include_imports=false&tagSlugs=&metadataFilter="
    );
    let read = terraform.get(&one)?;
    same(
        &secret,
        &read["secret"],
        &["secretKey", "secretValue", "secretComment"],
    )?;
    assert_eq!(text(&read, "/secret/tags/0/slug")?, "database");
    ensure!(read["secret"]["secretMetadata"].is_array(), "{read}");
    time(&read, "/secret/updatedAt")?;
    let by_id = terraform.get(&format!("/api/v3/secrets/raw/id/{id}"))?;
    assert_eq!(text(&by_id, "/secret/secretPath")?, "/web");
    assert_eq!(text(&by_id, "/secret/environment")?, "tests");
    let mut changed = secret.clone();
    changed["secretValue"] = json!("other");
    changed["tagIds"] = Value::Null;
    changed["secretMetadata"] = json!([{ "key": "owner", "value": "team-a" }]);
    terraform.ok("PATCH", "/api/v3/secrets/raw/API_KEY", &changed)?;
    let read = terraform.get(&one)?;
    assert_eq!(text(&read, "/secret/secretValue")?, "other");
    assert_eq!(text(&read, "/secret/secretMetadata/0/value")?, "team-a");
    let listed = terraform.get(&format!(
        "/api/v3/secrets/raw?{query}&expandSecretReferences=true&recursive=false"
    ))?;
    assert_eq!(text(&listed, "/secrets/0/secretKey")?, "API_KEY");
    // The Go client's way of writing many.
    let batch = json!({
        "workspaceId": project, "environment": "tests", "secretPath": "/web",
        "secrets": [
            { "secretKey": "ONE", "secretValue": "1", "secretComment": "", "skipMultilineEncoding": false },
            { "secretKey": "TWO", "secretValue": "2", "secretMetadata": [{ "key": "a", "value": "b" }], "tagIds": [] },
        ],
    });
    let made = terraform.ok("POST", "/api/v3/secrets/batch/raw", &batch)?;
    assert_eq!(made["secrets"].as_array().map(Vec::len), Some(2));

    // An import.
    let import = json!({
        "workspaceId": project, "environment": "dev", "path": "/", "isReplication": false,
        "import": { "environment": "tests", "path": "/web" },
    });
    let made = terraform.ok("POST", "/api/v1/secret-imports", &import)?;
    let id = text(&made, "/secretImport/id")?;
    let own = format!("/api/v1/secret-imports/{id}");
    let read = terraform.get(&own)?;
    assert_eq!(text(&read, "/secretImport/importPath")?, "/web");
    assert_eq!(text(&read, "/secretImport/importEnv/slug")?, "tests");
    assert_eq!(text(&read, "/secretImport/environment/slug")?, "dev");
    assert_eq!(text(&read, "/secretImport/secretPath")?, "/");
    let place = json!({ "workspaceId": project, "environment": "dev", "path": "/" });
    terraform.ok("DELETE", &own, &place)?;
    terraform.gone(&own)?;

    // Everything goes again.
    let place =
        json!({ "workspaceId": project, "environment": "tests", "secretPath": "/web", "type": "shared" });
    for name in ["API_KEY", "ONE", "TWO"] {
        terraform.ok("DELETE", &format!("/api/v3/secrets/raw/{name}"), &place)?;
    }
    terraform.gone(&one)?;
    terraform.ok("DELETE", &format!("{at}/{tag}"), &Value::Null)?;
    terraform.gone(&format!("{at}/{tag}"))?;
    let place = json!({ "projectId": project, "environment": "tests", "path": "/" });
    terraform.ok("DELETE", &format!("/api/v2/folders/{folder}"), &place)?;
    terraform.gone(&format!("/api/v1/folders/{folder}"))?;
    let at = format!("/api/v1/workspace/{project}/environments/{environment}");
    terraform.ok("DELETE", &at, &Value::Null)?;
    terraform.gone(&format!("/api/v1/workspace/environments/{environment}"))?;
    terraform.ok("DELETE", "/api/v2/workspace/from-terraform", &Value::Null)?;
    terraform.gone("/api/v2/workspace/from-terraform")
}

#[test]
fn identities_with_universal_auth_token_auth_and_projects() -> Result<()> {
    let stage = Stage::new()?;
    let mut terraform = provider(&stage)?;
    terraform.get("/api/v1/identities/details")?;
    let identity = json!({
        "name": "from-terraform", "organizationId": stage.instance.organization, "role": "member",
        "hasDeleteProtection": false, "metadata": [{ "key": "team", "value": "a" }],
    });
    let made = terraform.ok("POST", "/api/v1/identities", &identity)?;
    let id = text(&made, "/identity/id")?;
    let own = format!("/api/v1/identities/{id}");
    let read = terraform.get(&own)?;
    assert_eq!(text(&read, "/identity/role")?, "member");
    assert_eq!(text(&read, "/identity/orgId")?, stage.instance.organization);
    assert_eq!(text(&read, "/identity/identity/name")?, "from-terraform");
    assert_eq!(read["identity"]["metadata"][0]["value"], json!("a"));
    ensure!(read["identity"]["identity"]["authMethods"].is_array(), "{read}");
    let changed =
        json!({ "name": "renamed", "role": "no-access", "hasDeleteProtection": false, "metadata": [] });
    terraform.ok("PATCH", &own, &changed)?;
    assert_eq!(text(&terraform.get(&own)?, "/identity/identity/name")?, "renamed");

    let auth = format!("/api/v1/auth/universal-auth/identities/{id}");
    let settings = json!({
        "clientSecretTrustedIps": [{ "ipAddress": "127.0.0.0/8" }, { "ipAddress": "::/0" }, { "ipAddress": "192.0.2.7" }],
        "accessTokenTrustedIps": [{ "ipAddress": "0.0.0.0/0" }],
        "accessTokenTTL": 3600, "accessTokenMaxTTL": 7200, "accessTokenNumUsesLimit": 10,
    });
    terraform.ok("POST", &auth, &settings)?;
    let read = terraform.get(&auth)?;
    let read = &read["identityUniversalAuth"];
    same(
        &settings,
        read,
        &["accessTokenTTL", "accessTokenMaxTTL", "accessTokenNumUsesLimit"],
    )?;
    // It joins address and prefix again.
    assert_eq!(read["clientSecretTrustedIps"][0]["ipAddress"], json!("127.0.0.0"));
    assert_eq!(read["clientSecretTrustedIps"][0]["prefix"], json!(8));
    assert_eq!(read["clientSecretTrustedIps"][1]["type"], json!("ipv6"));
    // It joins nothing where there is no prefix: an address stays the address that was sent.
    assert_eq!(read["clientSecretTrustedIps"][2]["ipAddress"], json!("192.0.2.7"));
    assert_eq!(read["clientSecretTrustedIps"][2].get("prefix"), None);
    time(read, "/createdAt")?;
    terraform.ok("PATCH", &auth, &json!({ "accessTokenTTL": 1800 }))?;
    assert_eq!(
        terraform.get(&auth)?["identityUniversalAuth"]["accessTokenTTL"],
        json!(1800)
    );

    let body = json!({ "description": "", "numUsesLimit": 0, "ttl": 0 });
    let made = terraform.ok("POST", &format!("{auth}/client-secrets"), &body)?;
    let secret = text(&made, "/clientSecretData/id")?;
    let read = terraform.get(&format!("{auth}/client-secrets/{secret}"))?;
    assert_eq!(read["clientSecretData"]["description"], json!(""));
    assert_eq!(read["clientSecretData"]["isClientSecretRevoked"], json!(false));
    let revoked = terraform.ok(
        "POST",
        &format!("{auth}/client-secrets/{secret}/revoke"),
        &json!({}),
    )?;
    assert_eq!(revoked["clientSecretData"]["isClientSecretRevoked"], json!(true));

    let tokens = format!("/api/v1/auth/token-auth/identities/{id}");
    let settings = json!({ "accessTokenTTL": 600, "accessTokenMaxTTL": 600, "accessTokenNumUsesLimit": 0 });
    let made = terraform.ok("POST", &tokens, &settings)?;
    same(
        &settings,
        &made["identityTokenAuth"],
        &["accessTokenTTL", "accessTokenMaxTTL"],
    )?;
    terraform.get(&tokens)?;
    terraform.ok("PATCH", &tokens, &json!({ "accessTokenTTL": 300 }))?;
    let made = terraform.ok("POST", &format!("{tokens}/tokens"), &json!({ "name": "ci" }))?;
    let token = text(&made, "/tokenData/id")?;
    let listed = terraform.get(&format!("{tokens}/tokens?offset=0&limit=100"))?;
    assert_eq!(text(&listed, "/tokens/0/id")?, token);
    let token = format!("/api/v1/auth/token-auth/tokens/{token}");
    terraform.ok("PATCH", &token, &json!({ "name": "nightly" }))?;
    // What it does not find it makes anew.
    assert_eq!(text(&terraform.get(&token)?, "/token/name")?, "nightly");
    terraform.ok("POST", &format!("{token}/revoke"), &json!({}))?;
    terraform.ok("DELETE", &tokens, &Value::Null)?;

    let membership = format!(
        "/api/v2/workspace/{}/identity-memberships/{id}",
        stage.instance.project
    );
    let roles = json!({ "roles": [{ "role": "viewer", "isTemporary": false }] });
    let mut person = Provider {
        connection: stage.connection()?,
        token: stage.instance.user.clone(),
    };
    person.ok("POST", &membership, &roles)?;
    let read = person.get(&membership)?;
    assert_eq!(text(&read, "/identityMembership/identityId")?, id);
    assert_eq!(text(&read, "/identityMembership/roles/0/role")?, "viewer");
    let roles = json!({ "roles": [{ "role": "member", "isTemporary": false }] });
    person.ok("PATCH", &membership, &roles)?;
    person.ok("DELETE", &membership, &Value::Null)?;
    person.gone(&membership)?;

    terraform.ok("DELETE", &auth, &Value::Null)?;
    terraform.gone(&auth)?;
    terraform.ok("DELETE", &own, &Value::Null)?;
    terraform.gone(&own)
}
