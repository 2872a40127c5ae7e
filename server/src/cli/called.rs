//! The name this program was called by. Under `infisical`, a link to the same file, messages name what the caller
//! knows: the command `infisical`, and Infisical where a script looks for that word.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;

static CALLED: OnceLock<Called> = OnceLock::new();

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Called {
    Strongroom,
    Infisical,
}

impl Called {
    fn by(program: &OsStr) -> Self {
        match Path::new(program).file_name() {
            Some(name) if name == "infisical" => Self::Infisical,
            _ => Self::Strongroom,
        }
    }
}

/// Remembers the name, the first of the process's arguments.
pub fn remember(program: &OsStr) {
    // The first call of a process counts; tests that run several commands have one name.
    let _ = CALLED.set(Called::by(program));
}

fn called() -> Called {
    CALLED.get().copied().unwrap_or(Called::Strongroom)
}

/// What to type: `strongroom`, or `infisical` for whoever called it so.
pub fn command() -> &'static str {
    match called() {
        Called::Strongroom => "strongroom",
        Called::Infisical => "infisical",
    }
}

/// What messages call the product.
pub fn product() -> &'static str {
    match called() {
        Called::Strongroom => "Strongroom",
        Called::Infisical => "Infisical",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_its_last_part_alone() {
        for (program, called) in [
            ("infisical", Called::Infisical),
            ("/usr/bin/infisical", Called::Infisical),
            ("/opt/infisical/strongroom", Called::Strongroom),
            ("strongroom", Called::Strongroom),
            ("", Called::Strongroom),
        ] {
            assert_eq!(Called::by(OsStr::new(program)), called, "{program}");
        }
    }
}
