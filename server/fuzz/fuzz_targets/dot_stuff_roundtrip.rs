//! libFuzzer's way into `src/dot_stuff_roundtrip.rs`.

#![no_main]

#[path = "../src/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::run("dot_stuff_roundtrip", data));
