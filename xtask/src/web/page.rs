//! The one document, and the script that starts the module.
//!
//! The template is `web/static/index.html`. A file is named there as `{{style.css}}`: the name it has in `web/static`,
//! or one of the three that are made here: `web.wasm`, `web.js`, `boot.js`.

use anyhow::{Context as _, Result, bail};

use super::assets::Asset;

/// What every visit needs and the template must therefore name.
const REQUIRED: [&str; 3] = ["boot.js", "web.js", "web.wasm"];

/// The script that starts the module. It is a file because the content security policy refuses inline scripts.
pub fn boot_script(assets: &[Asset]) -> Result<String> {
    let (js, wasm) = (url(assets, "web.js")?, url(assets, "web.wasm")?);
    Ok(format!(
        "import init from \"{js}\";\nawait init({{ module_or_path: \"{wasm}\" }});\n"
    ))
}

/// The document: the template with the addresses filled in.
pub fn render(template: &str, assets: &[Asset]) -> Result<String> {
    refuse_inline(template)?;
    let mut page = String::with_capacity(template.len() * 2);
    let mut rest = without_comments(template);
    for name in REQUIRED {
        if !rest.contains(&format!("{{{{{name}}}}}")) {
            bail!("web/static/index.html does not name {{{{{name}}}}}, which every first visit loads");
        }
    }
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after
            .split_once("}}")
            .context("web/static/index.html has {{ without }}")?;
        page.push_str(before);
        page.push_str(&url(assets, name.trim())?);
        rest = after.to_owned();
    }
    page.push_str(&rest);
    Ok(page)
}

/// Every file that a document names with `src=` or `href=` on this server.
pub fn named_files(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in ["src=\"", "href=\""] {
        for (start, _) in page.match_indices(attribute) {
            let value = &page[start + attribute.len()..];
            let value = value.split('"').next().unwrap_or_default();
            if value.starts_with("/assets/") && !found.iter().any(|known| known == value) {
                found.push(value.to_owned());
            }
        }
    }
    found
}

fn url(assets: &[Asset], name: &str) -> Result<String> {
    let asset = assets
        .iter()
        .find(|asset| asset.name() == name)
        .with_context(|| {
            let known: Vec<&str> = assets.iter().map(Asset::name).collect();
            format!(
                "web/static/index.html names {name}, but there are only: {}",
                known.join(", ")
            )
        })?;
    Ok(asset.url())
}

/// Comments explain the template to its authors, not to browsers.
fn without_comments(template: &str) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("<!--") {
        text.push_str(before);
        rest = after
            .split_once("-->")
            .map_or("", |(_, after)| after.trim_start_matches('\n'));
    }
    text.push_str(rest);
    text
}

/// The content security policy would refuse them in the browser; better to refuse them here.
fn refuse_inline(template: &str) -> Result<()> {
    let text = without_comments(template).to_ascii_lowercase();
    if text.contains("<style") || text.contains(" style=") {
        bail!(
            "web/static/index.html has an inline style, which the content security policy refuses: use style.css"
        );
    }
    let inline = text.match_indices("<script").any(|(start, _)| {
        let tag = text[start..].split('>').next().unwrap_or_default();
        !tag.contains(" src=")
    });
    if inline {
        bail!(
            "web/static/index.html has an inline script, which the content security policy refuses: use a file"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets() -> Vec<Asset> {
        ["style.css", "web.js", "web.wasm", "boot.js"]
            .iter()
            .map(|name| Asset::new(name, name.as_bytes().to_vec()))
            .collect()
    }

    const GOOD: &str = "<!-- {{nothing}} -->\n<link rel=\"stylesheet\" href=\"{{style.css}}\">\
        <link rel=\"modulepreload\" href=\"{{web.js}}\"><link rel=\"preload\" href=\"{{web.wasm}}\">\
        <script type=\"module\" src=\"{{boot.js}}\"></script>";

    #[test]
    fn every_placeholder_becomes_an_address() {
        let page = render(GOOD, &assets()).unwrap();
        assert!(!page.contains("{{") && !page.contains("<!--"), "{page}");
        let mut named = named_files(&page);
        let mut expected: Vec<String> = assets().iter().map(Asset::url).collect();
        named.sort();
        expected.sort();
        assert_eq!(named, expected);
    }

    #[test]
    fn what_a_browser_would_refuse_or_miss_is_an_error() {
        for (bad, why) in [
            (GOOD.replace("{{web.wasm}}", "/x"), "web.wasm"),
            (GOOD.replace("{{style.css}}", "{{missing.css}}"), "missing.css"),
            (format!("{GOOD}{{{{style.css"), "}}"),
            (format!("{GOOD}<script>alert(1)</script>"), "inline script"),
            (format!("{GOOD}<style>a{{}}</style>"), "inline style"),
            (format!("{GOOD}<p style=\"color:red\">"), "inline style"),
        ] {
            let error = render(&bad, &assets()).unwrap_err().to_string();
            assert!(error.contains(why), "{why}: {error}");
        }
    }

    #[test]
    fn the_boot_script_names_module_and_loader() {
        let script = boot_script(&assets()).unwrap();
        assert!(
            script.contains("/assets/web-") && script.contains(".wasm\" });"),
            "{script}"
        );
        assert!(boot_script(&[]).is_err());
    }
}
