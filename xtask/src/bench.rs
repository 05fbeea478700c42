//! `cargo xtask bench`: measures the release beside a bare client on the same upstream server, and
//! its response times in a real Chromium; or the same for sending alone; or the protocol machines
//! beside other implementations; or the functions that read messages beside the libraries that they
//! build on.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::build;
use crate::node;
use crate::site::{self, Flavour};
use crate::size;
use crate::steps::Steps;
use crate::test::browser::{self, Browser};
use crate::tools;
use crate::workspace::{Workspace, must_succeed};

/// The subject of a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The release, from the mail server to the browser.
    Product,
    /// The release, from the click on "Send" to the outgoing server.
    Sending,
    /// The release, from a typed search to its results.
    Finding,
    /// The protocol machines alone, without the page.
    Protocols,
    /// The functions that read messages, without the page.
    Reading,
}

impl Subject {
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        match args.as_slice() {
            [] | ["product"] => Ok(Self::Product),
            ["sending"] => Ok(Self::Sending),
            ["finding"] => Ok(Self::Finding),
            ["protocols"] => Ok(Self::Protocols),
            ["reading"] => Ok(Self::Reading),
            _ => bail!("`bench` takes nothing but product, sending, finding, protocols or reading"),
        }
    }
}

/// Builds the subject and prints its figures.
pub(crate) fn run(workspace: &Workspace, subject: Subject) -> Result<ExitCode> {
    match subject {
        Subject::Product => release(workspace, "product", "steps.mjs", None),
        Subject::Sending => release(workspace, "sending", "composer.mjs", None),
        Subject::Finding => release(workspace, "product", "steps.mjs", Some("RESTANTE_FINDING")),
        Subject::Protocols => of_crate(workspace, "mail-net", "protocols"),
        Subject::Reading => of_crate(workspace, "mail-mime", "reading"),
    }
}

/// Runs one benchmark of a library crate.
fn of_crate(workspace: &Workspace, package: &str, bench: &str) -> Result<ExitCode> {
    let mut cargo = workspace.cargo("bench");
    must_succeed(cargo.args(["--quiet", "-p", package, "--bench", bench]))?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a benchmark of the release, with its steps in the browser; `choice` is a variable that chooses
/// what it measures.
fn release(
    workspace: &Workspace,
    bench: &str,
    steps_in_browser: &str,
    choice: Option<&str>,
) -> Result<ExitCode> {
    let mut steps = Steps::new(5);
    steps.step("Toolchain", || tools::wasm_target(workspace))?;
    steps.step("Browser", || {
        Ok(((), browser::tools(workspace, Browser::Whole)?))
    })?;
    let site = site::build(workspace, Flavour::Release, &mut steps)?;
    let binary = build::server(workspace, &site, &mut steps)?;
    size::run(workspace)?;
    let steps_in_browser = workspace
        .root
        .join("end2end/figures")
        .join(steps_in_browser);
    let mut cargo = workspace.cargo("bench");
    cargo.args(["--quiet", "-p", "server", "--bench", bench]);
    if let Some(choice) = choice {
        cargo.env(choice, "1");
    }
    must_succeed(
        cargo
            .env("RESTANTE_BIN", &binary)
            .env("RESTANTE_SITE", &site.folder)
            .env("RESTANTE_BROWSER_STEPS", steps_in_browser)
            .env("RESTANTE_NODE", node::program(workspace)?)
            .env(
                "CHROMIUM",
                Browser::Whole.find().context("chromium is missing")?,
            ),
    )?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_is_the_default() {
        assert_eq!(Subject::parse(&[]).unwrap(), Subject::Product);
        let sending = Subject::parse(&["sending".to_owned()]);
        assert_eq!(sending.unwrap(), Subject::Sending);
        let finding = Subject::parse(&["finding".to_owned()]);
        assert_eq!(finding.unwrap(), Subject::Finding);
        let protocols = Subject::parse(&["protocols".to_owned()]);
        assert_eq!(protocols.unwrap(), Subject::Protocols);
        let reading = Subject::parse(&["reading".to_owned()]);
        assert_eq!(reading.unwrap(), Subject::Reading);
        assert!(Subject::parse(&["--fast".to_owned()]).is_err());
    }
}
