//! `cargo +nightly fuzz run ingest`
#![no_main]

#[expect(dead_code, reason = "the others are for the other fuzzers")]
#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::ingest(data));
