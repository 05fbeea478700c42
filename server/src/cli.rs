//! The command line: one file per subcommand.

mod check_config;
mod clean;
pub mod config_file;
pub mod demo;
mod error;
pub mod exit;
mod fetch;
mod files;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub mod heap;
mod password;
mod send;
pub mod serve;
mod server_url;
mod transcript;
mod trust;
mod view;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use clean::CleanArgs;
use demo::DemoArgs;
use error::CliError;
use exit::Exit;
use fetch::FetchArgs;
use send::SendArgs;
use view::ViewArgs;

/// A self-hosted webmail: IMAP, POP3 and SMTP in the browser.
#[derive(Debug, Parser)]
#[command(name = "restante", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the product.
    Serve(ConfigArgs),
    /// Serves the product against a mail server of its own with a sample mailbox.
    Demo(DemoArgs),
    /// Sends a message.
    Send(Box<SendArgs>),
    /// Fetches messages from a mail server.
    Fetch(Box<FetchArgs>),
    /// Shows a message file as the webmail shows it.
    View(ViewArgs),
    /// Sanitizes the HTML of a message.
    Clean(CleanArgs),
    /// Reads the configuration and tells what it means.
    CheckConfig(ConfigArgs),
}

#[derive(Debug, Args)]
struct ConfigArgs {
    /// The configuration file. Variables `RESTANTE__KEY` win over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Cli {
    /// Returns whether the command runs a server until it is stopped.
    pub fn is_server(&self) -> bool {
        matches!(self.command, Command::Serve(_) | Command::Demo(_))
    }

    /// Runs the command.
    ///
    /// # Errors
    /// What failed, worded for the user of the command line.
    pub async fn run(self) -> anyhow::Result<Exit> {
        match self.command {
            Command::Serve(args) => serve::run(&load(&args)?).await?,
            Command::Demo(args) => demo::run(args).await?,
            Command::Send(args) => return Ok(exit_of(send::run(&args).await)),
            Command::Fetch(args) => return Ok(exit_of(fetch::run(&args).await)),
            Command::View(args) => return Ok(exit_of(view::run(&args).await)),
            Command::Clean(args) => return Ok(exit_of(clean::run(&args).await)),
            Command::CheckConfig(args) => check_config::run(&load(&args)?)?,
        }
        Ok(Exit::Done)
    }
}

/// Prints the error of a command, and returns its exit code.
fn exit_of(result: Result<Exit, CliError>) -> Exit {
    result.unwrap_or_else(|error| {
        error.print();
        error.exit
    })
}

fn load(args: &ConfigArgs) -> anyhow::Result<crate::config::Config> {
    Ok(config_file::load(args.config.as_deref(), std::env::vars())?)
}
