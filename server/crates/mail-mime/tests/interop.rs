//! Other readers read what is built: Python's `email` and, where it is installed, npm's mailparser
//! (`npm install` in `tests/interop`).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

#[path = "interop/generator.rs"]
mod generator;

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop")
}

/// Writes the messages for one reader.
fn written(reader: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("built-messages-{reader}"));
    generator::write_to(&folder).unwrap();
    folder
}

fn is_present(program: &str) -> bool {
    let mut command = Command::new(program);
    let command = command.arg("--version").stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn assert_reads_all(program: &str, script: &str, reader: &str) {
    let output = Command::new(program)
        .arg(scripts().join(script))
        .arg(written(reader))
        .output()
        .unwrap();
    let found = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let count = generator::COUNT;
    let summary = format!("{reader}: {count} of {count}");
    assert!(output.status.success(), "{found}{errors}");
    assert_eq!(found.lines().last(), Some(&*summary), "{found}{errors}");
}

#[test]
fn the_generated_messages_have_their_announced_sizes() {
    for message in generator::messages() {
        let announced = message.expected["size_bytes"].as_u64();
        assert_eq!(
            announced,
            Some(message.octets.len() as u64),
            "{}",
            message.file
        );
    }
}

#[test]
fn python_reads_what_was_built() {
    if !is_present("python3") {
        println!("skipped: python3 is not installed");
        return;
    }
    assert_reads_all("python3", "read_back.py", "python");
}

#[test]
fn mailparser_reads_what_was_built() {
    if !is_present("node") || !scripts().join("node_modules/mailparser").is_dir() {
        println!("skipped: node or mailparser is not installed (npm install in tests/interop)");
        return;
    }
    assert_reads_all("node", "read_back.mjs", "mailparser");
}
