//! libFuzzer's way into `src/text_links.rs`.

#![no_main]

#[path = "../src/mime.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::run("text_links", data));
