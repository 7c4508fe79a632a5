//! The packets that a client sends and gets, MQTT 3.1.1 and 5, written into and read from shared buffers without
//! allocation. Checked against the client library's codecs, which make an object of every packet.

/// Version of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// 3.1.1.
    V4,
    /// 5.0.
    V5,
}

/// Quality of service. 2 is not offered: at least once with sequence numbers says more, at half the packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qos {
    /// 0.
    AtMostOnce,
    /// 1.
    AtLeastOnce,
}

/// A message to publish.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Topic name.
    pub topic: &'a str,
    /// Payload.
    pub payload: &'a [u8],
    /// MQTT content type (only MQTT 5 has it); empty for none.
    pub content_type: &'a str,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// Quality of service.
    pub qos: Qos,
}

/// What a broker sent is no MQTT, or not what a client may get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Garbage {
    /// A packet type that no broker sends, or with flags it must not have.
    #[error("a packet that no broker sends (first byte 0x{0:02x}); is it an MQTT broker?")]
    Type(u8),
    /// What servers say that speak TLS only.
    #[error("a TLS alert; does it want mqtts://?")]
    Tls,
    /// A packet that ends before it should.
    #[error("a broken packet (first byte 0x{0:02x})")]
    Broken(u8),
    /// A packet longer than is taken.
    #[error("a packet of {0} bytes, longer than is taken")]
    TooLong(usize),
    /// A packet at the wrong time.
    #[error("a packet at the wrong time (first byte 0x{0:02x})")]
    Unexpected(u8),
}

/// A packet from a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// Answer to CONNECT.
    ConnAck {
        /// 0: accepted.
        code: u8,
        /// How many unacknowledged messages the broker takes.
        receive_max: Option<u16>,
    },
    /// A message.
    Publish {
        /// Topic name.
        topic: &'a [u8],
        /// Payload.
        payload: &'a [u8],
        /// To be acknowledged.
        id: Option<u16>,
    },
    /// A message arrived.
    PubAck {
        /// Which.
        id: u16,
        /// Below 0x80: taken.
        code: u8,
    },
    /// Answer to SUBSCRIBE.
    SubAck {
        /// Below 0x80: granted.
        code: u8,
    },
    /// Answer to a ping.
    Pong,
    /// The broker ends the connection.
    Disconnect {
        /// Why.
        code: u8,
    },
}

const USER_PROPERTY: u8 = 0x26;
const CONTENT_TYPE: u8 = 0x03;
const RECEIVE_MAXIMUM: u8 = 0x21;
const MAXIMUM_PACKET: u8 = 0x27;
const SESSION_EXPIRY: u8 = 0x11;

fn put_u16(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(&number.to_be_bytes());
}

/// Text or bytes with their length; what is longer than a length can say is cut.
fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    let text = &text[..text.len().min(usize::from(u16::MAX))];
    put_u16(out, text.len() as u16);
    out.extend_from_slice(text);
}

fn put_length(out: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = (length & 0x7f) as u8;
        length >>= 7;
        if length == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

/// Puts the fixed header before what stands from `start`.
fn close_packet(out: &mut Vec<u8>, start: usize, first: u8) {
    let mut head = vec![first];
    put_length(&mut head, out.len() - start);
    out.splice(start..start, head);
}

/// What CONNECT says.
#[derive(Debug)]
pub struct Connect<'a> {
    /// Version of the protocol.
    pub version: Version,
    /// Client id.
    pub client_id: &'a str,
    /// User and password.
    pub login: Option<(&'a str, &'a str)>,
    /// Last will, sent with quality of service 1.
    pub will: Option<Message<'a>>,
    /// Seconds.
    pub keep_alive_s: u16,
    /// Whether the broker forgets what it knew.
    pub clean: bool,
    /// Seconds.
    pub session_expiry_s: u32,
    /// Unacknowledged messages taken.
    pub receive_max: u16,
    /// Longest packet taken, bytes.
    pub max_packet: u32,
}

impl Connect<'_> {
    /// Writes the packet.
    pub fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let v5 = self.version == Version::V5;
        put_text(out, b"MQTT");
        out.push(if v5 { 5 } else { 4 });
        let will_flags = self.will.map_or(0, |will| 0x0c | (u8::from(will.retain) << 5));
        let login_flags = if self.login.is_some() { 0xc0 } else { 0 };
        out.push(u8::from(self.clean) << 1 | will_flags | login_flags);
        put_u16(out, self.keep_alive_s);
        if v5 {
            out.push(13);
            out.push(SESSION_EXPIRY);
            out.extend_from_slice(&self.session_expiry_s.to_be_bytes());
            out.push(RECEIVE_MAXIMUM);
            put_u16(out, self.receive_max);
            out.push(MAXIMUM_PACKET);
            out.extend_from_slice(&self.max_packet.to_be_bytes());
        }
        put_text(out, self.client_id.as_bytes());
        if let Some(will) = self.will {
            if v5 {
                put_content_type(out, will.content_type);
            }
            put_text(out, will.topic.as_bytes());
            put_text(out, will.payload);
        }
        if let Some((user, password)) = self.login {
            put_text(out, user.as_bytes());
            put_text(out, password.as_bytes());
        }
        close_packet(out, start, 0x10);
    }
}

/// Properties with nothing but a content type.
fn put_content_type(out: &mut Vec<u8>, content_type: &str) {
    if content_type.is_empty() {
        return out.push(0);
    }
    put_length(out, 3 + content_type.len());
    out.push(CONTENT_TYPE);
    put_text(out, content_type.as_bytes());
}

impl Message<'_> {
    /// Appends PUBLISH; with quality of service 1 the number has yet to be set ([`set_id`]).
    pub fn encode(&self, version: Version, out: &mut Vec<u8>) {
        let numbered = self.qos == Qos::AtLeastOnce;
        let properties = match (version, self.content_type.len()) {
            (Version::V4, _) => 0,
            (Version::V5, 0) => 1,
            // Content types are short: the length of the properties takes one byte.
            (Version::V5, length) => 4 + length,
        };
        let length = 2 + self.topic.len() + 2 * usize::from(numbered) + properties + self.payload.len();
        out.reserve(length + 5);
        out.push(0x30 | u8::from(numbered) << 1 | u8::from(self.retain));
        put_length(out, length);
        put_text(out, self.topic.as_bytes());
        if numbered {
            put_u16(out, 0);
        }
        if version == Version::V5 {
            put_content_type(out, self.content_type);
        }
        out.extend_from_slice(self.payload);
    }
}

/// Quality of service of a packet that [`Message::encode`] made.
#[must_use]
pub fn qos_of(packet: &[u8]) -> Qos {
    if packet.first().is_some_and(|first| first & 0x06 != 0) { Qos::AtLeastOnce } else { Qos::AtMostOnce }
}

/// Sets the number of a packet that [`Message::encode`] made.
pub fn set_id(packet: &mut [u8], id: u16) {
    let head = 1 + packet[1..].iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    let topic = usize::from(u16::from_be_bytes([packet[head], packet[head + 1]]));
    packet[head + 2 + topic..][..2].copy_from_slice(&id.to_be_bytes());
}

/// Appends SUBSCRIBE.
pub fn subscribe(version: Version, id: u16, filters: &[String], qos: Qos, out: &mut Vec<u8>) {
    let start = out.len();
    put_u16(out, id);
    if version == Version::V5 {
        out.push(0);
    }
    for filter in filters {
        put_text(out, filter.as_bytes());
        out.push(u8::from(qos == Qos::AtLeastOnce));
    }
    close_packet(out, start, 0x82);
}

/// Appends PUBACK.
pub fn puback(id: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(&[0x40, 2]);
    put_u16(out, id);
}

/// PINGREQ.
pub const PING: [u8; 2] = [0xc0, 0];
/// DISCONNECT, normal.
pub const DISCONNECT: [u8; 2] = [0xe0, 0];

/// Takes fields off the front of a packet.
struct Fields<'a> {
    first: u8,
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Garbage> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(Garbage::Broken(self.first))?;
        self.rest = rest;
        Ok(head)
    }

    fn byte(&mut self) -> Result<u8, Garbage> {
        Ok(self.bytes(1)?[0])
    }

    fn u16(&mut self) -> Result<u16, Garbage> {
        let bytes = self.bytes(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn text(&mut self) -> Result<&'a [u8], Garbage> {
        let length = self.u16()?;
        self.bytes(usize::from(length))
    }

    /// The properties of a version 5 packet; none at its end or in version 4.
    fn properties(&mut self, version: Version) -> Result<Fields<'a>, Garbage> {
        if version == Version::V4 || self.rest.is_empty() {
            return Ok(Fields { first: self.first, rest: &[] });
        }
        let (length, digits) = read_length(self.rest, self.first)?.ok_or(Garbage::Broken(self.first))?;
        self.bytes(digits)?;
        Ok(Fields { first: self.first, rest: self.bytes(length)? })
    }

    /// The broker's receive maximum among the properties; all others are passed over.
    fn receive_max(&mut self) -> Result<Option<u16>, Garbage> {
        let mut found = None;
        while !self.rest.is_empty() {
            match self.byte()? {
                RECEIVE_MAXIMUM => found = Some(self.u16()?),
                0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28 | 0x29 | 0x2a => drop(self.byte()?),
                0x13 | 0x22 | 0x23 => drop(self.u16()?),
                0x02 | SESSION_EXPIRY | 0x18 | MAXIMUM_PACKET => drop(self.bytes(4)?),
                CONTENT_TYPE | 0x08 | 0x09 | 0x12 | 0x15 | 0x16 | 0x1a | 0x1c | 0x1f => drop(self.text()?),
                USER_PROPERTY => drop((self.text()?, self.text()?)),
                _ => return Err(Garbage::Broken(self.first)),
            }
        }
        Ok(found)
    }
}

/// A length of one to four bytes, and how many they are; `None` when there are too few yet.
fn read_length(bytes: &[u8], first: u8) -> Result<Option<(usize, usize)>, Garbage> {
    let mut length = 0;
    for (at, byte) in bytes.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(Some((length, at + 1)));
        }
    }
    if bytes.len() >= 4 { Err(Garbage::Broken(first)) } else { Ok(None) }
}

/// Reads the first packet, and how long it is; `None` when it is not whole yet.
///
/// # Errors
/// [`Garbage`]; nothing after it can be trusted.
pub fn read(version: Version, bytes: &[u8], max_packet: usize) -> Result<Option<(Incoming<'_>, usize)>, Garbage> {
    let Some((&first, rest)) = bytes.split_first() else { return Ok(None) };
    // Judged before the rest is there, so that a server that is no broker is found out at once.
    let flags = first & 0x0f;
    match (first >> 4, flags) {
        (2 | 4 | 9 | 13 | 14, 0) => {}
        (3, _) if flags & 0x06 <= 0x02 => {}
        (1, 5) => return Err(Garbage::Tls),
        _ => return Err(Garbage::Type(first)),
    }
    let Some((length, digits)) = read_length(rest, first)? else { return Ok(None) };
    let whole = 1 + digits + length;
    if whole > max_packet {
        return Err(Garbage::TooLong(whole));
    }
    let Some(body) = bytes.get(1 + digits..whole) else { return Ok(None) };
    Ok(Some((read_body(version, Fields { first, rest: body })?, whole)))
}

fn read_body(version: Version, mut fields: Fields<'_>) -> Result<Incoming<'_>, Garbage> {
    let first = fields.first;
    Ok(match first >> 4 {
        2 => {
            fields.byte()?;
            let code = fields.byte()?;
            Incoming::ConnAck { code, receive_max: fields.properties(version)?.receive_max()? }
        }
        3 => {
            let topic = fields.text()?;
            let id = if first & 0x06 == 0 { None } else { Some(fields.u16()?) };
            fields.properties(version)?;
            Incoming::Publish { topic, payload: fields.rest, id }
        }
        4 => Incoming::PubAck { id: fields.u16()?, code: fields.byte().unwrap_or(0) },
        9 => {
            fields.u16()?;
            fields.properties(version)?;
            // The worst of several answers.
            Incoming::SubAck { code: fields.rest.iter().copied().max().ok_or(Garbage::Broken(first))? }
        }
        13 => Incoming::Pong,
        _ => Incoming::Disconnect { code: fields.byte().unwrap_or(0) },
    })
}

/// A reason code in words.
#[must_use]
pub fn reason(version: Version, code: u8) -> String {
    let words = match (version, code) {
        (Version::V4, 1) | (Version::V5, 0x84) => "it does not speak this version of MQTT",
        (Version::V4, 2) | (Version::V5, 0x85) => "client id not valid",
        (Version::V4, 3) | (Version::V5, 0x88) => "server unavailable",
        (Version::V4, 4) | (Version::V5, 0x86) => "wrong user or password",
        (Version::V4, 5) | (Version::V5, 0x87) => "not authorized",
        (Version::V5, 0x80) => "unspecified error",
        (Version::V5, 0x81) => "malformed packet",
        (Version::V5, 0x82) => "protocol error",
        (Version::V5, 0x89) => "server busy",
        (Version::V5, 0x8a) => "banned",
        (Version::V5, 0x8b) => "server shutting down",
        (Version::V5, 0x8d) => "keep-alive timeout",
        (Version::V5, 0x8e) => "another client took its id",
        (Version::V5, 0x93) => "receive maximum exceeded",
        (Version::V5, 0x95) => "packet too large",
        (Version::V5, 0x96) => "message rate too high",
        (Version::V5, 0x97) => "quota exceeded",
        (Version::V5, 0x98) => "administrative action",
        (Version::V5, 0x9d) => "use another server",
        (Version::V5, 0x9f) => "connection rate exceeded",
        (Version::V4 | Version::V5, _) => "see the MQTT standard for the code",
    };
    format!("{words} (code {code})")
}
