//! `cargo xtask size`: measures the page's download size against budget.toml.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::site::{self, Flavour, files_below};
use crate::steps::Steps;
use crate::tools;
use crate::workspace::Workspace;

const KEY: &str = "wasm_and_js_brotli_bytes";
const CEILING: &str = "ceiling_bytes";

/// Builds the release page, prints the sum and fails if it exceeds the budget.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let mut steps = Steps::new(3);
    steps.step("Toolchain", || tools::wasm_target(workspace))?;
    let site = site::build(workspace, Flavour::Release, &mut steps)?;
    let mut sum_bytes = 0;
    for file in files_below(&site.page)? {
        if file.extension().is_some_and(|ending| ending == "br") {
            sum_bytes += fs::metadata(&file)?.len();
        }
    }
    let path = workspace.root.join("budget.toml");
    let text = fs::read_to_string(&path).context("budget.toml is missing")?;
    println!("{}", Budget::parse(&text)?.judge(sum_bytes)?);
    Ok(ExitCode::SUCCESS)
}

#[derive(Debug, PartialEq, Eq)]
struct Budget {
    bytes: u64,
    ceiling_bytes: u64,
}

impl Budget {
    fn parse(text: &str) -> Result<Self> {
        let table: toml::Table = text.parse().context("budget.toml")?;
        let number = |key: &str| {
            table
                .get(key)
                .and_then(toml::Value::as_integer)
                .and_then(|value| u64::try_from(value).ok())
                .with_context(|| format!("budget.toml has no number `{key}`"))
        };
        let budget = Self {
            bytes: number(KEY)?,
            ceiling_bytes: number(CEILING)?,
        };
        if budget.bytes > budget.ceiling_bytes {
            bail!("budget.toml: `{KEY}` lies above `{CEILING}`");
        }
        Ok(budget)
    }

    fn judge(&self, sum_bytes: u64) -> Result<String> {
        let Self { bytes, .. } = self;
        if sum_bytes == 0 {
            bail!("the site holds no compressed page: the build is broken");
        }
        if sum_bytes > *bytes {
            bail!(
                "WASM and JS: {sum_bytes} bytes (brotli), {} over the budget of {bytes}. \
                 Make it smaller, or raise `{KEY}` in a commit of its own with the reason",
                sum_bytes - bytes
            );
        }
        let mut line = format!("WASM and JS: {sum_bytes} bytes (brotli), budget {bytes}");
        if sum_bytes < bytes / 100 * 95 {
            line.push_str(&format!("; `{KEY}` can come down to {sum_bytes}"));
        }
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget {
        bytes: 1_000,
        ceiling_bytes: 2_000,
    };

    #[test]
    fn one_byte_over_the_budget_fails() {
        assert!(BUDGET.judge(1_000).is_ok());
        let error = BUDGET.judge(1_001).unwrap_err().to_string();
        assert!(error.contains("1 over"), "{error}");
    }

    #[test]
    fn an_empty_build_is_no_success() {
        assert!(BUDGET.judge(0).is_err());
    }

    #[test]
    fn a_budget_above_the_ceiling_is_refused() {
        let text = format!("{KEY} = 3000\n{CEILING} = 2000\n");
        assert!(Budget::parse(&text).is_err());
    }
}
