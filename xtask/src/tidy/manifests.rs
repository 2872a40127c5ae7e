//! Rules for files that are not Rust.

use std::path::Path;

use super::Finding;

const LOCK_FILES: [&str; 2] = ["Cargo.lock", "e2e/package-lock.json"];

/// Package registries and folders of a developer's machine: neither belongs to the project.
pub fn foreign_names(path: &str, text: &str) -> Vec<Finding> {
    // Taken apart, or this file would break its own rule.
    let mut foreign = vec![
        concat!("crates", ".io"),
        concat!("registry.", "npmjs"),
        concat!("pypi", ".org"),
        concat!("deb.", "debian.org"),
        concat!("static.", "rust-lang.org"),
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
    ];
    if path == "Cargo.lock" {
        return Vec::new(); // cargo names its registry there
    }
    if path == "e2e/package-lock.json" {
        foreign.push("\"resolved\": \"http");
    }
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for name in &foreign {
            if line.contains(name) {
                findings.push(Finding::new(
                    path,
                    index + 1,
                    format!("names {name}, which is no part of the project"),
                ));
            }
        }
    }
    findings
}

/// A dependency stands once, in the workspace's table, with the reason it is worth its weight.
pub fn dependencies(path: &str, text: &str) -> Vec<Finding> {
    if Path::new(path)
        .file_name()
        .is_none_or(|name| name != "Cargo.toml")
    {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let mut table = "";
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            table = trimmed
                .split(']')
                .next()
                .unwrap_or_default()
                .trim_start_matches('[');
            continue;
        }
        let Some((name, value)) = trimmed.split_once('=').filter(|_| !trimmed.starts_with('#')) else {
            continue;
        };
        let name = name.trim();
        let own = value.contains("path =");
        if table == "workspace.dependencies" {
            let reason = trimmed.rsplit_once(" # ").map(|(_, reason)| reason.trim());
            if !own && reason.is_none_or(str::is_empty) {
                findings.push(Finding::new(
                    path,
                    index + 1,
                    format!("{name} has no reason: add `# why it is worth its weight`"),
                ));
            }
        } else if table.ends_with("dependencies") {
            let shared = name.ends_with(".workspace") || value.contains("workspace = true");
            if !shared && !own {
                let message = format!("{name} belongs into [workspace.dependencies], with its reason");
                findings.push(Finding::new(path, index + 1, message));
            }
        }
    }
    findings
}

/// The two lock files are the only generated files.
pub fn generated(path: &str, text: &str) -> Vec<Finding> {
    if LOCK_FILES.contains(&path) {
        return Vec::new();
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let suffix = [
        ".lock",
        "-lock.json",
        "-lock.yaml",
        ".lockb",
        ".wasm",
        ".br",
        ".gz",
        ".min.js",
        ".min.css",
        ".map",
        ".pyc",
        ".orig",
        ".rej",
        ".db",
        ".sqlite",
    ]
    .into_iter()
    .find(|suffix| name.ends_with(suffix));
    let folder = path
        .split('/')
        .find(|part| ["target", "node_modules"].contains(part));
    let mark = text
        .lines()
        .take(5)
        .find(|line| line.contains(concat!("@gene", "rated")));
    match suffix.or(folder).or(mark) {
        Some(what) => {
            let message =
                format!("looks generated ({what}): only the two lock files are generated and committed");
            vec![Finding::new(path, 1, message)]
        }
        None => Vec::new(),
    }
}

/// The library that reads a compiled module understands exactly one version of the library compiled into it.
pub fn wasm_bindgen<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Finding> {
    let Some((path, lock)) = files.into_iter().find(|(path, _)| *path == "Cargo.lock") else {
        return Vec::new();
    };
    let version = |name: &str| {
        let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        rest.split('"').next().map(str::to_owned)
    };
    let (library, tool) = (version("wasm-bindgen"), version("wasm-bindgen-cli-support"));
    if library == tool {
        return Vec::new();
    }
    let show = |version: Option<String>| version.unwrap_or_else(|| "missing".to_owned());
    let message = format!(
        "wasm-bindgen is {}, wasm-bindgen-cli-support is {}: they must be of one version",
        show(library),
        show(tool)
    );
    vec![Finding::new(path, 1, message)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_and_machine_paths_are_found() {
        for bad in [
            "see https://crates@io",
            "//registry@npmjs@org/",
            "=wo=",
            "=ro=",
            "pypi@org",
            "deb@debian@org",
        ] {
            let bad = bad
                .replace('@', ".")
                .replace("=wo=", "/wo\u{72}k/")
                .replace("=ro=", concat!("/ro", "ot/"));
            assert_eq!(foreign_names("README.md", &bad).len(), 1, "{bad}");
        }
        assert!(foreign_names("README.md", "the registry of your language").is_empty());
        assert!(foreign_names("Cargo.lock", concat!("crates", ".io")).is_empty());
        assert_eq!(
            foreign_names("e2e/package-lock.json", "\"resolved\": \"https://x\"").len(),
            1
        );
    }

    #[test]
    fn a_dependency_has_a_reason_and_one_place() {
        let bad = "[workspace.dependencies]\nserde = \"1\"\n[profile.dev]\ndebug = 1\n";
        assert_eq!(dependencies("Cargo.toml", bad).len(), 1);
        assert_eq!(
            dependencies("web/Cargo.toml", "[dependencies]\nserde = \"1\" # why\n").len(),
            1
        );
        assert_eq!(
            dependencies(
                "web/Cargo.toml",
                "[target.'cfg(unix)'.dependencies]\nserde = \"1\"\n"
            )
            .len(),
            1
        );
        let good = "[workspace.dependencies]\nshared = { path = \"shared\" }\n# data\nserde = \"1\" # why\n";
        assert!(dependencies("Cargo.toml", good).is_empty());
        let good = "[dependencies]\nserde.workspace = true\nx = { workspace = true, features = [\"a\"] }\n[lints]\na = 1\n";
        assert!(dependencies("web/Cargo.toml", good).is_empty());
        assert!(dependencies("server/other.toml", bad).is_empty());
    }

    #[test]
    fn generated_files_are_found() {
        for bad in [
            "yarn.lock",
            "server/fuzz/Cargo.lock",
            "web/static/web.wasm",
            "package-lock.json",
            "a/target/x",
        ] {
            assert_eq!(generated(bad, "").len(), 1, "{bad}");
        }
        assert_eq!(generated("a.rs", concat!("// @gene", "rated by x")).len(), 1);
        for good in [
            "Cargo.lock",
            "e2e/package-lock.json",
            "web/static/css/10-base.css",
            "server/src/store/lock.rs",
        ] {
            assert!(generated(good, "").is_empty(), "{good}");
        }
    }

    #[test]
    fn wasm_bindgen_has_one_version() {
        let lock = |tool: &str| {
            format!(
                "name = \"wasm-bindgen\"\nversion = \"0.2.130\"\n\nname = \"wasm-bindgen-cli-support\"\nversion = \"{tool}\"\n"
            )
        };
        let (same, other) = (lock("0.2.130"), lock("0.2.129"));
        assert!(wasm_bindgen([("Cargo.lock", same.as_str())].into_iter()).is_empty());
        assert_eq!(
            wasm_bindgen([("Cargo.lock", other.as_str())].into_iter()).len(),
            1
        );
    }
}
