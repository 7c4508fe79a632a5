//! What a report costs to write and to read, on one core: `cargo bench --bench wire`.

use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;

use zhilian::base::{Clock, Timestamp};
use zhilian::config::run;
use zhilian::model::Report;
use zhilian::sim::{Output, Scenario, Shard, World};
use zhilian::wire::{Format, Message, decode, encode};

/// How often all reports are written and read.
const ROUNDS: u32 = 40;

/// The reports of an evening, parked and ridden, with packs of all layouts.
fn reports() -> Vec<Report> {
    let text = "vehicles = 200\nduration = \"20m\"\nstart = \"2026-06-01T17:50:00+08:00\"\n";
    let scenario = Scenario::parse(text).expect("a sound scenario");
    let setting = Arc::new(run::setting(scenario, Timestamp(1_780_000_000_000)).expect("a sound setting"));
    let mut world = World::new(setting, Shard::WHOLE);
    let mut reports = Vec::new();
    while let Some(emission) = world.poll(Timestamp::NEVER) {
        if let Output::Report(report) = emission.output {
            reports.push(report);
        }
    }
    reports
}

/// Prints what `act` took for each of `count` things, in nanoseconds.
fn measure(name: &str, count: usize, mut act: impl FnMut()) -> std::io::Result<()> {
    let clock = Clock::wall();
    let begin = clock.now();
    for _ in 0..ROUNDS {
        act();
    }
    let nanos = clock.now().seconds_since(begin) * 1e9 / (count as f64 * f64::from(ROUNDS));
    writeln!(std::io::stdout(), "{name:<28} {nanos:>6.0} ns a report, {:>9.0} reports/s", 1e9 / nanos)
}

/// Each message with its topic.
fn written(messages: &[Message], format: Format) -> Vec<(String, Vec<u8>)> {
    let mut buffer = Vec::new();
    let one = |message: &Message| {
        encode(message, format, &mut buffer);
        (message.topic().to_string(), buffer.clone())
    };
    messages.iter().map(one).collect()
}

fn main() -> std::io::Result<()> {
    let messages: Vec<Message> = reports().into_iter().map(Message::Report).collect();
    let mut buffer = Vec::new();
    let count = messages.len();
    for (name, format) in [("JSON", Format::Json), ("Protocol Buffers", Format::Protobuf)] {
        let written = written(&messages, format);
        let bytes: usize = written.iter().map(|(_, payload)| payload.len()).sum();
        writeln!(std::io::stdout(), "{count} reports in {name}, {} bytes each on average", bytes / count)?;
        measure(&format!("encode {name}"), count, || {
            for message in &messages {
                encode(black_box(message), format, &mut buffer);
                black_box(&buffer);
            }
        })?;
        let content_type = Some(format.content_type());
        measure(&format!("decode {name}"), count, || {
            for (topic, payload) in &written {
                let message = decode(black_box(topic.as_bytes()), content_type, black_box(payload));
                assert!(black_box(message).is_ok(), "what was written can be read");
            }
        })?;
    }
    let written = written(&messages, Format::Json);
    measure("as a value of serde_json", count, || {
        for (_, payload) in &written {
            let value = serde_json::from_slice::<serde_json::Value>(black_box(payload));
            assert!(black_box(value).is_ok(), "what was written is JSON");
        }
    })
}
