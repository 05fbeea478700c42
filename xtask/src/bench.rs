//! `cargo xtask bench`: what the release costs, beside a bare client that asks the same upstream,
//! and what a person waits for in a real Chromium.

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::build;
use crate::node;
use crate::site::{self, Flavour};
use crate::size;
use crate::steps::Steps;
use crate::test::browser;
use crate::tools;
use crate::workspace::{Workspace, must_succeed};

/// Builds the release and prints the figures of `server/benches/product`.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let mut steps = Steps::new(5);
    steps.step("Toolchain", || tools::wasm_target(workspace))?;
    steps.step("Browser", || Ok(((), browser::tools(workspace)?)))?;
    let site = site::build(workspace, Flavour::Release, &mut steps)?;
    let binary = build::server(workspace, &site, &mut steps)?;
    size::run(workspace)?;
    let steps_in_browser = workspace.root.join("end2end/figures/steps.mjs");
    let mut cargo = workspace.cargo("bench");
    cargo.args(["--quiet", "-p", "server", "--bench", "product"]);
    must_succeed(
        cargo
            .env("RESTANTE_BIN", &binary)
            .env("RESTANTE_SITE", &site.folder)
            .env("RESTANTE_BROWSER_STEPS", steps_in_browser)
            .env("RESTANTE_NODE", node::program(workspace)?)
            .env(
                "CHROMIUM",
                browser::chromium().context("chromium is missing")?,
            ),
    )?;
    Ok(ExitCode::SUCCESS)
}
