//! The targets of the fuzzers over their corpora, and over changed copies of them, without a fuzzer.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use zhilian::base::rng::{Purpose, Stream};

#[path = "../../fuzz/targets.rs"]
mod targets;

/// Changed copies of each file of a corpus.
const COPIES: u64 = 400;
/// What numbers are changed to.
const ODD: [&[u8]; 12] = [
    b"0",
    b"-1",
    b"1e308",
    b"-0.0",
    b"18446744073709551616",
    b"null",
    b"[]",
    b"{}",
    b"\"\"",
    b"\xff\xff",
    b"\x80",
    b"\x00",
];

type Target = fn(&[u8]);

/// A copy with one to four changes.
fn changed(bytes: &[u8], others: &[Vec<u8>], stream: &mut Stream) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    for _ in 0..=stream.index(4) {
        let at = stream.index(copy.len() + 1);
        let end = (at + stream.index(12)).min(copy.len());
        match stream.index(6) {
            0 if at < copy.len() => copy[at] ^= 1 << stream.index(8),
            1 => copy.truncate(at),
            2 => drop(copy.splice(at..end, ODD[stream.index(ODD.len())].iter().copied())),
            3 => drop(copy.drain(at..end)),
            4 => {
                let other = &others[stream.index(others.len())];
                let from = stream.index(other.len() + 1);
                copy.splice(at..end, other[from..].iter().copied().take(40));
            }
            _ => {
                let twice = copy[at..end].to_vec();
                copy.splice(at..at, twice);
            }
        }
    }
    copy
}

#[test]
fn whatever_bytes_come_the_targets_hold() {
    let all: [(&str, Target); 4] = [
        ("json", targets::json),
        ("protobuf", targets::protobuf),
        ("topic", targets::topic),
        ("ingest", targets::ingest),
    ];
    for (name, target) in all {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        let mut files: Vec<_> =
            fs::read_dir(&folder).expect("a corpus").map(|file| file.expect("a file").path()).collect();
        files.sort();
        assert!(files.len() >= 5, "only {} files in {}", files.len(), folder.display());
        let corpus: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).expect("it can be read")).collect();
        for (file, bytes) in files.iter().zip(&corpus) {
            target(bytes);
            for seed in 0..COPIES {
                let copy = changed(bytes, &corpus, &mut Stream::new(seed, 0, Purpose::Trips));
                let held = catch_unwind(AssertUnwindSafe(|| target(&copy)));
                assert!(held.is_ok(), "{name}: {}, seed {seed}: {:?}", file.display(), String::from_utf8_lossy(&copy));
            }
        }
    }
}
