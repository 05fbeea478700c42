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
pub(crate) fn tools(workspace: &Workspace, browser: Browser) -> Result<String> {
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
    if browser.find().is_none() {
        needed.push(Needed {
            program: browser.package(),
            package: browser.package(),
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
        .env(
            "CHROMIUM",
            Browser::Headless.find().context("chromium is missing")?,
        )
        .status()
        .context("could not start Playwright")?;
    Ok(status.success())
}

/// Which Chromium is driven.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Browser {
    /// Chromium without the windows, tabs and services of a desktop's browser, if there is one: the
    /// same engine, and the stories take two thirds of the time.
    Headless,
    /// The browser that people use.
    Whole,
}

impl Browser {
    /// Returns its program: the one that `CHROMIUM` names, otherwise the system's.
    pub(crate) fn find(self) -> Option<PathBuf> {
        if let Some(path) = env::var_os("CHROMIUM") {
            return Some(PathBuf::from(path)).filter(|path| path.is_file());
        }
        match self {
            Self::Headless => tools::find(self.package()).or_else(|| Self::Whole.find()),
            Self::Whole => tools::find(self.package()),
        }
    }

    /// Returns the name of its program, which is also its package's.
    fn package(self) -> &'static str {
        match self {
            Self::Headless => "chromium-headless-shell",
            Self::Whole => "chromium",
        }
    }
}
