//! `docs/protocols.md` names the test that proves each of its rows: those tests have to exist.

use std::fs;

use anyhow::{Context as _, Result};

use super::Findings;
use super::sources::Sources;
use crate::workspace::Workspace;

const PAGE: &str = "docs/protocols.md";

pub(super) fn check(workspace: &Workspace, sources: &Sources) -> Result<Findings> {
    let page = fs::read_to_string(workspace.root.join(PAGE))
        .with_context(|| format!("cannot read {PAGE}"))?;
    let text_of = |path: &str| {
        let source = sources.iter().find(|source| source.path == path);
        source.map(|source| source.text.as_str())
    };
    Ok(findings(&page, text_of))
}

/// Goes through the page; `text_of` returns a source file by its path from the root.
fn findings<'a>(page: &str, text_of: impl Fn(&str) -> Option<&'a str>) -> Findings {
    let mut findings = Findings::new();
    let mut rows = 0;
    for (number, line) in (1..).zip(page.lines()) {
        let is_row = line.starts_with("| ") && !line.ends_with("| proved by |");
        if !is_row {
            continue;
        }
        rows += 1;
        let tests = tests_of(line);
        if tests.is_empty() {
            findings.push(format!("{PAGE}:{number}: a row that names no test"));
        }
        for (name, path) in tests {
            match text_of(path) {
                None => findings.push(format!("{PAGE}:{number}: there is no {path}")),
                Some(text) if !has_test(text, name) => {
                    findings.push(format!("{PAGE}:{number}: {path} has no test {name}"));
                }
                Some(_) => {}
            }
        }
    }
    if rows == 0 {
        findings.push(format!("{PAGE}: no row at all"));
    }
    findings
}

/// The links of a row, as name and path from the root.
fn tests_of(row: &str) -> Vec<(&str, &str)> {
    let links = row.split('[').skip(1);
    links
        .filter_map(|link| {
            let (name, behind) = link.split_once("](../")?;
            Some((name, behind.split_once(')')?.0))
        })
        .collect()
}

/// Tells whether a function of this name stands behind an attribute that makes it a test.
fn has_test(text: &str, name: &str) -> bool {
    text.match_indices("test").any(|(at, _)| {
        let Some((attribute, behind)) = text[at..].split_once(']') else {
            return false;
        };
        if attribute.contains('\n') || !text[..at].trim_end_matches("tokio::").ends_with("#[") {
            return false;
        }
        let function = behind.trim_start().trim_start_matches("async ");
        function
            .strip_prefix("fn ")
            .and_then(|function| function.strip_prefix(name))
            .is_some_and(|behind| behind.starts_with('('))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str =
        "#[test]\nfn one() {}\n\n#[tokio::test]\nasync fn two() {}\n\nfn three() {}\n";

    fn of(page: &str) -> Findings {
        findings(page, |path| (path == "a/b.rs").then_some(SOURCE))
    }

    #[test]
    fn tests_that_are_there_are_found() {
        let row = "| AUTH | best wins | [one](../a/b.rs)<br>[two](../a/b.rs) |\n";
        assert_eq!(of(row), Findings::new());
    }

    #[test]
    fn what_is_no_test_or_not_there_is_told_with_its_line() {
        let page = "| row | what | proved by |\n|---|---|---|\n| A | x | [three](../a/b.rs) |\n\
                    | B | x | [on](../a/b.rs) |\n| C | x | [one](../a/c.rs) |\n| D | x | none |\n";
        assert_eq!(
            of(page),
            [
                "docs/protocols.md:3: a/b.rs has no test three",
                "docs/protocols.md:4: a/b.rs has no test on",
                "docs/protocols.md:5: there is no a/c.rs",
                "docs/protocols.md:6: a row that names no test",
            ]
        );
        assert_eq!(of("nothing\n"), ["docs/protocols.md: no row at all"]);
    }
}
