//! Builds the page's files: WebAssembly and its glue, one style sheet and icons, under names with a
//! content hash, and a `manifest` that gives these names to the server.
//!
//! ```text
//! SITE/manifest                 pkg=a/HASH  css=main.HASH.css  icons=icons.HASH.svg  (one a line)
//! SITE/a/HASH/restante.js       restante_bg.wasm, split_lazy.wasm: its relative imports stay valid
//! SITE/a/main.HASH.css          SITE/a/icons.HASH.svg and whatever else style/public holds
//! SITE/sign-in.css              the sheet that the sign-in page carries in its document
//! ```

mod compress;
mod glue;
mod page;
mod split;
mod style;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::steps::Steps;
use crate::workspace::Workspace;

/// The build profile of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// Quick to rebuild, uncompressed, in `target/site`.
    Dev,
    /// Small, with `.br` and `.gz` beside each file, in `target/site-release`.
    Release,
}

impl Flavour {
    fn profile(self) -> &'static str {
        match self {
            Self::Dev => "wasm-dev",
            Self::Release => "wasm-release",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Dev => "site",
            Self::Release => "site-release",
        }
    }
}

/// A finished site.
pub(crate) struct Site {
    /// The folder the server reads or embeds.
    pub(crate) folder: PathBuf,
    /// The folder of the WebAssembly and its glue.
    pub(crate) page: PathBuf,
}

/// Builds the site in two steps; the second is skipped if none of its inputs changed.
///
/// No optimiser runs after the linker: it saves 1 % of the transferred size, and the size would
/// then depend on the tools installed on the machine.
pub(crate) fn build(workspace: &Workspace, flavour: Flavour, steps: &mut Steps) -> Result<Site> {
    let profile = flavour.profile();
    let is_first = !page::module(workspace, profile).is_file();
    let title = with_hint("Page: compiling to WebAssembly", is_first, "1 to 2 min");
    let wasm = steps.step(&title, || {
        let is_quiet = !is_first && flavour == Flavour::Dev;
        page::compile(workspace, profile, is_quiet).map(|wasm| (wasm, "ready".to_owned()))
    })?;
    steps.step("Page: bindings, style sheet, icons", || {
        assemble(workspace, flavour, &wasm)
    })
}

fn assemble(workspace: &Workspace, flavour: Flavour, wasm: &Path) -> Result<(Site, String)> {
    let folder = workspace.target.join(flavour.folder());
    let stamp = workspace
        .target
        .join(format!("{}.fingerprint", flavour.folder()));
    let style = workspace.root.join("style");
    let fingerprint = fingerprint(wasm, &style)?;
    if let Some(page) = page_folder(&folder)
        && fs::read_to_string(&stamp).is_ok_and(|old| old == fingerprint)
    {
        return Ok((Site { folder, page }, "unchanged".to_owned()));
    }
    // Written to a new folder and renamed, so that an interrupted build leaves no partial site.
    remove_if_there(&stamp, |path| fs::remove_file(path))?;
    let staging = workspace.target.join(format!("{}.new", flavour.folder()));
    remove_if_there(&staging, |path| fs::remove_dir_all(path))?;
    fs::create_dir_all(staging.join("a"))?;

    let hash = page::bind(wasm, &staging.join("a"), flavour == Flavour::Release)?;
    let mut manifest = format!("pkg=a/{hash}\n");
    fs::write(
        staging.join("sign-in.css"),
        style::bundle(&style, style::SIGN_IN)?,
    )?;
    let css = style::bundle(&style, style::APP)?;
    let css_name = hashed_name("main.css", css.as_bytes());
    fs::write(staging.join("a").join(&css_name), css)?;
    manifest.push_str(&format!("css={css_name}\n"));
    for (name, content) in style::public_files(&style)? {
        let hashed = hashed_name(&name, &content);
        fs::write(staging.join("a").join(&hashed), content)?;
        let key = name.split('.').next().unwrap_or_default();
        manifest.push_str(&format!("{key}={hashed}\n"));
    }
    fs::write(staging.join("manifest"), manifest)?;
    if flavour == Flavour::Release {
        compress::precompress(&staging.join("a"))?;
    }

    remove_if_there(&folder, |path| fs::remove_dir_all(path))?;
    fs::rename(&staging, &folder)?;
    fs::write(&stamp, fingerprint)?;
    let page = folder.join("a").join(&hash);
    Ok((Site { folder, page }, format!("build {hash}")))
}

/// Returns a step's title, with the duration of its first run.
pub(crate) fn with_hint(title: &str, is_first: bool, time: &str) -> String {
    if is_first {
        format!("{title} (the first time: {time})")
    } else {
        title.to_owned()
    }
}

/// Hashes the inputs of the second step: the wasm and this program by size and time, the style by
/// content.
fn fingerprint(wasm: &Path, style: &Path) -> Result<String> {
    let mut digest = Sha256::new();
    for file in [wasm, &std::env::current_exe()?] {
        let meta = fs::metadata(file).with_context(|| format!("cannot read {}", file.display()))?;
        let modified = meta.modified()?.duration_since(UNIX_EPOCH)?;
        digest.update(meta.len().to_le_bytes());
        digest.update(modified.as_nanos().to_le_bytes());
    }
    for file in files_below(style)? {
        digest.update(file.as_os_str().as_encoded_bytes());
        digest.update([0]);
        digest.update(fs::read(&file)?);
    }
    Ok(hex(&digest.finalize()))
}

/// Returns the page's folder in a finished site, as named in its manifest.
fn page_folder(site: &Path) -> Option<PathBuf> {
    let manifest = fs::read_to_string(site.join("manifest")).ok()?;
    let page = manifest
        .lines()
        .find_map(|line| line.strip_prefix("pkg="))?;
    Some(site.join(page)).filter(|page| page.is_dir())
}

/// Returns every file below a folder, sorted, so that hashes do not depend on the file system.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        let entries =
            fs::read_dir(&current).with_context(|| format!("cannot read {}", current.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Formats a size in megabytes for messages.
#[expect(
    clippy::cast_precision_loss,
    reason = "a size in a message needs two digits"
)]
pub(crate) fn megabytes(size_bytes: u64) -> f64 {
    size_bytes as f64 / 1e6
}

/// Inserts the content's hash into a file name, before the extension.
fn hashed_name(name: &str, content: &[u8]) -> String {
    let hash = short_hash(&Sha256::digest(content));
    match name.split_once('.') {
        Some((stem, ending)) => format!("{stem}.{hash}.{ending}"),
        None => format!("{name}.{hash}"),
    }
}

/// Returns the first 8 bytes of a digest in hex.
fn short_hash(digest: &[u8]) -> String {
    hex(digest.get(..8).unwrap_or(digest))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn remove_if_there(path: &Path, remove: impl Fn(&Path) -> io::Result<()>) -> Result<()> {
    match remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hashed_name_keeps_its_whole_ending() {
        let name = hashed_name("restante.webmanifest", b"{}");
        assert!(name.starts_with("restante."), "{name}");
        assert!(name.ends_with(".webmanifest"), "{name}");
        assert_ne!(name, hashed_name("restante.webmanifest", b"{ }"));
    }
}
