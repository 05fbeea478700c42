//! What is fuzzed of `mail-mime`; as `mod.rs`, for the readers of text that no connection feeds.
//!
//! Replayed by `mail-mime/tests/fuzz_replay.rs`: `mail-proto` may not know this crate.

mod addresses;

/// A target.
type Target = fn(&[u8]);

/// Every target by name: that of its file in `fuzz_targets/` and of its folder in `seeds/`.
pub(crate) const TARGETS: [(&str, Target); 1] = [("addresses", addresses::run)];

/// Runs one target; a name that is none is a mistake of the caller.
pub(crate) fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.expect("a target of this name");
    target(data);
}
