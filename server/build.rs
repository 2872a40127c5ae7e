//! Puts the admin interface where the binary embeds it: what `cargo xtask web` built, or in a debug build without it a
//! page that says so, so that `cargo clippy` and unit tests need no WebAssembly compiler.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const PLACEHOLDER: &str = "<!doctype html><html lang=\"en\"><title>Strongroom</title><p>This debug build has no admin \
     interface: run <code>cargo xtask web</code> and build again.</html>\n";

fn main() -> io::Result<()> {
    let source = Path::new("../web/dist");
    println!("cargo::rerun-if-changed={}", source.display());
    println!("cargo::rerun-if-changed=build.rs");
    let target = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("web");
    if target.exists() {
        fs::remove_dir_all(&target)?;
    }
    fs::create_dir_all(&target)?;
    if source.join("index.html").exists() {
        copy(source, &target)
    } else if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::error=The admin interface is not built: run `cargo xtask web` first.");
        Ok(())
    } else {
        fs::write(target.join("index.html"), PLACEHOLDER)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
