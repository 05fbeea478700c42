//! libFuzzer's way into `src/title.rs`.

#![no_main]

#[path = "../src/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::run("title", data));
