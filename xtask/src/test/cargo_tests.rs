//! Tests run by cargo, counted from the summary line of each test program.

use std::io::{BufRead as _, BufReader};
use std::ops::AddAssign;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::workspace::Workspace;

/// Passed and failed tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The module with the cases that need real servers, in `server/tests` and in the interop tests of
/// `mail-net`.
const SERVER_CASES: &str = "servers::";

/// Runs the tests without external programs: unit, property, documentation and in-process tests of
/// the product, and the tests of xtask.
pub(super) fn unit(workspace: &Workspace) -> Result<Count> {
    let mut count =
        counted(
            workspace
                .cargo("test")
                .args(["--no-fail-fast", "--", "--skip", SERVER_CASES]),
        )?;
    count += counted(workspace.cargo("test").args(["--package", "xtask"]))?;
    Ok(count)
}

/// Runs the cases against real servers.
///
/// Selects the same packages as [`unit()`], so that nothing is compiled twice.
pub(super) fn servers(workspace: &Workspace) -> Result<Count> {
    counted(workspace.cargo("test").args([
        "--no-fail-fast",
        "--test",
        "server",
        "--test",
        "interop",
        "--",
        SERVER_CASES,
        // Each case starts its own servers; two cores can run two cases.
        "--test-threads=2",
    ]))
}

fn counted(command: &mut Command) -> Result<Count> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("could not start cargo")?;
    let stdout = child.stdout.take().context("cargo has no output")?;
    let mut count = Count::default();
    let mut ignored = 0;
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        if let Some(result) = Summary::parse(&line) {
            count.passed += result.passed;
            count.failed += result.failed;
            ignored += result.ignored;
        }
    }
    let status = child.wait()?;
    if !status.success() && count.failed == 0 {
        bail!("cargo test ended with {status} before its tests could say why");
    }
    if status.success() && count.passed == 0 {
        bail!("no test ran");
    }
    if ignored > 0 {
        println!("{ignored} ignored: here that counts as failed, choose with --only instead");
        count.failed += ignored;
    }
    Ok(count)
}

/// The summary line of one test program.
#[derive(Debug, PartialEq, Eq)]
struct Summary {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Summary {
    /// Parses `test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out; …`.
    fn parse(line: &str) -> Option<Self> {
        let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let count = |label: &str| {
            counts
                .split("; ")
                .find_map(|part| part.strip_suffix(label)?.trim().parse().ok())
        };
        Some(Self {
            passed: count("passed")?,
            failed: count("failed")?,
            ignored: count("ignored")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_line_is_read() {
        let line = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; \
                    3 filtered out; finished in 0.10s";
        assert_eq!(
            Summary::parse(line),
            Some(Summary {
                passed: 12,
                failed: 2,
                ignored: 1
            })
        );
    }

    #[test]
    fn other_lines_are_not_counted() {
        assert_eq!(Summary::parse("test imap::literals ... ok"), None);
        assert_eq!(Summary::parse("running 3 tests"), None);
    }
}
