//! `cargo xtask docs`: writes the parts of docs/ that are generated from the sources.
//!
//! `check-layers` fails if a generated page is out of date.

mod proofs;
mod red_cases;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::sources::{Findings, Sources};
use crate::workspace::Workspace;

/// A page and its expected content.
struct Page {
    path: &'static str,
    text: String,
}

/// Writes every page that is out of date.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let sources = Sources::read(workspace)?;
    let (pages, findings) = pages(workspace, &sources)?;
    for finding in &findings {
        println!("{finding}");
    }
    for page in &pages {
        if read(workspace, page.path)? != page.text {
            fs::write(workspace.root.join(page.path), &page.text)
                .with_context(|| format!("cannot write {}", page.path))?;
            println!("{}: written", page.path);
        }
    }
    Ok(match findings.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Returns the errors in the sources of the pages, and the pages that are out of date.
pub(crate) fn check(workspace: &Workspace, sources: &Sources) -> Result<Findings> {
    let (pages, mut findings) = pages(workspace, sources)?;
    for page in &pages {
        if read(workspace, page.path)? != page.text {
            findings.push(format!(
                "{}: not up to date, `cargo xtask docs` writes it",
                page.path
            ));
        }
    }
    Ok(findings)
}

fn pages(workspace: &Workspace, sources: &Sources) -> Result<(Vec<Page>, Findings)> {
    let rows = read(workspace, proofs::ROWS)?;
    let (text, findings) = proofs::page(&rows, sources);
    let proofs = Page {
        path: proofs::PAGE,
        text,
    };
    let decision = read(workspace, red_cases::PAGE)?;
    let measured = read(workspace, red_cases::MEASURED)?;
    let red_cases = Page {
        path: red_cases::PAGE,
        text: red_cases::page(&decision, &measured)?,
    };
    Ok((vec![proofs, red_cases], findings))
}

/// Reads a file below the root; a missing file is empty.
fn read(workspace: &Workspace, path: &str) -> Result<String> {
    match fs::read_to_string(workspace.root.join(path)) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {path}")),
    }
}
