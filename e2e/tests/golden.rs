//! Every command as a person sees it: standard output, standard error, exit code. See `e2e::golden` for the files.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use e2e::golden;
use e2e::program::Run;

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        const CASES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() -> Result<()> {
                golden::check(stringify!($name))
            }
        )*
    };
}

cases![
    backup,
    compat,
    environments,
    exit_codes,
    export,
    folders,
    help,
    import,
    infisical,
    init,
    keys,
    login,
    migrate,
    operator,
    run,
    secrets,
    tokens,
    tools
];

#[test]
fn no_case_is_forgotten() -> Result<()> {
    let files: BTreeSet<String> = std::fs::read_dir(golden::folder())?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_>>()?;
    let listed: BTreeSet<String> = CASES.iter().map(|name| format!("{name}.txt")).collect();
    assert_eq!(files, listed);
    Ok(())
}

/// The manual has a page for each command; so each of them must have its help among the cases.
#[test]
fn no_help_is_forgotten() -> Result<()> {
    let home = tempfile::tempdir()?;
    let pages = home.path().join("pages");
    Run::new(home.path())?
        .args(["man", "--dir"])
        .arg_path(&pages)
        .finish()?
        .ok()?;
    let shown = std::fs::read_to_string(golden::folder().join("help.txt"))?;
    let shown: BTreeSet<String> = shown
        .lines()
        .filter_map(|line| line.strip_prefix("$ ")?.strip_suffix(" --help"))
        .map(|command| command.replace(' ', "-"))
        .collect();
    let there: BTreeSet<String> = std::fs::read_dir(&pages)?
        .map(|entry| {
            Ok(entry?
                .file_name()
                .to_string_lossy()
                .trim_end_matches(".1")
                .to_owned())
        })
        .collect::<Result<_>>()?;
    ensure!(there.len() > 50, "{} pages", there.len());
    assert_eq!(shown, there);
    Ok(())
}
