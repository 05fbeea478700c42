//! `cargo xtask bench`: what the release costs, beside a bare client that asks the same upstream.

use std::process::ExitCode;

use anyhow::Result;

use crate::build;
use crate::site::{self, Flavour};
use crate::size;
use crate::steps::Steps;
use crate::tools;
use crate::workspace::{Workspace, must_succeed};

/// Builds the release and prints the figures of `server/benches/product`.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let mut steps = Steps::new(4);
    steps.step("Toolchain", || tools::wasm_target(workspace))?;
    let site = site::build(workspace, Flavour::Release, &mut steps)?;
    let binary = build::server(workspace, &site, &mut steps)?;
    size::run(workspace)?;
    let mut cargo = workspace.cargo("bench");
    cargo.args(["--quiet", "-p", "server", "--bench", "product"]);
    must_succeed(
        cargo
            .env("RESTANTE_BIN", &binary)
            .env("RESTANTE_SITE", &site.folder),
    )?;
    Ok(ExitCode::SUCCESS)
}
