//! The `restante` program.

use std::process::ExitCode;

use clap::Parser as _;
use server::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(
                clippy::print_stderr,
                reason = "the person at the command line reads this"
            )]
            {
                eprintln!("restante: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
