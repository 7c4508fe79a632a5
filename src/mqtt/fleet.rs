//! The connections of a fleet, in the thread of whoever simulates it: one lean connection a vehicle, its last will, its
//! birth message, its commands.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::credentials::Credentials;
use super::pool::{
    Event, Greeting, Introduction, Message as Packet, Owner, Pool, Qos, Settings, Tag, Version, Waker, Will,
};
use crate::base::{Stopwatch, Vin};
use crate::model::{Command, Presence};
use crate::wire::topic::command_topic;
use crate::wire::{Format, Message, decode_command, encode};

/// Commands that wait for the simulation; a fleet that is commanded faster loses the rest.
const COMMANDS: usize = 1024;
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
    /// Is told what happened, as an [`Owner`] is; messages about presence have the default tag.
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
    payload: Vec<u8>,
}

/// What the connections of a fleet need to know.
#[derive(Debug)]
struct Crew<W> {
    version: Version,
    credentials: Arc<Credentials>,
    /// Number and name of each connection's vehicle, by number.
    vehicles: Vec<(u32, Vin)>,
    /// By connection: the highest number handed over, and up to which all was acknowledged or given up.
    handed: Vec<u32>,
    settled: Vec<u32>,
    boot: u32,
    format: Format,
    tally: Arc<Tally>,
    commands: VecDeque<(u32, Command)>,
    /// Why a connection failed or was lost, of the first.
    failure: Option<String>,
    watcher: W,
}

impl<W: Watcher> FleetLink<W> {
    /// A connection for each vehicle, all off. Nothing happens but in [`FleetLink::turn`].
    ///
    /// # Errors
    /// When the system has no handle left.
    pub fn new(
        settings: Settings,
        credentials: Arc<Credentials>,
        mut vehicles: Vec<(u32, Vin)>,
        boot: u32,
        watch: Stopwatch,
        watcher: W,
    ) -> io::Result<Self> {
        vehicles.sort_unstable();
        let count = vehicles.len();
        let crew = Crew {
            version: settings.version,
            credentials,
            vehicles,
            handed: vec![0; count],
            settled: vec![0; count],
            boot,
            format: Format::Json,
            tally: Arc::default(),
            commands: VecDeque::new(),
            failure: None,
            watcher,
        };
        Ok(Self { pool: Pool::new(settings, count, watch)?, crew, payload: Vec::new() })
    }

    /// Writes what vehicles say in this format from now on, but for their presence; JSON before.
    pub fn write_in(&mut self, format: Format) {
        self.crew.format = format;
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
        let all = self.crew.vehicles.len() as u32;
        (0..count.min(all)).for_each(|connection| self.pool.open(connection));
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

    fn connection(&self, vehicle: u32) -> Option<u32> {
        let found = self.crew.vehicles.binary_search_by_key(&vehicle, |(number, _)| *number);
        found.ok().map(|at| at as u32)
    }

    /// Hands a message to its vehicle's connection, which keeps it until it is acknowledged. It was to be sent at
    /// `intended_ns` on the watch.
    pub fn send(&mut self, vehicle: u32, message: &Message, intended_ns: u64) {
        self.crew.tally.sent.fetch_add(1, Ordering::Relaxed);
        let Some(connection) = self.connection(vehicle) else { return };
        let seq = message.last_seq(self.crew.boot).unwrap_or(0);
        let handed = &mut self.crew.handed[connection as usize];
        *handed = seq.max(*handed);
        self.publish(connection, message, Tag { intended_ns, number: seq });
    }

    fn publish(&mut self, connection: u32, message: &Message, tag: Tag) {
        // Presence is said once a connection and kept by the broker, for people to read.
        let retain = matches!(message, Message::Presence(_));
        let format = if retain { Format::Json } else { self.crew.format };
        encode(message, format, &mut self.payload);
        let topic = message.topic().to_string();
        let packet = packet(&topic, &self.payload, format, retain);
        self.pool.publish(connection, &packet, tag, &mut self.crew);
    }

    /// Takes the network from a vehicle, so that its connection breaks without a farewell, or gives it back.
    pub fn set_reachable(&mut self, vehicle: u32, reachable: bool) {
        if let Some(connection) = self.connection(vehicle) {
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
        for connection in 0..self.crew.vehicles.len() as u32 {
            if self.pool.is_up(connection) {
                let gone = self.crew.presence(connection, false, self.crew.handed[connection as usize]);
                self.publish(connection, &gone, Tag::default());
            }
            self.pool.leave(connection, &mut self.crew);
        }
    }
}

/// A message as all of them are sent.
fn packet<'a>(topic: &'a str, payload: &'a [u8], format: Format, retain: bool) -> Packet<'a> {
    Packet { topic, payload, content_type: format.content_type(), retain, qos: Qos::AtLeastOnce }
}

impl<W> Crew<W> {
    fn presence(&self, connection: u32, online: bool, seq: u32) -> Message {
        let (_, vin) = self.vehicles[connection as usize];
        Message::Presence(Presence { vin, online, boot: Some(self.boot), seq: Some(seq), time: None })
    }

    fn settle(&mut self, connection: u32, tag: Tag) {
        // Brokers acknowledge in order; one that does not makes the settled number jump ahead a little early.
        let settled = &mut self.settled[connection as usize];
        *settled = tag.number.max(*settled);
    }

    /// Takes a command; what cannot be read is passed over, as a device would.
    fn on_command(&mut self, connection: u32, payload: &[u8]) {
        let (number, vin) = self.vehicles[connection as usize];
        match decode_command(vin, payload) {
            Ok(command) if self.commands.len() < COMMANDS => self.commands.push_back((number, command)),
            Ok(_) => tracing::debug!(%vin, "too many commands wait"),
            Err(rejection) => tracing::debug!(%vin, %rejection, "command turned away"),
        }
    }
}

impl<W: Watcher> Owner for Crew<W> {
    fn introduce(&mut self, connection: u32, who: &mut Introduction) {
        let (number, vin) = self.vehicles[connection as usize];
        vin.as_str().clone_into(&mut who.client_id);
        self.credentials.introduce_vehicle(number, vin, who);
        let will = Message::Presence(Presence { vin, online: false, boot: None, seq: None, time: None });
        let mut payload = who.will.take().map(|will| will.payload).unwrap_or_default();
        encode(&will, Format::Json, &mut payload);
        let content_type = Format::Json.content_type();
        who.will = Some(Will { topic: will.topic().to_string(), payload, content_type, retain: true });
    }

    fn greet(&mut self, connection: u32, greeting: &mut Greeting) {
        let (_, vin) = self.vehicles[connection as usize];
        greeting.filters.push(command_topic(vin));
        let birth = self.presence(connection, true, self.settled[connection as usize]);
        let mut payload = Vec::new();
        encode(&birth, Format::Json, &mut payload);
        let topic = birth.topic().to_string();
        greeting.set_birth(self.version, &packet(&topic, &payload, Format::Json, true), Tag::default());
    }

    fn on_event(&mut self, connection: u32, now_ns: u64, event: Event<'_>) {
        self.watcher.on_event(connection, now_ns, event);
        let tally = Arc::clone(&self.tally);
        let count = |counter: &AtomicU64| {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        let (_, vin) = self.vehicles[connection as usize];
        match event {
            Event::Opened { .. } => count(&tally.online),
            Event::Lost(loss) => {
                tracing::debug!(%vin, %loss, "connection lost");
                self.failure.get_or_insert_with(|| loss.to_string());
                tally.online.fetch_sub(1, Ordering::Relaxed);
                count(&tally.losses);
            }
            Event::Failed(loss) => {
                tracing::debug!(%vin, %loss, "no connection");
                self.failure.get_or_insert_with(|| loss.to_string());
            }
            Event::Ended { was_open } => {
                tally.online.fetch_sub(u64::from(was_open), Ordering::Relaxed);
            }
            Event::Done { tag, .. } => {
                count(&tally.acknowledged);
                self.settle(connection, tag);
            }
            Event::GivenUp(tag) => {
                count(&tally.dropped);
                self.settle(connection, tag);
            }
            Event::Resent => count(&tally.resent),
            // A refused subscription only means that nobody commands this vehicle.
            Event::Subscribed(_) => {}
            Event::Received { payload, .. } => self.on_command(connection, payload),
        }
    }
}
