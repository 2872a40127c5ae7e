//! Files whose names carry a hash of their content, so that a browser may keep them for ever.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::Size;

/// A file of the bundle.
#[derive(Debug, Clone)]
pub struct Asset {
    name: String,
    path: String,
    content: Vec<u8>,
}

/// What lies beside each file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Nothing: in development a stale copy would be served in place of the fresh file.
    None,
    /// `.br` and `.gz`.
    BrotliAndGzip,
}

/// What [`write`] left in the folder.
pub struct Written {
    /// Every file of the asset.
    pub paths: Vec<PathBuf>,
    /// Its sizes.
    pub size: Size,
}

impl Asset {
    /// A file known to the page's template by `name`, such as `style.css`.
    pub fn new(name: &str, content: Vec<u8>) -> Self {
        let hash = blake3::hash(&content).to_hex();
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "bin"));
        let path = format!("assets/{stem}-{}.{extension}", &hash[..16]);
        Self {
            name: name.to_owned(),
            path,
            content,
        }
    }

    /// The name in the template.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address on the server.
    pub fn url(&self) -> String {
        format!("/{}", self.path)
    }

    fn is_text_like(&self) -> bool {
        let extension = self.name.rsplit('.').next().unwrap_or_default();
        [
            "css",
            "html",
            "js",
            "json",
            "map",
            "svg",
            "txt",
            "wasm",
            "webmanifest",
        ]
        .contains(&extension)
    }
}

/// Every file in the folder of static sources but the page's template. The parts of the style sheet, `css/NN-name.css`,
/// become one file in the order of their numbers: a browser asks for it once.
pub fn read_static(folder: &Path) -> Result<Vec<Asset>> {
    let mut files = Vec::new();
    list(folder, &mut files)?;
    files.sort();
    let mut found = Vec::new();
    let mut style = Vec::new();
    for path in files {
        let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
        if name == "index.html" || name.starts_with('.') {
            continue;
        }
        let content = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if name.starts_with("css/") {
            style.extend_from_slice(&content);
        } else {
            found.push(Asset::new(&name, content));
        }
    }
    found.push(Asset::new("style.css", style));
    Ok(found)
}

/// Writes a file and its compressed forms. The name says what is inside: what is there already is right already.
pub fn write(asset: &Asset, dist: &Path, compression: Compression) -> Result<Written> {
    let path = dist.join(&asset.path);
    let mut paths = vec![path.clone()];
    replace_if_changed(&path, &asset.content)?;
    let raw = length(&asset.content);
    let mut size = Size {
        name: asset.name.clone(),
        raw,
        gzip: raw,
        brotli: raw,
    };
    if compression == Compression::BrotliAndGzip && asset.is_text_like() {
        for (suffix, compress, result) in [
            ("gz", gzip as fn(&[u8]) -> Result<Vec<u8>>, &mut size.gzip),
            ("br", brotli as fn(&[u8]) -> Result<Vec<u8>>, &mut size.brotli),
        ] {
            let path = beside(&path, suffix);
            if !path.is_file() {
                replace(&path, &compress(&asset.content)?)?;
            }
            *result = std::fs::metadata(&path)?.len();
            paths.push(path);
        }
    }
    Ok(Written { paths, size })
}

/// `web-0123.js` and `br` are `web-0123.js.br`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// Leaves an unchanged file alone, so that what is built from it is not built again.
pub fn replace_if_changed(path: &Path, content: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    replace(path, content)
}

/// Removes what an earlier build left behind.
pub fn remove_all_but(folder: &Path, kept: &BTreeSet<PathBuf>) -> Result<()> {
    let mut files = Vec::new();
    list(folder, &mut files)?;
    for path in files {
        if !kept.contains(&path) {
            std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let Some(folder) = path.parent() else {
        bail!("{} has no folder", path.display())
    };
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // A killed build must not leave half a file under a name that promises the whole.
    let part = beside(path, "part");
    std::fs::write(&part, content)
        .and_then(|()| std::fs::rename(&part, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn list(folder: &Path, into: &mut Vec<PathBuf>) -> Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, into)?;
        } else {
            into.push(path);
        }
    }
    Ok(())
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: 22,
        size_hint: content.len(),
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &*content, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn length(content: &[u8]) -> u64 {
    content.len() as u64
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn the_parts_of_the_style_sheet_become_one_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let css = folder.path().join("css");
        std::fs::create_dir(&css).unwrap();
        std::fs::write(css.join("90-last.css"), "b{}").unwrap();
        std::fs::write(css.join("10-first.css"), "a{}").unwrap();
        std::fs::write(folder.path().join("x.svg"), "<svg/>").unwrap();
        let found = read_static(folder.path()).unwrap();
        let names: Vec<&str> = found.iter().map(Asset::name).collect();
        assert_eq!(names, ["x.svg", "style.css"]);
        assert_eq!(found[1].content, b"a{}b{}");
    }

    #[test]
    fn the_name_follows_the_content() {
        let one = Asset::new("style.css", b"a{}".to_vec());
        let other = Asset::new("style.css", b"b{}".to_vec());
        assert_ne!(one.url(), other.url());
        assert!(one.url().starts_with("/assets/style-"), "{}", one.url());
        assert_eq!(one.url().len(), "/assets/style-.css".len() + 16);
    }

    #[test]
    fn compressed_files_open_again_and_stale_ones_go() {
        let folder = tempfile::tempdir().unwrap();
        let dist = folder.path();
        std::fs::create_dir_all(dist.join("assets")).unwrap();
        std::fs::write(dist.join("assets/style-old.css.br"), "stale").unwrap();
        let content = b"a { color: red }\n".repeat(50);
        let asset = Asset::new("style.css", content.clone());

        let written = write(&asset, dist, Compression::BrotliAndGzip).unwrap();
        assert_eq!(written.paths.len(), 3);
        assert!(written.size.brotli < written.size.raw && written.size.gzip < written.size.raw);
        let (mut gz, mut br) = (Vec::new(), Vec::new());
        let bytes = std::fs::read(&written.paths[1]).unwrap();
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_end(&mut gz)
            .unwrap();
        let bytes = std::fs::read(&written.paths[2]).unwrap();
        brotli::BrotliDecompress(&mut &bytes[..], &mut br).unwrap();
        assert_eq!((gz, br), (content.clone(), content));

        remove_all_but(dist, &written.paths.iter().cloned().collect()).unwrap();
        assert!(!dist.join("assets/style-old.css.br").exists());
        assert!(written.paths.iter().all(|path| path.exists()));

        let plain = write(&asset, dist, Compression::None).unwrap();
        assert_eq!(plain.paths.len(), 1);
        remove_all_but(dist, &plain.paths.iter().cloned().collect()).unwrap();
        assert!(!written.paths[1].exists() && !written.paths[2].exists());
    }

    #[test]
    fn an_unchanged_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        replace_if_changed(&path, b"one").unwrap();
        let before = std::fs::metadata(&path).unwrap().modified().unwrap();
        replace_if_changed(&path, b"one").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), before);
        replace_if_changed(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
    }
}
