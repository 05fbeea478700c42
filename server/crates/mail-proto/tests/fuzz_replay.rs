//! Replays the seeds of `server/fuzz` with the stable compiler, as regression tests of past fuzzer
//! findings.
//!
//! Each file is checked against the properties that its target checks for any input, and with a
//! memory limit that depends on the size of the input, not on a size that a server announces.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../../../fuzz/src/mod.rs"]
mod targets;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz")
        .join(name)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    let stems = entries.map(|entry| {
        let path = entry.unwrap().path();
        path.file_stem().unwrap().to_str().unwrap().to_owned()
    });
    stems.collect()
}

/// Replays all seeds of a target.
fn replay(target: &str) {
    let mut seeds: Vec<PathBuf> = fs::read_dir(folder("seeds").join(target))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    seeds.sort();
    assert!(seeds.len() >= 5, "{target} has {} seeds", seeds.len());
    for seed in seeds {
        let data = fs::read(&seed).unwrap();
        let heap = allocation_counter::measure(|| {
            let run = std::panic::AssertUnwindSafe(|| targets::run(target, &data));
            assert!(std::panic::catch_unwind(run).is_ok(), "{}", seed.display());
        });
        // Two sessions at a time are stored with their transcripts, to be compared.
        let most_bytes = (1 << 20) + 400 * data.len() as u64;
        assert!(heap.bytes_max < most_bytes, "{} bytes", heap.bytes_max);
    }
}

#[test]
fn each_target_has_its_program_and_its_seeds() {
    let known: BTreeSet<String> = targets::TARGETS
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    // `src/mime.rs` has its own targets; the tests of `mail-mime` replay them.
    let mut programs = names(&folder("fuzz_targets"));
    assert_eq!(names(&folder("seeds")), programs);
    programs.retain(|name| {
        let program = folder("fuzz_targets").join(name).with_extension("rs");
        fs::read_to_string(program).unwrap().contains("src/mod.rs")
    });
    assert_eq!(programs, known);
}

macro_rules! replays {
    ($($target:ident),* $(,)?) => {
        $(
            #[test]
            fn $target() {
                replay(stringify!($target));
            }
        )*

        #[test]
        fn no_target_is_left_out() {
            let replayed = [$(stringify!($target)),*];
            let known: Vec<&str> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(replayed[..], known[..]);
        }
    };
}

replays! {
    dot_stuff_roundtrip,
    imap_response,
    imap_roundtrip,
    mailbox_state,
    pop3_reply,
    sasl,
    smtp_reply,
    title,
}
