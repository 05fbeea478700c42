//! Invariant 3: mail-proto does no I/O and reads no clock, because it builds without `std`.

use anyhow::Result;

use crate::sources::{Findings, Sources};
use crate::tools;
use crate::workspace::Workspace;

/// A target without an operating system: `std` is not available to any crate.
const TARGET: &str = "x86_64-unknown-none";

pub(super) fn check(workspace: &Workspace, sources: &Sources) -> Result<Findings> {
    let mut findings = Findings::new();
    let declares = sources
        .find("server/crates/mail-proto/src/lib.rs")
        .is_some_and(|source| source.text.contains("#![no_std]"));
    if !declares {
        findings.push("server/crates/mail-proto/src/lib.rs: no `#![no_std]`".to_owned());
    }
    tools::rust_target(workspace, TARGET)?;
    let status = workspace
        .cargo("check")
        .args(["--quiet", "--package", "mail-proto", "--target", TARGET])
        .status()?;
    if !status.success() {
        findings.push(format!("mail-proto does not compile for {TARGET} (above)"));
    }
    Ok(findings)
}
