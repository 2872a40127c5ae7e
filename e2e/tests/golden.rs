//! Every command as a person sees it: standard output, standard error, exit code. See `e2e::golden` for the files.

use std::collections::BTreeSet;

use anyhow::Result;
use e2e::golden;

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
    compat,
    environments,
    exit_codes,
    export,
    folders,
    import,
    infisical,
    init,
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
