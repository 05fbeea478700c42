//! The `restante` program.

use std::process::ExitCode;

use clap::Parser as _;
use server::cli::Cli;
use server::cli::exit::Exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return match error.use_stderr() {
                true => Exit::Usage.into(),
                // --help and --version.
                false => ExitCode::SUCCESS,
            };
        }
    };
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if cli.is_server() {
        server::cli::heap::hold_threshold();
    }
    run(cli)
}

#[tokio::main]
async fn run(cli: Cli) -> ExitCode {
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
