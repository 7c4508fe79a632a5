//! Who speaks on the connections of a fleet: a vehicle each, or gateways that carry the words of all.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::credentials::Credentials;
use super::fleet::{Tally, Watcher};
use super::pool::{Event, Greeting, Introduction, Message as Packet, Owner, Qos, Tag, Version, Will};
use crate::base::Vin;
use crate::model::{Command, Presence};
use crate::wire::topic::{COMMAND_FILTER, command_topic, commanded};
use crate::wire::{Format, Message, decode_command, encode};

/// Commands that wait for the simulation; a fleet that is commanded faster loses the rest.
const COMMANDS: usize = 1024;

/// Who the vehicles of a fleet are, and what carries what they say.
#[derive(Debug, Default)]
pub struct Roster {
    /// Who vehicles or gateways are to the broker.
    pub credentials: Arc<Credentials>,
    /// Number and name of each vehicle.
    pub vehicles: Vec<(u32, Vin)>,
    /// Number of the vehicles' boot.
    pub boot: u32,
    /// How vehicles write what they say, but for their presence.
    pub format: Format,
    /// What carries it; without gateways each vehicle has a connection of its own.
    pub gateways: Option<Gateways>,
}

/// Connections that carry what many vehicles say.
#[derive(Debug, Clone)]
pub struct Gateways {
    /// The client id of each; at least one.
    pub names: Vec<String>,
    /// Quality of service of what vehicles say.
    pub qos: Qos,
}

/// What the connections of a fleet need to know.
#[derive(Debug)]
pub(super) struct Crew<W> {
    version: Version,
    roster: Roster,
    /// Of the vehicles in order of their names, the places: for gateways, which are told a name with each command. Made
    /// when the first command comes.
    by_name: Vec<u32>,
    /// By vehicle with its own connection: the highest number handed over, and up to which all was acknowledged or given up.
    handed: Vec<u32>,
    settled: Vec<u32>,
    pub(super) tally: Arc<Tally>,
    pub(super) commands: VecDeque<(u32, Command)>,
    /// Why a connection failed or was lost, of the first.
    pub(super) failure: Option<String>,
    pub(super) watcher: W,
}

impl<W> Crew<W> {
    pub(super) fn new(version: Version, mut roster: Roster, watcher: W) -> Self {
        roster.vehicles.sort_unstable();
        // What gateways carry is not kept by vehicle: a fleet of a million has no room for it.
        let own = if roster.gateways.is_some() { 0 } else { roster.vehicles.len() };
        Self {
            version,
            roster,
            by_name: Vec::new(),
            handed: vec![0; own],
            settled: vec![0; own],
            tally: Arc::default(),
            commands: VecDeque::new(),
            failure: None,
            watcher,
        }
    }

    pub(super) fn boot(&self) -> u32 {
        self.roster.boot
    }

    /// How vehicles write what they say, and how surely it is to arrive.
    pub(super) fn manner(&self) -> (Format, Qos) {
        (self.roster.format, self.roster.gateways.as_ref().map_or(Qos::AtLeastOnce, |gateways| gateways.qos))
    }

    pub(super) fn connections(&self) -> usize {
        self.roster.gateways.as_ref().map_or(self.roster.vehicles.len(), |gateways| gateways.names.len())
    }

    pub(super) fn has_gateways(&self) -> bool {
        self.roster.gateways.is_some()
    }

    /// Where a vehicle stands in the roster.
    pub(super) fn place(&self, vehicle: u32) -> Option<u32> {
        let vehicles = &self.roster.vehicles;
        let [(first, _), .., (last, _)] = vehicles[..] else {
            return vehicles.iter().position(|(number, _)| *number == vehicle).map(|at| at as u32);
        };
        // Shards have every so many'th vehicle: no search then.
        let step = ((last - first) / (vehicles.len() as u32 - 1)).max(1);
        let guess = vehicle.checked_sub(first)? / step;
        if vehicles.get(guess as usize).is_some_and(|(number, _)| *number == vehicle) {
            return Some(guess);
        }
        vehicles.binary_search_by_key(&vehicle, |(number, _)| *number).ok().map(|at| at as u32)
    }

    /// The connection that carries what the vehicle at a place says.
    pub(super) fn connection(&self, place: u32) -> u32 {
        self.roster.gateways.as_ref().map_or(place, |gateways| place % gateways.names.len() as u32)
    }

    /// Takes note of the highest number that a vehicle has handed over.
    pub(super) fn hand(&mut self, place: u32, seq: u32) {
        if let Some(handed) = self.handed.get_mut(place as usize) {
            *handed = seq.max(*handed);
        }
    }

    /// What a vehicle says when it comes or goes. Gateways do not follow the numbers of what they carry.
    pub(super) fn presence(&self, place: u32, online: bool) -> Message {
        let (_, vin) = self.roster.vehicles[place as usize];
        let numbers = if online { &self.settled } else { &self.handed };
        let seq = numbers.get(place as usize).copied();
        Message::Presence(Presence { vin, online, boot: seq.map(|_| self.roster.boot), seq, time: None })
    }

    fn name(&self, connection: u32) -> &str {
        match &self.roster.gateways {
            Some(gateways) => &gateways.names[connection as usize],
            None => self.roster.vehicles[connection as usize].1.as_str(),
        }
    }

    fn settle(&mut self, connection: u32, tag: Tag) {
        // Brokers acknowledge in order; one that does not makes the settled number jump ahead a little early.
        if let Some(settled) = self.settled.get_mut(connection as usize) {
            *settled = tag.number.max(*settled);
        }
    }

    /// Whom a command is for: the owner of the connection, or whom the topic names to a gateway that carries it.
    fn addressee(&mut self, connection: u32, topic: &[u8]) -> Option<(u32, Vin)> {
        let vehicles = &self.roster.vehicles;
        if self.roster.gateways.is_none() {
            return Some(vehicles[connection as usize]);
        }
        let vin = commanded(topic)?;
        if self.by_name.is_empty() {
            self.by_name = (0..vehicles.len() as u32).collect();
            self.by_name.sort_unstable_by_key(|place| vehicles[*place as usize].1);
        }
        let found = self.by_name.binary_search_by_key(&vin, |place| vehicles[*place as usize].1).ok()?;
        let place = self.by_name[found];
        // Every gateway hears every command; the one that carries the vehicle takes it.
        (self.connection(place) == connection).then(|| vehicles[place as usize])
    }

    /// Takes a command; what cannot be read is passed over, as a device would.
    fn on_command(&mut self, connection: u32, topic: &[u8], payload: &[u8]) {
        let Some((number, vin)) = self.addressee(connection, topic) else { return };
        match decode_command(vin, payload) {
            Ok(command) if self.commands.len() < COMMANDS => self.commands.push_back((number, command)),
            Ok(_) => tracing::debug!(%vin, "too many commands wait"),
            Err(rejection) => tracing::debug!(%vin, %rejection, "command turned away"),
        }
    }
}

impl<W: Watcher> Owner for Crew<W> {
    fn introduce(&mut self, connection: u32, who: &mut Introduction) {
        self.name(connection).clone_into(&mut who.client_id);
        // A connection has one will: a gateway's could not speak for all its vehicles.
        let will = who.will.take();
        if self.roster.gateways.is_some() {
            return self.roster.credentials.introduce(connection, who);
        }
        let (number, vin) = self.roster.vehicles[connection as usize];
        self.roster.credentials.introduce_vehicle(number, vin, who);
        let gone = Message::Presence(Presence { vin, online: false, boot: None, seq: None, time: None });
        let mut payload = will.map(|will| will.payload).unwrap_or_default();
        encode(&gone, Format::Json, &mut payload);
        let content_type = Format::Json.content_type();
        who.will = Some(Will { topic: gone.topic().to_string(), payload, content_type, retain: true });
    }

    fn greet(&mut self, connection: u32, greeting: &mut Greeting) {
        if self.roster.gateways.is_some() {
            greeting.filters.push(COMMAND_FILTER.to_owned());
            return;
        }
        let (_, vin) = self.roster.vehicles[connection as usize];
        greeting.filters.push(command_topic(vin));
        let birth = self.presence(connection, true);
        let mut payload = Vec::new();
        encode(&birth, Format::Json, &mut payload);
        let (topic, content_type) = (birth.topic().to_string(), Format::Json.content_type());
        let packet = Packet { topic: &topic, payload: &payload, content_type, retain: true, qos: Qos::AtLeastOnce };
        greeting.set_birth(self.version, &packet, Tag::default());
    }

    fn on_event(&mut self, connection: u32, now_ns: u64, event: Event<'_>) {
        self.watcher.on_event(connection, now_ns, event);
        let tally = Arc::clone(&self.tally);
        let count = |counter: &AtomicU64| {
            counter.fetch_add(1, Ordering::Relaxed);
        };
        match event {
            Event::Opened { .. } => count(&tally.online),
            Event::Lost(loss) => {
                tracing::debug!(client = self.name(connection), %loss, "connection lost");
                self.failure.get_or_insert_with(|| loss.to_string());
                tally.online.fetch_sub(1, Ordering::Relaxed);
                count(&tally.losses);
            }
            Event::Failed(loss) => {
                tracing::debug!(client = self.name(connection), %loss, "no connection");
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
            Event::Received { topic, payload } => self.on_command(connection, topic, payload),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crew(numbers: &[u32], gateways: u32) -> Crew<()> {
        let vin = |number: u32| format!("LZLEMTA20T{number:07}").parse().expect("a VIN");
        let vehicles = numbers.iter().map(|number| (*number, vin(*number))).collect();
        let names = (0..gateways).map(|number| format!("gate-{number}")).collect();
        let gateways = (gateways > 0).then_some(Gateways { names, qos: Qos::AtMostOnce });
        Crew::new(Version::V5, Roster { vehicles, gateways, ..Roster::default() }, ())
    }

    #[test]
    fn vehicles_are_found_whatever_their_numbers() {
        for numbers in [&[][..], &[4], &[4, 5], &[1, 3, 5, 7], &[0, 1, 2, 90], &[2, 60, 61, 90]] {
            let crew = crew(numbers, 0);
            for vehicle in 0..100 {
                let expected = numbers.iter().position(|number| *number == vehicle).map(|at| at as u32);
                assert_eq!(crew.place(vehicle), expected, "{vehicle} in {numbers:?}");
            }
        }
    }

    #[test]
    fn a_command_is_taken_by_the_gateway_that_carries_the_vehicle() {
        let mut crew = crew(&[1, 3, 5, 7], 2);
        let topic = b"zl/v1/LZLEMTA20T0000005/down/cmd";
        let taken: Vec<bool> = (0..2).map(|gateway| crew.addressee(gateway, topic).is_some()).collect();
        assert_eq!(taken, [true, false], "vehicle 5 is the third");
        assert_eq!(crew.addressee(0, b"zl/v1/LZLEMTA20T0000004/down/cmd"), None);
        assert_eq!((crew.connections(), crew.handed.len()), (2, 0));
    }
}
