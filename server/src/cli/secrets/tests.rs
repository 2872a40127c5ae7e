use serde_json::{Value, json};
use shared::wire::projects::Project;

use super::set::assignments;
use super::*;
use crate::cli::client::fixture::{Recorded, Server, error, project, secret};
use crate::cli::printer::captured;
use crate::cli::project_file::ProjectFile;
use crate::cli::resolve::ProjectArgs;

fn home_lab() -> Project {
    project(1, "home-lab", "Home Lab", &["dev", "prod"])
}

fn nothing_around() -> Surroundings {
    Surroundings {
        variables: std::collections::BTreeMap::new(),
        session: Ok(None),
        project_file: Ok(ProjectFile::default()),
    }
}

fn place(project: &str, environment: &str) -> PlaceArgs {
    PlaceArgs {
        project: ProjectArgs {
            project: Some(project.to_owned()),
        },
        environment: Some(environment.to_owned()),
        path: Vec::new(),
    }
}

/// A server with one project and the secrets A=1 and B=2 in its environment dev.
async fn server() -> Server {
    Server::start(|request: &Recorded| {
        let in_dev = request.query.contains("environment=dev") || request.body["environment"] == "dev";
        let missing = || error(404, "NotFound", "Secret with name not found");
        let exists = |value: Value| if in_dev { (200, value) } else { missing() };
        match (&*request.method, &*request.path) {
            ("GET", "/api/v1/workspace") => (200, json!({"workspaces": [home_lab()]})),
            ("GET", "/api/v4/secrets") => {
                let personal = Secret {
                    kind: SecretType::Personal,
                    ..secret("B", "mine\n")
                };
                exists(json!({"secrets": [secret("B", "2"), secret("A", "1"), personal], "imports": []}))
            }
            ("POST", "/api/v3/secrets/raw/RACE") if in_dev => {
                error(400, "BadRequest", "Secret already exist")
            }
            ("PATCH" | "DELETE", "/api/v3/secrets/raw/A") => exists(json!({"secret": secret("A", "1")})),
            ("PATCH", "/api/v3/secrets/raw/RACE") => exists(json!({"secret": secret("RACE", "1")})),
            ("POST", _) => exists(json!({"secret": secret("N", "n")})),
            _ => missing(),
        }
    })
    .await
}

async fn open(server: &Server, project: &str, environment: &str) -> Result<Folder, Failure> {
    let (printer, _, _) = captured::printer();
    Folder::open(
        &server.flags(),
        &place(project, environment),
        &nothing_around(),
        &printer,
    )
    .await
}

/// Sets values as `secrets set` with these flags does.
async fn set(
    folder: &Folder,
    new: &[(&str, &str)],
    flags: &[&str],
    printer: &Printer,
) -> Result<(), Failure> {
    #[derive(clap::Parser)]
    struct Flags {
        #[command(flatten)]
        set: SetArgs,
    }
    let mut line = vec!["set".to_owned()];
    line.extend(new.iter().map(|(name, value)| format!("{name}={value}")));
    line.extend(flags.iter().map(|flag| (*flag).to_owned()));
    let flags = <Flags as clap::Parser>::try_parse_from(line).unwrap();
    folder
        .set(flags.set.assignments(printer)?, &flags.set, printer)
        .await
}

fn asked(wanted: &[&str]) -> GetArgs {
    GetArgs {
        names: names(wanted),
        plain: false,
        read: ReadArgs::default(),
    }
}

fn names(names: &[&str]) -> Vec<SecretName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

#[tokio::test]
async fn unknown_project_and_environment_are_named_with_those_that_exist() {
    let server = server().await;
    let (printer, _, err) = captured::printer();
    printer.failure(&open(&server, "x", "dev").await.err().unwrap());
    assert!(
        err.text()
            .starts_with("Error: Project 'x' not found\nAvailable projects:\n  home-lab (Home Lab"),
        "{}",
        err.text()
    );
    let failure = open(&server, "home-lab", "qa").await.err().unwrap();
    assert_eq!(
        failure.lines().unwrap(),
        "Environment 'qa' not found in project 'home-lab'\nAvailable environments: dev, prod"
    );
}

#[tokio::test]
async fn a_project_id_needs_no_list_until_something_is_missing() {
    let server = server().await;
    let id = home_lab().id.to_string();
    let folder = open(&server, &id, "dev").await.unwrap();
    assert!(server.requests().is_empty());
    folder.list(&folder.place.query()).await.unwrap();
    assert_eq!(server.lines(), ["GET /api/v4/secrets"]);

    let folder = open(&server, &id, "qa").await.unwrap();
    let failure = folder.list(&folder.place.query()).await.unwrap_err();
    assert_eq!(failure.what(), "Environment 'qa' not found in project 'Home Lab'");
    let (printer, _, _) = captured::printer();
    let failure = folder.get(&asked(&["A"]), &printer).await.unwrap_err();
    assert_eq!(failure.what(), "Environment 'qa' not found in project 'Home Lab'");
    let failure = folder
        .delete(&names(&["A"]), SecretType::Shared, &printer)
        .await
        .unwrap_err();
    assert_eq!(failure.what(), "Environment 'qa' not found in project 'Home Lab'");
    let failure = set(&folder, &[("A", "v")], &[], &printer).await.unwrap_err();
    assert_eq!(failure.what(), "Environment 'qa' not found in project 'Home Lab'");
    let other = project(7, "", "", &[]).id.to_string();
    let folder = open(&server, &other, "qa").await.unwrap();
    let failure = folder.list(&folder.place.query()).await.unwrap_err();
    assert_eq!(failure.what(), format!("Project '{other}' not found"));
}

#[tokio::test]
async fn the_long_name_of_an_environment_is_noted() {
    let server = server().await;
    let (printer, out, err) = captured::printer();
    let id = home_lab().id.to_string();
    let args = place(&id, "development");
    let folder = Folder::open(&server.flags(), &args, &nothing_around(), &printer)
        .await
        .unwrap();
    assert_eq!(folder.place.environment, "dev");
    assert_eq!(err.text(), "There is no environment 'development': using 'dev'\n");
    assert_eq!(out.text(), "");
}

#[tokio::test]
async fn get_prints_bare_values_or_nothing() {
    let server = server().await;
    let folder = open(&server, "home-lab", "dev").await.unwrap();
    let (printer, out, _) = captured::printer();
    let failure = folder.get(&asked(&["A", "X", "Y"]), &printer).await.unwrap_err();
    assert_eq!((failure.what(), failure.code()), ("Not found: X, Y", 5));
    assert_eq!(out.text(), "");
    folder.get(&asked(&["B", "A", "B"]), &printer).await.unwrap();
    assert_eq!(out.text(), "mine\n\n1\nmine\n\n");
}

#[tokio::test]
async fn set_tells_what_was_done_but_not_the_values() {
    let server = server().await;
    let folder = open(&server, "home-lab", "dev").await.unwrap();
    let (printer, out, err) = captured::printer();
    let new = [("A", "canary"), ("RACE", "canary"), ("N", "canary")];
    set(&folder, &new, &["--comment", "why"], &printer).await.unwrap();
    assert_eq!(
        (&*out.text(), &*err.text()),
        ("", "Updated A\nUpdated RACE\nCreated N\n")
    );
    assert_eq!(
        server.lines(),
        [
            "GET /api/v1/workspace",
            "GET /api/v4/secrets",
            "PATCH /api/v3/secrets/raw/A",
            "POST /api/v3/secrets/raw/RACE",
            "PATCH /api/v3/secrets/raw/RACE",
            "POST /api/v3/secrets/raw/N",
        ]
    );
    assert_eq!(
        server.requests().last().unwrap().body,
        json!({
            "workspaceId": home_lab().id, "environment": "dev", "secretPath": "/", "type": "shared",
            "secretValue": "canary", "secretComment": "why"
        })
    );
}

#[tokio::test]
async fn delete_takes_the_shared_secret_and_names_what_was_missing() {
    let server = server().await;
    let folder = open(&server, "home-lab", "dev").await.unwrap();
    let (printer, out, err) = captured::printer();
    let failure = folder
        .delete(&names(&["X", "A"]), SecretType::Shared, &printer)
        .await
        .unwrap_err();
    assert_eq!(failure.what(), "Not found: X");
    assert_eq!(
        (&*out.text(), &*err.text()),
        ("", "Deleted A (shared, from environment 'dev')\n")
    );
    let requests = server.requests();
    let deleted: Vec<&Recorded> = requests
        .iter()
        .filter(|request| request.method == "DELETE")
        .collect();
    assert_eq!(deleted.len(), 2);
    assert_eq!(deleted[1].path, "/api/v3/secrets/raw/A");
    assert_eq!(deleted[1].body["type"], "shared");
}

#[tokio::test]
async fn lists_are_sorted_with_the_override_in_place() {
    let server = server().await;
    let (printer, _, _) = captured::printer();
    let folder = open(&server, "Home Lab", "dev").await.unwrap();
    let secrets = folder.effective(&ReadArgs::default()).await.unwrap();
    for (output, expected) in [
        (Output::Table, "KEY  VALUE   COMMENT\nA    1\nB    mine\\n\n"),
        (
            Output::Json,
            "[{\"secretKey\":\"A\",\"secretValue\":\"1\",\"secretComment\":\"\"},\
             {\"secretKey\":\"B\",\"secretValue\":\"mine\\n\",\"secretComment\":\"\"}]\n",
        ),
        (Output::Dotenv, "A=1\nB='mine\n'\n"),
        (Output::Yaml, "A: '1'\nB: \"mine\\n\"\n"),
    ] {
        assert_eq!(
            *listed(output, &secrets, false, &printer).unwrap(),
            expected,
            "{output:?}"
        );
    }
}

fn assigned(arguments: &[&str]) -> Result<Vec<(String, String)>, Failure> {
    let (printer, _, _) = captured::printer();
    let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
    let assigned = assignments(&arguments, &printer)?;
    Ok(assigned
        .into_iter()
        .map(|assigned| (assigned.name.to_string(), assigned.value.expose().to_owned()))
        .collect())
}

#[test]
fn wrong_assignments_are_refused_without_repeating_values() {
    for arguments in [
        &["A", "canary", "B=x"][..],
        &["A=x", "canary"],
        &["=canary"],
        &["A\nB=canary"],
        &["", "canary"],
        &["A=@/nonexistent/file", "B=canary"],
    ] {
        let failure = assigned(arguments).unwrap_err();
        assert!(!failure.lines().unwrap().contains("canary"), "{failure:?}");
    }
}

#[test]
fn assignments_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.pem");
    std::fs::write(&path, "line\nline\n").unwrap();
    let from_file = format!("A=@{}", path.display());
    let file = format!("@{}", path.display());
    for (arguments, expected) in [
        (&["A=1"][..], &[("A", "1")][..]),
        (&["A=1=2", "B="], &[("A", "1=2"), ("B", "")]),
        (&["A", "1=2"], &[("A", "1=2")]),
        (&["A", "B=2"], &[("A", "B=2")]),
        (&[from_file.as_str()], &[("A", "line\nline\n")]),
        (&["A", file.as_str()], &[("A", "line\nline\n")]),
        (
            &["A=\\@x", "B=\\x", "C=\\\\@x"],
            &[("A", "@x"), ("B", "\\x"), ("C", "\\\\@x")],
        ),
    ] {
        let assigned = assigned(arguments).unwrap();
        let assigned: Vec<(&str, &str)> = assigned.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(assigned, expected, "{arguments:?}");
    }
}

#[test]
fn of_two_secrets_of_one_name_the_first_folder_counts_and_in_it_ones_own() {
    let at = |name: &str, value: &str, path: &str, kind: SecretType| Secret {
        secret_path: path.to_owned(),
        kind,
        ..secret(name, value)
    };
    let (shared, personal) = (SecretType::Shared, SecretType::Personal);
    let listed = vec![
        at("A", "top", "/a/b", shared),
        at("B", "top", "/a/b", shared),
        at("B", "top, mine", "/a/b", personal),
        at("A", "below, mine", "/a/b/c", personal),
        at("C", "below", "/a/b/c", shared),
        // What is imported comes last, though its folder is nearer to the root.
        at("C", "imported", "/", shared),
        at("D", "imported", "/", shared),
    ];
    let effective: Vec<(String, String)> = effective(listed)
        .into_iter()
        .map(|secret| (secret.secret_key, secret.secret_value.expose().to_owned()))
        .collect();
    let expected = [
        ("A", "top"),
        ("B", "top, mine"),
        ("C", "below"),
        ("D", "imported"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(effective, expected);
}
