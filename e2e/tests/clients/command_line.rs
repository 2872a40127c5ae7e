//! Infisical's command line. Its requests are sent as it sends them, flow by flow: same paths with their trailing
//! slashes, same headers, same defaults.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use e2e::clients::Stage;
use e2e::http::{Answer, Connection, encoded};
use e2e::instance::{EMAIL, PASSWORD, bootstrap_body, text};
use serde_json::{Value, json};

/// The command line with a token, or before a login.
struct Cli {
    connection: Connection,
    token: Option<String>,
}

impl Cli {
    fn new(stage: &Stage, token: Option<&str>) -> Result<Self> {
        Ok(Self {
            connection: stage.connection()?,
            token: token.map(str::to_owned),
        })
    }

    fn send(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        more: &[(&str, &str)],
    ) -> Result<Answer> {
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = vec![("User-Agent", "cli"), ("Accept", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
        headers.extend_from_slice(more);
        let body = body.map(Value::to_string).unwrap_or_default();
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        let answer = self.connection.request(method, path, &headers, body.as_bytes())?;
        ensure!(
            !(300..400).contains(&answer.status) || answer.status == 304,
            "a redirect from {path}"
        );
        if answer.status != 304 {
            let kind = answer.header("content-type").context("no content type")?;
            ensure!(kind.starts_with("application/json"), "{path}: {kind}");
        }
        Ok(answer)
    }

    fn get(&mut self, path: &str) -> Result<Answer> {
        self.send("GET", path, None, &[])
    }

    fn post(&mut self, path: &str, body: &Value) -> Result<Answer> {
        self.send("POST", path, Some(body), &[])
    }

    /// What `secrets`, `run` and `export` ask: every switch is spelled out.
    fn list(
        &mut self,
        project: &str,
        environment: &str,
        path: &str,
        switches: &[(&str, &str)],
    ) -> Result<Answer> {
        let mut all = BTreeMap::from([
            ("expandSecretReferences", "true"),
            ("includeImports", "true"),
            ("includePersonalOverrides", "true"),
            ("recursive", "false"),
            ("viewSecretValue", "true"),
        ]);
        all.extend(switches.iter().copied());
        let mut query = format!(
            "/api/v4/secrets?projectId={project}&environment={environment}&secretPath={}",
            encoded(path)
        );
        for (name, value) in all {
            query.extend(["&", name, "=", &encoded(value)]);
        }
        self.get(&query)
    }

    /// What it makes of the answer: direct secrets, then imports from last to first; the first value wins.
    fn values(&mut self, project: &str, environment: &str, path: &str) -> Result<BTreeMap<String, String>> {
        merged(&self.list(project, environment, path, &[])?.ok()?)
    }

    fn write(&mut self, method: &str, name: &str, body: &Value) -> Result<Answer> {
        self.send(method, &format!("/api/v3/secrets/raw/{name}"), Some(body), &[])
    }
}

fn merged(answer: &Value) -> Result<BTreeMap<String, String>> {
    let array = |value: &Value, name: &str| -> Result<Vec<Value>> {
        let found = value.get(name).and_then(Value::as_array);
        Ok(found
            .with_context(|| format!("no list of {name} in {value}"))?
            .clone())
    };
    let mut found = BTreeMap::new();
    for secret in array(answer, "secrets")? {
        for field in [
            "_id",
            "workspace",
            "type",
            "environment",
            "secretComment",
            "secretPath",
        ] {
            text(&secret, &format!("/{field}"))?;
        }
        ensure!(
            secret["version"].is_i64() && secret["tags"].is_array(),
            "{secret}"
        );
        found.insert(text(&secret, "/secretKey")?, text(&secret, "/secretValue")?);
    }
    for block in array(answer, "imports")?.iter().rev() {
        for field in ["secretPath", "environment", "folderId"] {
            text(block, &format!("/{field}"))?;
        }
        for secret in array(block, "secrets")? {
            for field in ["id", "workspace", "environment", "type", "secretComment"] {
                text(&secret, &format!("/{field}"))?;
            }
            found
                .entry(text(&secret, "/secretKey")?)
                .or_insert(text(&secret, "/secretValue")?);
        }
    }
    Ok(found)
}

/// What stands in a token, as the command line reads it without looking at the signature.
fn claims(token: &str) -> Result<Value> {
    let parts: Vec<&str> = token.split('.').collect();
    ensure!(parts.len() == 3, "{} parts", parts.len());
    let mut bits = Vec::new();
    for letter in parts[1].bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            .iter()
            .position(|known| *known == letter)
            .context("not base64url")?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1));
    }
    let bytes: Vec<u8> = bits
        .chunks_exact(8)
        .map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | u8::from(*bit == 1)))
        .collect();
    Ok(serde_json::from_slice(&bytes)?)
}

/// `login --email --password`: the organization is chosen afterwards.
fn log_in(stage: &Stage) -> Result<String> {
    let mut cli = Cli::new(stage, None)?;
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let early = text(&cli.post("/api/v3/auth/login", &body)?.ok()?, "/accessToken")?;
    let mut cli = Cli::new(stage, Some(&early))?;
    let organizations = cli.get("/api/v1/organization")?.ok()?;
    text(&organizations, "/organizations/0/name")?;
    let organization = text(&organizations, "/organizations/0/id")?;
    // Best effort: whatever it answers, the login goes on.
    cli.get("/api/v1/organization/accessible-with-sub-orgs")?;
    let body = json!({ "organizationId": organization, "userAgent": "cli" });
    let chosen = cli.post("/api/v3/auth/select-organization", &body)?.ok()?;
    assert_eq!(chosen["isMfaEnabled"], json!(false));
    text(&chosen, "/token")
}

#[test]
fn bootstrap_login_and_login_status_of_a_person() -> Result<()> {
    let stage = Stage::new()?;
    let mut nobody = Cli::new(&stage, None)?;
    nobody.get("/api/status")?.ok()?;
    nobody.get("/api/status/")?.ok()?;
    nobody
        .post("/api/v1/admin/bootstrap", &bootstrap_body())?
        .expect(400)?;

    // A wrong password costs two requests; the second error is the one that is shown.
    let wrong = json!({ "email": EMAIL, "password": "wrong" });
    nobody.post("/api/v3/auth/login", &wrong)?.expect(400)?;
    let body = json!({ "email": EMAIL, "clientPublicKey": "00" });
    let refused = nobody.post("/api/v3/auth/login1", &body)?;
    ensure!((400..500).contains(&refused.status), "{}", refused.status);
    text(&refused.json()?, "/message")?;

    let token = log_in(&stage)?;
    let claims = claims(&token)?;
    assert_eq!(claims["authTokenType"], json!("accessToken"));
    for claim in ["userId", "organizationId", "tokenVersionId"] {
        text(&claims, &format!("/{claim}"))?;
    }
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)?
        .as_secs();
    let expires = claims["exp"].as_u64().context("no exp")?;
    ensure!(
        expires > now + 24 * 3600,
        "a login of less than a day: there is no refresh"
    );
    let mut cli = Cli::new(&stage, Some(&token))?;
    cli.post("/api/v1/auth/checkAuth", &json!({}))?.ok()?;
    // A person's token is no machine's and no service's.
    ensure!(
        matches!(cli.get("/api/v2/service-token")?.status, 401 | 403),
        "not a service token"
    );
    Ok(())
}

#[test]
fn init_finds_the_projects_of_the_organization() -> Result<()> {
    let stage = Stage::new()?;
    let token = log_in(&stage)?;
    let workspaces = Cli::new(&stage, Some(&token))?.get("/api/v1/workspace")?.ok()?;
    let first = &workspaces["workspaces"][0];
    assert_eq!(text(first, "/_id")?, stage.instance.project);
    assert_eq!(text(first, "/id")?, stage.instance.project);
    assert_eq!(text(first, "/orgId")?, stage.instance.organization);
    assert_eq!(text(first, "/name")?, "Home Lab");
    ensure!(first["__v"].is_i64(), "{first}");
    Ok(())
}

#[test]
fn a_machine_logs_in_renews_and_is_revoked() -> Result<()> {
    let stage = Stage::new()?;
    let mut nobody = Cli::new(&stage, None)?;
    let settings = json!({
        "name": "agent", "organizationId": stage.instance.organization, "role": "no-access",
    });
    let mut admin = Cli::new(&stage, Some(&stage.instance.user))?;
    let identity = text(
        &admin.post("/api/v1/identities", &settings)?.ok()?,
        "/identity/id",
    )?;
    let at = format!("/api/v1/auth/universal-auth/identities/{identity}");
    let limits = json!({ "accessTokenTTL": 3600, "accessTokenMaxTTL": 86400 });
    let client_id = text(
        &admin.post(&at, &limits)?.ok()?,
        "/identityUniversalAuth/clientId",
    )?;
    let made = admin.post(&format!("{at}/client-secrets"), &json!({}))?.ok()?;
    let body = json!({ "clientId": client_id, "clientSecret": text(&made, "/clientSecret")? });

    let mut token = String::new();
    for path in [
        "/api/v1/auth/universal-auth/login",
        "/api/v1/auth/universal-auth/login/",
    ] {
        let login = nobody.post(path, &body)?.ok()?;
        assert_eq!(login["expiresIn"], json!(3600));
        assert_eq!(login["accessTokenMaxTTL"], json!(86400));
        assert_eq!(login["tokenType"], json!("Bearer"));
        token = text(&login, "/accessToken")?;
        let claims = claims(&token)?;
        assert_eq!(claims["authTokenType"], json!("identityAccessToken"));
        assert_eq!(claims["identityId"], json!(identity));
    }
    let mut machine = Cli::new(&stage, Some(&token))?;
    let details = machine.get("/api/v1/identities/details")?.ok()?;
    assert_eq!(
        text(&details, "/identityDetails/organization/id")?,
        stage.instance.organization
    );
    let renewed = nobody
        .post("/api/v1/auth/token/renew", &json!({ "accessToken": token }))?
        .ok()?;
    let renewed = text(&renewed, "/accessToken")?;
    let mut machine = Cli::new(&stage, Some(&renewed))?;
    machine.get("/api/v1/identities/details")?.ok()?;
    machine
        .post("/api/v1/auth/token/revoke", &json!({ "accessToken": renewed }))?
        .ok()?;
    let rejected = machine.get("/api/v1/identities/details")?;
    ensure!(matches!(rejected.status, 401 | 403), "{}", rejected.status);
    Ok(())
}

#[test]
fn secrets_set_get_and_delete_with_tags() -> Result<()> {
    let stage = Stage::new()?;
    let project = stage.instance.project.as_str();
    for (token, personal) in [(stage.instance.user.clone(), 404), (stage.token()?, 400)] {
        let mut cli = Cli::new(&stage, Some(&token))?;
        assert_eq!(cli.values(project, "dev", "/")?, BTreeMap::new());
        let slug = format!("/api/v1/projects/{project}/tags/slug/tag-{personal}");
        cli.get(&slug)?.expect(404)?;
        let tag = json!({ "slug": format!("tag-{personal}"), "color": "" });
        let made = cli
            .post(&format!("/api/v1/projects/{project}/tags"), &tag)?
            .ok()?;
        let tag = text(&made, "/tag/id")?;
        cli.get(&slug)?.ok()?;

        let set = |value: &str| {
            json!({
                "workspaceId": project, "environment": "dev", "secretPath": "/", "type": "shared",
                "secretKey": "TOKEN", "secretValue": value, "secretComment": "", "tagIds": [tag],
            })
        };
        cli.write("POST", "TOKEN", &set("one"))?.ok()?;
        cli.write("PATCH", "TOKEN", &set("two"))?.ok()?;
        let listed = cli
            .list(project, "dev", "/", &[("tagSlugs", &format!("tag-{personal}"))])?
            .ok()?;
        assert_eq!(merged(&listed)?, BTreeMap::from([("TOKEN".into(), "two".into())]));
        assert_eq!(
            text(&listed, "/secrets/0/tags/0/slug")?,
            format!("tag-{personal}")
        );

        // Without `--type shared` it asks for the personal value, which nobody has here.
        let delete = |kind: &str| {
            json!({
                "workspaceId": project, "environment": "dev", "secretPath": "/", "type": kind,
                "secretName": "TOKEN",
            })
        };
        cli.write("DELETE", "TOKEN", &delete("personal"))?
            .expect(personal)?;
        cli.write("DELETE", "TOKEN", &delete("shared"))?.ok()?;
        cli.write("DELETE", "TOKEN", &delete("shared"))?.expect(404)?;
    }
    Ok(())
}

#[test]
fn folders_are_made_listed_and_deleted_by_name() -> Result<()> {
    let stage = Stage::new()?;
    let project = stage.instance.project.as_str();
    let mut cli = Cli::new(&stage, Some(&stage.token()?))?;
    for (name, path) in [("app", "/"), ("inner", "/app")] {
        let body = json!({ "workspaceId": project, "environment": "dev", "name": name, "path": path });
        let made = cli.post("/api/v1/folders", &body)?.ok()?;
        assert_eq!(text(&made, "/folder/name")?, name);
        text(&made, "/folder/id")?;
    }
    let mut names = |directory: &str| -> Result<Vec<String>> {
        let directory = encoded(directory);
        let path = format!("/api/v1/folders?workspaceId={project}&environment=dev&directory={directory}");
        let listed = cli.get(&path)?.ok()?;
        let folders = listed["folders"].as_array().context("no folders")?;
        folders.iter().map(|folder| text(folder, "/name")).collect()
    };
    assert_eq!(
        (names("/")?, names("/app")?),
        (vec!["app".to_owned()], vec!["inner".to_owned()])
    );
    let body = json!({ "workspaceId": project, "environment": "dev", "directory": "/app" });
    let gone = cli
        .send("DELETE", "/api/v1/folders/inner", Some(&body), &[])?
        .ok()?;
    assert_eq!(text(&gone, "/folder/name")?, "inner");
    cli.send("DELETE", "/api/v1/folders/inner", Some(&body), &[])?
        .expect(404)?;
    Ok(())
}

#[test]
fn run_and_export_see_imports_references_and_own_values() -> Result<()> {
    let stage = Stage::new()?;
    let project = stage.instance.project.as_str();
    let mut person = Cli::new(&stage, Some(&stage.instance.user))?;
    for name in ["low", "high"] {
        let body = json!({ "workspaceId": project, "environment": "dev", "name": name, "path": "/" });
        person.post("/api/v1/folders", &body)?.ok()?;
        let import = json!({
            "workspaceId": project, "environment": "dev", "path": "/",
            "import": { "environment": "dev", "path": format!("/{name}") },
        });
        person.post("/api/v1/secret-imports", &import)?.ok()?;
    }
    let mut put = |name: &str, value: &str, path: &str, kind: &str| {
        let body = json!({
            "workspaceId": project, "environment": "dev", "secretPath": path, "type": kind, "secretValue": value,
        });
        person.write("POST", name, &body)?.ok()
    };
    put("SHARED", "low", "/low", "shared")?;
    put("SHARED", "high", "/high", "shared")?;
    put("HOST", "db", "/low", "shared")?;
    put("OWN", "everybody's", "/", "shared")?;
    put("OWN", "mine", "/", "personal")?;
    put("URL", "http://${dev.low.HOST}/${MISSING}", "/", "shared")?;

    let expected = |own: &str| -> BTreeMap<String, String> {
        [
            ("SHARED", "high"),
            ("HOST", "db"),
            ("OWN", own),
            ("URL", "http://db/${MISSING}"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    };
    assert_eq!(person.values(project, "dev", "/")?, expected("mine"));
    let mut machine = Cli::new(&stage, Some(&stage.token()?))?;
    assert_eq!(machine.values(project, "dev", "/")?, expected("everybody's"));
    let without = [("includePersonalOverrides", "false")];
    let listed = person.list(project, "dev", "/", &without)?.ok()?;
    assert_eq!(merged(&listed)?, expected("everybody's"));
    let bare = [("includeImports", "false"), ("expandSecretReferences", "false")];
    let listed = merged(&machine.list(project, "dev", "/", &bare)?.ok()?)?;
    assert_eq!(listed.get("SHARED"), None);
    assert_eq!(listed["URL"], "http://${dev.low.HOST}/${MISSING}");
    let below = machine
        .list(project, "dev", "/", &[("recursive", "true")])?
        .ok()?;
    let paths: Vec<&str> = below["secrets"]
        .as_array()
        .context("no secrets")?
        .iter()
        .filter_map(|secret| secret["secretPath"].as_str())
        .collect();
    assert_eq!(paths, ["/", "/", "/high", "/low", "/low"]);
    let missing = machine
        .list(project, "nowhere", "/", &[("recursive", "true")])?
        .expect(404)?;
    ensure!(
        text(&missing, "/message")?.starts_with("Environment with slug 'nowhere' in project with ID"),
        "{missing}"
    );
    Ok(())
}

#[test]
fn the_agent_sees_by_the_etag_that_something_changed() -> Result<()> {
    let stage = Stage::new()?;
    let project = stage.instance.project.as_str();
    let mut cli = Cli::new(&stage, Some(&stage.token()?))?;
    let body = |value: &str| json!({ "workspaceId": project, "environment": "dev", "secretPath": "/", "secretValue": value });
    cli.write("POST", "WATCHED", &body("one"))?.ok()?;
    let slug = cli.get("/api/v1/projects/slug/home-lab")?.ok()?;
    assert_eq!(
        (text(&slug, "/id")?, text(&slug, "/slug")?),
        (project.into(), "home-lab".into())
    );
    let one = format!(
        "/api/v4/secrets/WATCHED?projectId={project}&environment=dev&secretPath=%2F&type=shared\
         &expandSecretReferences=true&includeImports=true"
    );
    let list = format!("/api/v4/secrets?projectId={project}&environment=dev&secretPath=%2F");
    for path in [one, list] {
        let etag = |answer: Answer| -> Result<String> {
            let etag = answer.header("etag").context("no ETag")?.to_owned();
            answer.ok()?;
            Ok(etag)
        };
        let before = etag(cli.get(&path)?)?;
        assert_eq!(etag(cli.get(&path)?)?, before, "the same content");
        let same = cli.send("GET", &path, None, &[("If-None-Match", &before)])?;
        assert_eq!((same.status, same.body.len()), (304, 0));
        cli.write("PATCH", "WATCHED", &body(&format!("two {}", path.len())))?
            .ok()?;
        let changed = cli.send("GET", &path, None, &[("If-None-Match", &before)])?;
        assert_ne!(etag(changed)?, before);
    }
    Ok(())
}

#[test]
fn service_tokens_with_three_and_four_parts() -> Result<()> {
    let stage = Stage::new()?;
    let project = stage.instance.project.as_str();
    let mut person = Cli::new(&stage, Some(&stage.instance.user))?;
    let mut make = |environment: &str, path: &str, permissions: Value| -> Result<String> {
        let body = json!({
            "name": "deploy", "workspaceId": project, "scopes": [{ "environment": environment, "secretPath": path }],
            "encryptedKey": "", "iv": "", "tag": "", "randomBytes": "00ff00ff", "expiresIn": 3600,
            "permissions": permissions,
        });
        let made = person.post("/api/v2/service-token/", &body)?.ok()?;
        text(&made, "/serviceTokenData/id")?;
        let user = made.pointer("/serviceTokenData/user");
        ensure!(user.is_none_or(Value::is_string), "it reads a text: {made}");
        // The fourth part is the client's own and unknown to the server.
        Ok(text(&made, "/serviceToken")? + ".00ff00ff")
    };
    let writes = make("prod", "/", json!(["read", "write"]))?;
    let reads = make("prod", "/", json!(["read"]))?;
    assert_eq!(writes.split('.').count(), 4);
    let three = |token: &str| token.rsplit_once('.').map(|(three, _)| three.to_owned()).unwrap();

    for token in [writes.clone(), three(&writes)] {
        let details = Cli::new(&stage, Some(&token))?
            .get("/api/v2/service-token")?
            .ok()?;
        assert_eq!(text(&details, "/workspace")?, project);
        assert_eq!(text(&details, "/scopes/0/environment")?, "prod");
        assert_eq!(text(&details, "/scopes/0/secretPath")?, "/");
    }
    let body = |environment: &str| {
        json!({
            "workspaceId": project, "environment": environment, "secretPath": "/", "type": "shared",
            "secretKey": "DEPLOYED", "secretValue": "value",
        })
    };
    let mut writer = Cli::new(&stage, Some(&writes))?;
    writer.write("POST", "DEPLOYED", &body("prod"))?.ok()?;
    writer.write("POST", "DEPLOYED", &body("dev"))?.expect(403)?;
    let mut reader = Cli::new(&stage, Some(&reads))?;
    reader.write("PATCH", "DEPLOYED", &body("prod"))?.expect(403)?;

    // Its flags default to `dev`; the token's only scope is what counts.
    let expected = BTreeMap::from([("DEPLOYED".to_owned(), "value".to_owned())]);
    let mut reader = Cli::new(&stage, Some(&three(&reads)))?;
    assert_eq!(reader.values(project, "dev", "/")?, expected);
    assert_eq!(reader.values(project, "prod", "/")?, expected);

    // What a service token is not for.
    let tags = format!("/api/v1/projects/{project}/tags/slug/any");
    for path in ["/api/v1/workspace", "/api/v1/identities/details", tags.as_str()] {
        ensure!(matches!(reader.get(path)?.status, 401 | 403), "{path}");
    }
    let mut broken = reads.replacen("st.", "st.x", 1);
    broken.truncate(20);
    let refused = Cli::new(&stage, Some(&broken))?.get("/api/v2/service-token")?;
    ensure!((400..500).contains(&refused.status), "{}", refused.status);
    Ok(())
}

#[test]
fn what_is_not_offered_says_so_in_json() -> Result<()> {
    let stage = Stage::new()?;
    let mut cli = Cli::new(&stage, Some(&stage.token()?))?;
    for path in [
        "/api/v1/dynamic-secrets?projectSlug=home-lab&environmentSlug=dev&path=%2F",
        "/api/v3/secrets?workspaceId=x",
        "/api/v2/secrets",
    ] {
        let refused = cli.get(path)?;
        ensure!(matches!(refused.status, 400 | 404), "{path}: {}", refused.status);
        text(&refused.json()?, "/message")?;
    }
    let mut nobody = Cli::new(&stage, None)?;
    let body = json!({ "identityId": "x", "jwt": "y" });
    for method in ["kubernetes", "azure", "gcp", "oidc", "jwt"] {
        let refused = nobody.post(&format!("/api/v1/auth/{method}-auth/login"), &body)?;
        ensure!(
            matches!(refused.status, 400 | 404),
            "{method}: {}",
            refused.status
        );
    }
    Ok(())
}
