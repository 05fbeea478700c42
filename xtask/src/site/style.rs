//! Bundles the style sheets into one file and reads the static files of `style/public`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::files_below;

/// The index of the app's style sheets.
pub(super) const APP: &str = "components.css";
/// The index of the sign-in page's style sheets, which are inlined in its document.
pub(super) const SIGN_IN: &str = "sign-in.css";

/// Joins the style sheets in cascade order: `tokens.css`, `base.css`, then what the file `index`
/// imports, in its order.
///
/// # Errors
/// A sheet in the folder that [`APP`] does not import is an error: it would be missing from the
/// pages of the app.
pub(super) fn bundle(style: &Path, index: &str) -> Result<String> {
    let mut all = String::new();
    for file in sheets(style, index)? {
        let sheet =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        if sheet.contains("@import") {
            bail!("{}: only {APP} and {SIGN_IN} may import", file.display());
        }
        all.push_str(&without_comments(&sheet));
    }
    Ok(all)
}

/// Returns the paths of the sheets that [`bundle`] joins.
fn sheets(style: &Path, index: &str) -> Result<Vec<PathBuf>> {
    let mut order: Vec<PathBuf> = ["tokens.css", "base.css"]
        .map(|first| style.join(first))
        .into_iter()
        .filter(|path| path.is_file())
        .collect();
    let path = style.join(index);
    if path.is_file() {
        for target in imports(&path)? {
            if order.contains(&target) {
                bail!("{index} imports {} twice", target.display());
            }
            order.push(target);
        }
    }
    if index == APP {
        let known: BTreeSet<&PathBuf> = order.iter().collect();
        for file in files_below(style)? {
            let is_index = [APP, SIGN_IN].iter().any(|index| file == style.join(index));
            let is_public = file.starts_with(style.join("public"));
            let is_sheet = file.extension().is_some_and(|ending| ending == "css");
            if is_sheet && !is_public && !is_index && !known.contains(&file) {
                bail!(
                    "{} is imported by nothing: name it in style/{APP}",
                    file.display()
                );
            }
        }
    }
    Ok(order)
}

/// Returns the files of `style/public` by name and content.
pub(super) fn public_files(style: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let public = style.join("public");
    if !public.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for path in files_below(&public)? {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .with_context(|| format!("{} has no plain name", path.display()))?;
        files.push((name.to_owned(), fs::read(&path)?));
    }
    Ok(files)
}

fn imports(index: &Path) -> Result<Vec<PathBuf>> {
    let text = without_comments(&fs::read_to_string(index)?);
    let folder = index.parent().unwrap_or(index);
    let mut targets = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let name = line
            .strip_prefix("@import url(\"")
            .and_then(|rest| rest.strip_suffix("\");"))
            .with_context(|| {
                format!("{}: `{line}` is not `@import url(\"…\");`", index.display())
            })?;
        targets.push(folder.join(name));
    }
    Ok(targets)
}

/// Removes comments and blank lines to reduce the download.
fn without_comments(sheet: &str) -> String {
    let mut uncommented = String::with_capacity(sheet.len());
    let mut rest = sheet;
    while let Some((before, after)) = rest.split_once("/*") {
        uncommented.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    uncommented.push_str(rest);
    let mut lines = String::with_capacity(uncommented.len());
    for line in uncommented
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        lines.push_str(line);
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A temporary folder, removed on drop.
    struct Folder(PathBuf);

    impl Folder {
        fn with(name: &str, files: &[(&str, &str)]) -> Self {
            let root = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
            for (path, content) in files {
                let path = root.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            Self(root)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).ok();
        }
    }

    #[test]
    fn sheets_come_in_the_order_of_the_imports() {
        let folder = Folder::with(
            "order",
            &[
                ("tokens.css", ":root { --a: 1px }\n"),
                (
                    "components.css",
                    "/* order */\n@import url(\"components/z.css\");\n@import url(\"components/a.css\");\n",
                ),
                ("components/a.css", ".a { x: y }\n"),
                ("components/z.css", "/* gone */ .z { x: y }\n"),
            ],
        );
        assert_eq!(
            bundle(&folder.0, APP).unwrap(),
            ":root { --a: 1px }\n.z { x: y }\n.a { x: y }\n"
        );
    }

    #[test]
    fn the_sign_in_page_has_the_sheets_that_its_index_names() {
        let folder = Folder::with(
            "sign-in",
            &[
                ("base.css", ".base { x: y }\n"),
                (
                    "components.css",
                    "@import url(\"a.css\");\n@import url(\"b.css\");\n",
                ),
                ("sign-in.css", "@import url(\"b.css\");\n"),
                ("a.css", ".a { x: y }\n"),
                ("b.css", ".b { x: y }\n"),
            ],
        );
        assert_eq!(
            bundle(&folder.0, SIGN_IN).unwrap(),
            ".base { x: y }\n.b { x: y }\n"
        );
        bundle(&folder.0, APP).unwrap();
    }

    #[test]
    fn a_sheet_that_nothing_imports_fails_the_build() {
        let folder = Folder::with(
            "orphan",
            &[("components.css", ""), ("components/lost.css", ".a { }")],
        );
        let error = bundle(&folder.0, APP).unwrap_err().to_string();
        assert!(error.contains("lost.css"), "{error}");
    }
}
