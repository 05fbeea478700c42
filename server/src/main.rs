//! The `restante` program.

use std::process::ExitCode;

use clap::Parser as _;
use server::cli::Cli;
use server::cli::exit::Exit;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(told) => {
            let _ = told.print();
            return match told.use_stderr() {
                true => Exit::Usage.into(),
                // --help and --version.
                false => ExitCode::SUCCESS,
            };
        }
    };
    match cli.run().await {
        Ok(exit) => exit.into(),
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
