//! One vehicle's side of an MQTT 5 connection, without the connection: what to send, what an answer means, what is still
//! unacknowledged. A sans-IO state machine; [`super::fleet`] moves its bytes.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use rumqttc::v5::mqttbytes::v5::{
    Connect, ConnectProperties, ConnectReturnCode, Disconnect, DisconnectReasonCode, Filter, LastWill,
    LastWillProperties, Login, Packet, PingReq, PubAck, PubAckReason, Publish, PublishProperties, Subscribe,
};
use rumqttc::v5::mqttbytes::{Error as CodecError, QoS};

/// Seconds without traffic after which the connection is tested.
pub const KEEP_ALIVE_S: u16 = 60;
/// Unacknowledged messages at a time, unless the broker wants fewer.
const IN_FLIGHT: usize = 16;
/// Messages kept while there is no connection; beyond it the oldest goes.
const OUTBOX_LIMIT: usize = 4096;
/// The packet number of the one subscription; messages use those below.
const SUBSCRIBE_PACKET: u16 = u16::MAX;
/// The longest packet taken from a broker, bytes.
const MAX_PACKET: u32 = 64 * 1024;

/// A message to publish with `QoS` 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Topic name.
    pub topic: String,
    /// Payload.
    pub payload: Bytes,
    /// MQTT content type.
    pub content_type: &'static str,
    /// Whether the broker keeps it for later subscribers.
    pub retain: bool,
    /// The vehicle's sequence number, where the message has one.
    pub seq: Option<u32>,
}

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The broker refused the login.
    #[error("the broker refused the connection: {0:?}")]
    Refused(ConnectReturnCode),
    /// The broker ended the connection.
    #[error("the broker ended the connection: {0:?}")]
    Ended(DisconnectReasonCode),
    /// The broker sent something that does not belong here.
    #[error("the broker sent an unexpected packet")]
    Unexpected,
    /// The broker sent garbage.
    #[error("the broker sent garbage: {0}")]
    Garbage(#[from] CodecError),
}

#[derive(Debug)]
struct Pending {
    message: Outgoing,
    /// The packet number under which it was sent on this connection.
    sent_as: Option<u16>,
    again: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No connection, or CONNECT sent and not answered.
    Closed,
    /// CONNACK received.
    Open,
}

/// One vehicle's session.
#[derive(Debug)]
pub struct Session {
    client_id: String,
    login: Option<(String, String)>,
    will: Outgoing,
    phase: Phase,
    outbox: VecDeque<Pending>,
    next_packet: u16,
    in_flight: usize,
    /// Where it listens, and whether it has asked for it on this connection.
    filter: String,
    subscribed: bool,
    /// Messages received, and the numbers under which they have to be acknowledged.
    inbox: VecDeque<Bytes>,
    to_acknowledge: Vec<u16>,
    settled_seq: u32,
    acknowledged: u64,
    resent: u64,
    dropped: u64,
}

impl Session {
    /// A session that has sent nothing.
    #[must_use]
    pub fn new(client_id: String, login: Option<(String, String)>, will: Outgoing, filter: String) -> Self {
        Self {
            client_id,
            login,
            will,
            phase: Phase::Closed,
            outbox: VecDeque::new(),
            next_packet: 1,
            in_flight: IN_FLIGHT,
            filter,
            subscribed: false,
            inbox: VecDeque::new(),
            to_acknowledge: Vec::new(),
            settled_seq: 0,
            acknowledged: 0,
            resent: 0,
            dropped: 0,
        }
    }

    /// Starts a connection: writes CONNECT. Whatever was unacknowledged will be sent again.
    ///
    /// # Errors
    /// Never for the short names a vehicle has; those of the codec.
    pub fn connect(&mut self, out: &mut BytesMut) -> Result<(), SessionError> {
        self.phase = Phase::Closed;
        self.subscribed = false;
        self.to_acknowledge.clear();
        for pending in &mut self.outbox {
            pending.again |= pending.sent_as.take().is_some();
        }
        let connect = Connect {
            keep_alive: KEEP_ALIVE_S,
            client_id: self.client_id.clone(),
            clean_start: true,
            properties: Some(ConnectProperties {
                receive_maximum: Some(IN_FLIGHT as u16),
                max_packet_size: Some(MAX_PACKET),
                ..ConnectProperties::new()
            }),
        };
        let will = LastWill {
            topic: Bytes::from(self.will.topic.clone()),
            message: self.will.payload.clone(),
            qos: QoS::AtLeastOnce,
            retain: self.will.retain,
            properties: Some(LastWillProperties {
                delay_interval: None,
                payload_format_indicator: None,
                message_expiry_interval: None,
                content_type: Some(self.will.content_type.to_owned()),
                response_topic: None,
                correlation_data: None,
                user_properties: Vec::new(),
            }),
        };
        let login = self.login.as_ref().map(|(user, password)| Login::new(user.clone(), password.clone()));
        Packet::Connect(connect, Some(will), login).write(out, None)?;
        Ok(())
    }

    /// Whether the broker has accepted the connection.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Whether everything is acknowledged.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.outbox.is_empty()
    }

    /// The highest sequence number up to which everything was acknowledged (or given up).
    #[must_use]
    pub fn settled_seq(&self) -> u32 {
        self.settled_seq
    }

    /// Messages acknowledged, sent again, and given up because the outbox was full.
    #[must_use]
    pub fn counts(&self) -> (u64, u64, u64) {
        (self.acknowledged, self.resent, self.dropped)
    }

    /// Queues a message behind those that wait.
    pub fn push(&mut self, message: Outgoing) {
        if self.outbox.len() >= OUTBOX_LIMIT {
            self.dropped += 1;
            self.settle_front();
        }
        self.outbox.push_back(Pending { message, sent_as: None, again: false });
    }

    /// Queues a message before those that wait: the birth message of a new connection.
    pub fn push_first(&mut self, message: Outgoing) {
        self.outbox.push_front(Pending { message, sent_as: None, again: false });
    }

    /// Gives up what waits: the vehicle is switched off and there is no connection.
    pub fn abandon(&mut self) {
        self.dropped += self.outbox.len() as u64;
        self.outbox.clear();
    }

    /// The next message received.
    pub fn take_received(&mut self) -> Option<Bytes> {
        self.inbox.pop_front()
    }

    /// Takes whole packets from what was read.
    ///
    /// # Errors
    /// Why the connection cannot go on.
    pub fn receive(&mut self, input: &mut BytesMut) -> Result<(), SessionError> {
        loop {
            match Packet::read(input, Some(MAX_PACKET)) {
                Ok(packet) => self.on_packet(packet)?,
                Err(CodecError::InsufficientBytes(_)) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn on_packet(&mut self, packet: Packet) -> Result<(), SessionError> {
        match (packet, self.phase) {
            (Packet::ConnAck(ack), Phase::Closed) => {
                if ack.code != ConnectReturnCode::Success {
                    return Err(SessionError::Refused(ack.code));
                }
                let receive_max = ack.properties.and_then(|properties| properties.receive_max);
                self.in_flight = receive_max.map_or(IN_FLIGHT, |max| usize::from(max).clamp(1, IN_FLIGHT));
                self.phase = Phase::Open;
                Ok(())
            }
            (Packet::PubAck(ack), Phase::Open) => {
                self.on_acknowledged(ack.pkid, ack.reason);
                Ok(())
            }
            (Packet::Publish(publish), Phase::Open) => {
                if publish.pkid != 0 {
                    self.to_acknowledge.push(publish.pkid);
                }
                if self.inbox.len() < IN_FLIGHT {
                    self.inbox.push_back(publish.payload);
                }
                Ok(())
            }
            // A refused subscription only means that nobody commands this vehicle.
            (Packet::PingResp(_) | Packet::SubAck(_), Phase::Open) => Ok(()),
            (Packet::Disconnect(disconnect), _) => Err(SessionError::Ended(disconnect.reason_code)),
            (
                Packet::Auth(_)
                | Packet::Connect(..)
                | Packet::ConnAck(_)
                | Packet::Publish(_)
                | Packet::PubAck(_)
                | Packet::PingReq(_)
                | Packet::PingResp(_)
                | Packet::Subscribe(_)
                | Packet::SubAck(_)
                | Packet::PubRec(_)
                | Packet::PubRel(_)
                | Packet::PubComp(_)
                | Packet::Unsubscribe(_)
                | Packet::UnsubAck(_),
                _,
            ) => Err(SessionError::Unexpected),
        }
    }

    fn on_acknowledged(&mut self, packet: u16, reason: PubAckReason) {
        // A refused message (quota, no right) would be refused again: it counts as given up.
        let taken = matches!(reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers);
        let Some(index) = self.outbox.iter().position(|pending| pending.sent_as == Some(packet)) else { return };
        if taken {
            self.acknowledged += 1;
        } else {
            self.dropped += 1;
        }
        if index == 0 {
            self.settle_front();
        } else if let Some(pending) = self.outbox.remove(index) {
            // Brokers acknowledge in order; one that does not makes the settled number jump ahead a little early.
            self.settled_seq = self.settled_seq.max(pending.message.seq.unwrap_or(0));
        }
    }

    fn settle_front(&mut self) {
        if let Some(pending) = self.outbox.pop_front() {
            self.settled_seq = self.settled_seq.max(pending.message.seq.unwrap_or(0));
        }
    }

    /// Writes what may be sent now.
    ///
    /// # Errors
    /// Those of the codec.
    pub fn transmit(&mut self, out: &mut BytesMut) -> Result<(), SessionError> {
        if self.phase != Phase::Open {
            return Ok(());
        }
        if !self.subscribed {
            self.subscribed = true;
            let subscribe = Subscribe::new(Filter::new(self.filter.clone(), QoS::AtLeastOnce), None);
            Packet::Subscribe(Subscribe { pkid: SUBSCRIBE_PACKET, ..subscribe }).write(out, None)?;
        }
        for packet in self.to_acknowledge.drain(..) {
            Packet::PubAck(PubAck::new(packet, None)).write(out, None)?;
        }
        for pending in self.outbox.iter_mut().take(self.in_flight) {
            if pending.sent_as.is_some() {
                continue;
            }
            let packet = self.next_packet;
            self.next_packet = if packet == SUBSCRIBE_PACKET - 1 { 1 } else { packet + 1 };
            pending.sent_as = Some(packet);
            self.resent += u64::from(pending.again);
            let message = &pending.message;
            let publish = Publish {
                // A new session knows nothing of the first attempt, so it is no duplicate in the sense of the protocol.
                dup: false,
                qos: QoS::AtLeastOnce,
                retain: message.retain,
                topic: Bytes::copy_from_slice(message.topic.as_bytes()),
                pkid: packet,
                payload: message.payload.clone(),
                properties: Some(PublishProperties {
                    content_type: Some(message.content_type.to_owned()),
                    ..PublishProperties::default()
                }),
            };
            Packet::Publish(publish).write(out, None)?;
        }
        Ok(())
    }

    /// Writes a ping.
    ///
    /// # Errors
    /// Those of the codec.
    pub fn ping(&self, out: &mut BytesMut) -> Result<(), SessionError> {
        Packet::PingReq(PingReq).write(out, None)?;
        Ok(())
    }

    /// Writes DISCONNECT.
    ///
    /// # Errors
    /// Those of the codec.
    pub fn disconnect(&mut self, out: &mut BytesMut) -> Result<(), SessionError> {
        self.phase = Phase::Closed;
        Packet::Disconnect(Disconnect::new(DisconnectReasonCode::NormalDisconnection)).write(out, None)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rumqttc::v5::mqttbytes::v5::ConnAck;

    use super::*;

    fn message(seq: u32) -> Outgoing {
        let payload = Bytes::from(seq.to_string());
        Outgoing { topic: "zl/t".to_owned(), payload, content_type: "application/json", retain: false, seq: Some(seq) }
    }

    fn open(session: &mut Session) {
        session.connect(&mut BytesMut::new()).unwrap();
        let mut input = BytesMut::new();
        let ack = ConnAck { session_present: false, code: ConnectReturnCode::Success, properties: None };
        Packet::ConnAck(ack).write(&mut input, None).unwrap();
        session.receive(&mut input).unwrap();
        assert!(session.is_open());
    }

    fn sent(session: &mut Session) -> Vec<(u16, String)> {
        let mut out = BytesMut::new();
        session.transmit(&mut out).unwrap();
        let mut packets = Vec::new();
        while let Ok(packet) = Packet::read(&mut out, None) {
            if let Packet::Publish(publish) = packet {
                packets.push((publish.pkid, String::from_utf8(publish.payload.to_vec()).unwrap()));
            }
        }
        packets
    }

    fn acknowledge(session: &mut Session, packet: u16) {
        let mut input = BytesMut::new();
        Packet::PubAck(PubAck::new(packet, None)).write(&mut input, None).unwrap();
        session.receive(&mut input).unwrap();
    }

    #[test]
    fn what_was_not_acknowledged_is_sent_again_in_order() {
        let mut session = Session::new("v".to_owned(), None, message(0), "zl/c".to_owned());
        (1..=3).for_each(|seq| session.push(message(seq)));
        assert!(sent(&mut session).is_empty(), "nothing may be sent before CONNACK");
        open(&mut session);
        let first = sent(&mut session);
        assert_eq!(first.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
        acknowledge(&mut session, first[0].0);
        assert_eq!(session.settled_seq(), 1);
        open(&mut session);
        let second = sent(&mut session);
        assert_eq!(second.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["2", "3"]);
        for (packet, _) in &second {
            acknowledge(&mut session, *packet);
        }
        assert!(session.is_idle());
        assert_eq!(session.counts(), (3, 2, 0));
    }

    #[test]
    fn never_more_in_flight_than_allowed() {
        let mut session = Session::new("v".to_owned(), None, message(0), "zl/c".to_owned());
        (1..=100).for_each(|seq| session.push(message(seq)));
        open(&mut session);
        assert_eq!(sent(&mut session).len(), IN_FLIGHT);
        assert!(sent(&mut session).is_empty());
    }

    #[test]
    fn a_full_outbox_gives_up_the_oldest() {
        let mut session = Session::new("v".to_owned(), None, message(0), "zl/c".to_owned());
        (1..=OUTBOX_LIMIT as u32 + 5).for_each(|seq| session.push(message(seq)));
        assert_eq!(session.counts().2, 5);
        assert_eq!(session.settled_seq(), 5);
    }

    #[test]
    fn commands_are_taken_and_acknowledged() {
        let mut session = Session::new("v".to_owned(), None, message(0), "zl/c".to_owned());
        open(&mut session);
        let mut out = BytesMut::new();
        session.transmit(&mut out).unwrap();
        let asked = Packet::read(&mut out, None);
        assert!(matches!(asked, Ok(Packet::Subscribe(subscribe)) if subscribe.filters[0].path == "zl/c"));
        let mut input = BytesMut::new();
        let publish = Publish { pkid: 9, ..Publish::new("zl/c", QoS::AtLeastOnce, "go", None) };
        Packet::Publish(publish).write(&mut input, None).unwrap();
        session.receive(&mut input).unwrap();
        assert_eq!(session.take_received().as_deref(), Some(&b"go"[..]));
        session.transmit(&mut out).unwrap();
        assert!(matches!(Packet::read(&mut out, None), Ok(Packet::PubAck(ack)) if ack.pkid == 9));
        assert!(session.take_received().is_none() && Packet::read(&mut out, None).is_err());
    }

    #[test]
    fn garbage_ends_the_connection() {
        let mut session = Session::new("v".to_owned(), None, message(0), "zl/c".to_owned());
        open(&mut session);
        assert!(session.receive(&mut BytesMut::from(&[0xff, 0x02, 1, 2][..])).is_err());
        assert!(session.receive(&mut BytesMut::from(&[0x20, 0x03, 0, 0, 0][..])).is_err(), "a second CONNACK");
    }
}
