//! libFuzzer's way into `src/address_display.rs`.

#![no_main]

#[path = "../src/mime.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::run("address_display", data));
