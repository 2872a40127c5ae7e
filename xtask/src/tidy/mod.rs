//! `cargo xtask tidy`: the rules of this repository, read from its source.
//!
//! Each rule is a function of files to findings, so that its tests can show it failing.

mod exceptions;
mod layers;
mod manifests;
mod paths;
mod places;
mod source;
mod style;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::terminal::say;
use crate::workspace::Workspace;
use source::Source;

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }
}

/// A file as text.
struct File {
    path: String,
    text: String,
}

/// Checks every rule and prints what is broken.
pub fn run(workspace: &Workspace) -> Result<()> {
    let files = read(workspace.root())?;
    let findings = check(&files);
    for Finding { path, line, message } in &findings {
        say(format_args!("{path}:{line}: {message}"));
    }
    if !findings.is_empty() {
        bail!(
            "tidy: {} broken rules in {} files looked at",
            findings.len(),
            files.len()
        );
    }
    say(format_args!("tidy: {} files, every rule holds", files.len()));
    Ok(())
}

fn check(files: &[File]) -> BTreeSet<Finding> {
    let mut findings = BTreeSet::new();
    let sources = sources(files);
    for source in &sources {
        findings.extend(layers::check(source));
        findings.extend(places::check(source));
        findings.extend(style::check(source));
    }
    findings.extend(exceptions::lengths(&sources, exceptions::LONG_FILES));
    findings.extend(exceptions::exposures(&sources, exceptions::EXPOSING_FILES));
    for file in files {
        findings.extend(manifests::foreign_names(&file.path, &file.text));
        findings.extend(manifests::dependencies(&file.path, &file.text));
        findings.extend(manifests::generated(&file.path, &file.text));
    }
    findings.extend(manifests::wasm_bindgen(
        files.iter().map(|file| (&*file.path, &*file.text)),
    ));
    findings
}

/// The Rust files, with those marked as tests that a `#[cfg(test)] mod name;` names.
fn sources(files: &[File]) -> Vec<Source> {
    let mut sources: Vec<Source> = files
        .iter()
        .filter(|file| {
            Path::new(&file.path)
                .extension()
                .is_some_and(|extension| extension == "rs")
        })
        .map(|file| Source::new(&file.path, &file.text))
        .collect();
    let mut test_files = BTreeSet::new();
    for source in &sources {
        let folder = match source.path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
            _ => source.path.trim_end_matches(".rs").to_owned(),
        };
        test_files.extend(
            source
                .test_modules()
                .into_iter()
                .map(|module| format!("{folder}/{module}")),
        );
    }
    for source in &mut sources {
        let stem = source.path.trim_end_matches(".rs");
        source.is_test |= test_files
            .iter()
            .any(|test| stem == test || stem.starts_with(&format!("{test}/")));
    }
    sources
}

/// What git tracks or would track; in an unpacked archive, everything but the folders that builds fill.
fn read(root: &Path) -> Result<Vec<File>> {
    let listed = process::capture(Command::new("git").current_dir(root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]));
    let mut paths = Vec::new();
    if let Ok(listed) = listed {
        paths.extend(
            listed
                .split('\0')
                .filter(|path| !path.is_empty())
                .map(str::to_owned),
        );
    } else {
        walk(root, root, &mut paths)?;
    }
    paths.sort();
    paths.dedup();
    let mut files = Vec::new();
    for path in paths {
        let full = root.join(&path);
        if !full.is_file() {
            continue; // deleted, not yet committed
        }
        let content = std::fs::read(&full).with_context(|| format!("cannot read {path}"))?;
        if let Ok(text) = String::from_utf8(content) {
            files.push(File { path, text });
        }
    }
    if files.is_empty() {
        bail!("tidy found no files at {}", root.display());
    }
    Ok(files)
}

fn walk(root: &Path, folder: &Path, paths: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let relative = path.strip_prefix(root)?.to_string_lossy().into_owned();
        if ["target", "web/dist", "e2e/node_modules", ".git"].contains(&relative.as_str()) {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, paths)?;
        } else {
            paths.push(relative);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_file_that_a_test_attribute_names_is_a_test() {
        let sources = sources(&[
            file(
                "server/src/store/mod.rs",
                "#[cfg(test)]\nmod fixtures;\nmod real;\n",
            ),
            file("server/src/store/real.rs", "#[cfg(test)] mod deep;"),
            file("server/src/store/fixtures.rs", ""),
            file("server/src/store/real/deep.rs", ""),
        ]);
        let tests: Vec<bool> = sources.iter().map(|source| source.is_test).collect();
        assert_eq!(tests, [false, false, true, true]);
    }

    #[test]
    fn findings_of_every_group_arrive() {
        let files = [
            file(
                "server/src/domain/x.rs",
                "use axum::Json;\nfn f() { let s = \"SELECT a FROM b\"; s.expose(); }\n",
            ),
            file("server/src/app.rs", "#[allow(dead_code)]\nstruct KeyManager;\n"),
            file("Cargo.toml", "[workspace.dependencies]\nserde = \"1\"\n"),
            file("yarn.lock", ""),
        ];
        let paths: Vec<String> = check(&files).into_iter().map(|finding| finding.message).collect();
        for word in ["axum", "SQL", "expose", "reason", "KeyManager", "generated"] {
            assert!(
                paths.iter().any(|message| message.contains(word)),
                "{word}: {paths:#?}"
            );
        }
    }

    #[test]
    fn this_repository_can_be_read_without_git() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["a.rs", "sub/b.rs", "target/c.rs", "web/dist/d.js"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let mut paths = Vec::new();
        walk(folder.path(), folder.path(), &mut paths).unwrap();
        paths.sort();
        assert_eq!(paths, ["a.rs", "sub/b.rs"]);
    }
}
