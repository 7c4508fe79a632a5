//! One worker's connections as their pool sees them, and what is measured of them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::latency::Latency;
use super::payload::Head;
use super::plan::{Plan, Role};
use super::shared::{Shared, count};
use super::tally::Tally;
use crate::base::Stopwatch;
use crate::mqtt::fleet::Watcher;
use crate::mqtt::pool::{Event, Greeting, Introduction, Owner, Qos, Tag};

/// Latencies are handed over so often, nanoseconds.
const HAND_OVER_NS: u64 = 200_000_000;

/// What a worker measured.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    /// From when a message was meant to be sent until it was done.
    pub latency: Latency,
    /// From when it was written until it was done.
    pub service: Latency,
    /// From when it was meant to be sent until it was received.
    pub end_to_end: Latency,
    /// From the first packet of a connection to the broker's consent.
    pub connect: Latency,
    /// What was received.
    pub tally: Tally,
    /// Messages of the measured time that are done.
    pub done: u64,
    /// Messages that were done within the measured time, whenever they were sent.
    pub done_in_time: u64,
}

/// One worker's connections.
#[derive(Debug)]
pub struct Traffic {
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    worker: u32,
    /// How many of its connections are no listeners.
    own: u32,
    watch: Stopwatch,
    measured: Measured,
    /// Latencies that were not handed over yet.
    interval: Latency,
    handed_over_ns: u64,
    /// Connections that ended as they were told to.
    pub ended: Vec<u32>,
}

impl Traffic {
    /// The connections of a worker, `own` of them no listeners.
    #[must_use]
    pub fn new(plan: Arc<Plan>, shared: Arc<Shared>, worker: u32, own: u32, watch: Stopwatch) -> Self {
        let (measured, interval) = (Measured::default(), Latency::default());
        Self { plan, shared, worker, own, watch, measured, interval, handed_over_ns: 0, ended: Vec::new() }
    }

    /// The number of a connection among those of all workers.
    fn number(&self, connection: u32) -> u32 {
        if connection < self.own || self.plan.role == Role::Fleet {
            connection * self.plan.workers() + self.worker
        } else {
            self.plan.connections + connection - self.own
        }
    }

    /// Hands over the latencies of the last moments, to be shown.
    pub fn hand_over(&mut self, now_ns: u64) {
        if now_ns.saturating_sub(self.handed_over_ns) >= HAND_OVER_NS && self.interval.count() > 0 {
            self.handed_over_ns = now_ns;
            self.shared.add_interval(&self.interval);
            self.interval.clear();
        }
    }

    /// What was measured.
    #[must_use]
    pub fn into_measured(self) -> Measured {
        self.shared.add_interval(&self.interval);
        self.measured
    }

    fn listens(&self, connection: u32) -> bool {
        connection >= self.own || self.plan.role == Role::Subscribe
    }

    fn is_measured(&self, ns: u64) -> bool {
        let [_, begin, end] = self.shared.times_ns();
        (begin..end).contains(&ns)
    }

    fn on_received(&mut self, connection: u32, now_ns: u64, payload: &[u8]) {
        count(&self.shared.counters.recv);
        let Some(head) = Head::read(payload) else {
            self.measured.tally.received.total += 1;
            return;
        };
        // What is shared out among receivers is numbered for all of them together.
        let receiver = if self.plan.topic.starts_with("$share/") { u32::MAX } else { self.number(connection) };
        let from_first = self.plan.role == Role::Publish;
        if from_first && head.run != self.plan.run {
            return;
        }
        self.measured.tally.observe((receiver, head.run, head.vehicle), head.seq, from_first);
        let wall_ns = self.watch.wall_ns(now_ns);
        let took_ns = wall_ns.saturating_sub(head.intended_ns);
        if self.is_measured(now_ns.saturating_sub(took_ns)) || (!from_first && self.is_measured(now_ns)) {
            self.measured.end_to_end.record_ns(took_ns);
        }
        if self.plan.role == Role::Subscribe {
            self.interval.record_ns(took_ns);
        }
    }
}

impl Owner for Traffic {
    fn introduce(&mut self, connection: u32, who: &mut Introduction) {
        let number = self.number(connection);
        who.client_id = self.plan.client_id(number);
        self.plan.credentials.introduce(number, who);
    }

    fn greet(&mut self, connection: u32, greeting: &mut Greeting) {
        if self.listens(connection) {
            let filter = if self.plan.role == Role::Subscribe { &self.plan.topic } else { &self.plan.filter };
            greeting.filters.push(filter.replace("%i", &self.number(connection).to_string()));
            greeting.at_most_once = self.plan.qos == Qos::AtMostOnce;
        }
    }

    fn on_event(&mut self, connection: u32, now_ns: u64, event: Event<'_>) {
        let counters = &self.shared.counters;
        match event {
            Event::Opened { took_ns } => {
                count(&counters.connect_succ);
                count(&counters.connected);
                self.measured.connect.record_ns(took_ns);
            }
            Event::Lost(why) => {
                count(&counters.connect_lost);
                counters.connected.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
                self.shared.set_last_loss(why.to_string());
            }
            Event::Failed(why) => {
                count(&counters.connect_fail);
                self.shared.set_last_loss(why.to_string());
            }
            Event::Ended { was_open } => {
                if was_open {
                    count(&counters.connect_closed);
                    counters.connected.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
                }
                self.ended.push(connection);
            }
            Event::Done { tag, written_ns } => {
                count(&counters.pub_succ);
                let took_ns = now_ns.saturating_sub(tag.intended_ns);
                self.interval.record_ns(took_ns);
                let measured = self.is_measured(tag.intended_ns);
                self.measured.done_in_time += u64::from(self.is_measured(now_ns));
                if measured {
                    self.measured.done += 1;
                    self.measured.latency.record_ns(took_ns);
                    self.measured.service.record_ns(now_ns.saturating_sub(written_ns));
                }
            }
            Event::GivenUp(_) => count(&counters.pub_fail),
            Event::Resent => count(&counters.pub_again),
            Event::Subscribed(granted) => count(if granted { &counters.sub_succ } else { &counters.sub_fail }),
            Event::Received { payload, .. } => self.on_received(connection, now_ns, payload),
        }
    }
}

/// A fleet introduces itself; here it is only measured.
impl Watcher for Traffic {
    fn on_event(&mut self, connection: u32, now_ns: u64, event: Event<'_>) {
        match event {
            // Birth messages and farewells are on nobody's schedule.
            Event::Done { tag, .. } | Event::GivenUp(tag) if tag == Tag::default() => {}
            Event::Subscribed(_) | Event::Received { .. } => {}
            Event::Opened { .. }
            | Event::Lost(_)
            | Event::Failed(_)
            | Event::Ended { .. }
            | Event::Done { .. }
            | Event::GivenUp(_)
            | Event::Resent => Owner::on_event(self, connection, now_ns, event),
        }
    }
}
