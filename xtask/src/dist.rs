//! `cargo xtask dist`: the static release binary, with the admin interface in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::elf;
use crate::machine;
use crate::process;
use crate::terminal::{human_size, say};
use crate::web::{self, compiler};
use crate::workspace::Workspace;

/// Values are short: for less than a kilobyte the portable code of Poly1305 is several times as fast as the vector code, whose
/// helpers stay function calls where they are compiled for every processor. A list of secrets costs a seventh less.
const SHORT_MESSAGES: &str = "--cfg poly1305_backend=\"soft\"";

/// Builds the binary into `target/dist/strongroom` and proves what it promises.
pub fn run(workspace: &Workspace, install: bool) -> Result<()> {
    let mut needs = machine::BUILD.to_vec();
    needs.push(&compiler::STANDARD_LIBRARY);
    machine::provide(&needs, install)?;
    web::run(
        workspace,
        &web::Options {
            install,
            ..web::Options::default()
        },
    )?;

    let triple = gnu_triple()?;
    say(format_args!("static binary for {triple}"));
    let target = workspace.target("static");
    let variable = format!(
        "CARGO_TARGET_{}_RUSTFLAGS",
        triple.to_uppercase().replace('-', "_")
    );
    let mut cargo = workspace.cargo(&["build", "--release", "--package", "server", "--bin", "strongroom"]);
    cargo
        // Named even where it is the host: without it the flag would reach procedural macros, which cannot be static.
        .args(["--target", &triple, "--target-dir"])
        .arg(&target)
        .env(variable, format!("-C target-feature=+crt-static {SHORT_MESSAGES}"))
        // They would take the place of the flag above.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    process::run(&mut cargo)?;

    let release = target.join(&triple).join("release");
    let built = release.join("strongroom");
    let content = std::fs::read(&built).with_context(|| format!("cannot read {}", built.display()))?;
    elf::require_static(&content).context("the binary is not static")?;
    require_threads(&release)?;

    let binary = workspace.static_binary();
    place(&content, &binary)?;
    say(format_args!(
        "{}: {} ({} bytes), static, OpenSSL with threads",
        binary.display(),
        human_size(content.len() as u64),
        content.len()
    ));
    Ok(())
}

/// A running copy keeps its file; the new one takes the name.
fn place(content: &[u8], binary: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = binary.parent().context("the binary has no folder")?;
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let part = binary.with_extension("part");
    std::fs::write(&part, content)
        .and_then(|()| std::fs::set_permissions(&part, std::fs::Permissions::from_mode(0o755)))
        .and_then(|()| std::fs::rename(&part, binary))
        .with_context(|| format!("cannot write {}", binary.display()))
}

/// The C library must be glibc: its threads are what OpenSSL is built with.
fn gnu_triple() -> Result<String> {
    let printed = process::capture(Command::new("rustc").arg("-vV"))?;
    let host = printed
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc names no host")?;
    if host.ends_with("-linux-gnu") {
        return Ok(host.to_owned());
    }
    bail!("the static binary is built on Linux with glibc; this toolchain is for {host}")
}

/// With `-static` in sight OpenSSL leaves out its threads without a word; two threads with two encrypted connections
/// then corrupt memory. `.cargo/openssl-perl` prevents it, and this is the proof.
fn require_threads(release: &Path) -> Result<()> {
    let header = newest_header(release).with_context(|| {
        format!(
            "no OpenSSL was built under {}, so nobody knows whether it has threads",
            release.display()
        )
    })?;
    let text = std::fs::read_to_string(&header)?;
    if has_threads(&text) {
        return Ok(());
    }
    bail!(
        "OpenSSL was built without threads ({}): two threads with two connections would corrupt memory. Is \
         OPENSSL_SRC_PERL of .cargo/config.toml in force? Then remove {} and build again",
        header.display(),
        release.display()
    )
}

fn newest_header(release: &Path) -> Option<PathBuf> {
    let headers = std::fs::read_dir(release.join("build"))
        .ok()?
        .filter_map(Result::ok)
        .filter_map(|entry| {
            if !entry.file_name().to_string_lossy().starts_with("openssl-sys-") {
                return None;
            }
            let header = entry
                .path()
                .join("out/openssl-build/install/include/openssl/configuration.h");
            Some((header.metadata().ok()?.modified().ok()?, header))
        });
    headers.max().map(|(_, header)| header)
}

fn has_threads(configuration: &str) -> bool {
    configuration.lines().any(|line| {
        let mut words = line.trim_start_matches(['#', ' ']).split_whitespace();
        words.next() == Some("define") && words.next() == Some("OPENSSL_THREADS")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_read_from_the_header() {
        assert!(has_threads(
            "# ifndef OPENSSL_THREADS\n#  define OPENSSL_THREADS\n# endif\n"
        ));
        assert!(!has_threads(
            "# ifndef OPENSSL_NO_THREADS\n#  define OPENSSL_NO_THREADS\n# endif\n"
        ));
        assert!(!has_threads("/* OPENSSL_THREADS */\n# ifndef OPENSSL_THREADS\n"));
    }

    #[test]
    fn without_an_openssl_there_is_no_proof() {
        let folder = tempfile::tempdir().unwrap();
        assert!(require_threads(folder.path()).is_err());
        let header = folder
            .path()
            .join("build/openssl-sys-1/out/openssl-build/install/include/openssl");
        std::fs::create_dir_all(&header).unwrap();
        std::fs::write(header.join("configuration.h"), "# define OPENSSL_NO_THREADS\n").unwrap();
        let error = require_threads(folder.path()).unwrap_err().to_string();
        assert!(error.contains("without threads"), "{error}");
        std::fs::write(header.join("configuration.h"), "# define OPENSSL_THREADS\n").unwrap();
        assert!(require_threads(folder.path()).is_ok());
    }
}
