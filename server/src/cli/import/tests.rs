use serde_json::{Value, json};

use super::*;
use crate::cli::client::fixture::{Recorded, Server, error, project, secret};
use crate::cli::printer::captured;
use crate::cli::project_file::ProjectFile;
use crate::cli::resolve::ProjectArgs;

fn nothing_around() -> Surroundings {
    Surroundings {
        variables: BTreeMap::new(),
        session: Ok(None),
        project_file: Ok(ProjectFile::default()),
    }
}

/// A server with the secrets SAME, OLD and a personal value of its caller.
async fn server(status: u16) -> Server {
    Server::start(
        move |request: &Recorded| match (&*request.method, &*request.path) {
            ("GET", "/api/v4/secrets") => {
                let personal = Secret {
                    kind: SecretType::Personal,
                    ..secret("SAME", "mine")
                };
                let secrets = [
                    secret("SAME", "s3cret-same"),
                    secret("OLD", "s3cret-old"),
                    personal,
                ];
                (200, json!({"secrets": secrets, "imports": []}))
            }
            ("POST", "/api/strongroom/v1/changes") if status == 200 => {
                (200, json!({"applied": [], "undo": []}))
            }
            ("POST", "/api/strongroom/v1/changes") => {
                let (status, mut body) = error(status, "Conflict", "Nothing was changed");
                body["details"] =
                    json!([{"index": 0, "name": "OLD", "kind": "stale", "reason": "somebody changed it"}]);
                (status, body)
            }
            _ => error(404, "NotFound", "nothing here"),
        },
    )
    .await
}

fn args(server: &Server, file: &Path, dry_run: bool) -> ImportArgs {
    ImportArgs {
        file: file.to_owned(),
        connection: server.flags(),
        place: PlaceArgs {
            project: ProjectArgs {
                project: Some(project(1, "", "", &[]).id.to_string()),
            },
            environment: Some("dev".to_owned()),
            path: Vec::new(),
        },
        format: None,
        dry_run,
    }
}

/// Imports a text that lies in a file of that name; answers what was written to both streams, and the bodies that
/// changed something.
async fn import(
    server: &Server,
    name: &str,
    text: &str,
    dry_run: bool,
) -> (Result<(), String>, String, String, Vec<Value>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, text).unwrap();
    let args = args(server, &file, dry_run);
    let (printer, out, err) = captured::printer();
    let done = async {
        let parsed = understood(&args, &read(&file)?, &printer)?;
        import_into(&args, &parsed, &nothing_around(), &printer).await
    };
    let outcome = done.await.map_err(|failure: Failure| failure.lines().unwrap());
    let sent = server
        .requests()
        .into_iter()
        .filter(|request| request.method != "GET");
    (
        outcome,
        out.text(),
        err.text(),
        sent.map(|request| request.body).collect(),
    )
}

const TEXT: &str = "NEW=s3cret-new # said\nSAME=s3cret-same\nOLD=s3cret-older\nOLD='s3cret-oldest'\nEMPTY=\n";

#[tokio::test]
async fn a_file_with_a_mistake_changes_nothing_and_repeats_no_value() {
    let server = server(200).await;
    let (outcome, out, _, sent) = import(&server, ".env", "A=1\ns3cret-line\nB='s3cret\n", false).await;
    let why = outcome.unwrap_err();
    assert!(
        why.contains("Nothing was imported") && why.contains("line 2:") && why.contains("line 3: B:"),
        "{why}"
    );
    assert!(!why.contains("s3cret"), "{why}");
    assert!(out.is_empty() && sent.is_empty() && server.requests().is_empty());
    let (outcome, ..) = import(&server, ".env", &"nothing\n".repeat(25), false).await;
    assert!(outcome.unwrap_err().contains("and 5 more"));
}

#[tokio::test]
async fn a_dry_run_shows_everything_but_values() {
    let server = server(200).await;
    let (outcome, out, err, sent) = import(&server, ".env", TEXT, true).await;
    outcome.unwrap();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 6, "{out}");
    for (line, words) in lines.iter().zip([
        &["LINE", "KEY", "VALUE", "CHANGE"][..],
        &["1", "NEW", MASK, "new"],
        &["2", "SAME", MASK, "same"],
        &["3", "OLD", "replaced:"],
        &["4", "OLD", MASK, "changed"],
        &["5", "EMPTY", "(empty)", "new"],
    ]) {
        let seen: Vec<&str> = line.split_whitespace().take(words.len()).collect();
        assert_eq!(seen, words, "{out}");
    }
    assert!(!out.contains("s3cret") && !err.contains("s3cret"), "{out}{err}");
    assert!(sent.is_empty());

    let (outcome, out, _, sent) = import(&server, "x.json", "{\"A\": {\"s3cret\": 1}}", true).await;
    assert!(outcome.unwrap_err().contains("invalid: 1."));
    assert!(
        out.contains("invalid: The value is an object") && !out.contains("s3cret"),
        "{out}"
    );
    assert!(sent.is_empty());
}

#[tokio::test]
async fn one_request_makes_all_changes() {
    let server = server(200).await;
    let (outcome, out, err, sent) = import(&server, ".env", TEXT, false).await;
    outcome.unwrap();
    assert_eq!(out, "");
    assert!(err.contains("Created 2, updated 1, unchanged 1"), "{err}");
    assert!(err.contains("OLD stands on line 3 and again on line 4"), "{err}");
    let old = secret("OLD", "").id;
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["environment"], "dev");
    assert_eq!(
        sent[0]["changes"],
        json!([
            {"op": "create", "name": "NEW", "value": "s3cret-new", "comment": "said"},
            {"op": "update", "id": old, "version": 1, "value": "s3cret-oldest"},
            {"op": "create", "name": "EMPTY", "value": ""},
        ])
    );
}

#[tokio::test]
async fn what_is_there_already_is_not_sent() {
    let server = server(200).await;
    let (outcome, _, err, sent) = import(&server, "x.yml", "SAME: s3cret-same\n", false).await;
    outcome.unwrap();
    assert!(err.contains("Created 0, updated 0, unchanged 1"), "{err}");
    assert!(sent.is_empty());
}

#[tokio::test]
async fn a_refusal_names_the_secrets() {
    let server = server(409).await;
    let (outcome, ..) = import(&server, ".env", "OLD=x\n", false).await;
    let why = outcome.unwrap_err();
    assert!(why.contains("OLD: somebody changed it"), "{why}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let failure = read(Path::new("absent.env")).unwrap_err();
    assert_eq!(failure.what(), "absent.env cannot be read");
}
