use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;

const CANARY: &str = "canary-4711";

/// The settings of `serve`, and one whose value is secret.
fn serve() -> clap::Command {
    let password = clap::Arg::new("store_password")
        .long("store-password")
        .value_name("PASSWORD")
        .env("STRONGROOM_STORE_PASSWORD")
        .hide_env_values(true);
    crate::cli::serve_command().arg(password)
}

fn with(environment: &Environment) -> Configuration {
    load(&serve(), &Given::new(), environment)
}

fn among(variables: &[(&str, &str)]) -> Configuration {
    with(&Environment::of(variables))
}

fn value(configuration: &Configuration, id: &str) -> (String, String) {
    let setting = configuration.setting(id).unwrap();
    (setting.shown(), setting.source.to_string())
}

fn file(path: &Path, mode: u32, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Each problem as one line, without a value in any of them.
fn problems(configuration: &Configuration) -> Vec<String> {
    let lines: Vec<String> = configuration.problems.iter().map(ToString::to_string).collect();
    assert!(lines.iter().all(|line| !line.contains(CANARY)), "{lines:#?}");
    lines
}

fn in_file(text: &str) -> Configuration {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("strongroom.toml");
    file(&path, 0o644, text);
    among(&[("STRONGROOM_CONFIG", path.to_str().unwrap())])
}

#[test]
fn all_problems_are_told_at_once_and_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    file(&folder.path().join("open"), 0o644, CANARY);
    file(&folder.path().join("empty"), 0o600, "\n");
    file(
        &folder.path().join("strongroom.toml"),
        0o600,
        "lisen = \"canary-4711\"\nbackup-root = 7.5\nfail-if-locked = \"canary-4711\"\nconfig = \"x\"\n",
    );
    let told = problems(&among(&[
        ("STRONGROOM_CONFIG", &at("strongroom.toml")),
        ("STRONGROOM_LISTEN", CANARY),
        ("STRONGROOM_FAIL_IF_MISCONFIGURED", CANARY),
        ("STRONGROOM_SITE_URL", "https://canary-4711:canary-4711@x"),
        ("STRONGROOM_DATA_DIR", "/a"),
        ("STRONGROOM_DATA_DIR_FILE", "/b"),
        ("STRONGROOM_STORE_PASSWORD_FILE", &at("open")),
        ("STRONGROOM_BACKUP_HOOK_FILE", &at("empty")),
        ("ENCRYPTION_KEY", CANARY),
        ("ENCRYPTION_KEY_FILE", &at("open")),
        ("ROOT_ENCRYPTION_KEY_FILE", &at("nowhere")),
        ("STRONGROOM_PASSPHRASE_FILE", &at("open")),
    ]));
    for expected in [
        "has an unknown key, lisen: a setting that is not understood is not passed over. Did you mean listen?",
        "The key fail-if-locked in ",
        "The key config in ",
        "The variable STRONGROOM_LISTEN cannot be used as --listen: invalid socket address syntax. It takes ADDR:PORT",
        "The variable STRONGROOM_FAIL_IF_MISCONFIGURED cannot be used: it is neither true nor false",
        "The variable STRONGROOM_SITE_URL cannot be used as --site-url: an address must not hold a user name",
        "STRONGROOM_DATA_DIR and STRONGROOM_DATA_DIR_FILE are both set",
        "STRONGROOM_STORE_PASSWORD_FILE cannot be used: ",
        "STRONGROOM_BACKUP_HOOK_FILE cannot be used: ",
        "ENCRYPTION_KEY and ENCRYPTION_KEY_FILE are both set",
        "ROOT_ENCRYPTION_KEY_FILE cannot be used: ",
        "STRONGROOM_PASSPHRASE_FILE cannot be used: ",
    ] {
        assert!(
            told.iter().any(|line| line.contains(expected)),
            "{expected}: {told:#?}"
        );
    }
    assert_eq!(told.len(), 12, "{told:#?}");
}

#[test]
fn a_file_that_cannot_be_used_is_no_file_without_settings() {
    let told = problems(&among(&[("STRONGROOM_CONFIG", "/nowhere/strongroom.toml")]));
    assert!(
        told[0].contains("/nowhere/strongroom.toml cannot be read"),
        "{told:?}"
    );
    for (text, expected) in [
        ("listen = canary-4711", "line 1: "),
        ("\n\nlisten = \"canary-4711", "line 3: "),
        ("listen = 1\nlisten = 2", "line 2: "),
        ("[listen]\nx = 1", "The key listen in "),
        ("nothing-like-it = 1", "`strongroom config` lists the settings"),
        ("backup_root = []", "Did you mean backup-root?"),
        ("accept-older-database = true", "has an unknown key"),
        ("listen = \"canary-4711\"", "invalid socket address syntax"),
        ("fail-if-locked = 1", "it is not true or false"),
    ] {
        let told = problems(&in_file(text));
        assert!(told.len() == 1 && told[0].contains(expected), "{text}: {told:?}");
    }
}

#[test]
fn a_secret_in_a_file_that_everybody_may_read_is_refused() {
    let told = problems(&in_file("store-password = \"canary-4711\""));
    assert!(
        told[0].contains("everybody on this machine may read it"),
        "{told:?}"
    );
    assert_eq!(problems(&in_file("listen = \"127.0.0.1:1\"")), [""; 0]);
}

#[test]
fn a_file_in_the_data_directory_cannot_move_it() {
    let folder = tempfile::tempdir().unwrap();
    file(
        &folder.path().join("strongroom.toml"),
        0o600,
        "data-dir = \"/elsewhere\"",
    );
    let told = problems(&among(&[(
        "STRONGROOM_DATA_DIR",
        folder.path().to_str().unwrap(),
    )]));
    assert!(told[0].contains("The key data-dir in "), "{told:?}");
    assert!(told[0].contains("the file was found by it"), "{told:?}");
}

#[test]
fn ports_of_others_are_refused_and_names_of_machines_passed_over() {
    let told = problems(&among(&[("PORT", CANARY)]));
    assert!(told[0].contains("PORT cannot be used: invalid digit"), "{told:?}");
    for hostname in ["x", ":x", "", "a b"] {
        let loaded = among(&[("HOST", "workshop"), ("INFISICAL_HOSTNAME", hostname)]);
        assert_eq!(problems(&loaded), [""; 0]);
        assert_eq!(
            value(&loaded, "listen"),
            ("127.0.0.1:8080".into(), "default".into())
        );
        assert_eq!(
            loaded.variables[0].to_string(),
            "HOST: ignored, it says nothing that can be used here"
        );
    }
}

#[test]
fn each_layer_lies_over_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let toml = folder.path().join("strongroom.toml");
    let listen = folder.path().join("listen");
    file(&toml, 0o644, "listen = \"127.0.0.1:1\"");
    file(&listen, 0o644, "127.0.0.1:3\n");
    file(&folder.path().join("STRONGROOM_LISTEN"), 0o644, "127.0.0.1:4\n");
    let (toml, listen) = (toml.to_str().unwrap(), listen.to_str().unwrap());
    let mut variables = vec![];
    let mut expect = |more: (&'static str, &str), expected: &str, source: &str| {
        if !more.0.is_empty() {
            variables.push((more.0, more.1.to_owned()));
        }
        let list: Vec<(&str, &str)> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let loaded = among(&list);
        assert_eq!(problems(&loaded), [""; 0]);
        let (found, from) = value(&loaded, "listen");
        assert_eq!(found, expected);
        assert!(from.starts_with(source), "{from}");
    };
    expect(("", ""), "127.0.0.1:8080", "default");
    expect(("STRONGROOM_CONFIG", toml), "127.0.0.1:1", "key listen in ");
    expect(("PORT", "2"), "127.0.0.1:2", "variable PORT");
    let folder_name = folder.path().to_str().unwrap();
    expect(
        ("CREDENTIALS_DIRECTORY", folder_name),
        "127.0.0.1:4",
        "credential ",
    );
    expect(
        ("STRONGROOM_LISTEN_FILE", listen),
        "127.0.0.1:3",
        "variable STRONGROOM_LISTEN_FILE, file ",
    );

    let given = Given::from([("listen".to_owned(), vec!["127.0.0.1:6".into()])]);
    let environment = Environment::of(&[("STRONGROOM_LISTEN", "127.0.0.1:5"), ("STRONGROOM_CONFIG", toml)]);
    assert_eq!(value(&with(&environment), "listen").0, "127.0.0.1:5");
    let loaded = load(&serve(), &given, &environment);
    assert_eq!(
        value(&loaded, "listen"),
        ("127.0.0.1:6".into(), "flag --listen".into())
    );
    let told: Vec<String> = loaded.variables.iter().map(ToString::to_string).collect();
    assert!(
        told.contains(&"STRONGROOM_LISTEN: ignored, the flag --listen comes first".to_owned()),
        "{told:?}"
    );
}

#[test]
fn the_file_is_the_named_one_or_that_of_the_data_directory_or_that_of_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let system = folder.path().join("system.toml");
    let environment = |variables: &[(&str, &str)]| {
        let mut environment = Environment::of(variables);
        environment.system_file.clone_from(&system);
        environment.default_data_dir = Some(data.clone());
        environment
    };
    assert_eq!(with(&environment(&[])).file, None);
    file(
        &system,
        0o644,
        "backup-root = [\"/a\", \"/b\"]\nfail-if-locked = true",
    );
    let loaded = with(&environment(&[]));
    assert_eq!(value(&loaded, "backup_root").0, "/a, /b");
    assert_eq!(value(&loaded, "fail_if_locked").0, "true");
    assert_eq!(value(&loaded, "data_dir").0, data.to_str().unwrap());
    file(&data.join("strongroom.toml"), 0o644, "backup-root = \"/c\"");
    let loaded = with(&environment(&[]));
    assert_eq!(value(&loaded, "backup_root").0, "/c");
    assert_eq!(value(&loaded, "fail_if_locked").0, "false");
    let named = with(&environment(&[("STRONGROOM_CONFIG", system.to_str().unwrap())]));
    assert_eq!(value(&named, "backup_root").0, "/a, /b");
}

#[test]
fn names_of_infisical_mean_ours() {
    let folder = tempfile::tempdir().unwrap();
    let [port, host] = [("port", "8021\n"), ("host", "::1\n")].map(|(name, text)| {
        let path = folder.path().join(name);
        file(&path, 0o644, text);
        path.to_str().unwrap().to_owned()
    });
    let (port, host) = (port.as_str(), host.as_str());
    for (variables, id, expected) in [
        (&[("PORT", "8020")][..], "listen", "127.0.0.1:8020"),
        (&[("HOST", "0.0.0.0")], "listen", "0.0.0.0:8080"),
        (&[("HOST", "localhost"), ("PORT", "1")], "listen", "127.0.0.1:1"),
        (&[("HOST", "::"), ("PORT", "80")], "listen", "[::]:80"),
        (&[("INFISICAL_HOSTNAME", ":8020")], "listen", "0.0.0.0:8020"),
        (
            &[("HOST", "0.0.0.0"), ("PORT_FILE", port)],
            "listen",
            "0.0.0.0:8021",
        ),
        (&[("HOST_FILE", host), ("PORT", "1")], "listen", "[::1]:1"),
        (&[("SITE_URL", "https://a.b")], "site_url", "https://a.b"),
        (
            &[("INFISICAL_SITE_URL", "https://a.b")],
            "site_url",
            "https://a.b",
        ),
        (
            &[("NEXT_PUBLIC_INFISICAL_URL", "https://a.b")],
            "site_url",
            "https://a.b",
        ),
        (&[("INFISICAL_HOSTNAME", "a.b")], "site_url", "https://a.b"),
    ] {
        let loaded = among(variables);
        assert_eq!(problems(&loaded), [""; 0]);
        assert_eq!(value(&loaded, id).0, expected, "{variables:?}");
        for report in &loaded.variables {
            assert_eq!(report.became, env::Became::Used, "{report}");
        }
    }
}

#[test]
fn secrets_come_from_files_and_credentials_and_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = folder.path().to_str().unwrap();
    // What the service manager hands over is in nobody else's view.
    file(
        &folder.path().join("ROOT_ENCRYPTION_KEY"),
        0o644,
        "from a credential\n",
    );
    let environment = Environment::of(&[("CREDENTIALS_DIRECTORY", credentials)]);
    let (name, key) = secret::encryption_key(&environment).unwrap().unwrap();
    assert_eq!((name, key.expose()), ("ROOT_ENCRYPTION_KEY", "from a credential"));
    let path = folder.path().join("key");
    file(&path, 0o600, "from a file\r\n");
    let environment = Environment::of(&[
        ("INFISICAL_ENCRYPTION_KEY_FILE", path.to_str().unwrap()),
        ("ROOT_ENCRYPTION_KEY", "another"),
        ("STRONGROOM_STORE_PASSWORD", CANARY),
    ]);
    let (name, key) = secret::encryption_key(&environment).unwrap().unwrap();
    assert_eq!((name, key.expose()), ("INFISICAL_ENCRYPTION_KEY", "from a file"));
    let loaded = with(&environment);
    assert_eq!(value(&loaded, "store_password").0, "(set)");
    let told: Vec<String> = loaded.variables.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "STRONGROOM_STORE_PASSWORD: used, --store-password",
            "INFISICAL_ENCRYPTION_KEY_FILE: used, one of the keys that open the store",
            "ROOT_ENCRYPTION_KEY: ignored, INFISICAL_ENCRYPTION_KEY is set as well",
        ]
    );
}

#[test]
fn the_registry_is_complete() {
    let serve = crate::cli::serve_command();
    let mut names: Vec<&str> = env::variables(&serve).map(|variable| variable.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "a variable stands twice");
    for variable in env::variables(&serve) {
        if let env::Fate::Setting(id) = variable.fate {
            assert!(load::settings(&serve).any(|arg| arg.get_id() == id), "{id}");
        }
        let is_hidden = env::secrets().any(|name| name == variable.name);
        assert_eq!(variable.secret, is_hidden, "{}", variable.name);
    }
}

#[test]
fn every_name_of_the_guides_is_answered() {
    let names = "ENCRYPTION_KEY INFISICAL_ENCRYPTION_KEY ROOT_ENCRYPTION_KEY AUTH_SECRET INFISICAL_AUTH_SECRET \
        JWT_AUTH_SECRET JWT_REFRESH_SECRET JWT_SERVICE_SECRET JWT_SECRET DB_CONNECTION_URI REDIS_URL POSTGRES_USER POSTGRES_DB \
        POSTGRES_PASSWORD INFISICAL_PASS INFISICAL_POSTGRES_HOST INFISICAL_POSTGRES_PORT INFISICAL_POSTGRES_DATABASE \
        INFISICAL_POSTGRES_USERNAME INFISICAL_POSTGRES_PASSWORD MONGO_URL MONGO_PASSWORD SITE_URL INFISICAL_SITE_URL \
        NEXT_PUBLIC_INFISICAL_URL INFISICAL_HOSTNAME INVITE_ONLY TELEMETRY_ENABLED INFISICAL_HTTPS_ENABLED HTTPS_ENABLED \
        SMTP_HOST SMTP_PORT SMTP_USERNAME SMTP_PASSWORD SMTP_FROM_ADDRESS SMTP_FROM SMTP_FROM_NAME SMTP_IGNORE_TLS \
        GOOGLE_CLIENT_ID GOOGLE_CLIENT_SECRET CLIENT_ID_GOOGLE_LOGIN CLIENT_SECRET_GOOGLE_LOGIN HOST PORT INFISICAL_TOKEN \
        INFISICAL_DOMAIN INFISICAL_PROJECT_ID INFISICAL_CLIENT_ID INFISICAL_CLIENT_SECRET";
    let for_client = |name: &str| {
        env::variables(&serve())
            .any(|variable| variable.name == name && matches!(variable.fate, env::Fate::Client(_)))
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value");
    file(&path, 0o600, "1");
    for name in names.split_whitespace() {
        let mut spellings = vec![(name.to_owned(), "1")];
        if !for_client(name) || ["INFISICAL_TOKEN", "INFISICAL_CLIENT_SECRET"].contains(&name) {
            spellings.push((format!("{name}_FILE"), path.to_str().unwrap()));
        }
        for (name, value) in spellings {
            let loaded = among(&[(&name, value)]);
            let told = loaded.variables.iter().find(|report| report.name == name);
            let became = told.map(|report| report.became);
            assert!(
                became.is_some_and(|became| became != env::Became::Unknown),
                "{name}"
            );
        }
    }
}

#[test]
fn a_secret_in_the_wrong_place_is_not_shown() {
    for (name, value) in [
        ("STRONGROOM_TLS_KEY", "-----BEGIN PRIVATE KEY-----\ncanary-4711"),
        ("STRONGROOM_TLS_CERT", "canary\ncanary-4711"),
        ("STRONGROOM_IDENTITY_FILE", "AGE-SECRET-KEY-1canary-4711"),
        ("STRONGROOM_CONFIG", "x\ncanary-4711"),
    ] {
        let told = problems(&among(&[(name, value)]));
        assert!(told[0].contains("it is what a file holds"), "{told:?}");
    }
    for (name, value) in [
        ("STRONGROOM_PASSPHRASE_FILE", "canary-4711 horse"),
        ("STRONGROOM_METRICS_TOKEN_FILE", "canary-4711"),
        ("STRONGROOM_DATABASE_URL_FILE", "postgres://u:canary-4711@h/d"),
        ("ENCRYPTION_KEY_FILE", "canary-4711"),
        ("STRONGROOM_CONFIG", "canary-4711"),
        ("STRONGROOM_TLS_KEY", "canary-4711"),
        ("STRONGROOM_IDENTITY_FILE", "canary-4711"),
        ("STRONGROOM_BACKUP_HOOK", "curl --user kavi:canary-4711 x"),
        ("STRONGROOM_ACME_DIRECTORY", "https://u:canary-4711@ca.lan/d"),
        ("STRONGROOM_ALLOW_OUTBOUND", "nas,http://u:canary-4711@nas"),
        ("STRONGROOM_LISTEN", "canary-4711"),
        ("STRONGROOM_SITE_URL", "http://a,https://u:canary-4711@b"),
        ("PORT", "canary-4711"),
        ("SITE_URL", "https://u:canary-4711@x"),
        ("STRONGROOM_LOG_FORMAT", "canary-4711"),
        ("STRONGROOM_DATABASE_WAIT", "canary-4711"),
    ] {
        let loaded = among(&[(name, value)]);
        problems(&loaded);
        for setting in loaded.settings.iter().chain(&loaded.secrets) {
            let shown = format!("{} {}", setting.shown(), setting.as_json());
            assert!(!shown.contains(CANARY), "{name}: {shown}");
        }
        for report in &loaded.variables {
            assert!(!report.to_string().contains(CANARY), "{name}: {report}");
        }
    }
}

#[test]
fn a_setting_that_is_a_file_may_be_spelt_with_file_or_be_a_credential() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("STRONGROOM_TLS_KEY");
    file(&key, 0o600, "-----BEGIN PRIVATE KEY-----\ncanary-4711\n");
    let (key, folder) = (key.to_str().unwrap(), folder.path().to_str().unwrap());
    for (variables, source) in [
        (
            &[("STRONGROOM_TLS_KEY_FILE", key)][..],
            "variable STRONGROOM_TLS_KEY_FILE",
        ),
        (&[("STRONGROOM_TLS_KEY", key)], "variable STRONGROOM_TLS_KEY"),
        (&[("CREDENTIALS_DIRECTORY", folder)], "credential "),
    ] {
        let loaded = among(variables);
        assert_eq!(problems(&loaded), [""; 0]);
        let (found, from) = value(&loaded, "tls_key");
        assert_eq!(found, key);
        assert!(from.starts_with(source), "{from}");
        assert_eq!(loaded.variables[0].became, env::Became::Used);
    }
    let told = problems(&among(&[
        ("STRONGROOM_TLS_KEY", key),
        ("STRONGROOM_TLS_KEY_FILE", key),
    ]));
    assert!(told[0].contains("are both set"), "{told:?}");
}

#[test]
fn what_is_wrong_with_a_secret_leaves_no_setting_to_say_it_again() {
    let loaded = among(&[
        ("STRONGROOM_PASSPHRASE_FILE", "/nowhere"),
        ("STRONGROOM_METRICS_TOKEN_FILE", "/nowhere"),
        ("STRONGROOM_DATABASE_URL_FILE", "/nowhere"),
    ]);
    assert_eq!(problems(&loaded).len(), 3);
    for id in ["passphrase_file", "metrics_token_file", "database_url_file"] {
        assert!(loaded.setting(id).is_none(), "{id}");
    }
}

#[test]
fn the_report_says_which_of_several_counts() {
    let folder = tempfile::tempdir().unwrap();
    file(&folder.path().join("ENCRYPTION_KEY"), 0o600, CANARY);
    let loaded = among(&[
        ("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap()),
        ("ROOT_ENCRYPTION_KEY", CANARY),
        ("STRONGROOM_DATABASE_URL", CANARY),
        ("DB_CONNECTION_URI", CANARY),
    ]);
    let told: Vec<String> = loaded.variables.iter().map(ToString::to_string).collect();
    for expected in [
        "ROOT_ENCRYPTION_KEY: ignored, ENCRYPTION_KEY is set as well",
        "DB_CONNECTION_URI: ignored, STRONGROOM_DATABASE_URL is set as well",
    ] {
        assert!(told.iter().any(|line| line == expected), "{expected}: {told:#?}");
    }
}

#[test]
fn the_reference_is_up_to_date() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/CONFIGURATION.md");
    let wanted = reference::page(&crate::cli::serve_command());
    let found = fs::read_to_string(&page).unwrap_or_default();
    assert!(
        found == wanted,
        "docs/CONFIGURATION.md is stale: run cargo xtask reference"
    );
}
