//! `cargo +nightly fuzz run protobuf`
#![no_main]

#[expect(dead_code, reason = "the others are for the other fuzzers")]
#[path = "../targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::protobuf(data));
