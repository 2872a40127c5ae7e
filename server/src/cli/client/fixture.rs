use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::{Value, json};
use shared::model::ids::{EnvironmentId, OrganizationId, ProjectId, SecretId};
use shared::model::time::UnixMillis;
use shared::wire::projects::{EnvironmentSummary, Project};
use shared::wire::secrets::{Secret, SecretType};

use crate::cli::address::Address;
use crate::cli::resolve::ConnectionArgs;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub struct Recorded {
    pub method: String,
    /// As sent, not decoded.
    pub path: String,
    pub query: String,
    pub bearer: Option<String>,
    pub body: Value,
}

impl Recorded {
    /// `METHOD path`.
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// A server on loopback that answers as it is told and remembers what it was asked.
pub struct Server {
    pub address: Address,
    requests: Arc<Mutex<Vec<Recorded>>>,
}

impl Server {
    pub async fn start(answer: impl Fn(&Recorded) -> (u16, Value) + Clone + Send + Sync + 'static) -> Self {
        Self::redirecting(answer, None).await
    }

    /// The same, with a `Location` header in each answer.
    pub async fn redirecting(
        answer: impl Fn(&Recorded) -> (u16, Value) + Clone + Send + Sync + 'static,
        location: Option<String>,
    ) -> Self {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let recorded = Recorded {
                method: method.to_string(),
                path: uri.path().to_owned(),
                query: uri.query().unwrap_or_default().to_owned(),
                bearer: headers
                    .get(header::AUTHORIZATION)
                    .map(|value| value.to_str().unwrap().to_owned()),
                body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            };
            let (status, reply) = answer(&recorded);
            seen.lock().unwrap().push(recorded);
            let text = reply.as_str().map_or_else(|| reply.to_string(), str::to_owned);
            let location = location.clone();
            async move {
                let mut headers = HeaderMap::new();
                if let Some(location) = location {
                    headers.insert(header::LOCATION, location.parse().unwrap());
                }
                (StatusCode::from_u16(status).unwrap(), headers, text)
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            address: address.parse().unwrap(),
            requests,
        }
    }

    pub fn requests(&self) -> Vec<Recorded> {
        self.requests.lock().unwrap().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.requests().iter().map(Recorded::line).collect()
    }

    /// Flags that lead here, with the token `t`.
    pub fn flags(&self) -> ConnectionArgs {
        ConnectionArgs {
            domain: Some(self.address.clone()),
            token: Some("t".into()),
            ca_cert: None,
        }
    }
}

/// An error in Infisical's shape.
pub fn error(status: u16, name: &str, message: &str) -> (u16, Value) {
    let body =
        json!({"reqId": "req-12345678901234", "statusCode": status, "message": message, "error": name});
    (status, body)
}

pub fn project(number: u8, slug: &str, name: &str, environments: &[&str]) -> Project {
    let id = ProjectId::from_random([number; 16]);
    let time = UnixMillis(1_763_769_600_000);
    Project {
        id,
        id_again: id,
        name: name.to_owned(),
        slug: slug.to_owned(),
        description: None,
        kind: "secret-manager".to_owned(),
        org_id: OrganizationId::from_random([9; 16]),
        auto_capitalization: false,
        has_delete_protection: false,
        secret_sharing: false,
        roles: None,
        version: 3,
        upgrade_status: None,
        pit_version_limit: 10,
        audit_logs_retention_days: None,
        kms_certificate_key_id: None,
        created_at: time,
        updated_at: time,
        document_version: 0,
        environments: environments
            .iter()
            .map(|slug| EnvironmentSummary {
                id: EnvironmentId::from_random([number; 16]),
                name: (*slug).to_owned(),
                slug: (*slug).to_owned(),
            })
            .collect(),
    }
}

pub fn secret(name: &str, value: &str) -> Secret {
    let id = SecretId::from_random([5; 16]);
    let time = UnixMillis(1_763_769_600_000);
    Secret {
        id,
        id_again: id,
        workspace: ProjectId::from_random([1; 16]),
        environment: "dev".to_owned(),
        version: 1,
        kind: SecretType::Shared,
        secret_key: name.to_owned(),
        secret_value: value.into(),
        secret_comment: "".into(),
        secret_path: "/".to_owned(),
        secret_value_hidden: false,
        skip_multiline_encoding: None,
        secret_reminder_note: None,
        secret_reminder_repeat_days: None,
        is_rotated_secret: false,
        rotation_id: None,
        metadata: None,
        secret_metadata: Vec::new(),
        tags: Vec::new(),
        created_at: time,
        updated_at: time,
    }
}
