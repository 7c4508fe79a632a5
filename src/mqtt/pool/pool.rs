//! The pool: sockets, readiness, timers. What the packets mean is in `serve`, how connections begin and end in `life`.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

pub use mio::Waker;
use mio::{Events, Poll, Token};

use super::codec::{DISCONNECT, Message, Qos};
use super::connection::{Busy, Connection, Phase, Wish};
use super::event::{Event, Introduction, Loss, Owner, Tag};
use super::settings::Settings;
use super::timers::{NEVER, Timers};
use super::wait::Wait;
use crate::base::Stopwatch;

/// Sockets looked at in one turn.
const EVENTS: usize = 1024;
/// What is read at a time, bytes; one buffer for all.
const READ: usize = 64 * 1024;
/// A connection's messages are put into its output up to so many bytes; the rest waits in its outbox.
pub(super) const ROOM: usize = 64 * 1024;
/// Buffers kept for whichever connection needs them next.
const SPARE: usize = 1024;
/// What the waker's events are known by.
const WAKE: Token = Token(usize::MAX);
/// Many lean connections in one thread.
#[derive(Debug)]
pub struct Pool {
    pub(super) settings: Settings,
    pub(super) poll: Poll,
    wait: Wait,
    waker: Arc<Waker>,
    events: Option<Events>,
    pub(super) watch: Stopwatch,
    pub(super) connections: Vec<Connection>,
    pub(super) timers: Timers,
    pub(super) queued: VecDeque<u32>,
    pub(super) opening: usize,
    pub(super) online: usize,
    dirty: Vec<u32>,
    #[expect(clippy::vec_box, reason = "the boxes themselves go from one connection to the next")]
    spare: Vec<Box<Busy>>,
    buffer: Vec<u8>,
    packet: Vec<u8>,
    /// When it was woken last, nanoseconds.
    woken_ns: u64,
    pub(super) introduction: Introduction,
}

impl Pool {
    /// A pool of so many connections, all off.
    ///
    /// # Errors
    /// When the system has no handle left.
    pub fn new(settings: Settings, count: usize, watch: Stopwatch) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE)?);
        let wait = Wait::new(poll.registry(), WAKE)?;
        Ok(Self {
            settings,
            poll,
            wait,
            waker,
            events: Some(Events::with_capacity(EVENTS)),
            watch,
            connections: (0..count).map(|_| Connection::new()).collect(),
            timers: Timers::new(count),
            queued: VecDeque::new(),
            opening: 0,
            online: 0,
            dirty: Vec::new(),
            spare: Vec::new(),
            buffer: vec![0; READ],
            packet: Vec::new(),
            woken_ns: 0,
            introduction: Introduction::default(),
        })
    }

    /// Ends a [`Pool::turn`] from another thread.
    #[must_use]
    pub fn waker(&self) -> Arc<Waker> {
        Arc::clone(&self.waker)
    }

    /// The watch that all its times are on.
    #[must_use]
    pub fn watch(&self) -> Stopwatch {
        self.watch
    }

    /// How many connections are open.
    #[must_use]
    pub fn online(&self) -> usize {
        self.online
    }

    /// Whether a connection is open.
    #[must_use]
    pub fn is_open(&self, connection: u32) -> bool {
        self.connections[connection as usize].phase == Phase::Open
    }

    /// Whether a connection is open, or about to be.
    #[must_use]
    pub fn is_up(&self, connection: u32) -> bool {
        matches!(self.connections[connection as usize].phase, Phase::Opening | Phase::Greeting | Phase::Open)
    }

    /// Whether all connections have ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.connections.iter().all(|one| one.phase == Phase::Off)
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.watch.ns() / 1_000_000
    }

    pub(super) fn at(&mut self, connection: u32) -> &mut Connection {
        &mut self.connections[connection as usize]
    }

    pub(super) fn busy(&mut self, connection: u32) -> &mut Busy {
        let spare = &mut self.spare;
        let one = &mut self.connections[connection as usize];
        one.busy.get_or_insert_with(|| spare.pop().unwrap_or_default())
    }

    /// Opens a connection, and opens it again whenever it is lost.
    pub fn open(&mut self, connection: u32) {
        let one = self.at(connection);
        one.wish = Wish::Up;
        if one.phase == Phase::Off {
            one.phase = Phase::Queued;
            self.queued.push_back(connection);
        }
    }

    /// Takes the network from a connection, so that it breaks without a farewell, or gives it back.
    pub fn set_reachable(&mut self, connection: u32, reachable: bool, owner: &mut impl Owner) {
        let one = self.at(connection);
        match (one.wish, reachable) {
            (Wish::Up, false) => {
                one.wish = Wish::NoNetwork;
                self.lose(connection, &Loss::NoNetwork, owner);
            }
            (Wish::NoNetwork, true) => {
                one.wish = Wish::Up;
                if one.phase == Phase::Off {
                    self.wait_before_next(connection);
                }
            }
            (Wish::Up | Wish::Leave, true) | (Wish::NoNetwork | Wish::Leave, false) => {}
        }
    }

    /// Breaks a connection without a farewell; it comes back after a wait.
    pub fn cut(&mut self, connection: u32, owner: &mut impl Owner) {
        if matches!(self.at(connection).phase, Phase::Opening | Phase::Greeting | Phase::Open) {
            self.lose(connection, &Loss::NoNetwork, owner);
        }
    }

    /// Ends a connection: when everything is acknowledged, or after the settings' farewell.
    pub fn leave(&mut self, connection: u32, owner: &mut impl Owner) {
        let deadline = self.now_ms() + self.settings.farewell.as_millis() as u64;
        let one = self.at(connection);
        one.wish = Wish::Leave;
        match one.phase {
            Phase::Off => self.abandon(connection, owner),
            Phase::Queued | Phase::Waiting => {
                one.phase = Phase::Off;
                self.timers.set(connection, NEVER);
                self.abandon(connection, owner);
                owner.on_event(connection, self.watch.ns(), Event::Ended { was_open: false });
            }
            // They keep the deadline that they have, and go on from there.
            Phase::Opening | Phase::Greeting => {}
            Phase::Open => {
                self.timers.set(connection, deadline);
                self.mark_dirty(connection);
            }
        }
    }

    /// Hands a message to a connection: sent when it is open and not too much is in flight, kept until then.
    pub fn publish(&mut self, connection: u32, message: &Message<'_>, tag: Tag, owner: &mut impl Owner) {
        let (version, limit) = (self.settings.version, self.settings.outbox);
        let open = self.is_open(connection);
        let mut packet = std::mem::take(&mut self.packet);
        let busy = self.busy(connection);
        if open && message.qos == Qos::AtMostOnce && busy.outbox.is_empty() && busy.output.len() < ROOM {
            message.encode(version, &mut busy.output);
            busy.unwritten.push(tag);
        } else {
            packet.clear();
            message.encode(version, &mut packet);
            let given_up = busy.outbox.push(packet.as_slice().into(), tag, limit);
            if let Some(given_up) = given_up {
                owner.on_event(connection, self.watch.ns(), Event::GivenUp(given_up));
            }
        }
        self.packet = packet;
        if open {
            self.mark_dirty(connection);
        }
    }

    /// Has a connection's messages and output looked at before the next wait.
    pub(super) fn mark_dirty(&mut self, connection: u32) {
        let busy = self.busy(connection);
        if !std::mem::replace(&mut busy.dirty, true) {
            self.dirty.push(connection);
        }
    }

    /// Writes what can be written, waits for at most `timeout`, and deals with what happened. The waker ends the wait.
    ///
    /// # Errors
    /// When the system cannot wait.
    pub fn turn(&mut self, timeout: Option<Duration>, owner: &mut impl Owner) -> io::Result<()> {
        self.start_queued(owner);
        self.flush_all(owner);
        let timer = self.timers.next().map(|at_ms| Duration::from_millis(at_ms.saturating_sub(self.now_ms())));
        let timeout = [timeout, timer].into_iter().flatten().min();
        let timeout = self.rest(timeout);
        let Some(mut events) = self.events.take() else { return Ok(()) };
        let polled = self.wait.poll(&mut self.poll, &mut events, timeout);
        self.woken_ns = self.watch.ns();
        for event in &events {
            if event.token() == WAKE {
                continue;
            }
            let connection = event.token().0 as u32;
            let writable = event.is_writable();
            if writable && self.at(connection).phase == Phase::Opening {
                self.on_connected(connection, owner);
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.on_readable(connection, event.is_read_closed(), owner);
            }
            if writable && !self.at(connection).is_settled() {
                self.mark_dirty(connection);
            }
        }
        self.events = Some(events);
        let now_ms = self.now_ms();
        while let Some(connection) = self.timers.take(now_ms) {
            self.on_timer(connection, now_ms, owner);
        }
        self.start_queued(owner);
        self.flush_all(owner);
        match polled {
            Err(error) if error.kind() != ErrorKind::Interrupted => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Sleeps until its tick, if it has one, and says how much of the time is left.
    fn rest(&self, timeout: Option<Duration>) -> Option<Duration> {
        let tick = self.settings.tick;
        if tick.is_zero() || timeout.is_some_and(|timeout| timeout.is_zero()) {
            return timeout;
        }
        let now_ns = self.watch.ns();
        let pause = tick.saturating_sub(Duration::from_nanos(now_ns - self.woken_ns));
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
        timeout.map(|timeout| timeout.saturating_sub(pause))
    }

    /// Reads what there is; when it is `closed`, up to its end, which no other event would tell.
    fn on_readable(&mut self, connection: u32, closed: bool, owner: &mut impl Owner) {
        let mut buffer = std::mem::take(&mut self.buffer);
        let now_ms = self.now_ms();
        while let Some(stream) = &mut self.at(connection).stream {
            let lost = match stream.read(&mut buffer) {
                Ok(0) => Loss::Closed,
                Ok(count) => {
                    self.at(connection).heard_ms = now_ms;
                    match self.take_in(connection, &buffer[..count], owner) {
                        // A short read has emptied the socket: more would be another event.
                        Ok(()) if count < READ && !closed => break,
                        Ok(()) => continue,
                        Err(loss) => loss,
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => error.into(),
            };
            self.lose(connection, &lost, owner);
        }
        self.buffer = buffer;
    }

    fn flush_all(&mut self, owner: &mut impl Owner) {
        while let Some(connection) = self.dirty.pop() {
            if let Some(busy) = &mut self.at(connection).busy {
                busy.dirty = false;
            }
            if self.is_open(connection) || self.at(connection).phase == Phase::Greeting {
                self.flush(connection, owner);
            }
            self.put_away(connection);
        }
    }

    /// Gives the buffers of a connection that has nothing to do to others.
    pub(super) fn put_away(&mut self, connection: u32) {
        if let Some(busy) = self.at(connection).busy.take_if(|busy| busy.is_idle())
            && self.spare.len() < SPARE
            && busy.is_small()
        {
            self.spare.push(busy);
        }
    }

    /// Moves messages into the output and the output into the socket, until one of them has no more.
    fn flush(&mut self, connection: u32, owner: &mut impl Owner) {
        loop {
            let now_ns = self.watch.ns();
            self.transmit(connection, now_ns, owner);
            let one = self.at(connection);
            let (Some(stream), Some(busy)) = (&mut one.stream, &mut one.busy) else { return };
            if busy.left().is_empty() && !stream.wants_write() {
                break;
            }
            match stream.write(busy.left()) {
                Ok(count) => {
                    busy.written += count;
                    one.said_ms = now_ns / 1_000_000;
                    self.on_written(connection, owner);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return self.lose(connection, &error.into(), owner),
            }
        }
        let one = self.at(connection);
        if one.wish == Wish::Leave && one.phase == Phase::Open && one.is_settled() {
            if let Some(stream) = &mut one.stream {
                stream.finish(&DISCONNECT);
            }
            self.end(connection, owner);
        }
    }

    fn on_written(&mut self, connection: u32, owner: &mut impl Owner) {
        let now_ns = self.watch.ns();
        let Some(busy) = &mut self.at(connection).busy else { return };
        if busy.left().is_empty() {
            busy.output.clear();
            busy.written = 0;
            for tag in busy.unwritten.drain(..) {
                owner.on_event(connection, now_ns, Event::Done { tag, written_ns: now_ns });
            }
        }
    }
}
