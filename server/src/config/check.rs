//! What can be seen to be wrong before anything is opened.

use std::path::Path;

use rustix::fs::{Access, access};

use super::Problem;

/// Whether the data directory can be used, or made.
pub fn data_dir(dir: &Path) -> Option<Problem> {
    let there = dir
        .ancestors()
        .map(|ancestor| {
            if ancestor.as_os_str().is_empty() {
                Path::new(".")
            } else {
                ancestor
            }
        })
        .find(|ancestor| ancestor.exists())?;
    let (reason, next) = if !there.is_dir() {
        (
            format!("{} is no directory", there.display()),
            "Name another one with --data-dir".to_owned(),
        )
    } else if let Err(error) = access(there, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        let user = rustix::process::geteuid().as_raw();
        (
            format!(
                "user {user}, as whom this process runs, may not write to {}: {error}",
                there.display()
            ),
            format!(
                "Give it to that user, with chown {user} and the path as the host sees it, or name another one with --data-dir"
            ),
        )
    } else {
        return None;
    };
    Some(Problem::new(
        format!("The data directory {} cannot be used", dir.display()),
        reason,
        next,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_way_of_a_data_directory() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("file");
        std::fs::write(&file, "x").unwrap();
        for taken in [file.clone(), file.join("data")] {
            let problem = data_dir(&taken).unwrap();
            assert!(problem.reason.contains("is no directory"), "{problem}");
        }
        assert_eq!(data_dir(scratch.path()), None);
        assert_eq!(data_dir(&scratch.path().join("a/b")), None);
    }
}
