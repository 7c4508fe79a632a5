//! What is kept of one connection.

use super::event::Tag;
use super::outbox::Outbox;
use super::stream::Stream;
use crate::mqtt::backoff::Backoff;

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nothing is under way.
    Off,
    /// Waits for its turn to open.
    Queued,
    /// Waits before the next attempt.
    Waiting,
    /// The system connects.
    Opening,
    /// CONNECT is sent.
    Greeting,
    /// The broker has accepted it.
    Open,
}

/// What its owner wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// That it is open.
    Up,
    /// That it is not there, without a farewell, and keeps its messages.
    NoNetwork,
    /// That it ends when everything is acknowledged.
    Leave,
}

/// Buffers that only a connection with something to do has.
#[derive(Debug, Default)]
pub(super) struct Busy {
    pub(super) outbox: Outbox,
    /// The begin of a packet whose rest has not come.
    pub(super) input: Vec<u8>,
    /// What the system has not taken yet.
    pub(super) output: Vec<u8>,
    /// So much of it is written.
    pub(super) written: usize,
    /// Messages in it that are done when it is written.
    pub(super) unwritten: Vec<Tag>,
    /// Whether the pool will flush it.
    pub(super) dirty: bool,
}

/// Larger buffers are not kept for others.
const KEPT_BYTES: usize = 16 * 1024;

impl Busy {
    /// Whether there is nothing to keep.
    pub(super) fn is_idle(&self) -> bool {
        self.outbox.is_empty() && self.input.is_empty() && self.output.is_empty() && !self.dirty
    }

    /// Whether its buffers are worth keeping for another connection.
    pub(super) fn is_small(&self) -> bool {
        self.input.capacity() + self.output.capacity() + 16 * self.unwritten.capacity() <= KEPT_BYTES
    }

    /// What is left to write.
    pub(super) fn left(&self) -> &[u8] {
        &self.output[self.written..]
    }

    /// The connection is gone: what was read and written of it is worth nothing.
    pub(super) fn clear_buffers(&mut self) {
        self.input.clear();
        self.output.clear();
        self.written = 0;
        self.outbox.reset();
    }
}

/// What is kept of one connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: Option<Stream>,
    pub(super) busy: Option<Box<Busy>>,
    pub(super) backoff: Option<Box<Backoff>>,
    /// When the attempt to open began, nanoseconds.
    pub(super) began_ns: u64,
    /// When something was last read and written, milliseconds.
    pub(super) heard_ms: u64,
    pub(super) said_ms: u64,
    pub(super) window: u16,
    /// Whether the broker has accepted it before.
    pub(super) known: bool,
    pub(super) phase: Phase,
    pub(super) wish: Wish,
}

impl Connection {
    pub(super) fn new() -> Self {
        Self {
            stream: None,
            busy: None,
            backoff: None,
            began_ns: 0,
            heard_ms: 0,
            said_ms: 0,
            window: 0,
            known: false,
            phase: Phase::Off,
            wish: Wish::NoNetwork,
        }
    }

    /// Whether nothing waits for an acknowledgement or for being sent.
    pub(super) fn is_settled(&self) -> bool {
        let written = self.stream.as_ref().is_none_or(|stream| !stream.wants_write());
        written && self.busy.as_ref().is_none_or(|busy| busy.outbox.is_empty() && busy.output.is_empty())
    }
}
