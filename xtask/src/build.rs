//! `cargo xtask build`: builds the release as one self-contained file.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::site::{self, Flavour, Site};
use crate::steps::Steps;
use crate::tools;
use crate::workspace::{Workspace, must_succeed};

/// Builds `target/release/restante` with the page embedded.
pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let mut steps = Steps::new(4);
    steps.step("Toolchain", || tools::wasm_target(workspace))?;
    let site = site::build(workspace, Flavour::Release, &mut steps)?;
    let binary = server(workspace, &site, &mut steps)?;
    println!("{} is ready.", workspace.relative(&binary).display());
    println!(
        "Its files, with .br and .gz beside each: {}",
        workspace.relative(&site.folder).display()
    );
    Ok(ExitCode::SUCCESS)
}

/// Builds the release server with the files of `site` embedded.
pub(crate) fn server(workspace: &Workspace, site: &Site, steps: &mut Steps) -> Result<PathBuf> {
    let binary = workspace.target.join("release/restante");
    let title = site::with_hint("Server: release build", !binary.is_file(), "5 min");
    steps.step(&title, || {
        let mut cargo = workspace.cargo("build");
        cargo.args(["--release", "-p", "server"]);
        must_succeed(cargo.env("RESTANTE_SITE", &site.folder))?;
        let size_bytes = fs::metadata(&binary)
            .with_context(|| format!("cargo left no {}", binary.display()))?
            .len();
        let result = format!("{:.1} MB, page included", site::megabytes(size_bytes));
        Ok((binary, result))
    })
}

/// Builds the server without the page. It reads the folder named by `RESTANTE_SITE_DIR`, so a
/// change of the page does not relink the server.
pub(crate) fn dev_server(workspace: &Workspace, steps: &mut Steps) -> Result<PathBuf> {
    let binary = workspace.target.join("debug/restante");
    let is_first = !binary.is_file();
    let title = site::with_hint("Server: compiling", is_first, "2 to 3 min");
    steps.step(&title, || {
        let mut cargo = workspace.cargo("build");
        cargo.args(["-p", "server"]);
        if !is_first {
            cargo.arg("--quiet");
        }
        must_succeed(&mut cargo)?;
        Ok((binary, "ready".to_owned()))
    })
}
