//! `cargo xtask`: the commands of this project, one file per verb.
//!
//! Nothing here is part of the product. `run` and `test` are the commands in the README; the others
//! serve them, CI and releases. No tool is installed from source: the bindings generator is linked
//! in at the version in Cargo.lock.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks to its terminal"
)]

mod bench;
mod build;
mod docs;
mod fuzz;
mod layers;
mod node;
mod run;
mod site;
mod size;
mod sources;
mod steps;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask VERB

  run [--release] [--listen ADDR:PORT] [-- DEMO ARGUMENTS]
        builds what changed and starts the product with its demo mailbox
  test [--only unit|servers|browser]
        runs every test, or one kind of them on purpose
  build
        builds target/release/restante, one file with the page inside
  bench [product|sending|protocols|reading]
        prints the figures of the release beside those of a bare client (product, the default),
        those of sending beside a bare sender (sending), those of the protocol machines beside the
        crates of others (protocols), or those of the functions that read messages beside the crates
        that they build on (reading)
  fuzz [--secs N] [--target NAME]
        runs each fuzz target for N seconds, 60 unless said otherwise
  check-layers
        proves dependency directions, licences, sources and house rules
  docs
        writes the parts of docs/ that are made from the sources
  size
        compares the page's compressed size with budget.toml
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\ncargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(args: &[String]) -> Result<ExitCode> {
    let Some((verb, rest)) = args.split_first() else {
        print!("{USAGE}");
        return Ok(ExitCode::FAILURE);
    };
    if matches!(verb.as_str(), "help" | "--help" | "-h") {
        print!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    let workspace = Workspace::find()?;
    match verb.as_str() {
        "run" => run::run(&workspace, &run::Options::parse(rest)?),
        "test" => test::run(&workspace, test::Parts::parse(rest)?),
        "build" => {
            no_arguments(verb, rest)?;
            build::run(&workspace)
        }
        "bench" => bench::run(&workspace, bench::Subject::parse(rest)?),
        "fuzz" => fuzz::run(&workspace, &fuzz::Options::parse(rest)?),
        "check-layers" => {
            no_arguments(verb, rest)?;
            layers::run(&workspace)
        }
        "docs" => {
            no_arguments(verb, rest)?;
            docs::run(&workspace)
        }
        "size" => {
            no_arguments(verb, rest)?;
            size::run(&workspace)
        }
        other => bail!("there is no verb `{other}`\n\n{USAGE}"),
    }
}

fn no_arguments(verb: &str, rest: &[String]) -> Result<()> {
    if let Some(first) = rest.first() {
        bail!("`{verb}` takes no arguments, but got `{first}`");
    }
    Ok(())
}
