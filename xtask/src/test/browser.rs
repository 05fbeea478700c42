//! The stories in a real Chromium: Playwright over `restante demo`, one for each test.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::build;
use crate::site::{self, Flavour};
use crate::steps::Steps;
use crate::tools::{self, Needed};
use crate::workspace::{Workspace, must_succeed};

/// What the Playwright of end2end/package-lock.json wants.
const NODE_MAJOR_MIN: u32 = 20;

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
    ];
    if chromium().is_none() {
        needed.push(Needed {
            program: "chromium",
            package: "chromium",
        });
    }
    let found = tools::debian(&needed)?;
    let version = Command::new("node").arg("--version").output()?.stdout;
    let version = String::from_utf8_lossy(&version);
    ensure!(
        node_major(&version).is_some_and(|major| major >= NODE_MAJOR_MIN),
        "Node.js {NODE_MAJOR_MIN} or newer is needed for the stories in Chromium, and `node` is \
         {} (Debian 12 has 18): put a newer one before it in PATH",
        version.trim()
    );
    let folder = workspace.root.join("end2end");
    let lock = fs::read(folder.join("package-lock.json"))
        .context("end2end/package-lock.json is missing")?;
    // `npm ci` deletes and writes thousands of files: only when the lock file changed.
    let stamp = folder.join("node_modules/.restante-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(format!("{found}, npm packages as locked"));
    }
    println!("      installing the npm packages of end2end/package-lock.json");
    must_succeed(
        Command::new("npm")
            .current_dir(&folder)
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )?;
    fs::write(&stamp, lock)?;
    Ok(format!("{found}, npm packages installed"))
}

/// Runs all stories; true when all passed. `is_built`: another part has just built the server.
///
/// The page is the release build: it is what people get, and a cold build of it is the quicker one.
pub(super) fn run(workspace: &Workspace, is_built: bool) -> Result<bool> {
    println!("\nIn Chromium");
    let mut steps = Steps::new(if is_built { 3 } else { 4 });
    steps.step("Toolchain", || tools::wasm_target(workspace))?;
    let site = site::build(workspace, Flavour::Release, &mut steps)?;
    // The tests of the server were linked together with it; building it once more with the
    // features of the server alone would compile half of the tree a second time.
    let binary = if is_built {
        workspace.target.join("debug/restante")
    } else {
        build::dev_server(workspace, &mut steps)?
    };
    let status = Command::new("node")
        .current_dir(workspace.root.join("end2end"))
        .args(["node_modules/@playwright/test/cli.js", "test"])
        .env("RESTANTE_BINARY", binary)
        .env("RESTANTE_SITE_DIR", &site.folder)
        .env("CHROMIUM", chromium().context("chromium is missing")?)
        .status()
        .context("could not start Playwright")?;
    Ok(status.success())
}

/// The browser: `CHROMIUM` names it, else the system's own.
pub(crate) fn chromium() -> Option<PathBuf> {
    match env::var_os("CHROMIUM") {
        Some(path) => Some(PathBuf::from(path)).filter(|path| path.is_file()),
        None => tools::find("chromium"),
    }
}

/// The first number of `v18.20.4`.
fn node_major(version: &str) -> Option<u32> {
    version
        .trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(node_major("v18.20.4\n"), Some(18));
        assert_eq!(node_major(""), None);
    }
}
