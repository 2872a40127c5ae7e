//! `install-shim`: the name `infisical` for this program, so that scripts written for it run.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::failure::Failure;
use super::printer::Printer;

/// Arguments of `install-shim`.
#[derive(Debug, Args)]
pub struct InstallShimArgs {
    /// Folder for the link [default: the one this program lies in]
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// Runs `install-shim`. A program of that name is never replaced.
pub fn run(args: InstallShimArgs, printer: &Printer) -> Result<(), Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::new("The place of this program is not known").because(error.to_string()))?;
    let folder = match args.dir {
        Some(folder) => folder,
        None => program.parent().unwrap_or(Path::new("/")).to_owned(),
    };
    let link = folder.join("infisical");
    let target = fs::canonicalize(&program).unwrap_or(program);
    match symlink(&target, &link) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if fs::canonicalize(&link).ok().as_ref() != Some(&target) {
                return Err(Failure::new(format!("{} is there already", link.display()))
                    .because("It is not this program, and it is not replaced.")
                    .advise("Remove it, or name another folder of your PATH with --dir"));
            }
        }
        Err(error) => {
            return Err(Failure::new(format!("{} could not be made", link.display()))
                .because(error.to_string())
                .advise("Name a folder that you may write to with --dir"));
        }
    }
    printer.done(
        &format!("{} runs {}", link.display(), target.display()),
        &json!({"link": link, "program": target}),
    )
}
