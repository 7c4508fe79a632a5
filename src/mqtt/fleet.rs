//! The connections of a fleet, in the thread of whoever simulates it: one lean connection a vehicle with its last will, its
//! birth message and its commands, or a few gateways that carry what all of them say.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::crew::{Crew, Roster};
use super::pool::{Event, Message as Packet, Pool, Qos, Settings, Tag, Waker};
use crate::base::Stopwatch;
use crate::model::Command;
use crate::wire::{Format, Message, encode};

/// A connection that stays open for so long has been accepted, whatever the broker says.
const KEPT_OPEN: Duration = Duration::from_secs(5);
/// The longest turn while the fleet says farewell.
const TURN: Duration = Duration::from_millis(50);

/// What a fleet's connections have done so far.
#[derive(Debug, Default)]
pub struct Tally {
    /// Connections open now.
    pub online: AtomicU64,
    /// Messages handed over by the simulation.
    pub sent: AtomicU64,
    /// Messages that the broker acknowledged (presence included).
    pub acknowledged: AtomicU64,
    /// Messages sent again after a lost connection.
    pub resent: AtomicU64,
    /// Messages given up, because a queue was full or the broker refused them.
    pub dropped: AtomicU64,
    /// Connections lost.
    pub losses: AtomicU64,
}

/// Whoever wants to know what happens to a fleet's connections, besides its [`Tally`].
pub trait Watcher {
    /// Is told what happened, as an [`Owner`](super::pool::Owner) is; messages about presence have the default tag.
    fn on_event(&mut self, connection: u32, now_ns: u64, event: Event<'_>);
}

/// Nobody.
impl Watcher for () {
    fn on_event(&mut self, _: u32, _: u64, _: Event<'_>) {}
}

/// The connections of a fleet.
#[derive(Debug)]
pub struct FleetLink<W = ()> {
    pool: Pool,
    crew: Crew<W>,
    topic: String,
    payload: Vec<u8>,
}

impl<W: Watcher> FleetLink<W> {
    /// The connections of a roster, all off. Nothing happens but in [`FleetLink::turn`].
    ///
    /// # Errors
    /// When the system has no handle left.
    pub fn new(settings: Settings, roster: Roster, watch: Stopwatch, watcher: W) -> io::Result<Self> {
        let crew = Crew::new(settings.version, roster, watcher);
        let pool = Pool::new(settings, crew.connections(), watch)?;
        Ok(Self { pool, crew, topic: String::new(), payload: Vec::new() })
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> u32 {
        self.crew.connections() as u32
    }

    /// Opens the first connection and waits until the broker has taken its first message, or has kept it open without
    /// an answer for some seconds: one that accepts nobody, or drops everybody, is known at once.
    ///
    /// # Errors
    /// Why it has not.
    pub fn probe(&mut self) -> Result<(), String> {
        let begin_ns = self.watch().ns();
        self.open(1);
        loop {
            self.turn(TURN).map_err(|error| error.to_string())?;
            if let Some(why) = self.crew.failure.take() {
                return Err(why);
            }
            let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            let tally = &self.crew.tally;
            let answered = get(&tally.acknowledged) + get(&tally.dropped) > 0;
            let kept = get(&tally.online) > 0 && u128::from(self.watch().ns() - begin_ns) > KEPT_OPEN.as_nanos();
            if answered || kept {
                return Ok(());
            }
        }
    }

    /// Opens the first `count` connections, in order of their vehicles' numbers.
    pub fn open(&mut self, count: u32) {
        (0..count.min(self.connections())).for_each(|connection| self.pool.open(connection));
    }

    /// The watch that its times are on.
    #[must_use]
    pub fn watch(&self) -> Stopwatch {
        self.pool.watch()
    }

    /// Whoever wants to know what happens.
    pub fn watcher(&mut self) -> &mut W {
        &mut self.crew.watcher
    }

    /// What the connections have done so far.
    #[must_use]
    pub fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.crew.tally)
    }

    /// Ends a [`FleetLink::turn`] from another thread.
    #[must_use]
    pub fn waker(&self) -> Arc<Waker> {
        self.pool.waker()
    }

    /// Moves bytes, and waits for at most `timeout` when there are none to move.
    ///
    /// # Errors
    /// When the system cannot wait for sockets.
    pub fn turn(&mut self, timeout: Duration) -> io::Result<()> {
        self.pool.turn(Some(timeout), &mut self.crew)
    }

    /// The next command that reached a vehicle.
    pub fn next_command(&mut self) -> Option<(u32, Command)> {
        self.crew.commands.pop_front()
    }

    /// Hands a message to its vehicle's connection, which keeps it until it is acknowledged. It was to be sent at
    /// `intended_ns` on the watch.
    pub fn send(&mut self, vehicle: u32, message: &Message, intended_ns: u64) {
        self.crew.tally.sent.fetch_add(1, Ordering::Relaxed);
        let Some(place) = self.crew.place(vehicle) else { return };
        let seq = message.last_seq(self.crew.boot()).unwrap_or(0);
        self.crew.hand(place, seq);
        self.publish(self.crew.connection(place), message, Tag { intended_ns, number: seq });
    }

    fn publish(&mut self, connection: u32, message: &Message, tag: Tag) {
        // Presence is said once a connection and kept by the broker, for people to read.
        let retain = matches!(message, Message::Presence(_));
        let (format, qos) = if retain { (Format::Json, Qos::AtLeastOnce) } else { self.crew.manner() };
        encode(message, format, &mut self.payload);
        message.topic().write_to(&mut self.topic);
        let (topic, payload, content_type) = (&self.topic, &self.payload, format.content_type());
        let packet = Packet { topic, payload, content_type, retain, qos };
        self.pool.publish(connection, &packet, tag, &mut self.crew);
    }

    /// Takes the network from a vehicle, so that its connection breaks without a farewell, or gives it back. A gateway
    /// stays connected and says it of the vehicle.
    pub fn set_reachable(&mut self, vehicle: u32, reachable: bool) {
        let Some(place) = self.crew.place(vehicle) else { return };
        let connection = self.crew.connection(place);
        if self.crew.has_gateways() {
            let presence = self.crew.presence(place, reachable);
            self.publish(connection, &presence, Tag::default());
        } else {
            self.pool.set_reachable(connection, reachable, &mut self.crew);
        }
    }

    /// Switches all vehicles off: each waits for its acknowledgements, says that it is gone, and disconnects.
    pub fn stop(mut self) -> (Arc<Tally>, W) {
        self.leave();
        while !self.is_over() {
            if let Err(error) = self.turn(TURN) {
                tracing::error!(%error, "cannot wait for the last acknowledgements");
                break;
            }
        }
        (self.crew.tally, self.crew.watcher)
    }

    /// Whether all connections have ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.pool.is_over()
    }

    fn leave(&mut self) {
        for connection in 0..self.connections() {
            if !self.crew.has_gateways() && self.pool.is_up(connection) {
                let gone = self.crew.presence(connection, false);
                self.publish(connection, &gone, Tag::default());
            }
            self.pool.leave(connection, &mut self.crew);
        }
    }
}
