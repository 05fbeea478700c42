//! Replays the seeds of `server/fuzz` for the targets of this crate, with the stable compiler, as
//! regression tests of past fuzzer findings.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../../../fuzz/src/mime.rs"]
mod targets;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz")
        .join(name)
}

#[test]
fn each_target_has_its_program() {
    let programs = fs::read_dir(folder("fuzz_targets")).unwrap();
    let ours: BTreeSet<String> = programs
        .map(|program| program.unwrap().path())
        .filter(|path| fs::read_to_string(path).unwrap().contains("src/mime.rs"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let known = targets::TARGETS.iter().map(|(name, _)| (*name).to_owned());
    assert_eq!(ours, known.collect());
}

#[test]
fn every_seed_passes() {
    for (target, _) in targets::TARGETS {
        let seeds = fs::read_dir(folder("seeds").join(target)).unwrap();
        let seeds: Vec<PathBuf> = seeds.map(|seed| seed.unwrap().path()).collect();
        assert!(seeds.len() >= 5, "{target} has {} seeds", seeds.len());
        for seed in seeds {
            let data = fs::read(&seed).unwrap();
            let run = std::panic::AssertUnwindSafe(|| targets::run(target, &data));
            assert!(std::panic::catch_unwind(run).is_ok(), "{}", seed.display());
        }
    }
}
