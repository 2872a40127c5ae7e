//! Which compiler can build for the browser on this machine.
//!
//! Compiler and standard library must be of one version, so the choice is always a whole toolchain: the active one
//! when it has a prebuilt standard library for WebAssembly, else one that has its sources and can build them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::machine::{self, Need};
use crate::process;
use crate::terminal::say;

/// The only target of the crate `web`.
pub const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// How to come by a standard library for WebAssembly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum How {
    /// The prebuilt one if there is one, else build it
    Auto,
    /// The prebuilt one of the active toolchain
    Plain,
    /// Build it from a toolchain's sources
    BuildStd,
}

/// The toolchain to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// The active one; it has what is needed.
    Active,
    /// One that builds its standard library from source.
    BuildStd {
        /// Its compiler.
        rustc: PathBuf,
        /// Its cargo.
        cargo: PathBuf,
        /// A linker for WebAssembly.
        linker: PathBuf,
    },
}

/// For the one message that names everything a machine lacks.
pub const STANDARD_LIBRARY: Need = Need {
    what: "Rust's standard library for WebAssembly (or: rustup target add wasm32-unknown-unknown)",
    packages: DEBIAN,
    present: || has_prebuilt() || target_added() || from_source().is_ok(),
};

/// Decides, installing what is missing when that is allowed.
pub fn choose(how: How, install: bool) -> Result<Compiler> {
    if how != How::BuildStd && (has_prebuilt() || target_added()) {
        return Ok(Compiler::Active);
    }
    if how == How::Plain {
        bail!(
            "the active Rust toolchain has no standard library for {TARGET}: run `rustup target add {TARGET}`, \
             or use `--how build-std`"
        );
    }
    match from_source() {
        Ok(found) => Ok(found),
        Err(_) if install && machine::can_install() => {
            machine::apt_install(DEBIAN)?;
            from_source()
        }
        Err(reason) => bail!(
            "no compiler on this machine can build for {TARGET}: {reason}\nEither run\n  rustup target add {TARGET}\n\
             or, on Debian as root,\n  {}\nThen run this command again.",
            machine::apt_line(DEBIAN)
        ),
    }
}

impl Compiler {
    /// The cargo command that builds with this toolchain; arguments are still to be added after `build`.
    pub fn cargo_build(&self) -> Command {
        let mut command = match self {
            Self::Active => {
                let mut command = Command::new(process::cargo());
                command.arg("build");
                command
            }
            Self::BuildStd { rustc, cargo, linker } => {
                let mut command = Command::new(cargo);
                command
                    .args(["build", "-Zbuild-std=std,panic_abort"])
                    .env_remove("RUSTUP_TOOLCHAIN")
                    .env_remove("CARGO")
                    .env("RUSTC", rustc)
                    // For this child alone: building a standard library is not a stable feature.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
                command
            }
        };
        // Flags meant for this machine's processor do not fit the browser's. Views of one type instead of one for every tree
        // of elements make the download a third smaller.
        command
            .env(
                "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
                "--cfg erase_components",
            )
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .args(["--target", TARGET]);
        command
    }

    /// What a person wants to know about the choice.
    pub fn describe(&self) -> String {
        match self {
            Self::Active => "the active toolchain's standard library".to_owned(),
            Self::BuildStd { rustc, linker, .. } => {
                format!(
                    "standard library built by {} and linked by {}",
                    rustc.display(),
                    linker.display()
                )
            }
        }
    }
}

/// More honest than a list of installed targets, and it works without rustup.
fn has_prebuilt() -> bool {
    let Ok(folder) =
        process::capture(Command::new(rustc()).args(["--print", "target-libdir", "--target", TARGET]))
    else {
        return false;
    };
    std::fs::read_dir(folder.trim()).is_ok_and(|entries| {
        entries.filter_map(Result::ok).any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libstd-") && name.ends_with(".rlib")
        })
    })
}

/// Tries rustup, whose exit status says less than asking the compiler again.
fn target_added() -> bool {
    process::on_path("rustup").is_some() && {
        say(format_args!("trying: rustup target add {TARGET}"));
        process::succeeds("rustup", &["target", "add", TARGET]);
        has_prebuilt()
    }
}

fn rustc() -> PathBuf {
    std::env::var_os("RUSTC").map_or_else(|| PathBuf::from("rustc"), PathBuf::from)
}

/// A toolchain with sources of its own version, and any linker for WebAssembly.
fn from_source() -> Result<Compiler> {
    let mut reasons = Vec::new();
    let mut with_sources = None;
    let mut linker = None;
    for candidate in [rustc(), PathBuf::from("/usr/bin/rustc")] {
        let Some(sysroot) = sysroot(&candidate) else {
            reasons.push(format!("{} does not run", candidate.display()));
            continue;
        };
        if linker.is_none() {
            linker = own_linker(&candidate, &sysroot);
        }
        match sources(&candidate, &sysroot) {
            Ok(()) if with_sources.is_none() => with_sources = Some(sysroot),
            Ok(()) => {}
            Err(reason) => reasons.push(reason),
        }
    }
    let Some(sysroot) = with_sources else {
        bail!("{}", reasons.join("; "));
    };
    let Some(linker) = linker.or_else(linker_on_path) else {
        bail!("there is no linker for WebAssembly (rust-lld or wasm-ld)");
    };
    Ok(Compiler::BuildStd {
        rustc: sysroot.join("bin/rustc"),
        cargo: sysroot.join("bin/cargo"),
        linker,
    })
}

fn sysroot(rustc: &Path) -> Option<PathBuf> {
    let printed = process::capture(Command::new(rustc).args(["--print", "sysroot"])).ok()?;
    Some(PathBuf::from(printed.trim()))
}

/// Sources of another version pass every look at the file names and then fail deep inside `core`.
fn sources(rustc: &Path, sysroot: &Path) -> Result<(), String> {
    let name = rustc.display();
    let folder = sysroot.join("lib/rustlib/src/rust");
    if !folder.join("library/std/Cargo.toml").is_file() {
        return Err(format!("{name} has no sources of the standard library"));
    }
    if !sysroot.join("bin/cargo").is_file() {
        return Err(format!("{name} has no cargo beside it"));
    }
    let Ok(version) = std::fs::read_to_string(folder.join("src/version")) else {
        return Ok(()); // rustup installs sources with their compiler, without this file
    };
    let compiler =
        process::capture(Command::new(rustc).arg("--version")).map_err(|error| error.to_string())?;
    if same_version(&compiler, &version) {
        return Ok(());
    }
    Err(format!(
        "{name} is {}, but the sources beside it are {}",
        compiler.trim(),
        version.trim()
    ))
}

fn same_version(compiler: &str, sources: &str) -> bool {
    let number = |text: &str| {
        text.split_whitespace()
            .find(|word| word.contains('.'))
            .map(str::to_owned)
    };
    let sources = number(sources);
    sources.is_some() && number(compiler) == sources
}

fn own_linker(rustc: &Path, sysroot: &Path) -> Option<PathBuf> {
    let printed = process::capture(Command::new(rustc).arg("-vV")).ok()?;
    let host = printed.lines().find_map(|line| line.strip_prefix("host: "))?;
    let linker = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
    linker.is_file().then_some(linker)
}

fn linker_on_path() -> Option<PathBuf> {
    if let Some(found) = process::on_path("rust-lld") {
        return Some(found);
    }
    let numbered = std::env::split_paths(&std::env::var_os("PATH")?)
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let version: u32 = entry
                .file_name()
                .to_str()?
                .strip_prefix("wasm-ld-")?
                .parse()
                .ok()?;
            Some((version, entry.path()))
        })
        .max();
    numbered
        .map(|(_, path)| path)
        .or_else(|| process::on_path("wasm-ld"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_another_version_are_refused() {
        assert!(!same_version("rustc 1.95.0 (59807616e 2026-04-14)", "1.96.0"));
        assert!(!same_version("rustc 1.95.0 (59807616e 2026-04-14)", ""));
        assert!(same_version(
            "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)",
            "1.96.0\n"
        ));
        assert!(same_version("rustc 1.96.0", "1.96.0 (ac68faa20 2026-05-25)"));
    }

    #[test]
    fn a_compiler_that_does_not_run_is_no_candidate() {
        assert!(sysroot(Path::new("/nonexistent/rustc")).is_none());
        assert!(sources(Path::new("/nonexistent/rustc"), Path::new("/nonexistent")).is_err());
    }
}
