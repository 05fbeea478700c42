//! Generates the table of decision 006 from measurements: the classes of hostile servers with
//! failing tests while a defence was disabled.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};

/// The page of the decision.
pub(super) const PAGE: &str = "docs/decisions/006-hostile-peers.md";
/// The measurements: one line per run, with the disabled defences and the failed cases, separated
/// by a tab.
pub(super) const MEASURED: &str = "docs/decisions/006-red-cases.tsv";

const BEGIN: &str = "<!-- written by `cargo xtask docs` -->";
const END: &str = "<!-- end of what is written -->";
const PROTOCOLS: [&str; 3] = ["imap", "pop3", "smtp"];

/// The number of runs with failed cases in a class, and the maximum number of failed cases in one
/// run.
#[derive(Debug, Clone, Copy, Default)]
struct Red {
    runs: u32,
    most: u32,
}

/// Returns the decision with its table.
pub(super) fn page(decision: &str, measured: &str) -> Result<String> {
    let (before, rest) = decision
        .split_once(BEGIN)
        .with_context(|| format!("{PAGE} has no place for its table"))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("the table of {PAGE} has no end"))?;
    Ok(format!(
        "{before}{BEGIN}\n\n{}\n{END}{after}",
        table(measured)?
    ))
}

fn table(measured: &str) -> Result<String> {
    let mut classes: BTreeMap<&str, [Red; 3]> = BTreeMap::new();
    let mut runs = 0;
    for line in measured.lines().filter(|line| !line.starts_with('#')) {
        let (_, red) = line
            .split_once('\t')
            .with_context(|| format!("{MEASURED}: no tab in `{line}`"))?;
        runs += 1;
        for of_protocol in red.split("; ") {
            let (protocol, cases) = of_protocol
                .split_once(": ")
                .with_context(|| format!("{MEASURED}: no protocol in `{of_protocol}`"))?;
            let Some(column) = PROTOCOLS.iter().position(|known| *known == protocol) else {
                bail!("{MEASURED}: {protocol} is no protocol");
            };
            for case in cases.split(", ") {
                let (class, count) = case
                    .rsplit_once(' ')
                    .with_context(|| format!("{MEASURED}: no count in `{case}`"))?;
                let count = count.parse().context("a count")?;
                let red = &mut classes.entry(class).or_default()[column];
                red.runs += 1;
                red.most = red.most.max(count);
            }
        }
    }
    let mut table = format!(
        "{runs} runs, each with other defences off. A cell: the most cases that one run made red, \
         and in how many runs any was.\n\n| class | IMAP | POP3 | SMTP |\n|---|---|---|---|\n"
    );
    for (class, reds) in classes {
        let cells = reds.map(|red| match red.runs {
            0 => String::new(),
            runs => format!("{} in {runs}", red.most),
        });
        let _ = writeln!(table, "| {class} | {} |", cells.join(" | "));
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_has_its_most_cases_and_its_runs_by_protocol() {
        let measured = "# off\tred\na\timap: fin 3, rst 1; smtp: fin 2\nb\timap: fin 7\n";
        let decision = format!("why\n{BEGIN}\nold\n{END}\ncost\n");
        let page = page(&decision, measured).expect("a table");
        let rows = "| fin | 7 in 2 |  | 2 in 1 |\n| rst | 1 in 1 |  |  |\n";
        assert!(page.contains(rows), "{page}");
        assert!(page.starts_with("why\n") && page.ends_with("cost\n"));
        assert!(!page.contains("old"));
    }

    #[test]
    fn unreadable_measurements_are_errors() {
        for measured in ["a", "a\tx", "a\tftp: fin 3", "a\timap: fin"] {
            assert!(table(measured).is_err(), "{measured}");
        }
        assert!(page("no marks", "").is_err());
    }
}
