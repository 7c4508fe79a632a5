//! Encoding and decoding of what vehicles say.

use serde::{Deserialize, Serialize};

use super::batch;
use super::format::Format;
use super::limits::{self, MAX_PAYLOAD};
use super::proto;
use super::rejection::Rejection;
use super::report::{self, Flat};
use super::topic::{Channel, Topic};
use crate::base::Vin;
use crate::model::{Batch, Command, Event, Order, Presence, Reply, Report, Stamp};

/// The version of the payloads.
pub const VERSION: u32 = 1;

/// Something that a vehicle says.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all messages are reports, and a box would cost an allocation each"
)]
pub enum Message {
    /// Position, motion, battery, link.
    Report(Report),
    /// A happening.
    Event(Event),
    /// Connected or gone.
    Presence(Presence),
    /// The answer to a command.
    Reply(Reply),
    /// What waited for a network, and for which reasons members of what was read were turned away (what is sent has
    /// none of these).
    Batch(Batch, Vec<Rejection>),
}

impl Message {
    /// Who says it.
    #[must_use]
    pub fn vin(&self) -> Vin {
        match self {
            Self::Report(report) => report.stamp.vin,
            Self::Event(event) => event.stamp.vin,
            Self::Presence(presence) => presence.vin,
            Self::Reply(reply) => reply.stamp.vin,
            Self::Batch(batch, _) => batch.vin,
        }
    }

    /// The highest number in it that counts in `boot`, where it has one. A second device in a vehicle's name counts in a
    /// boot of its own.
    #[must_use]
    pub fn last_seq(&self, boot: u32) -> Option<u32> {
        let own = |stamp: &Stamp| (stamp.boot == boot).then_some(stamp.seq);
        match self {
            Self::Report(report) => own(&report.stamp),
            Self::Event(event) => own(&event.stamp),
            Self::Presence(_) => None,
            Self::Reply(reply) => own(&reply.stamp),
            Self::Batch(batch, _) => batch.items.iter().filter_map(|item| own(item.stamp())).max(),
        }
    }

    /// The topic it belongs on.
    #[must_use]
    pub fn topic(&self) -> Topic {
        let channel = match self {
            Self::Report(_) => Channel::Report,
            Self::Event(_) => Channel::Event,
            Self::Presence(_) => Channel::State,
            Self::Reply(_) => Channel::Reply,
            Self::Batch(..) => Channel::Batch,
        };
        Topic { vin: self.vin(), channel }
    }
}

/// A payload with its version.
#[derive(Serialize)]
pub(super) struct Versioned<'a, T> {
    pub(super) v: u32,
    #[serde(flatten)]
    pub(super) body: &'a T,
}

/// Writes a message into `buffer`, which is cleared first so that it can be used again.
pub fn encode(message: &Message, format: Format, buffer: &mut Vec<u8>) {
    if let Message::Report(report) = message {
        return encode_report(report, format, buffer);
    }
    buffer.clear();
    match format {
        Format::Json => write_json(message, buffer),
        Format::Protobuf => proto::write(message, buffer),
    }
}

/// The same of a report that is no [`Message`] yet, for those to whom making one of it is too much to move.
pub fn encode_report(report: &Report, format: Format, buffer: &mut Vec<u8>) {
    buffer.clear();
    match format {
        Format::Json => write_json_report(report, buffer),
        Format::Protobuf => proto::write_report(report, buffer),
    }
}

fn write_json_report(report: &Report, buffer: &mut Vec<u8>) {
    if !report::write(report, buffer) {
        buffer.clear();
        let written = serde_json::to_writer(buffer, &Versioned { v: VERSION, body: report });
        debug_assert!(written.is_ok(), "plain data with text keys always has a JSON form");
    }
}

fn write_json(message: &Message, buffer: &mut Vec<u8>) {
    let written = match message {
        Message::Report(report) => return write_json_report(report, buffer),
        Message::Event(event) => serde_json::to_writer(buffer, &Versioned { v: VERSION, body: event }),
        Message::Presence(presence) => serde_json::to_writer(buffer, &Versioned { v: VERSION, body: presence }),
        Message::Reply(reply) => serde_json::to_writer(buffer, &Versioned { v: VERSION, body: reply }),
        Message::Batch(batch, _) => batch::write(batch, buffer),
    };
    debug_assert!(written.is_ok(), "plain data with text keys always has a JSON form");
}

/// Reads a message and checks that it says what its topic promises, within what its quantities can be.
///
/// # Errors
/// The first reason to turn it away, cheapest check first.
pub fn decode(topic: &[u8], content_type: Option<&str>, payload: &[u8]) -> Result<Message, Rejection> {
    let topic = Topic::parse(topic)?;
    let format = Format::of(content_type)?;
    if payload.len() > MAX_PAYLOAD {
        return Err(Rejection::Oversized);
    }
    // It stays where it is read, because it is long.
    let mut read = match format {
        Format::Json => read_json(topic.channel, payload),
        Format::Protobuf => proto::read(topic.channel, payload),
    };
    if let Ok(message) = &read
        && let Err(rejection) = check(message, topic.vin)
    {
        read = Err(rejection);
    }
    read
}

/// Whether it says what its topic promises, within what its quantities can be.
fn check(message: &Message, vin: Vin) -> Result<(), Rejection> {
    if message.vin() != vin {
        return Err(Rejection::VinMismatch);
    }
    match message {
        Message::Report(report) => limits::check_report(report),
        Message::Event(event) => limits::check_stamp(&event.stamp),
        Message::Reply(reply) => limits::check_stamp(&reply.stamp),
        // The members of a batch are checked one by one.
        Message::Presence(_) | Message::Batch(..) => Ok(()),
    }
}

fn read_json(channel: Channel, payload: &[u8]) -> Result<Message, Rejection> {
    Ok(match channel {
        Channel::Report => Message::Report(read_report(payload)?),
        Channel::Event => Message::Event(read(text(payload)?)?),
        Channel::State => Message::Presence(read(text(payload)?)?),
        Channel::Reply => Message::Reply(read(text(payload)?)?),
        Channel::Batch => {
            let (batch, refused) = batch::read(text(payload)?)?;
            Message::Batch(batch, refused)
        }
    })
}

/// Writes a command.
#[must_use]
pub fn encode_command(command: &Command) -> Vec<u8> {
    let written = serde_json::to_vec(&Versioned { v: VERSION, body: command });
    debug_assert!(written.is_ok(), "plain data with text keys always has a JSON form");
    written.unwrap_or_default()
}

/// Reads a command as the vehicle `vin` does.
///
/// # Errors
/// The first reason to turn it away.
pub fn decode_command(vin: Vin, payload: &[u8]) -> Result<Command, Rejection> {
    if payload.len() > MAX_PAYLOAD {
        return Err(Rejection::Oversized);
    }
    let command: Command = read(text(payload)?)?;
    if command.vin != vin {
        return Err(Rejection::VinMismatch);
    }
    let sound = match command.order {
        Order::ReportRate { every_s, for_s } => (0.2..=3600.0).contains(&every_s) && (1.0..=86_400.0).contains(&for_s),
        Order::Locate | Order::Siren | Order::Lock | Order::Immobilise | Order::Release => true,
    };
    if sound && command.id.len() <= 64 { Ok(command) } else { Err(Rejection::OutOfRange) }
}

fn check_version(text: &str) -> Result<(), Rejection> {
    #[derive(Deserialize)]
    struct Head {
        v: Option<serde_json::Number>,
    }
    let head: Head = serde_json::from_str(text).map_err(|error| reason(&error))?;
    let version = head.v.and_then(|v| v.as_u64());
    if version == Some(u64::from(VERSION)) { Ok(()) } else { Err(Rejection::Version) }
}

fn text(payload: &[u8]) -> Result<&str, Rejection> {
    std::str::from_utf8(payload).map_err(|_| Rejection::NotUtf8)
}

fn read_report(payload: &[u8]) -> Result<Report, Rejection> {
    if let Some(report) = report::read(payload) {
        return Ok(report);
    }
    let text = text(payload)?;
    match serde_json::from_str::<Flat>(text) {
        Ok(flat) => flat.report(),
        // The first thing that is wrong depends on the order of members: what breaks the form or the version goes first.
        Err(error) => check_version(text).and(Err(reason(&error))),
    }
}

/// Reads a payload whose form and version are checked first.
fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Rejection> {
    check_version(text)?;
    serde_json::from_str(text).map_err(|error| reason(&error))
}

pub(super) fn reason(error: &serde_json::Error) -> Rejection {
    if error.is_data() { Rejection::Schema } else { Rejection::Malformed }
}
