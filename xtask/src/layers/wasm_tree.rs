//! Invariant 2: the crates that must not be part of the browser build.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::sources::Findings;
use crate::workspace::{Workspace, output_of};

/// Crates that must not be part of the page.
const BANNED: [&str; 6] = ["tokio", "rustls", "sqlx", "regex", "chrono-tz", "jiff"];

/// Edges that are allowed because the page's framework declares them: `leptos_config` reads
/// Cargo.toml on the host with them. The page does not call them, and the linker removes them.
const KNOWN: [(&str, &str); 1] = [("regex", "leptos_config")];

pub(super) fn check(workspace: &Workspace) -> Result<Findings> {
    let tree = output_of(workspace.cargo("tree").args([
        "--package",
        "frontend",
        "--target",
        "wasm32-unknown-unknown",
        "--edges",
        "normal",
        "--prefix",
        "depth",
        "--format",
        " {p}",
    ]))?;
    let edges = edges(&tree)?;
    Ok(judge(&edges))
}

fn judge(edges: &BTreeSet<(String, String)>) -> Findings {
    edges
        .iter()
        .filter(|(_, child)| BANNED.contains(&child.as_str()) || child.starts_with("mail-"))
        .filter(|(parent, child)| !KNOWN.contains(&(child.as_str(), parent.as_str())))
        .map(|(parent, child)| format!("{child} is in the page's tree, by {parent}"))
        .collect()
}

/// Parses the edges (parent, child) of `cargo tree --prefix depth --format " {p}"`. Each line has a
/// depth, a name and a version. A repeated package is printed without its children, so each edge
/// occurs at least once.
fn edges(tree: &str) -> Result<BTreeSet<(String, String)>> {
    let mut edges = BTreeSet::new();
    let mut ancestors: Vec<String> = Vec::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let mut columns = line.split_whitespace();
        let (Some(depth), Some(name)) = (
            columns.next().and_then(|column| column.parse().ok()),
            columns.next(),
        ) else {
            bail!("cargo tree printed a line without a depth and a name: {line}");
        };
        ancestors.truncate(depth);
        if let Some(parent) = ancestors.last() {
            edges.insert((parent.clone(), name.to_owned()));
        }
        ancestors.push(name.to_owned());
    }
    if edges.is_empty() {
        bail!("cargo tree printed nothing for the page");
    }
    Ok(edges)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "\
0 frontend v0.1.0 (/somewhere)
1 app v0.1.0 (/somewhere)
2 leptos v0.8.23
3 leptos_config v0.8.0
4 regex v1.0.0
2 serde v1.0.0
1 serde v1.0.0 (*)
";

    #[test]
    fn the_edge_that_the_framework_declares_is_known() {
        assert!(judge(&edges(TREE).unwrap()).is_empty());
    }

    #[test]
    fn the_same_crate_by_another_path_is_found() {
        let tree = format!("{TREE}1 regex v1.0.0 (*)\n");
        assert_eq!(
            judge(&edges(&tree).unwrap()),
            ["regex is in the page's tree, by frontend"]
        );
    }

    #[test]
    fn any_mail_crate_is_found() {
        let tree = format!("{TREE}2 mail-net v0.1.0\n");
        assert_eq!(judge(&edges(&tree).unwrap()).len(), 1);
    }

    #[test]
    fn empty_output_is_an_error() {
        assert!(edges("").is_err());
    }
}
