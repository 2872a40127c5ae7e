use clap::error::ErrorKind;

use super::*;

fn parse(line: &[&str]) -> Result<Command, clap::Error> {
    let line = std::iter::once("strongroom").chain(line.iter().copied());
    Cli::try_parse_from(line).map(|cli| cli.command)
}

#[test]
fn the_tree_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_shows_an_example_of_itself() {
    fn visit(command: &clap::Command, path: &str, seen: &mut usize) {
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(help.contains(path), "{path} has no example");
        assert!(command.get_about().is_some(), "{path} says nothing of itself");
        *seen += 1;
        for inner in command.get_subcommands() {
            visit(inner, &format!("{path} {}", inner.get_name()), seen);
        }
    }
    let mut seen = 0;
    visit(&Cli::command(), "strongroom", &mut seen);
    assert!(seen >= 20, "only {seen} commands");
}

#[test]
fn wrong_command_lines_are_refused() {
    for line in [
        &["unknown"][..],
        &["run", "--env", "dev"],
        &["run", "env"],
        &["export", "--format", "xml"],
        &["import"],
        &["import", ".env", "--format", "xml"],
        &["import", ".env", "other.env"],
        &["secrets", "get"],
        &["secrets", "delete"],
        &["secrets", "set", "A=1", "--file", "x"],
        &["run", "--watch-interval", "5", "--", "true"],
        &["run", "--command", "true", "--", "true"],
        &["export", "--template", "x", "--format", "json"],
        &["service-token", "create", "--scope", "dev"],
        &["secrets", "get", ""],
        &["export", "--path", "/a/../b"],
        &["whoami", "--domain", "ftp://x"],
        &["serve", "--listen", "8080"],
        &["restore", "file"],
        &["admin", "create", "--email", "nobody", "--password-stdin"],
        &["admin", "create", "--email", "a@b.cd"],
        &["keys", "kit"],
        &["backup"],
    ] {
        let error = parse(line).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{line:?}");
        assert!(error.use_stderr(), "{line:?}");
    }
    assert_eq!(
        parse(&["--version"]).unwrap_err().kind(),
        ErrorKind::DisplayVersion
    );
}

#[test]
fn command_lines_that_scripts_use() {
    for line in [
        &[
            "run",
            "--env=dev",
            "--projectId=X",
            "--",
            "node",
            "app.js",
            "--env",
            "prod",
        ][..],
        &[
            "run", "--path", "/app", "--token", "t", "--", "sh", "-c", "exit 3",
        ],
        &["export", "--format=dotenv", "--output-file", ".env"],
        &[
            "export",
            "--domain=http://10.0.0.5:8080/api",
            "--project-id",
            "X",
            "--env",
            "production",
        ],
        &[
            "import",
            ".env",
            "--env",
            "dev",
            "--projectId",
            "X",
            "--path",
            "/a",
            "--dry-run",
        ],
        &["import", "-", "--format", "yaml"],
        &["secrets"],
        &["secrets", "--env", "dev", "--output", "json"],
        &["secrets", "list", "--output", "dotenv"],
        &["secrets", "get", "A", "B", "--env", "dev", "--plain", "--silent"],
        &["secrets", "--env", "dev", "get", "A"],
        &[
            "secrets",
            "set",
            "A=1",
            "B=@f",
            "--comment",
            "why",
            "--projectId",
            "X",
        ],
        &["secrets", "set", "A", "value with = in it"],
        &["secrets", "delete", "A", "B"],
        &["secrets", "delete", "A", "--type=shared"],
        &["secrets", "set"],
        &[
            "secrets", "set", "A=1", "--tag", "x", "--type", "personal", "--path", "/p",
        ],
        &["secrets", "folders", "create", "--path=/", "--name=x"],
        &[
            "run",
            "--env=dev",
            "--path=/a",
            "--path=/b",
            "--recursive",
            "--tags=x,y",
            "--",
            "true",
        ],
        &[
            "run",
            "--watch",
            "--watch-interval=5",
            "--expand=false",
            "--include-imports=false",
            "--",
            "true",
        ],
        &["run", "--command", "echo $A && true"],
        &["token", "renew", "t"],
        &["login", "status", "--json"],
        &["user", "get", "token", "--plain"],
        &[
            "login",
            "--host=https://x.example",
            "--email",
            "a@b.cd",
            "--password-stdin",
        ],
        &[
            "login",
            "--method=universal-auth",
            "--client-id=a",
            "--client-secret=b",
            "--plain",
            "--silent",
        ],
        &["healthcheck", "--ready", "--url", "http://127.0.0.1:1"],
        &[
            "serve",
            "--data-dir",
            "/d",
            "--listen",
            "[::]:80",
            "--identity",
            "/i",
            "--fail-if-locked",
        ],
        &["setup-code", "--data-dir", "/d"],
        &[
            "admin",
            "create",
            "--email",
            "A@b.cd",
            "--password-stdin",
            "--name",
            "A",
        ],
        &["keys", "kit", "--data-dir", "/d", "--output", "/k"],
        &["backup", "--data-dir", "/d", "--output", "/b", "--identity", "/k"],
        &["restore", "/b", "--data-dir", "/n", "--identity", "/k"],
    ] {
        if let Err(error) = parse(line) {
            panic!("{line:?}: {error}");
        }
    }
}

#[test]
fn serving_listens_on_loopback_unless_told_otherwise() {
    let Ok(Command::Serve(args)) = parse(&["serve"]) else {
        panic!("serve was not understood");
    };
    assert_eq!(
        args.listen,
        ["127.0.0.1:8080".parse::<std::net::SocketAddr>().unwrap()]
    );
}
