//! Packets of messages that waited for a network: each member is what would have stood alone, under the name of its kind.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::limits;
use super::message::{VERSION, Versioned, reason};
use super::rejection::Rejection;
use crate::base::Vin;
use crate::model::{Batch, Event, Item, Reply, Report};

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    vin: Vin,
    items: Vec<Member<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Member<'a> {
    Report(Versioned<'a, Report>),
    Event(Versioned<'a, Event>),
    Reply(Versioned<'a, Reply>),
}

/// Writes a batch.
pub(super) fn write(batch: &Batch, buffer: &mut Vec<u8>) -> serde_json::Result<()> {
    let items = batch.items.iter().map(|item| match item {
        Item::Report(body) => Member::Report(Versioned { v: VERSION, body }),
        Item::Event(body) => Member::Event(Versioned { v: VERSION, body }),
        Item::Reply(body) => Member::Reply(Versioned { v: VERSION, body }),
    });
    serde_json::to_writer(buffer, &Written { v: VERSION, vin: batch.vin, items: items.collect() })
}

#[derive(Deserialize)]
struct Packet {
    vin: Vin,
    items: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unread {
    Report(Value),
    Event(Value),
    Reply(Value),
}

/// Reads a batch whose version has been checked: its sound members, and why the others were turned away.
pub(super) fn read(text: &str) -> Result<(Batch, Vec<Rejection>), Rejection> {
    let packet: Packet = serde_json::from_str(text).map_err(|error| reason(&error))?;
    gather(packet.vin, packet.items.into_iter().map(read_member))
}

/// A batch of the sound members, and why the others were turned away.
pub(super) fn gather(
    vin: Vin,
    members: impl ExactSizeIterator<Item = Result<Item, Rejection>>,
) -> Result<(Batch, Vec<Rejection>), Rejection> {
    if !(1..=Batch::MOST).contains(&members.len()) {
        return Err(Rejection::Schema);
    }
    let mut batch = Batch { vin, items: Vec::with_capacity(members.len()) };
    let mut refused = Vec::new();
    for member in members {
        match member.and_then(|item| checked(vin, item)) {
            Ok(item) => batch.items.push(item),
            Err(rejection) => refused.push(rejection),
        }
    }
    Ok((batch, refused))
}

fn read_member(member: Value) -> Result<Item, Rejection> {
    Ok(match take(member)? {
        Unread::Report(value) => Item::Report(versioned(value)?),
        Unread::Event(value) => Item::Event(versioned(value)?),
        Unread::Reply(value) => Item::Reply(versioned(value)?),
    })
}

fn checked(vin: Vin, item: Item) -> Result<Item, Rejection> {
    if item.stamp().vin != vin {
        return Err(Rejection::VinMismatch);
    }
    match &item {
        Item::Report(report) => limits::check_report(report)?,
        Item::Event(event) => limits::check_stamp(&event.stamp)?,
        Item::Reply(reply) => limits::check_stamp(&reply.stamp)?,
    }
    Ok(item)
}

fn versioned<T: for<'de> Deserialize<'de>>(value: Value) -> Result<T, Rejection> {
    let version = value.get("v").and_then(Value::as_u64);
    if version == Some(u64::from(VERSION)) { take(value) } else { Err(Rejection::Version) }
}

fn take<T: for<'de> Deserialize<'de>>(value: Value) -> Result<T, Rejection> {
    serde_json::from_value(value).map_err(|_| Rejection::Schema)
}
