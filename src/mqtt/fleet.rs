//! The connections of a fleet, in the thread of whoever simulates it: one lean connection a vehicle, its last will, its
//! birth message, its commands.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::pool::{Event, Greeting, Introduction, Message as Packet, Owner, Pool, Qos, Settings, Tag, Waker, Will};
use super::url::BrokerUrl;
use crate::base::{Stopwatch, Vin};
use crate::model::{Command, Presence};
use crate::wire::topic::command_topic;
use crate::wire::{Format, Message, decode_command, encode};

/// Commands that wait for the simulation; a fleet that is commanded faster loses the rest.
const COMMANDS: usize = 1024;
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

/// The connections of a fleet.
#[derive(Debug)]
pub struct FleetLink {
    pool: Pool,
    crew: Crew,
    payload: Vec<u8>,
}

/// What the connections of a fleet need to know.
#[derive(Debug)]
struct Crew {
    settings: Settings,
    login: Option<(String, String)>,
    /// Number and name of each connection's vehicle, by number.
    vehicles: Vec<(u32, Vin)>,
    /// By connection: the highest number handed over, and up to which all was acknowledged or given up.
    handed: Vec<u32>,
    settled: Vec<u32>,
    boot: u32,
    tally: Arc<Tally>,
    commands: VecDeque<(u32, Command)>,
}

impl FleetLink {
    /// Opens a connection for each vehicle. Nothing happens but in [`FleetLink::turn`].
    ///
    /// # Errors
    /// When the system has no handle left.
    pub fn start(address: SocketAddr, url: &BrokerUrl, vehicles: &[(u32, Vin)], boot: u32) -> io::Result<Self> {
        let settings = Settings::of_vehicles(address, u64::from(boot));
        let mut vehicles = vehicles.to_vec();
        vehicles.sort_unstable();
        let count = vehicles.len();
        let mut pool = Pool::new(settings.clone(), count, Stopwatch::start())?;
        (0..count as u32).for_each(|connection| pool.open(connection));
        let crew = Crew {
            settings,
            login: url.login.clone(),
            vehicles,
            handed: vec![0; count],
            settled: vec![0; count],
            boot,
            tally: Arc::default(),
            commands: VecDeque::new(),
        };
        Ok(Self { pool, crew, payload: Vec::new() })
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

    /// Hands a message to its vehicle's connection, which keeps it until it is acknowledged.
    pub fn send(&mut self, vehicle: u32, message: &Message) {
        self.crew.tally.sent.fetch_add(1, Ordering::Relaxed);
        let Some(connection) = self.connection(vehicle) else { return };
        let seq = message.last_seq(self.crew.boot).unwrap_or(0);
        let handed = &mut self.crew.handed[connection as usize];
        *handed = seq.max(*handed);
        self.publish(connection, message, Tag { intended_ns: 0, number: seq });
    }

    fn publish(&mut self, connection: u32, message: &Message, tag: Tag) {
        encode(message, Format::Json, &mut self.payload);
        let topic = message.topic().to_string();
        let packet = packet(&topic, &self.payload, matches!(message, Message::Presence(_)));
        self.pool.publish(connection, &packet, tag, &mut self.crew);
    }

    /// Takes the network from a vehicle, so that its connection breaks without a farewell, or gives it back.
    pub fn set_reachable(&mut self, vehicle: u32, reachable: bool) {
        if let Some(connection) = self.connection(vehicle) {
            self.pool.set_reachable(connection, reachable, &mut self.crew);
        }
    }

    /// Switches all vehicles off: each waits for its acknowledgements, says that it is gone, and disconnects.
    pub fn stop(mut self) -> Arc<Tally> {
        for connection in 0..self.crew.vehicles.len() as u32 {
            if self.pool.is_up(connection) {
                let gone = self.crew.presence(connection, false, self.crew.handed[connection as usize]);
                self.publish(connection, &gone, Tag::default());
            }
            self.pool.leave(connection, &mut self.crew);
        }
        while !self.pool.is_over() {
            if let Err(error) = self.turn(TURN) {
                tracing::error!(%error, "cannot wait for the last acknowledgements");
                break;
            }
        }
        self.crew.tally
    }
}

/// A message as all of them are sent.
fn packet<'a>(topic: &'a str, payload: &'a [u8], retain: bool) -> Packet<'a> {
    Packet { topic, payload, content_type: Format::Json.content_type(), retain, qos: Qos::AtLeastOnce }
}

impl Crew {
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

impl Owner for Crew {
    fn introduce(&mut self, connection: u32, who: &mut Introduction) {
        let (_, vin) = self.vehicles[connection as usize];
        vin.as_str().clone_into(&mut who.client_id);
        who.login.clone_from(&self.login);
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
        greeting.set_birth(self.settings.version, &packet(&topic, &payload, true), Tag::default());
    }

    fn on_event(&mut self, connection: u32, _now_ns: u64, event: Event<'_>) {
        let tally = Arc::clone(&self.tally);
        let count = |counter: &AtomicU64| {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        let (_, vin) = self.vehicles[connection as usize];
        match event {
            Event::Opened { .. } => count(&tally.online),
            Event::Lost(loss) => {
                tracing::debug!(%vin, %loss, "connection lost");
                tally.online.fetch_sub(1, Ordering::Relaxed);
                count(&tally.losses);
            }
            Event::Failed(loss) => tracing::debug!(%vin, %loss, "no connection"),
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
