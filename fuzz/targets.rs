//! What must hold whatever bytes come. `cargo +nightly fuzz run json` looks for those for which it does not; the tests run
//! each target over its corpus and over changed copies of it, on any toolchain.

use zhilian::base::Timestamp;
use zhilian::collect::{Core, Inbound, Settings};
use zhilian::wire::{Format, Message, Topic, decode, encode};

/// The vehicle that all corpora are about.
const VIN: &str = "LZLEMTA20T0000001";
const CHANNELS: [&str; 5] = ["report", "event", "state", "reply", "batch"];

fn topic_of(channel: &str) -> String {
    format!("zl/v1/{VIN}/up/{channel}")
}

fn written(message: &Message, format: Format) -> Vec<u8> {
    let mut payload = Vec::new();
    encode(message, format, &mut payload);
    payload
}

fn read(channel: &str, format: Format, payload: &[u8]) -> Option<Message> {
    let message = decode(topic_of(channel).as_bytes(), Some(format.content_type()), payload).ok()?;
    assert_eq!(message.topic().to_string(), topic_of(channel), "it is of whom the topic says, and what");
    Some(match message {
        // What was turned away is not written again; a batch of nothing is none.
        Message::Batch(batch, _) if batch.items.is_empty() => return None,
        Message::Batch(batch, _) => Message::Batch(batch, Vec::new()),
        Message::Report(_) | Message::Event(_) | Message::Presence(_) | Message::Reply(_) => message,
    })
}

/// What can be read as JSON can be written and read again as the same; in the compact format within what it resolves.
pub fn json(data: &[u8]) {
    for channel in CHANNELS {
        let Some(message) = read(channel, Format::Json, data) else { continue };
        let again = read(channel, Format::Json, &written(&message, Format::Json));
        assert_eq!(again.as_ref(), Some(&message), "as JSON");
        let rounded = read(channel, Format::Protobuf, &written(&message, Format::Protobuf));
        let rounded = rounded.expect("what is rounded is within the same range");
        let again = read(channel, Format::Protobuf, &written(&rounded, Format::Protobuf));
        assert_eq!(again, Some(rounded), "rounding once is enough");
    }
}

/// What can be read in the compact format is the same in JSON.
pub fn protobuf(data: &[u8]) {
    for channel in CHANNELS {
        let Some(message) = read(channel, Format::Protobuf, data) else { continue };
        for format in [Format::Json, Format::Protobuf] {
            let again = read(channel, format, &written(&message, format));
            assert_eq!(again.as_ref(), Some(&message), "{format:?}");
        }
    }
}

/// A topic that is taken is written as it was.
pub fn topic(data: &[u8]) {
    if let Ok(topic) = Topic::parse(data) {
        assert_eq!(topic.to_string().as_bytes(), data);
    }
}

/// A collector counts each message just once, whatever comes in whatever order, and never asks for what nobody can do.
///
/// The bytes are messages in a row: how many tens of seconds later (one byte), channel and format (one byte), length (two
/// bytes, the lower first), payload.
pub fn ingest(mut data: &[u8]) {
    let mut core = Core::new(&Settings { max_vehicles: 1, ..Settings::default() });
    let mut now = Timestamp(1_780_000_000_000);
    let mut count = 0;
    while let [later, what, low, high, rest @ ..] = data {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let (payload, rest) = rest.split_at(length);
        data = rest;
        now = now.plus_seconds(10.0 * f64::from(*later));
        count += 1;
        let format = if what & 0x80 == 0 { Format::Json } else { Format::Protobuf };
        let topic = topic_of(CHANNELS[usize::from(what & 0x7f) % CHANNELS.len()]);
        let content_type = Some(format.content_type());
        core.handle(now, Inbound { topic: topic.as_bytes(), content_type, payload, retained: what & 0x40 != 0 });
        while core.poll().is_some() {}
        let counters = core.counters();
        assert_eq!(counters.messages, count);
        assert!(counters.raised >= counters.cleared && core.vehicles().len() <= 1);
        assert!(counters.reports <= counters.received && core.open_alerts() as u64 <= counters.raised);
    }
}
