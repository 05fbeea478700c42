//! `cargo xtask fuzz`: runs each target of `server/fuzz` under libFuzzer for a limited time.
//!
//! It replaces cargo-fuzz, because no tool is installed from source here and cargo-fuzz adds only
//! the flags below. The nightly compiler is installed by rustup.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

use crate::steps::Steps;
use crate::tools;
use crate::workspace::{Workspace, must_succeed, output_of};

/// The sanitizers support this platform. Naming it keeps the flags away from build scripts.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The instrumentation that libFuzzer needs for coverage and comparisons, and the address
/// sanitizer.
const RUSTFLAGS: &str = "--cfg fuzzing \
    -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Cllvm-args=-simplifycfg-branch-fold-threshold=0 \
    -Zsanitizer=address";

/// Maximum input length. Inputs are short conversations, and the targets use small limits.
const MAX_LEN_BYTES: u32 = 4096;
/// A larger single allocation means that the code trusted an announced size.
const MALLOC_LIMIT_MB: u32 = 16;

/// Options of the command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    secs: u32,
    target: Option<String>,
}

impl Options {
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self {
            secs: 60,
            target: None,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let value = args
                .next()
                .with_context(|| format!("`{arg}` needs a value"));
            match arg.as_str() {
                "--secs" => options.secs = value?.parse().context("--secs takes a number")?,
                "--target" => options.target = Some(value?.clone()),
                _ => bail!("`fuzz` does not know `{arg}`; it takes --secs N and --target NAME"),
            }
        }
        Ok(options)
    }
}

/// Builds the targets and runs them one after the other. A finding fails the command.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let targets = chosen(&workspace.root.join("server/fuzz"), options)?;
    let mut steps = Steps::new(2 + targets.len());
    steps.step("Nightly compiler", nightly)?;
    steps.step("Fuzz targets: building", || build(workspace))?;
    let mut findings = Vec::new();
    for target in targets {
        let title = format!("{target}: {} s", options.secs);
        let result = steps.step(&title, || {
            let result = fuzz(workspace, &target, options.secs)?;
            let line = match &result {
                Outcome::Nothing { runs } => format!("{runs} runs, no finding"),
                Outcome::Finding { input } => format!("a finding: {}", input.display()),
            };
            Ok((result, line))
        })?;
        if let Outcome::Finding { input } = result {
            findings.push(format!(
                "{target}: cp {} server/fuzz/seeds/{target}/WHAT-IT-IS, then mend it until \
                 `cargo test -p mail-proto --test fuzz_replay` passes",
                workspace.relative(&input).display()
            ));
        }
    }
    for finding in &findings {
        println!("{finding}");
    }
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns the names of the targets: one program of `fuzz_targets` each.
fn chosen(folder: &Path, options: &Options) -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(folder.join("fuzz_targets"))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        targets.push(name.into_owned());
    }
    targets.sort();
    if let Some(target) = &options.target {
        if !targets.contains(target) {
            bail!("there is no target `{target}`: {}", targets.join(", "));
        }
        return Ok(vec![target.clone()]);
    }
    Ok(targets)
}

/// Ensures that a nightly compiler and a C++ compiler for libFuzzer are installed.
fn nightly() -> Result<((), String)> {
    if tools::find("c++").is_none() {
        bail!("libFuzzer needs a C++ compiler. On Debian or Ubuntu: sudo apt-get install g++");
    }
    if tools::find("rustup").is_none() {
        bail!("rustup was not found: fuzzing needs the nightly compiler, which comes by it");
    }
    let version = || output_of(rustup().args(["run", "nightly", "rustc", "--version"]));
    let (version, added) = match version() {
        Ok(version) => (version, ""),
        Err(_) => {
            println!("      installing the nightly compiler by rustup");
            must_succeed(rustup().args([
                "toolchain",
                "install",
                "nightly",
                "--profile",
                "minimal",
            ]))
            .context("install it by hand and repeat: rustup toolchain install nightly")?;
            (version()?, " (installed)")
        }
    };
    Ok(((), format!("{}{added}", version.trim())))
}

/// Returns rustup without the variables that cargo set for this program; with them it would select
/// this program's own toolchain.
fn rustup() -> Command {
    let mut command = Command::new("rustup");
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTFLAGS"] {
        command.env_remove(name);
    }
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

fn build(workspace: &Workspace) -> Result<((), String)> {
    let mut cargo = rustup();
    cargo
        .current_dir(workspace.root.join("server/fuzz"))
        .args(["run", "nightly", "cargo", "build", "--locked", "--release"])
        .args(["--bins", "--quiet", "--target", TARGET, "--target-dir"])
        .arg(workspace.target.join("fuzz"))
        .env("RUSTFLAGS", RUSTFLAGS);
    must_succeed(&mut cargo)?;
    Ok(((), "ready".to_owned()))
}

enum Outcome {
    Nothing { runs: String },
    Finding { input: PathBuf },
}

fn fuzz(workspace: &Workspace, target: &str, secs: u32) -> Result<Outcome> {
    let built = workspace.target.join("fuzz");
    let folder = workspace.root.join("server/fuzz");
    // The corpus is reused by later runs but not committed: the seeds in the tree are few and have
    // names.
    let corpus = built.join("corpus").join(target);
    let artifacts = built.join("artifacts").join(target);
    fs::create_dir_all(&corpus)?;
    fs::create_dir_all(&artifacts)?;
    let before = files(&artifacts)?;
    let log = built.join(format!("{target}.log"));
    let mut fuzzer = Command::new(built.join(TARGET).join("release").join(target));
    fuzzer
        .arg(format!("-max_total_time={secs}"))
        .arg(format!("-max_len={MAX_LEN_BYTES}"))
        .arg(format!("-malloc_limit_mb={MALLOC_LIMIT_MB}"))
        .args(["-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/", artifacts.display()));
    if let Some(path) = dictionary(target) {
        let path = folder.join("dictionaries").join(path);
        fuzzer.arg(format!("-dict={}", path.display()));
    }
    let output = fs::File::create(&log)?;
    let status = fuzzer
        .arg(&corpus)
        .arg(folder.join("seeds").join(target))
        .stdout(output.try_clone()?)
        .stderr(output)
        .status()
        .with_context(|| format!("could not start {target}"))?;
    if status.success() {
        let report = fs::read_to_string(&log)?;
        let runs = report
            .lines()
            .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
            .with_context(|| format!("{} tells no runs", log.display()))?;
        let runs = runs.trim().to_owned();
        return Ok(Outcome::Nothing { runs });
    }
    let input = files(&artifacts)?
        .into_iter()
        .find(|file| !before.contains(file));
    // An input that was found before is written to the same name again.
    match input.or_else(|| before.into_iter().next()) {
        Some(input) => Ok(Outcome::Finding { input }),
        None => bail!("{target} ended with {status}; see {}", log.display()),
    }
}

/// Returns the dictionary of a target that parses text; other targets generate their input.
fn dictionary(target: &str) -> Option<&'static str> {
    Some(match target {
        "address_display" | "addresses" => "address.dict",
        "auth_results" => "auth_results.dict",
        "calendar" => "calendar.dict",
        "clean_css" => "css.dict",
        "clean_html" => "html.dict",
        "imap_response" => "imap.dict",
        "pop3_reply" => "pop3.dict",
        "report" => "report.dict",
        "sasl" => "sasl.dict",
        "smime" => "smime.dict",
        "smtp_reply" => "smtp.dict",
        "dot_stuff_roundtrip" => "body.dict",
        "tnef" => "tnef.dict",
        "uuencode" => "uuencode.dict",
        _ => return None,
    })
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        Options::parse(&args)
    }

    #[test]
    fn each_target_runs_for_a_minute_by_default() {
        let all = parse(&[]).unwrap();
        assert_eq!((all.secs, all.target), (60, None));
        let one = parse(&["--secs", "5", "--target", "smtp_reply"]).unwrap();
        assert_eq!((one.secs, one.target.as_deref()), (5, Some("smtp_reply")));
    }

    #[test]
    fn invalid_options_are_refused() {
        for args in [
            &["--secs"][..],
            &["--secs", "x"],
            &["smtp_reply"],
            &["--jobs", "2"],
        ] {
            assert!(parse(args).is_err(), "{args:?}");
        }
    }

    #[test]
    fn the_error_of_an_unknown_target_lists_the_targets() {
        let workspace = Workspace::find().unwrap();
        let options = parse(&["--target", "nonsense"]).unwrap();
        let error = chosen(&workspace.root.join("server/fuzz"), &options).unwrap_err();
        assert!(error.to_string().contains("smtp_reply"), "{error}");
    }
}
