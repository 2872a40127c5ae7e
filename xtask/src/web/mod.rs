//! `cargo xtask web`: the admin interface as files that the server embeds.

mod assets;
mod bindgen;
pub mod compiler;
mod page;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::process;
use crate::terminal::{human_size, say};
use crate::workspace::Workspace;
use assets::{Asset, Compression};
use compiler::{How, TARGET};

/// Options of the command.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// How to come by a standard library for WebAssembly
    #[arg(long, value_enum, default_value_t = How::Auto)]
    pub how: How,
    /// Build fast, keep names and assertions, compress nothing
    #[arg(long)]
    pub debug: bool,
    /// Install missing Debian packages (done unasked when CI is set)
    #[arg(long)]
    pub install: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            how: How::Auto,
            debug: false,
            install: false,
        }
    }
}

/// One file of the bundle, for reports.
#[derive(Debug, Clone)]
pub struct Size {
    /// Its name in the page's template.
    pub name: String,
    /// Bytes as they are.
    pub raw: u64,
    /// Bytes with gzip, or as they are.
    pub gzip: u64,
    /// Bytes with brotli, or as they are.
    pub brotli: u64,
}

/// Builds the bundle into `web/dist` and prints its sizes.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let module = build(workspace, options)?;
    say("turning the module into what a browser loads");
    let generated = bindgen::generate(&module, options.debug)?;
    let mut found = assets::read_static(&workspace.path("web/static"))?;
    found.push(Asset::new("web.wasm", generated.wasm));
    found.push(Asset::new("web.js", generated.js.into_bytes()));
    let boot = page::boot_script(&found)?;
    found.push(Asset::new("boot.js", boot.into_bytes()));

    let template_path = workspace.path("web/static/index.html");
    let template = std::fs::read_to_string(&template_path)
        .with_context(|| format!("cannot read the page's template {}", template_path.display()))?;
    let page = page::render(&template, &found)?;

    let dist = workspace.path("web/dist");
    let compression = if options.debug {
        Compression::None
    } else {
        Compression::BrotliAndGzip
    };
    let mut sizes = Vec::new();
    let mut kept = BTreeSet::new();
    for asset in &found {
        let written = assets::write(asset, &dist, compression)?;
        kept.extend(written.paths);
        sizes.push(written.size);
    }
    // The page comes last: whoever reads the folder meanwhile finds every file that it names.
    let index = dist.join("index.html");
    assets::replace_if_changed(&index, page.as_bytes())?;
    kept.insert(index);
    assets::remove_all_but(&dist, &kept)?;
    print_sizes(&sizes);
    Ok(())
}

/// Sizes of what lies in `web/dist` now: every file that the page names.
pub fn first_visit(workspace: &Workspace) -> Result<Vec<Size>> {
    let dist = workspace.path("web/dist");
    let index = std::fs::read_to_string(dist.join("index.html"))
        .context("there is no bundle in web/dist: run `cargo xtask web`")?;
    let size = |path: &Path| std::fs::metadata(path).ok().map(|file| file.len());
    page::named_files(&index)
        .into_iter()
        .map(|name| {
            let path = dist.join(name.trim_start_matches('/'));
            let raw = size(&path)
                .with_context(|| format!("the page names {name}, but {} does not exist", path.display()))?;
            let is_module = path.extension().is_some_and(|extension| extension == "wasm");
            if is_module && !assets::beside(&path, "br").is_file() {
                bail!("web/dist holds a debug bundle: run `cargo xtask web`");
            }
            let beside = |suffix| size(&assets::beside(&path, suffix)).unwrap_or(raw);
            Ok(Size {
                raw,
                gzip: beside("gz"),
                brotli: beside("br"),
                name,
            })
        })
        .collect()
}

fn build(workspace: &Workspace, options: &Options) -> Result<PathBuf> {
    let compiler = compiler::choose(options.how, options.install || crate::machine::in_ci())?;
    say(format_args!("web: {}", compiler.describe()));
    // A folder of its own: other flags and perhaps another compiler would make cargo build everything again.
    let target = workspace.target("web");
    let (profile, folder) = if options.debug {
        ("dev", "debug")
    } else {
        ("wasm-release", "wasm-release")
    };
    let mut command = compiler.cargo_build();
    command
        .current_dir(workspace.root())
        .args([
            "--package",
            "web",
            "--bin",
            "web",
            "--profile",
            profile,
            "--target-dir",
        ])
        .arg(&target);
    process::run(&mut command)?;
    let module = target.join(TARGET).join(folder).join("web.wasm");
    if !module.is_file() {
        bail!("cargo built the crate `web`, but left no {}", module.display());
    }
    Ok(module)
}

fn print_sizes(sizes: &[Size]) {
    say(format_args!(
        "{:<24}{:>12}{:>12}{:>12}",
        "web/dist", "raw", "gzip", "brotli"
    ));
    let line = |name: &str, raw, gzip, brotli| {
        say(format_args!(
            "{name:<24}{:>12}{:>12}{:>12}",
            human_size(raw),
            human_size(gzip),
            human_size(brotli)
        ));
    };
    for size in sizes {
        line(&size.name, size.raw, size.gzip, size.brotli);
    }
    let sum = |of: fn(&Size) -> u64| sizes.iter().map(of).sum();
    line("together", sum(|s| s.raw), sum(|s| s.gzip), sum(|s| s.brotli));
}
