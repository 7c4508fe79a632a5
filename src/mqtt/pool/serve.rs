//! What packets and timers mean to a connection.

use std::sync::Arc;

use rustls::ClientConfig;

use super::codec::{Connect, Garbage, Incoming, Message, PING, Qos, Version, puback, read, subscribe};
use super::connection::{Phase, Wish};
use super::event::{Event, Greeting, Loss, Owner};
use super::outbox::SUBSCRIBE_ID;
use super::pool::{Pool, ROOM};
use super::timers::NEVER;
use crate::mqtt::tls::explain;

impl Pool {
    /// Writes CONNECT.
    pub(super) fn introduce(&mut self, connection: u32, owner: &mut impl Owner) {
        let mut who = std::mem::take(&mut self.introduction);
        owner.introduce(connection, &mut who);
        let will = who.will.as_ref().map(|will| Message {
            topic: &will.topic,
            payload: &will.payload,
            content_type: will.content_type,
            retain: will.retain,
            qos: Qos::AtLeastOnce,
        });
        let settings = &self.settings;
        let packet = Connect {
            version: settings.version,
            client_id: &who.client_id,
            login: who.login.as_ref().map(|(user, password)| (user.as_str(), password.as_str())),
            will,
            keep_alive_s: settings.keep_alive_s,
            clean: settings.clean_start,
            session_expiry_s: settings.session_expiry_s,
            receive_max: settings.in_flight.max(16),
            max_packet: u32::try_from(settings.max_packet).unwrap_or(u32::MAX),
        };
        let mut out = Vec::with_capacity(256);
        packet.write(&mut out);
        let own = who.tls.take();
        self.introduction = who;
        if let Err(why) = self.secure(connection, own) {
            return self.lose(connection, &why, owner);
        }
        self.at(connection).phase = Phase::Greeting;
        self.busy(connection).output.extend_from_slice(&out);
        self.mark_dirty(connection);
    }

    /// Puts TLS on a connection whose settings have it: its own, or the one of all.
    fn secure(&mut self, connection: u32, own: Option<Arc<ClientConfig>>) -> Result<(), Loss> {
        let Some(tls) = &self.settings.tls else { return Ok(()) };
        let known = self.connections[connection as usize].known;
        let shared = || if known { tls.config() } else { tls.newcomer() };
        let (host, config) = (tls.host(), own.unwrap_or_else(shared));
        let one = self.at(connection);
        one.stream = match one.stream.take() {
            Some(stream) => Some(stream.secure(host, config).map_err(|error| Loss::Tls(explain(&error)))?),
            None => None,
        };
        Ok(())
    }

    /// Takes whole packets from what was read, and keeps the rest.
    pub(super) fn take_in(&mut self, connection: u32, read: &[u8], owner: &mut impl Owner) -> Result<(), Loss> {
        let mut input = match &mut self.at(connection).busy {
            Some(busy) => std::mem::take(&mut busy.input),
            None => Vec::new(),
        };
        if input.is_empty() {
            let taken = self.take_packets(connection, read, owner)?;
            if taken < read.len() {
                self.busy(connection).input.extend_from_slice(&read[taken..]);
            }
        } else {
            input.extend_from_slice(read);
            let taken = self.take_packets(connection, &input, owner)?;
            input.drain(..taken);
            self.busy(connection).input = input;
        }
        self.mark_dirty(connection);
        Ok(())
    }

    /// How many bytes the whole packets have.
    fn take_packets(&mut self, connection: u32, bytes: &[u8], owner: &mut impl Owner) -> Result<usize, Loss> {
        let (version, max_packet) = (self.settings.version, self.settings.max_packet);
        let now_ns = self.watch.ns();
        let mut taken = 0;
        while let Some((packet, length)) = read(version, &bytes[taken..], max_packet)? {
            self.on_packet(connection, bytes[taken], packet, now_ns, owner)?;
            taken += length;
        }
        Ok(taken)
    }

    fn on_packet(
        &mut self,
        connection: u32,
        first: u8,
        packet: Incoming<'_>,
        now_ns: u64,
        owner: &mut impl Owner,
    ) -> Result<(), Loss> {
        let unexpected = || Loss::Garbage(Garbage::Unexpected(first));
        let version = self.settings.version;
        match (packet, self.at(connection).phase) {
            (Incoming::ConnAck { code: 0, receive_max }, Phase::Greeting) => {
                self.on_accepted(connection, receive_max, now_ns, owner);
            }
            (Incoming::ConnAck { code, .. }, Phase::Greeting) => return Err(Loss::Refused(version, code)),
            (Incoming::PubAck { id, code }, Phase::Open) => {
                if let Some(busy) = &mut self.at(connection).busy {
                    busy.outbox.acknowledge(id, code < 0x80, |event| owner.on_event(connection, now_ns, event));
                }
            }
            (Incoming::Publish { topic, payload, id }, Phase::Open) => {
                if let Some(id) = id {
                    puback(id, &mut self.busy(connection).output);
                }
                owner.on_event(connection, now_ns, Event::Received { topic, payload });
            }
            (Incoming::SubAck { code }, Phase::Open) => {
                owner.on_event(connection, now_ns, Event::Subscribed(code < 0x80));
            }
            (Incoming::Pong, Phase::Open) => {}
            (Incoming::Disconnect { code }, _) if version == Version::V5 => return Err(Loss::Ended(code)),
            (
                Incoming::ConnAck { .. }
                | Incoming::PubAck { .. }
                | Incoming::Publish { .. }
                | Incoming::SubAck { .. }
                | Incoming::Pong
                | Incoming::Disconnect { .. },
                _,
            ) => return Err(unexpected()),
        }
        Ok(())
    }

    fn on_accepted(&mut self, connection: u32, receive_max: Option<u16>, now_ns: u64, owner: &mut impl Owner) {
        let opened_ms = now_ns / 1_000_000;
        let (window, version) = (self.settings.in_flight, self.settings.version);
        self.opening -= 1;
        self.online += 1;
        let one = self.at(connection);
        one.phase = Phase::Open;
        one.known = true;
        one.said_ms = opened_ms;
        one.window = receive_max.unwrap_or(u16::MAX).min(window).max(1);
        if let Some(backoff) = &mut one.backoff {
            backoff.reset();
        }
        let took_ns = now_ns - one.began_ns;
        let first_look = match (one.wish, self.settings.keep_alive_s) {
            (Wish::Leave, _) => opened_ms + self.settings.farewell.as_millis() as u64,
            (Wish::Up | Wish::NoNetwork, 0) => NEVER,
            (Wish::Up | Wish::NoNetwork, seconds) => opened_ms + u64::from(seconds) * 1000,
        };
        self.timers.set(connection, first_look);
        let mut greeting = Greeting::default();
        owner.greet(connection, &mut greeting);
        let busy = self.busy(connection);
        if !greeting.filters.is_empty() {
            let qos = if greeting.at_most_once { Qos::AtMostOnce } else { Qos::AtLeastOnce };
            subscribe(version, SUBSCRIBE_ID, &greeting.filters, qos, &mut busy.output);
        }
        if let Some((packet, tag)) = greeting.birth {
            busy.outbox.push_first(packet, tag);
        }
        owner.on_event(connection, now_ns, Event::Opened { took_ns });
    }

    /// Moves messages that may be sent into the output.
    pub(super) fn transmit(&mut self, connection: u32, now_ns: u64, owner: &mut impl Owner) {
        let one = self.at(connection);
        let (Phase::Open, Some(busy)) = (one.phase, &mut one.busy) else { return };
        let bounds = (usize::from(one.window), ROOM);
        busy.outbox.transmit(&mut busy.output, bounds, now_ns, &mut busy.unwritten, |event| {
            owner.on_event(connection, now_ns, event);
        });
    }

    /// The time of a connection has come.
    pub(super) fn on_timer(&mut self, connection: u32, now_ms: u64, owner: &mut impl Owner) {
        let keep_alive_ms = u64::from(self.settings.keep_alive_s) * 1000;
        let one = self.at(connection);
        match (one.phase, one.wish) {
            (Phase::Off | Phase::Queued, _) => {}
            (Phase::Waiting, _) => self.queue(connection),
            (Phase::Opening | Phase::Greeting, _) => {
                self.lose(connection, &Loss::Silence(self.settings.patience.as_secs()), owner);
            }
            (Phase::Open, Wish::Leave) => self.end(connection, owner),
            (Phase::Open, Wish::Up | Wish::NoNetwork) => {
                if now_ms.saturating_sub(one.heard_ms) > 2 * keep_alive_ms {
                    return self.lose(connection, &Loss::Silence(2 * keep_alive_ms / 1000), owner);
                }
                let quiet_since_ms = one.said_ms.min(one.heard_ms);
                if quiet_since_ms + keep_alive_ms <= now_ms {
                    self.timers.set(connection, now_ms + keep_alive_ms);
                    self.busy(connection).output.extend_from_slice(&PING);
                    self.mark_dirty(connection);
                } else {
                    self.timers.set(connection, quiet_since_ms + keep_alive_ms);
                }
            }
        }
    }
}
