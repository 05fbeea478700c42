//! `cargo xtask check-layers`: checks the architecture's invariants against the sources and cargo's
//! resolved dependencies.
//!
//! Each check returns its findings as lines that name the location and the fix. All checks run; one
//! finding fails the command.

mod circles;
mod directions;
mod house;
mod licences;
mod metadata;
mod no_std;
mod origins;
mod rooms;
mod sockets;
mod wasm_tree;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;

use self::metadata::Metadata;
use crate::docs;
use crate::sources::{Findings, Sources};
use crate::workspace::Workspace;

/// Runs all checks and prints their findings.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let metadata = Metadata::read(workspace)?;
    let sources = Sources::read(workspace)?;
    let mut total = 0;
    let mut check = |name: &str, run: &mut dyn FnMut() -> Result<Findings>| -> Result<()> {
        let start = Instant::now();
        let findings = run()?;
        let verdict = match findings.len() {
            0 => "ok".to_owned(),
            count => format!("{count} found"),
        };
        println!("{name}: {verdict} ({:.1} s)", start.elapsed().as_secs_f64());
        for finding in &findings {
            println!("    {finding}");
        }
        total += findings.len();
        Ok(())
    };

    check("dependency directions", &mut || {
        Ok(directions::check(&metadata))
    })?;
    check("WebAssembly tree", &mut || wasm_tree::check(workspace))?;
    check("mail-proto without std", &mut || {
        no_std::check(workspace, &sources)
    })?;
    check("who connects and who listens", &mut || {
        Ok(sockets::check(&sources))
    })?;
    check("licences", &mut || Ok(licences::check(&metadata)))?;
    check("origins and banned crates", &mut || {
        origins::check(workspace)
    })?;
    check("circles between modules", &mut || {
        Ok(circles::check(&sources))
    })?;
    check("rooms of the server", &mut || Ok(rooms::check(&sources)))?;
    check("house rules", &mut || Ok(house::check(&sources)))?;
    check("docs that are made from the sources", &mut || {
        docs::check(workspace, &sources)
    })?;

    if total == 0 {
        println!(
            "check-layers: all {} sources and {} packages keep the rules",
            sources.len(),
            metadata.len()
        );
        Ok(ExitCode::SUCCESS)
    } else {
        println!("check-layers: {total} found");
        Ok(ExitCode::FAILURE)
    }
}
