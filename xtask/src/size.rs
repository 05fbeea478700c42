//! `cargo xtask size`: measures the page's download sizes against budget.toml.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};

use crate::site::{self, Flavour, files_below};
use crate::steps::Steps;
use crate::tools;
use crate::workspace::Workspace;

/// The budget of the files that a page loads before it is interactive.
const FIRST_LOAD: &str = "wasm_and_js_brotli_bytes";
const CEILING: &str = "ceiling_bytes";
/// The table of the budgets of the modules that are loaded later.
const LAZY: &str = "lazy_modules_brotli_bytes";

/// Builds the release page, prints the sizes and fails if one exceeds its budget.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let mut steps = Steps::new(3);
    steps.step("Toolchain", || tools::wasm_target(workspace))?;
    let site = site::build(workspace, Flavour::Release, &mut steps)?;
    let path = workspace.root.join("budget.toml");
    let text = fs::read_to_string(&path).context("budget.toml is missing")?;
    for line in Budget::parse(&text)?.check(&Sizes::of(&site.page)?)? {
        println!("{line}");
    }
    Ok(ExitCode::SUCCESS)
}

/// The sizes of a page's compressed files.
#[derive(Debug, Default)]
struct Sizes {
    first_load: u64,
    /// By the name of the module.
    lazy: BTreeMap<String, u64>,
}

impl Sizes {
    fn of(page: &Path) -> Result<Self> {
        let mut sizes = Self::default();
        for file in files_below(page)? {
            let name = file.file_name().and_then(|name| name.to_str());
            let Some(name) = name.and_then(|name| name.strip_suffix(".br")) else {
                continue;
            };
            sizes.add(name, fs::metadata(&file)?.len());
        }
        Ok(sizes)
    }

    fn add(&mut self, name: &str, size_bytes: u64) {
        let module = name
            .strip_prefix("split_")
            .and_then(|name| name.strip_suffix(".wasm"));
        match module {
            Some(module) => _ = self.lazy.insert(module.to_owned(), size_bytes),
            None => self.first_load += size_bytes,
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Budget {
    first_load: u64,
    lazy: BTreeMap<String, u64>,
}

impl Budget {
    fn parse(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse().context("budget.toml")?;
        let number = |value: Option<&toml::Value>, key: &str| {
            value
                .and_then(toml::Value::as_integer)
                .and_then(|value| u64::try_from(value).ok())
                .with_context(|| format!("budget.toml has no number `{key}`"))
        };
        let lazy = table.get(LAZY).and_then(toml::Value::as_table);
        let lazy = lazy.with_context(|| format!("budget.toml has no table `{LAZY}`"))?;
        let budget = Self {
            first_load: number(table.get(FIRST_LOAD), FIRST_LOAD)?,
            lazy: lazy
                .iter()
                .map(|(name, value)| Ok((name.clone(), number(Some(value), name)?)))
                .collect::<Result<_>>()?,
        };
        if budget.first_load > number(table.get(CEILING), CEILING)? {
            bail!("budget.toml: `{FIRST_LOAD}` lies above `{CEILING}`");
        }
        Ok(budget)
    }

    /// Returns a line for each size, or an error for all of them if one is over its budget.
    fn check(&self, sizes: &Sizes) -> Result<Vec<String>> {
        ensure!(
            self.lazy.keys().eq(sizes.lazy.keys()),
            "budget.toml: `{LAZY}` lists other modules than the build has: {:?}",
            sizes.lazy.keys()
        );
        let first_load = (
            "First load, WASM and JS".to_owned(),
            FIRST_LOAD,
            sizes.first_load,
            self.first_load,
        );
        let lazy = self.lazy.iter().zip(sizes.lazy.values());
        let lazy = lazy.map(|((name, budget), size)| {
            (format!("Module `{name}`"), name.as_str(), *size, *budget)
        });
        let mut lines = Vec::new();
        let mut excesses = Vec::new();
        for (what, key, size, budget) in std::iter::once(first_load).chain(lazy) {
            ensure!(
                size > 0,
                "{what}: the site has no compressed file, the build is broken"
            );
            let mut line = format!("{what}: {size} bytes (brotli), budget {budget}");
            if size > budget {
                line.push_str(&format!("; {} over `{key}`", size - budget));
                excesses.push(line);
                continue;
            }
            if size < budget / 100 * 95 {
                line.push_str(&format!("; `{key}` can come down to {size}"));
            }
            lines.push(line);
        }
        if !excesses.is_empty() {
            bail!(
                "{}. Make it smaller, or raise the budget in a commit of its own with the reason",
                excesses.join("; ")
            );
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "wasm_and_js_brotli_bytes = 1_000\nceiling_bytes = 2_000\n\
                        [lazy_modules_brotli_bytes]\nlazy = 500\n";

    fn check(files: &[(&str, u64)]) -> Result<Vec<String>> {
        let mut sizes = Sizes::default();
        for (name, size) in files {
            sizes.add(name, *size);
        }
        Budget::parse(TEXT)?.check(&sizes)
    }

    #[test]
    fn one_byte_over_a_budget_fails() {
        let lines = check(&[("a.js", 100), ("a_bg.wasm", 900), ("split_lazy.wasm", 500)]);
        assert_eq!(lines.unwrap().len(), 2);
        let error = check(&[("a.js", 101), ("a_bg.wasm", 900), ("split_lazy.wasm", 500)]);
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("1 over `wasm_and_js_brotli_bytes`"),
            "{error}"
        );
        let error = check(&[("a.js", 100), ("split_lazy.wasm", 501)]);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("1 over `lazy`"), "{error}");
    }

    #[test]
    fn an_empty_build_is_no_success() {
        assert!(check(&[("split_lazy.wasm", 500)]).is_err());
        assert!(check(&[("a.js", 100), ("split_lazy.wasm", 0)]).is_err());
    }

    #[test]
    fn each_lazy_module_has_a_budget() {
        assert!(check(&[("a.js", 100)]).is_err());
        let more = [
            ("a.js", 100),
            ("split_lazy.wasm", 1),
            ("split_more.wasm", 1),
        ];
        assert!(check(&more).is_err());
    }

    #[test]
    fn a_budget_above_the_ceiling_is_refused() {
        assert!(Budget::parse(&TEXT.replace("2_000", "999")).is_err());
    }
}
