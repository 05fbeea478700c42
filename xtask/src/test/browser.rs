//! The stories in a real Chromium: Playwright against one `restante demo` per test.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::build;
use crate::node;
use crate::site::{self, Flavour};
use crate::steps::Steps;
use crate::tools::{self, Needed};
use crate::workspace::Workspace;

/// Finds or installs the browser, Node.js and the locked npm packages.
pub(crate) fn tools(workspace: &Workspace) -> Result<String> {
    let mut needed = vec![
        Needed {
            program: "node",
            package: "nodejs",
        },
        Needed {
            program: "npm",
            package: "npm",
        },
        // A story damages the server's stored data.
        Needed {
            program: "sqlite3",
            package: "sqlite3",
        },
    ];
    if chromium().is_none() {
        needed.push(Needed {
            program: "chromium",
            package: "chromium",
        });
    }
    let found = tools::debian(&needed)?;
    node::install(workspace)?;
    let done = match node::packages(&workspace.root.join("end2end"))? {
        true => "installed",
        false => "as locked",
    };
    Ok(format!("{found}, npm packages {done}"))
}

/// Runs all stories; returns true if all passed. `is_built`: another part has just built the
/// server.
///
/// The page is the release build, because it is the build that is shipped and its cold build is the
/// faster one.
pub(super) fn run(workspace: &Workspace, is_built: bool) -> Result<bool> {
    println!("\nIn Chromium");
    let mut steps = Steps::new(if is_built { 3 } else { 4 });
    steps.step("Toolchain", || tools::wasm_target(workspace))?;
    let site = site::build(workspace, Flavour::Release, &mut steps)?;
    // The server's tests have built it already. Building it again with the server's features alone
    // would recompile half of the dependency tree.
    let binary = if is_built {
        workspace.target.join("debug/restante")
    } else {
        build::dev_server(workspace, &mut steps)?
    };
    let status = Command::new(node::program(workspace)?)
        .current_dir(workspace.root.join("end2end"))
        .args(["node_modules/@playwright/test/cli.js", "test"])
        .env("RESTANTE_BINARY", binary)
        .env("RESTANTE_SITE_DIR", &site.folder)
        .env("CHROMIUM", chromium().context("chromium is missing")?)
        .status()
        .context("could not start Playwright")?;
    Ok(status.success())
}

/// Returns the browser: the one that `CHROMIUM` names, otherwise the system's.
pub(crate) fn chromium() -> Option<PathBuf> {
    match env::var_os("CHROMIUM") {
        Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
        None => tools::find("chromium"),
    }
}
