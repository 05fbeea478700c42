//! `docs/protocols-tests.md`: the tests that prove each row of `docs/protocols.md`.
//!
//! A test names the row that it proves in a line above its attribute:
//! `// docs/protocols.md, SMTP: BDAT`.

use std::fmt::Write as _;

use crate::sources::{Findings, Sources};

/// The page with the rows.
pub(super) const ROWS: &str = "docs/protocols.md";
/// The generated page.
pub(super) const PAGE: &str = "docs/protocols-tests.md";

/// The prefix of a line that names a row.
const MARK: &str = "// docs/protocols.md, ";

/// A test that proves a row.
struct Proof<'s> {
    section: &'s str,
    row: &'s str,
    path: &'s str,
    line: usize,
    /// `None` if no test follows the line that names the row.
    test: Option<&'s str>,
}

/// Returns the page and the mismatches: rows without a test, tests without a row.
pub(super) fn page(rows: &str, sources: &Sources) -> (String, Findings) {
    let mut proofs: Vec<Proof<'_>> = sources
        .rust()
        .flat_map(|source| proofs_in(&source.path, &source.text))
        .collect();
    proofs.sort_by_key(|proof| (proof.path, proof.line));
    let mut findings = Findings::new();
    let mut page = String::from(
        "# Protocols: the tests behind each row\n\nWritten by `cargo xtask docs` from the lines \
         above the tests, row by row of [protocols.md](protocols.md).\n",
    );
    let mut listed = Vec::new();
    for (number, section, row) in rows_of(rows) {
        if listed.last().is_none_or(|(last, _)| *last != section) {
            let _ = write!(page, "\n## {section}\n\n");
        }
        listed.push((section, row));
        let is_of_row = |proof: &&Proof<'_>| proof.section == section && proof.row == row;
        let tests: Vec<String> = proofs
            .iter()
            .filter(is_of_row)
            .filter_map(|proof| Some(format!("[{}](../{})", proof.test?, proof.path)))
            .collect();
        if tests.is_empty() {
            findings.push(format!(
                "{ROWS}:{number}: no test says `{MARK}{section}: {row}`"
            ));
        }
        let _ = writeln!(page, "- **{row}**: {}", tests.join(", "));
    }
    if listed.is_empty() {
        findings.push(format!("{ROWS}: no row at all"));
    }
    for proof in &proofs {
        let location = format!("{}:{}", proof.path, proof.line);
        if proof.test.is_none() {
            findings.push(format!("{location}: no test follows"));
        }
        if !listed.contains(&(proof.section, proof.row)) {
            let (section, row) = (proof.section, proof.row);
            findings.push(format!("{location}: {ROWS} has no row `{section}: {row}`"));
        }
    }
    (page, findings)
}

/// Returns the rows of the tables with their sections and line numbers.
fn rows_of(page: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    let mut section = "";
    let mut is_in_table = false;
    (1..).zip(page.lines()).filter_map(move |(number, line)| {
        if let Some(title) = line.strip_prefix("## ") {
            section = title;
        }
        let cells = line.strip_prefix("| ");
        let is_below_heading = std::mem::replace(&mut is_in_table, line.starts_with('|'));
        let row = cells?.split(" | ").next()?;
        is_below_heading.then_some((number, section, row))
    })
}

fn proofs_in<'s>(path: &'s str, text: &'s str) -> impl Iterator<Item = Proof<'s>> {
    let lines: Vec<&str> = text.lines().collect();
    (0..lines.len()).filter_map(move |at| {
        let (section, row) = lines[at].trim().strip_prefix(MARK)?.split_once(": ")?;
        let mut following = lines[at + 1..].iter().map(|line| line.trim());
        let is_before_test = |line: &&str| line.starts_with("//") || line.starts_with("#[");
        let test = following
            .find(|line| !is_before_test(line))
            .and_then(|line| {
                let name = line.trim_start_matches("async ").strip_prefix("fn ")?;
                name.split(['(', '<']).next()
            });
        let has_attribute = lines[at + 1..]
            .iter()
            .take_while(|line| is_before_test(&line.trim()))
            .any(|line| line.contains("test"));
        Some(Proof {
            section,
            row,
            path,
            line: at + 1,
            test: test.filter(|_| has_attribute),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS_OF_TWO: &str = "# x\n\n## SMTP\n\n| row | what is done |\n|---|---|\n\
                               | EHLO, HELO | EHLO first |\n| BDAT | in pieces |\n";

    fn page_of(lines: &[&str]) -> (String, Findings) {
        page(ROWS_OF_TWO, &Sources::of(&[("a/b.rs", &lines.join("\n"))]))
    }

    #[test]
    fn each_row_has_the_tests_that_name_it() {
        let (page, findings) = page_of(&[
            "// docs/protocols.md, SMTP: EHLO, HELO",
            "#[test]",
            "fn one() {}",
            "",
            "// docs/protocols.md, SMTP: BDAT",
            "// docs/protocols.md, SMTP: EHLO, HELO",
            "#[tokio::test]",
            "async fn two() {}",
        ]);
        assert_eq!(findings, Findings::new());
        let list = "## SMTP\n\n- **EHLO, HELO**: [one](../a/b.rs), [two](../a/b.rs)\n\
                    - **BDAT**: [two](../a/b.rs)\n";
        assert!(page.ends_with(list), "{page}");
    }

    #[test]
    fn a_row_without_a_test_and_a_test_without_a_row_are_reported() {
        let (_, findings) = page_of(&[
            "// docs/protocols.md, SMTP: EHLO, HELO",
            "fn no_test() {}",
            "",
            "// docs/protocols.md, POP3: BDAT",
            "#[test]",
            "fn one() {}",
        ]);
        assert_eq!(
            findings,
            [
                "docs/protocols.md:7: no test says `// docs/protocols.md, SMTP: EHLO, HELO`",
                "docs/protocols.md:8: no test says `// docs/protocols.md, SMTP: BDAT`",
                "a/b.rs:1: no test follows",
                "a/b.rs:4: docs/protocols.md has no row `POP3: BDAT`",
            ]
        );
        let (_, findings) = page("nothing\n", &Sources::of(&[]));
        assert_eq!(findings, ["docs/protocols.md: no row at all"]);
    }
}
