//! What requests are about: a project with one of everything that paths and bodies name.

use serde_json::json;
use server::store::Value;
use shared::model::access::ProjectRole;
use shared::model::ids::{FolderId, MembershipId, ProjectId, SecretImportId, TagId};

use super::callers::Who;
use crate::app::{CANARY, TestApp, post};

/// Somebody who may make targets: an administrator of an organization.
#[derive(Clone)]
pub struct Founder {
    pub token: String,
    pub organization: String,
}

/// Ids of one of everything. Secret `A` in `/` of `dev` holds the canary.
#[derive(Clone)]
pub struct Target {
    pub organization: String,
    pub project: String,
    pub slug: String,
    /// `staging`, which is empty.
    pub environment: String,
    /// `/spare` in `dev`, which is empty.
    pub folder: String,
    /// `A`.
    pub secret: String,
    pub tag: String,
    /// Of `/` in `prod` into `/` in `dev`.
    pub import: String,
    /// A member without access.
    pub identity: String,
    /// An identity that is no member, with Universal Auth.
    pub machine: String,
    /// Of the machine.
    pub client_secret: String,
    /// An identity that is no member and has no way to log in.
    pub newcomer: String,
    /// Of the project.
    pub service_token: String,
}

impl Target {
    /// Makes a project with everything in it, and the members' roles.
    pub fn new(app: &TestApp, founder: &Founder, members: &[(Who, ProjectRole)]) -> Self {
        let send = |path: &str, body| app.send(post(path, &body).token(&founder.token)).expect(200);
        let project = send("/api/v1/projects", json!({"projectName": "Target"}));
        let id = project.at("/project/id");
        let place = json!({"workspaceId": id, "environment": "dev", "secretValue": CANARY});
        let secret = send("/api/v3/secrets/raw/A", place).at("/secret/id");
        let identity = |name: &str| {
            send(
                "/api/v1/identities",
                json!({"name": name, "organizationId": founder.organization}),
            )
            .at("/identity/id")
        };
        let (member, machine, newcomer) = (identity("member"), identity("machine"), identity("newcomer"));
        let auth = format!("/api/v1/auth/universal-auth/identities/{machine}");
        send(&auth, json!({}));
        let client_secret = send(&format!("{auth}/client-secrets"), json!({})).at("/clientSecretData/id");
        let scope = json!({"environment": "dev", "secretPath": "/"});
        let service_token = send(
            "/api/v2/service-token",
            json!({"name": "t", "workspaceId": id, "permissions": ["read"], "scopes": [scope]}),
        )
        .at("/serviceTokenData/id");
        let mut target = Self {
            organization: founder.organization.clone(),
            slug: project.at("/project/slug"),
            environment: String::new(),
            folder: String::new(),
            secret,
            tag: String::new(),
            import: String::new(),
            identity: member.clone(),
            machine,
            client_secret,
            newcomer,
            service_token,
            project: id,
        };
        target.add_rows(app);
        let mut members = members.to_vec();
        members.push((Who::Identity(member.parse().unwrap()), ProjectRole::NoAccess));
        target.join(app, members);
        target
    }

    /// What has no route of its own yet, or one that is itself under test.
    fn add_rows(&mut self, app: &TestApp) {
        let project: ProjectId = self.project.parse().unwrap();
        let random = || server::crypto::random::bytes().unwrap();
        let (folder, tag) = (FolderId::from_random(random()), TagId::from_random(random()));
        let import = SecretImportId::from_random(random());
        let now = app.app.clock.now();
        self.environment = app.sql(move |tx| {
            let mut environments = crate::store::environments::list(tx, project)?;
            environments.sort_by(|a, b| a.slug.cmp(&b.slug));
            let [dev, prod, staging] = environments.as_slice() else {
                panic!("expected dev, prod and staging")
            };
            let root = crate::store::folders::child(tx, dev.id, None, "")?.unwrap();
            tx.execute(
                "INSERT INTO folders (id, environment_id, parent_id, name, created_at, updated_at) \
                 VALUES ($1, $2, $3, 'spare', $4, $4)",
                &[
                    Value::text(folder),
                    Value::text(dev.id),
                    Value::text(root),
                    now.0.into(),
                ],
            )?;
            tx.execute(
                "INSERT INTO tags (id, project_id, slug, color, created_by, created_at, updated_at) \
                 VALUES ($1, $2, 'spare', '', '', $3, $3)",
                &[Value::text(tag), Value::text(project), now.0.into()],
            )?;
            tx.execute(
                "INSERT INTO secret_imports (id, folder_id, source_environment_id, source_path, position, version, \
                 created_at, updated_at) VALUES ($1, $2, $3, '/', 1, 1, $4, $4)",
                &[
                    Value::text(import),
                    Value::text(root),
                    Value::text(prod.id),
                    now.0.into(),
                ],
            )?;
            Ok(staging.id.to_string())
        });
        self.folder = folder.to_string();
        self.tag = tag.to_string();
        self.import = import.to_string();
    }

    fn join(&self, app: &TestApp, members: Vec<(Who, ProjectRole)>) {
        let project: ProjectId = self.project.parse().unwrap();
        let now = app.app.clock.now();
        app.sql(move |tx| {
            for (who, role) in &members {
                let id = MembershipId::from_random(server::crypto::random::bytes().unwrap());
                crate::store::members::insert(tx, id, project, who.member(), *role, now)?;
            }
            Ok(())
        });
    }

    /// The value of a variable of a path.
    pub fn variable(&self, route: &str, name: &str) -> String {
        match name {
            "project" => &self.project,
            "environment" => &self.environment,
            "organization" => &self.organization,
            "identity" => &self.identity,
            "folder" => &self.folder,
            "import" => &self.import,
            "tag" => &self.tag,
            "secret" => &self.secret,
            "name" => "A",
            _ => panic!(
                "{route}: what is {{{name}}}? Say it in Target::variable or with .at in the row of SAMPLES \
                 (server/tests/it/routes/)"
            ),
        }
        .to_owned()
    }
}
