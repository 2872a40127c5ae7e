use super::*;
use crate::cli::project_file::ProjectFile;
use crate::cli::session::Session;

fn around(variables: &[(&str, &str)]) -> Surroundings {
    Surroundings {
        variables: variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), SecretText::from(*value)))
            .collect(),
        session: Ok(None),
        project_file: Ok(ProjectFile::default()),
    }
}

fn with_session(mut around: Surroundings, address: &str) -> Surroundings {
    around.session = Ok(Some(Session {
        address: address.parse().unwrap(),
        name: "kavi@example.com".to_owned(),
        token: "session-token".into(),
        given: false,
    }));
    around
}

fn flags(domain: Option<&str>, token: Option<&str>) -> ConnectionArgs {
    ConnectionArgs {
        domain: domain.map(|text| text.parse().unwrap()),
        token: token.map(SecretText::from),
        ca_cert: None,
    }
}

#[test]
fn secrets_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (token, empty) = (path("token", "from a file\n"), path("empty", "\n"));
    let address: Address = "https://a.example".parse().unwrap();
    let given = |variables: &[(&str, &str)]| credentials(None, &address, &around(variables));
    for name in [
        "INFISICAL_TOKEN_FILE",
        "INFISICAL_UNIVERSAL_AUTH_ACCESS_TOKEN_FILE",
    ] {
        match given(&[(name, &token)]) {
            Ok(Credentials::Token(found)) => assert_eq!(found.expose(), "from a file"),
            other => panic!("{name}: {:?}", other.err()),
        }
    }
    let identity = [
        ("INFISICAL_CLIENT_ID", "id"),
        ("INFISICAL_CLIENT_SECRET_FILE", token.as_str()),
    ];
    assert!(matches!(given(&identity), Ok(Credentials::UniversalAuth { .. })));
    for (variables, expected) in [
        (
            &[
                ("INFISICAL_TOKEN", "canary"),
                ("INFISICAL_TOKEN_FILE", token.as_str()),
            ][..],
            "are both set",
        ),
        (&[("INFISICAL_TOKEN_FILE", empty.as_str())], "the file is empty"),
        (
            &[("INFISICAL_TOKEN_FILE", "canary")],
            "INFISICAL_TOKEN_FILE cannot be used",
        ),
    ] {
        let told = given(variables)
            .err()
            .and_then(|failure| failure.lines())
            .unwrap();
        assert!(told.contains(expected) && !told.contains("canary"), "{told}");
    }
}

#[test]
fn addresses_by_precedence() {
    let session = "https://session.example";
    let both = [
        ("INFISICAL_DOMAIN", "https://domain.example"),
        ("INFISICAL_API_URL", "https://url.example/api"),
    ];
    for (flag, variables, session, expected) in [
        (
            Some("https://flag.example"),
            &both[..],
            Some(session),
            "https://flag.example",
        ),
        (None, &both[..], Some(session), "https://domain.example"),
        (None, &both[1..], Some(session), "https://url.example"),
        (None, &[], Some(session), "https://session.example"),
        (None, &[], None, "http://127.0.0.1:8080"),
    ] {
        let mut around = around(variables);
        if let Some(session) = session {
            around = with_session(around, session);
        }
        let flag = flag.map(|text| text.parse().unwrap());
        assert_eq!(address(flag.as_ref(), &around).unwrap().to_string(), expected);
    }
}

#[test]
fn a_wrong_address_in_the_environment_is_named() {
    let failure = address(None, &around(&[("INFISICAL_API_URL", "ftp://x")])).unwrap_err();
    assert!(failure.what().contains("INFISICAL_API_URL"), "{failure:?}");
    assert_eq!(failure.code(), 2);
}

#[test]
fn tokens_by_precedence() {
    let variables = [
        ("INFISICAL_UNIVERSAL_AUTH_ACCESS_TOKEN", "machine"),
        ("INFISICAL_TOKEN", "any"),
        ("INFISICAL_UNIVERSAL_AUTH_CLIENT_ID", "id"),
        ("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "secret"),
    ];
    let universal = Credentials::UniversalAuth {
        client_id: "id".to_owned(),
        client_secret: "secret".into(),
    };
    for (flag, variables, expected) in [
        (Some(" flag\n"), &variables[..], Credentials::Token("flag".into())),
        (None, &variables[..], Credentials::Token("machine".into())),
        (None, &variables[1..], Credentials::Token("any".into())),
        (None, &variables[2..], universal.clone()),
        (
            None,
            &[
                ("INFISICAL_CLIENT_ID", "id"),
                ("INFISICAL_CLIENT_SECRET", "secret"),
            ],
            universal,
        ),
        (None, &[], Credentials::Session("session-token".into())),
    ] {
        let around = with_session(around(variables), Address::DEFAULT);
        let found = connection(&flags(None, flag), &around).unwrap();
        assert_eq!(found.credentials, expected);
    }
}

#[test]
fn half_a_machine_identity_is_refused() {
    for (name, other) in [
        ("INFISICAL_CLIENT_ID", "CLIENT_SECRET is not"),
        ("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET", "CLIENT_ID is not"),
    ] {
        let around = with_session(around(&[(name, "x")]), Address::DEFAULT);
        let failure = connection(&flags(None, None), &around).unwrap_err();
        assert!(failure.what().contains(other), "{failure:?}");
    }
}

#[test]
fn the_stored_token_never_goes_to_another_server() {
    let stored = "https://secrets.example.com";
    for other in [
        "http://secrets.example.com",
        "https://secrets.example.com:8443",
        "https://secrets.example.com.evil.example",
        "https://evil.example/secrets.example.com",
        "http://127.0.0.1:8080",
    ] {
        let by_flag = (flags(Some(other), None), with_session(around(&[]), stored));
        let by_variable = (
            flags(None, None),
            with_session(around(&[("INFISICAL_DOMAIN", other)]), stored),
        );
        for (args, around) in [by_flag, by_variable] {
            let lines = connection(&args, &around).unwrap_err().lines().unwrap();
            assert!(lines.starts_with("Not logged in to Strongroom\n"), "{lines}");
            assert!(lines.contains(&format!("belongs to {stored} ")), "{lines}");
            assert!(
                lines.contains("Please run: strongroom login --domain="),
                "{lines}"
            );
        }
    }
    let same = connection(
        &flags(Some("https://secrets.example.com:443/api/"), None),
        &with_session(around(&[]), stored),
    );
    assert_eq!(
        same.unwrap().credentials,
        Credentials::Session("session-token".into())
    );
}

#[test]
fn without_credentials_the_way_in_is_named() {
    let failure = connection(&flags(Some("http://10.0.0.5:8080/api"), None), &around(&[])).unwrap_err();
    assert_eq!(
        failure.lines().unwrap(),
        "Not logged in to Strongroom\nPlease run: strongroom login --domain=http://10.0.0.5:8080"
    );
    assert_eq!(failure.code(), 3);
}

#[test]
fn a_damaged_session_matters_only_to_those_who_need_it() {
    let mut around = around(&[]);
    around.session = Err(Failure::new("damaged"));
    assert_eq!(
        connection(&flags(None, Some("t")), &around).unwrap_err().what(),
        "damaged"
    );
    assert!(connection(&flags(Some("http://h"), Some("t")), &around).is_ok());
}

#[test]
fn places_by_precedence() {
    let mut around = around(&[("INFISICAL_PROJECT_ID", "from-env")]);
    around.project_file = Ok(ProjectFile {
        workspace_id: Some("from-file".to_owned()),
        default_environment: Some("staging".to_owned()),
        ..ProjectFile::default()
    });
    let args = PlaceArgs {
        project: named_project("from-flag"),
        environment: Some("prod".to_owned()),
        path: vec!["app/".parse().unwrap()],
    };
    let wanted = place(&args, &around).unwrap();
    assert_eq!((&*wanted.project, &*wanted.environment), ("from-flag", "prod"));
    assert_eq!(wanted.path.to_string(), "/app");

    let wanted = place(&PlaceArgs::default(), &around).unwrap();
    assert_eq!((&*wanted.project, &*wanted.environment), ("from-env", "staging"));
    assert_eq!(wanted.path.to_string(), "/");

    around.variables.clear();
    assert_eq!(
        place(&PlaceArgs::default(), &around).unwrap().project,
        "from-file"
    );

    around.project_file = Ok(ProjectFile::default());
    let failure = place(&PlaceArgs::default(), &around).unwrap_err();
    assert!(failure.lines().unwrap().contains("--projectId"), "{failure:?}");
    let args = PlaceArgs {
        project: named_project("p"),
        ..PlaceArgs::default()
    };
    assert_eq!(place(&args, &around).unwrap().environment, "dev");
}

#[test]
fn a_broken_project_file_matters_only_when_asked() {
    let mut around = around(&[]);
    around.project_file = Err(Failure::new("broken"));
    assert!(place(&PlaceArgs::default(), &around).is_err());
    let args = PlaceArgs {
        project: named_project("p"),
        environment: Some("dev".to_owned()),
        path: Vec::new(),
    };
    assert!(place(&args, &around).is_ok());
}

fn named_project(name: &str) -> ProjectArgs {
    ProjectArgs {
        project: Some(name.to_owned()),
    }
}
