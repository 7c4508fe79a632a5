//! What stands on a tape: lines of JSON. The first is the header, the last the end mark, all others messages.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;

/// The version of the format that is written and read.
pub const VERSION: u32 = 1;

/// The first line of a tape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format.
    pub tape: u32,
    /// The program that wrote it.
    pub program: String,
    /// What was recorded, for people.
    pub source: String,
}

impl Header {
    /// The header of a tape of `source` that this program writes.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self { tape: VERSION, program: format!("zhilian {}", env!("CARGO_PKG_VERSION")), source: source.into() }
    }
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// When it arrived.
    pub at: Timestamp,
    /// Topic name.
    pub topic: Cow<'a, str>,
    /// MQTT content type.
    pub content_type: Option<Cow<'a, str>>,
    /// Whether the broker had kept it from before the subscription.
    pub retained: bool,
    /// Payload, byte for byte.
    pub payload: Cow<'a, [u8]>,
}

/// A message as its line says it. A payload that is no text is written in hexadecimal digits.
#[derive(Serialize, Deserialize)]
pub(super) struct Line<'a> {
    at_ms: Timestamp,
    #[serde(borrow)]
    topic: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    content_type: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    retained: bool,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    payload: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    payload_hex: Option<Cow<'a, str>>,
}

impl<'a> Line<'a> {
    pub(super) fn of(entry: &'a Entry<'_>) -> Self {
        let text = std::str::from_utf8(&entry.payload);
        Self {
            at_ms: entry.at,
            topic: Cow::Borrowed(&entry.topic),
            content_type: entry.content_type.as_deref().map(Cow::Borrowed),
            retained: entry.retained,
            payload: text.ok().map(Cow::Borrowed),
            payload_hex: text.is_err().then(|| Cow::Owned(to_hex(&entry.payload))),
        }
    }

    /// The message; `None` when the line has no payload in either form.
    pub(super) fn into_entry(self) -> Option<Entry<'static>> {
        let payload = match (self.payload, self.payload_hex) {
            (Some(text), None) => text.into_owned().into_bytes(),
            (None, Some(digits)) => from_hex(&digits)?,
            (None, None) | (Some(_), Some(_)) => return None,
        };
        Some(Entry {
            at: self.at_ms,
            topic: Cow::Owned(self.topic.into_owned()),
            content_type: self.content_type.map(|text| Cow::Owned(text.into_owned())),
            retained: self.retained,
            payload: Cow::Owned(payload),
        })
    }
}

/// The last line of a tape that was recorded to its end.
#[derive(Serialize, Deserialize)]
pub(super) struct End {
    /// How many messages stand before it.
    pub(super) end: u64,
}

/// How the end mark begins, unlike every other line.
pub(super) const END: &[u8] = b"{\"end\":";

fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(digits: &str) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = pair { Some(value(*high)? << 4 | value(*low)?) } else { None }).collect()
}
