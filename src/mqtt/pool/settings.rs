//! What all connections of a pool have in common.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::codec::Version;
use crate::mqtt::tls::Tls;

/// What all connections of a pool have in common.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The broker.
    pub address: SocketAddr,
    /// What TLS is made of; none: plain bytes.
    pub tls: Option<Tls>,
    /// Addresses of this machine that connections take in turn; empty: whichever the system chooses.
    pub sources: Vec<IpAddr>,
    /// Version of the protocol.
    pub version: Version,
    /// Seconds without traffic after which a connection is tested; 0: never.
    pub keep_alive_s: u16,
    /// Whether the broker forgets what it knew of a connection.
    pub clean_start: bool,
    /// How long a broker keeps a session that is not cleaned, seconds (MQTT 5).
    pub session_expiry_s: u32,
    /// Unacknowledged messages of a connection at a time, unless the broker wants fewer.
    pub in_flight: u16,
    /// Messages of a connection that are kept while they cannot be sent; beyond it the oldest goes.
    pub outbox: usize,
    /// The longest packet taken from a broker, bytes.
    pub max_packet: usize,
    /// Connections being opened at a time, so that a fleet does not overrun a broker's backlog.
    pub opening: usize,
    /// How long a broker may take to answer a connection.
    pub patience: Duration,
    /// How long a connection that is to end waits for the last acknowledgements.
    pub farewell: Duration,
    /// Whether a lost connection is opened again, after a wait.
    pub reconnect: bool,
    /// The thread wakes once in so long at most: waking up for every single answer costs more than all else. What happens
    /// is noticed so much later; zero for at once.
    pub tick: Duration,
    /// What the waits before a lost connection is opened again follow from.
    pub seed: u64,
}

impl Settings {
    /// What a vehicle's modem does.
    #[must_use]
    pub fn of_vehicles(address: SocketAddr, seed: u64) -> Self {
        Self {
            address,
            tls: None,
            sources: Vec::new(),
            version: Version::V5,
            keep_alive_s: 60,
            clean_start: true,
            session_expiry_s: 0,
            in_flight: 16,
            outbox: 4096,
            max_packet: 64 * 1024,
            opening: 64,
            patience: Duration::from_secs(5),
            farewell: Duration::from_secs(5),
            reconnect: true,
            tick: Duration::from_millis(1),
            seed,
        }
    }
}
