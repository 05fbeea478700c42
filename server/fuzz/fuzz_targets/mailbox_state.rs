//! libFuzzer's way into `src/mailbox_state.rs`.

#![no_main]

#[path = "../src/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::run("mailbox_state", data));
