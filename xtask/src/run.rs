//! `cargo xtask run`: builds what changed and starts the product with its demo mailbox.

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

use crate::build;
use crate::site::{self, Flavour};
use crate::steps::Steps;
use crate::tools;
use crate::workspace::Workspace;

/// Options of the command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    release: bool,
    listen: Option<String>,
    demo_args: Vec<String>,
}

impl Options {
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self::default();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            match arg.as_str() {
                "--release" => options.release = true,
                "--listen" => {
                    let value = rest.next().context("--listen needs ADDR:PORT")?;
                    options.listen = Some(value.clone());
                }
                "--" => options.demo_args.extend(rest.by_ref().cloned()),
                other => match other.strip_prefix("--listen=") {
                    Some(value) => options.listen = Some(value.to_owned()),
                    None => bail!(
                        "`run` does not know `{other}`; arguments of the demo itself come after `--`"
                    ),
                },
            }
        }
        Ok(options)
    }
}

/// Builds and starts the demo; returns only after it has ended.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let flavour = if options.release {
        Flavour::Release
    } else {
        Flavour::Dev
    };
    let mut steps = Steps::new(4);
    steps.step("Toolchain", || tools::wasm_target(workspace))?;
    let site = site::build(workspace, flavour, &mut steps)?;
    let binary = if options.release {
        build::server(workspace, &site, &mut steps)?
    } else {
        build::dev_server(workspace, &mut steps)?
    };

    println!("Starting the demo. Ctrl+C ends it.\n");
    let mut demo = Command::new(&binary);
    demo.arg("demo");
    if let Some(listen) = &options.listen {
        demo.args(["--listen", listen]);
    }
    demo.args(&options.demo_args);
    if !options.release {
        demo.env("RESTANTE_SITE_DIR", &site.folder);
    }
    start(demo)
}

/// Replaces this process by the demo, which then receives signals and sets the exit code.
#[cfg(unix)]
fn start(mut demo: Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    Err(demo.exec()).context("could not start the demo")
}

#[cfg(not(unix))]
fn start(mut demo: Command) -> Result<ExitCode> {
    crate::workspace::must_succeed(&mut demo)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        Options::parse(&args)
    }

    #[test]
    fn arguments_after_two_dashes_go_to_the_demo() {
        let options = parse(&["--listen", "127.0.0.1:8080", "--", "--messages", "9"]).unwrap();
        assert_eq!(options.listen.as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(options.demo_args, ["--messages", "9"]);
        assert!(!options.release);
    }

    #[test]
    fn the_error_of_an_unknown_argument_names_the_separator() {
        let error = parse(&["--messages", "9"]).unwrap_err().to_string();
        assert!(
            error.contains("`--messages`") && error.contains("`--`"),
            "{error}"
        );
    }

    #[test]
    fn listen_without_an_address_is_refused() {
        assert!(parse(&["--listen"]).is_err());
    }
}
