//! What requests are about: a project with one of everything that paths and bodies name.

use serde_json::json;
use shared::model::access::{OrganizationRole, ProjectRole};
use shared::model::ids::{MembershipId, ProjectId};

use super::callers::{self, Who};
use crate::app::{CANARY, TestApp, delete, post};

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
    /// `/gone` in `dev`, in the trash with a secret.
    pub deleted_folder: String,
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
    /// An access token of the machine, made by hand.
    pub access_token: String,
    /// Address of a member who only reads.
    pub person: String,
    /// The same as a membership.
    pub membership: String,
    /// Address of somebody in the organization who is no member.
    pub outsider: String,
    /// An identity that is no member and has no way to log in.
    pub newcomer: String,
    /// Of the project.
    pub service_token: String,
    /// A backup of the instance, where a route is about one.
    pub backup: String,
}

impl Target {
    /// Makes a project with everything in it, and the members' roles.
    pub fn new(app: &TestApp, founder: &Founder, members: &[(Who, ProjectRole)]) -> Self {
        let send = |path: &str, body| app.send(post(path, &body).token(&founder.token)).expect(200);
        let project = send("/api/v1/projects", json!({"projectName": "Target"}));
        let id = project.at("/project/id");
        let place = json!({"workspaceId": id, "environment": "dev", "secretValue": CANARY});
        let secret = send("/api/v3/secrets/raw/A", place).at("/secret/id");
        let place = json!({"workspaceId": id, "environment": "dev", "name": "spare"});
        let folder = send("/api/v1/folders", place).at("/folder/id");
        let place = json!({"workspaceId": id, "environment": "dev", "name": "gone"});
        let deleted_folder = send("/api/v1/folders", place).at("/folder/id");
        let place =
            json!({"workspaceId": id, "environment": "dev", "secretPath": "/gone", "secretValue": CANARY});
        send("/api/v3/secrets/raw/GONE", place);
        let place = json!({"workspaceId": id, "environment": "dev"});
        app.send(delete("/api/v1/folders/gone", &place).token(&founder.token))
            .expect(200);
        let source = json!({"environment": "prod", "path": "/"});
        let place = json!({"workspaceId": id, "environment": "dev", "import": source});
        let import = send("/api/v1/secret-imports", place).at("/secretImport/id");
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
        let by_hand = format!("/api/v1/auth/token-auth/identities/{machine}");
        send(&by_hand, json!({}));
        let access_token = send(&format!("{by_hand}/tokens"), json!({})).at("/tokenData/id");
        let person = |name: &str| {
            let name = format!("{name}-{id}");
            let role = OrganizationRole::NoAccess;
            let (user, _) = callers::person(app, &name, &founder.organization, role);
            (Who::User(user), format!("{name}@example.com"))
        };
        let ((reader, person), (_, outsider)) = (person("reader"), person("outsider"));
        let tag = json!({"slug": "spare", "color": "#000000"});
        let tag = send(&format!("/api/v1/projects/{id}/tags"), tag).at("/tag/id");
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
            folder,
            deleted_folder,
            secret,
            tag,
            import,
            identity: member.clone(),
            machine,
            client_secret,
            access_token,
            person,
            membership: String::new(),
            outsider,
            newcomer,
            service_token,
            // Nobody's, until a route is about one.
            backup: "00000000-0000-4000-8000-000000000000".into(),
            project: id,
        };
        let mut members = members.to_vec();
        members.push((Who::Identity(member.parse().unwrap()), ProjectRole::NoAccess));
        members.push((reader, ProjectRole::Viewer));
        (target.environment, target.membership) = target.join(app, members);
        target
    }

    /// Adds members; answers with the ids of `staging` and of the last membership.
    fn join(&self, app: &TestApp, members: Vec<(Who, ProjectRole)>) -> (String, String) {
        let project: ProjectId = self.project.parse().unwrap();
        let now = app.app.clock.now();
        app.sql(move |tx| {
            let mut membership = String::new();
            for (who, role) in &members {
                let id = MembershipId::from_random(server::crypto::random::bytes().unwrap());
                crate::store::members::insert(tx, id, project, who.member(), *role, now)?;
                membership = id.to_string();
            }
            let environments = crate::store::environments::list(tx, project)?;
            let staging = environments.iter().find(|one| one.slug == "staging");
            Ok((staging.unwrap().id.to_string(), membership))
        })
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
            "membership" => &self.membership,
            "slug" => "spare",
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
