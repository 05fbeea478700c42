//! libFuzzer's way into `src/mime_view.rs`.

#![no_main]

#[path = "../src/mime.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::run("mime_view", data));
