//! What a run does.

use std::sync::Arc;
use std::time::Duration;

use super::pace::Stage;
use crate::mqtt::Credentials;
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

/// Up to so many messages a second a worker wakes for each.
const PRECISE_RATE: f64 = 2000.0;
/// Beyond it, for so many.
const AT_ONCE: f64 = 8.0;
/// But once in so long at least: all times are up to that much longer.
const LONGEST_TICK: Duration = Duration::from_millis(1);

/// Which of several processes this is that do a run together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agent {
    /// From 0.
    pub index: u32,
    /// At least 1.
    pub count: u32,
}

impl Agent {
    /// The only one.
    pub const ALONE: Self = Self { index: 0, count: 1 };
}

/// What a run does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What the connections are for.
    pub role: Role,
    /// How they connect; the tick is another matter.
    pub settings: Settings,
    /// A worker wakes once in so long at most; when it is left out, as the rate has it.
    pub tick: Option<Duration>,
    /// How many vehicles speak.
    pub vehicles: u32,
    /// On how many connections.
    pub connections: u32,
    /// Connections besides them that listen to what they publish.
    pub listeners: u32,
    /// Threads of a process, each with its share of everything.
    pub threads: u32,
    /// Which process this is. What the plan counts is of all processes together, but for the threads.
    pub agent: Agent,
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
    /// Who its connections are.
    pub credentials: Arc<Credentials>,
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
    /// A worker wakes once in so long at most. From some rate on, waking for every message and every answer is most of its
    /// work: then it takes several at a time, unless it is told otherwise.
    #[must_use]
    pub fn tick(&self) -> Duration {
        let most = self.stages.iter().map(|stage| stage.from.max(stage.to)).fold(0.0, f64::max);
        let rate = most / f64::from(self.workers().max(1));
        let calm = if rate < PRECISE_RATE { Duration::ZERO } else { Duration::from_secs_f64(AT_ONCE / rate) };
        self.tick.unwrap_or_else(|| calm.min(LONGEST_TICK))
    }

    /// All connections, of all processes.
    #[must_use]
    pub fn all_connections(&self) -> u32 {
        self.connections + self.listeners
    }

    /// How many workers there are in all processes.
    #[must_use]
    pub fn workers(&self) -> u32 {
        self.threads * self.agent.count
    }

    /// The number of a thread of this process among all workers.
    #[must_use]
    pub fn worker(&self, thread: u32) -> u32 {
        thread * self.agent.count + self.agent.index
    }

    /// The listeners of a worker: the first has them all.
    #[must_use]
    pub fn listeners_of(&self, worker: u32) -> u32 {
        if worker == 0 { self.listeners } else { 0 }
    }

    /// The connections of this process: those that publish or subscribe, and listeners.
    #[must_use]
    pub fn own_connections(&self) -> [u32; 2] {
        let workers = || (0..self.threads).map(|thread| self.worker(thread));
        let own = workers().map(|worker| self.connections_of(worker).count() as u32).sum();
        [own, workers().map(|worker| self.listeners_of(worker)).sum()]
    }

    /// The numbers of the connections of a worker: they and the vehicles are dealt in turn.
    pub fn connections_of(&self, worker: u32) -> impl Iterator<Item = u32> {
        (worker..self.connections).step_by(self.workers() as usize)
    }

    /// The vehicles of a worker, each with the place of its connection among the worker's.
    #[must_use]
    pub fn vehicles_of(&self, worker: u32) -> Vec<(u32, u32)> {
        let on = |vehicle: u32| vehicle % self.connections;
        let own = (0..self.vehicles).filter(|vehicle| on(*vehicle) % self.workers() == worker);
        own.map(|vehicle| (vehicle, on(vehicle) / self.workers())).collect()
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
