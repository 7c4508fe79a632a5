//! The messages of one connection that are not done: those in flight first, then those that wait.

use std::collections::VecDeque;

use super::codec::{Qos, qos_of, set_id};
use super::event::{Event, Tag};

/// A message that is not done.
#[derive(Debug)]
struct Pending {
    /// As [`super::Message::encode`] makes it.
    packet: Box<[u8]>,
    tag: Tag,
    /// When it was written last, nanoseconds.
    written_ns: u64,
    /// Its number while it is in flight.
    id: u16,
    /// Whether it was in flight on an earlier connection.
    again: bool,
}

/// The messages of one connection that are not done.
#[derive(Debug, Default)]
pub struct Outbox {
    messages: VecDeque<Pending>,
    /// So many from the front are in flight.
    in_flight: usize,
    last_id: u16,
}

/// The packet number of subscriptions; messages use those below.
pub const SUBSCRIBE_ID: u16 = u16::MAX;
/// So many messages may be left room for in an empty outbox.
const KEPT: usize = 8;

impl Outbox {
    /// Whether nothing is left to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// How many are not done.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Queues a packet behind those that wait; the answer is a message that was given up for it, because `limit` were
    /// there already.
    pub fn push(&mut self, packet: Box<[u8]>, tag: Tag, limit: usize) -> Option<Tag> {
        let given_up = if self.messages.len() >= limit { self.pop_front() } else { None };
        self.messages.push_back(Pending { packet, tag, written_ns: 0, id: 0, again: false });
        given_up.map(|pending| pending.tag)
    }

    /// Queues a packet before those that wait: only before anything is in flight.
    pub fn push_first(&mut self, packet: Box<[u8]>, tag: Tag) {
        debug_assert_eq!(self.in_flight, 0, "a new connection has nothing in flight");
        self.messages.push_front(Pending { packet, tag, written_ns: 0, id: 0, again: false });
    }

    /// The connection is gone: whatever was in flight will be sent again.
    pub fn reset(&mut self) {
        self.messages.iter_mut().take(self.in_flight).for_each(|pending| pending.again = true);
        self.in_flight = 0;
    }

    /// Gives up everything.
    pub fn abandon(&mut self, mut tell: impl FnMut(Event<'_>)) {
        while let Some(pending) = self.pop_front() {
            tell(Event::GivenUp(pending.tag));
        }
    }

    fn pop_front(&mut self) -> Option<Pending> {
        self.in_flight = self.in_flight.saturating_sub(1);
        let pending = self.messages.pop_front();
        if self.messages.is_empty() && self.messages.capacity() > KEPT {
            self.messages.shrink_to(KEPT);
        }
        pending
    }

    /// The broker answered for a message; refused ones (quota, no right) would be refused again.
    pub fn acknowledge(&mut self, id: u16, taken: bool, tell: impl FnOnce(Event<'_>)) {
        let flying = self.messages.iter().take(self.in_flight);
        let Some(index) = flying.enumerate().find_map(|(index, pending)| (pending.id == id).then_some(index)) else {
            return;
        };
        let done = if index == 0 {
            self.pop_front()
        } else {
            self.in_flight -= 1;
            self.messages.remove(index)
        };
        let Some(Pending { tag, written_ns, .. }) = done else { return };
        tell(if taken { Event::Done { tag, written_ns } } else { Event::GivenUp(tag) });
    }

    /// Appends to `out` what may be sent now: at most `window` in flight, and not much beyond `room` bytes. Messages that
    /// are not acknowledged go to `unwritten`.
    pub fn transmit(
        &mut self,
        out: &mut Vec<u8>,
        (window, room): (usize, usize),
        now_ns: u64,
        unwritten: &mut Vec<Tag>,
        mut tell: impl FnMut(Event<'_>),
    ) {
        while out.len() < room {
            let Some(pending) = self.messages.get_mut(self.in_flight) else { return };
            let start = out.len();
            match qos_of(&pending.packet) {
                Qos::AtMostOnce => {
                    out.extend_from_slice(&pending.packet);
                    unwritten.push(pending.tag);
                    self.messages.remove(self.in_flight);
                }
                Qos::AtLeastOnce if self.in_flight < window => {
                    out.extend_from_slice(&pending.packet);
                    self.last_id = if self.last_id >= SUBSCRIBE_ID - 1 { 1 } else { self.last_id + 1 };
                    set_id(&mut out[start..], self.last_id);
                    pending.id = self.last_id;
                    pending.written_ns = now_ns;
                    if std::mem::take(&mut pending.again) {
                        tell(Event::Resent);
                    }
                    self.in_flight += 1;
                }
                Qos::AtLeastOnce => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::codec::{Message, Version};
    use super::*;

    fn packet(qos: Qos) -> Box<[u8]> {
        let mut out = Vec::new();
        Message { topic: "t", payload: b"p", content_type: "", retain: false, qos }.encode(Version::V4, &mut out);
        out.into_boxed_slice()
    }

    fn tag(number: u32) -> Tag {
        Tag { intended_ns: 0, number }
    }

    fn filled(count: u32) -> Outbox {
        let mut outbox = Outbox::default();
        (1..=count).for_each(|number| assert_eq!(outbox.push(packet(Qos::AtLeastOnce), tag(number), 100), None));
        outbox
    }

    /// How many bytes are sent with a window, and how many of the messages are sent again.
    fn send(outbox: &mut Outbox, window: usize) -> (usize, usize) {
        let (mut out, mut again) = (Vec::new(), 0);
        outbox.transmit(&mut out, (window, usize::MAX), 7, &mut Vec::new(), |_| again += 1);
        (out.len() / packet(Qos::AtLeastOnce).len(), again)
    }

    #[test]
    fn what_is_not_acknowledged_is_sent_again_in_order() {
        let mut outbox = filled(3);
        assert_eq!(send(&mut outbox, 2), (2, 0));
        let mut done = Vec::new();
        outbox.acknowledge(1, true, |event| {
            if let Event::Done { tag, written_ns } = event {
                done.push((tag.number, written_ns));
            }
        });
        assert_eq!(done, [(1, 7)]);
        assert_eq!(send(&mut outbox, 2), (1, 0));
        outbox.reset();
        assert_eq!((send(&mut outbox, 16), outbox.len()), ((2, 2), 2));
        outbox.acknowledge(1, true, |_| panic!("nothing has this number any more"));
        outbox.acknowledge(5, false, |event| assert!(matches!(event, Event::GivenUp(tag) if tag.number == 3)));
        assert_eq!(outbox.len(), 1);
    }

    #[test]
    fn a_full_outbox_gives_up_the_oldest() {
        let mut outbox = filled(100);
        assert_eq!(send(&mut outbox, 16), (16, 0));
        assert_eq!(outbox.push(packet(Qos::AtLeastOnce), tag(101), 100), Some(tag(1)));
        assert_eq!((outbox.len(), send(&mut outbox, 16)), (100, (1, 0)));
    }

    #[test]
    fn what_needs_no_acknowledgement_keeps_its_place_and_is_done_at_once() {
        let mut outbox = filled(1);
        outbox.push(packet(Qos::AtMostOnce), tag(9), 100);
        outbox.push(packet(Qos::AtLeastOnce), tag(2), 100);
        let (mut out, mut unwritten) = (Vec::new(), Vec::new());
        outbox.transmit(&mut out, (1, usize::MAX), 0, &mut unwritten, |_| {});
        assert_eq!((&unwritten[..], outbox.len(), outbox.in_flight), (&[tag(9)][..], 2, 1));
    }

    #[test]
    fn an_emptied_outbox_keeps_little_memory() {
        let mut outbox = filled(90);
        send(&mut outbox, 90);
        (1..=90).for_each(|id| outbox.acknowledge(id, true, |_| {}));
        assert!(outbox.is_empty() && outbox.messages.capacity() <= KEPT, "{}", outbox.messages.capacity());
    }
}
