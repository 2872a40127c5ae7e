//! Formats of data: JSON, YAML, CSV, TOML and a Secret of Kubernetes.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::wire::secrets::{Secret, SecretTag, SecretType};
use zeroize::Zeroizing;

use crate::cli::failure::Failure;

/// One object of the JSON export, with Infisical's fields in its order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Exported<'a> {
    key: &'a str,
    workspace: String,
    value: &'a str,
    #[serde(rename = "type")]
    kind: SecretType,
    #[serde(rename = "_id")]
    id: String,
    secret_path: &'a str,
    tags: &'a [SecretTag],
    comment: &'a str,
    #[serde(rename = "Etag", skip_serializing_if = "Option::is_none")]
    etag: Option<&'a str>,
    skip_multiline_encoding: bool,
}

impl<'a> Exported<'a> {
    /// The object of a secret.
    pub fn of(secret: &'a Secret, etag: Option<&'a str>) -> Self {
        Self {
            key: &secret.secret_key,
            workspace: secret.workspace.to_string(),
            value: secret.secret_value.expose(),
            kind: secret.kind,
            id: secret.id.to_string(),
            secret_path: &secret.secret_path,
            tags: &secret.tags,
            comment: secret.secret_comment.expose(),
            etag,
            skip_multiline_encoding: secret.skip_multiline_encoding.unwrap_or(false),
        }
    }
}

/// A compact array and a newline.
pub fn json(secrets: &[Secret]) -> Result<Zeroizing<String>, Failure> {
    let objects: Vec<Exported> = secrets.iter().map(|secret| Exported::of(secret, None)).collect();
    let mut text = serde_json::to_string(&objects).map_err(|error| failed("JSON", &error))?;
    text.push('\n');
    Ok(Zeroizing::new(text))
}

fn map(secrets: &[Secret]) -> BTreeMap<&str, &str> {
    secrets
        .iter()
        .map(|secret| (secret.secret_key.as_str(), secret.secret_value.expose()))
        .collect()
}

/// A flat map.
pub fn yaml(secrets: &[Secret]) -> Result<Zeroizing<String>, Failure> {
    quoted_yaml(&map(secrets))
}

/// Quoted throughout: what a bare word means differs between versions of YAML and their readers.
fn quoted_yaml(value: &impl Serialize) -> Result<Zeroizing<String>, Failure> {
    let options = serde_saphyr::ser_options! { quote_all: true };
    let text =
        serde_saphyr::to_string_with_options(value, options).map_err(|error| failed("YAML", &error))?;
    Ok(Zeroizing::new(text))
}

/// Two columns.
pub fn csv(secrets: &[Secret]) -> Result<Zeroizing<String>, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let rows = secrets
        .iter()
        .map(|secret| [secret.secret_key.as_str(), secret.secret_value.expose()]);
    for row in std::iter::once(["Key", "Value"]).chain(rows) {
        writer.write_record(row).map_err(|error| failed("CSV", &error))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed("CSV", &error))?;
    let text =
        String::from_utf8(bytes).map_err(|_| Failure::new("The secrets could not be written as CSV"))?;
    Ok(Zeroizing::new(text))
}

/// A table of strings.
pub fn toml(secrets: &[Secret]) -> Result<Zeroizing<String>, Failure> {
    let text = toml::to_string(&map(secrets)).map_err(|error| failed("TOML", &error))?;
    Ok(Zeroizing::new(text))
}

/// What `kubectl apply` reads.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    api_version: &'a str,
    kind: &'a str,
    metadata: BTreeMap<&'a str, &'a str>,
    #[serde(rename = "type")]
    kind_of_secret: &'a str,
    string_data: BTreeMap<&'a str, &'a str>,
}

/// A Secret of Kubernetes called `name`.
pub fn k8s_secret(secrets: &[Secret], name: &str) -> Result<Zeroizing<String>, Failure> {
    const MOST_BYTES: usize = 1024 * 1024;
    let fits = |key: &str| {
        key.len() <= 253
            && !key.is_empty()
            && key != "."
            && key != ".."
            && key
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    if let Some(odd) = secrets.iter().find(|secret| !fits(&secret.secret_key)) {
        return Err(Failure::new(format!(
            "The name '{}' cannot be written as k8s-secret",
            odd.secret_key
        ))
        .because("Such a name holds letters, digits, -, _ and ., at most 253 of them.")
        .advise("Use --format json"));
    }
    let size: usize = secrets
        .iter()
        .map(|secret| secret.secret_value.expose().len())
        .sum();
    if size > MOST_BYTES {
        return Err(Failure::new("The secrets cannot be written as k8s-secret")
            .because("They are larger than 1 MiB, the most that Kubernetes keeps in one Secret.")
            .advise("Export one folder after the other with --path"));
    }
    quoted_yaml(&Manifest {
        api_version: "v1",
        kind: "Secret",
        metadata: BTreeMap::from([("name", name)]),
        kind_of_secret: "Opaque",
        string_data: map(secrets),
    })
}

/// What to say when a writer fails.
pub fn failed(format: &str, error: &impl std::fmt::Display) -> Failure {
    Failure::new(format!("The secrets could not be written as {format}")).because(error.to_string())
}
