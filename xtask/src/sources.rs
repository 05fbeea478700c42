//! The project's own source files.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::site::files_below;
use crate::workspace::Workspace;

/// The folders of the sources. They contain no generated files; npm packages are left out.
const FOLDERS: [&str; 10] = [
    "app/src",
    "frontend/src",
    "server/src",
    "server/crates",
    "server/tests",
    "server/benches",
    "server/fuzz/fuzz_targets",
    "server/fuzz/src",
    "style",
    "xtask/src",
];

/// End-to-end sources, without the npm packages beside them.
const STORIES: [&str; 2] = ["end2end/stories", "end2end/support"];

/// The findings of a check, one line each.
pub(crate) type Findings = Vec<String>;

/// All source files: Rust, style sheets, stories.
pub(crate) struct Sources {
    files: Vec<Source>,
}

/// One source file.
pub(crate) struct Source {
    /// The path relative to the root, with `/` as separator.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Sources {
    pub(crate) fn read(workspace: &Workspace) -> Result<Self> {
        let mut files = Vec::new();
        for folder in FOLDERS.iter().chain(&STORIES) {
            let folder = workspace.root.join(folder);
            if !folder.is_dir() {
                continue;
            }
            for file in files_below(&folder)? {
                if !is_source(&file) || is_installed(&file) {
                    continue;
                }
                let text = fs::read_to_string(&file)
                    .with_context(|| format!("cannot read {}", file.display()))?;
                let path = workspace
                    .relative(&file)
                    .to_string_lossy()
                    .replace('\\', "/");
                files.push(Source { path, text });
            }
        }
        Ok(Self { files })
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| Source {
                path: (*path).to_owned(),
                text: (*text).to_owned(),
            })
            .collect();
        Self { files }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    pub(crate) fn rust(&self) -> impl Iterator<Item = &Source> {
        self.iter().filter(|source| source.path.ends_with(".rs"))
    }

    pub(crate) fn find(&self, path: &str) -> Option<&Source> {
        self.iter().find(|source| source.path == path)
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }
}

impl Source {
    /// Returns whether the whole file is for tests, benches or fuzzing.
    pub(crate) fn is_test(&self) -> bool {
        let mut folders = self.path.split('/').rev();
        let file = folders.next().unwrap_or_default();
        let is_apart = |folder| matches!(folder, "tests" | "benches" | "fuzz");
        file == "tests.rs" || folders.any(is_apart)
    }

    /// Returns the numbered lines of product code, without comments and without the tests at the
    /// end.
    pub(crate) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines: Vec<&str> = if self.is_test() {
            Vec::new()
        } else {
            self.text.lines().collect()
        };
        let end = lines
            .windows(2)
            .position(|pair| {
                matches!(pair, [attribute, module]
                    if attribute.trim() == "#[cfg(test)]" && module.starts_with("mod ") && module.ends_with('{'))
            })
            .unwrap_or(lines.len());
        lines
            .into_iter()
            .take(end)
            .enumerate()
            .map(|(index, line)| (index + 1, line))
            .filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn is_source(file: &Path) -> bool {
    file.extension()
        .is_some_and(|ending| ending == "rs" || ending == "css" || ending == "ts")
}

/// Whether a file belongs to an npm package beside a test that reads with it.
fn is_installed(file: &Path) -> bool {
    file.iter().any(|folder| folder == "node_modules")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npm_packages_are_not_sources() {
        assert!(is_installed(Path::new("a/tests/node_modules/b/c.ts")));
        assert!(!is_installed(Path::new("a/tests/read_back.ts")));
    }

    #[test]
    fn product_lines_leave_out_comments_and_tests_but_keep_their_numbers() {
        let source = Source {
            path: "app/src/a.rs".to_owned(),
            text: "//! a\nfn a() {}\n// b\nfn c() {}\n#[cfg(test)]\nmod tests {\n}\n".to_owned(),
        };
        let lines: Vec<_> = source.product_lines().collect();
        assert_eq!(lines, [(2, "fn a() {}"), (4, "fn c() {}")]);
    }

    #[test]
    fn a_declared_test_file_hides_no_product_lines() {
        let source = Source {
            path: "app/src/a.rs".to_owned(),
            text: "mod a;\n#[cfg(test)]\nmod tests;\nfn b() {}\n".to_owned(),
        };
        assert_eq!(source.product_lines().last(), Some((4, "fn b() {}")));
    }

    #[test]
    fn files_in_test_folders_are_tests() {
        let is_test = |path: &str| {
            let text = String::new();
            let path = path.to_owned();
            Source { path, text }.is_test()
        };
        assert!(is_test("server/tests/main.rs"));
        assert!(is_test("server/crates/mail-mime/src/clean/tests.rs"));
        assert!(!is_test("server/src/meaning/contests.rs"));
    }
}
