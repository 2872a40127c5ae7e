//! wasm-bindgen: from a compiled module to a module and the script that loads it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

/// What wasm-bindgen makes.
pub struct Generated {
    /// The script with the function that starts the module.
    pub js: String,
    /// The module.
    pub wasm: Vec<u8>,
}

/// Runs wasm-bindgen in this process.
pub fn generate(module: &Path, debug: bool) -> Result<Generated> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        .typescript(false)
        .out_name("web")
        .web(true)?;
    // The module's address is given by the boot script; a guess from the script's own address would be wrong.
    bindgen.omit_default_module_path(true);
    if debug {
        bindgen.debug(true).keep_debug(true);
    } else {
        bindgen.remove_name_section(true).remove_producers_section(true);
    }
    let mut output = bindgen
        .generate_output()
        .with_context(|| format!("wasm-bindgen cannot read {}", module.display()))?;
    if output.js().contains("/snippets/") {
        bail!(
            "a dependency of `web` brings its own JavaScript files, which would be served without a hash in their \
             names: find it with `cargo tree -p web` and do without"
        );
    }
    Ok(Generated {
        js: output.js().to_owned(),
        wasm: output.wasm_mut().emit_wasm(),
    })
}
