//! libFuzzer's way into `src/smime.rs`.

#![no_main]

#[path = "../src/mime.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::run("smime", data));
