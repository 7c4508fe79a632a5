//! What a run does.

use std::time::Duration;

use super::pace::Stage;
use crate::mqtt::pool::{Qos, Settings};

/// What the connections of a run are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Being open.
    Connect,
    /// Publishing.
    Publish,
    /// Listening.
    Subscribe,
    /// Being vehicles.
    Fleet,
}

impl Role {
    /// Whether it is about messages that this process publishes.
    #[must_use]
    pub fn publishes(self) -> bool {
        matches!(self, Self::Publish | Self::Fleet)
    }

    /// The word on the command line and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "conn",
            Self::Publish => "pub",
            Self::Subscribe => "sub",
            Self::Fleet => "fleet",
        }
    }
}

/// What a run does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the connections are for.
    pub role: Role,
    /// How they connect.
    pub settings: Settings,
    /// How many vehicles speak.
    pub vehicles: u32,
    /// On how many connections.
    pub connections: u32,
    /// Connections besides them that listen to what they publish.
    pub listeners: u32,
    /// Threads, each with its share of everything.
    pub threads: u32,
    /// New connections a second.
    pub connect_rate: f64,
    /// Messages a second.
    pub stages: Vec<Stage>,
    /// Messages in all.
    pub limit: Option<u64>,
    /// How long, from the first message, the warm-up included.
    pub duration: Option<Duration>,
    /// What is sent in its first so many seconds is not measured.
    pub warmup: Duration,
    /// Quality of service of messages and subscriptions.
    pub qos: Qos,
    /// Topic of a vehicle's messages, or filter of subscriptions; `%i` stands for the vehicle's number.
    pub topic: String,
    /// Filter of the listeners.
    pub filter: String,
    /// Bytes of a payload.
    pub payload: usize,
    /// Users and passwords, taken in turn.
    pub logins: Vec<(String, String)>,
    /// What client ids begin with.
    pub client: String,
    /// Number of the run, in payloads.
    pub run: u32,
    /// Connections that are closed and opened again, a second.
    pub churn: f64,
    /// When all connections are cut at once.
    pub storm_at: Option<Duration>,
    /// Whether a collector is looked on.
    pub watched: bool,
    /// Most messages that may wait in this process; more are not sent, and counted.
    pub backlog: u64,
}

impl Plan {
    /// All connections.
    #[must_use]
    pub fn all_connections(&self) -> u32 {
        self.connections + self.listeners
    }

    /// The numbers of the connections of a worker: they and the vehicles are dealt in turn.
    pub fn connections_of(&self, worker: u32) -> impl Iterator<Item = u32> {
        (worker..self.connections).step_by(self.threads as usize)
    }

    /// The vehicles of a worker, each with the place of its connection among the worker's.
    #[must_use]
    pub fn vehicles_of(&self, worker: u32) -> Vec<(u32, u32)> {
        let on = |vehicle: u32| vehicle % self.connections;
        let own = (0..self.vehicles).filter(|vehicle| on(*vehicle) % self.threads == worker);
        own.map(|vehicle| (vehicle, on(vehicle) / self.threads)).collect()
    }

    /// Client id of a connection.
    #[must_use]
    pub fn client_id(&self, connection: u32) -> String {
        format!("{}-{:x}-{connection}", self.client, self.run)
    }

    /// Writes a vehicle's topic.
    pub fn write_topic(&self, vehicle: u32, topic: &mut String) {
        use std::fmt::Write;
        topic.clear();
        let mut parts = self.topic.split("%i");
        topic.push_str(parts.next().unwrap_or_default());
        for part in parts {
            // Writing into a text cannot fail.
            let _ = write!(topic, "{vehicle}");
            topic.push_str(part);
        }
    }
}
