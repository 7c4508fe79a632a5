//! A thread of a run: its share of the connections, and of the schedule.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::gauge::CpuMeter;
use super::latency::Latency;
use super::pace::{Pace, Stage};
use super::payload::Head;
use super::plan::{Plan, Role};
use super::shared::{Phase, Shared, count};
use super::traffic::{Measured, Traffic};
use super::witness::Notes;
use crate::base::Stopwatch;
use crate::mqtt::pool::{Message, Pool, Tag};

/// The longest wait, so that a new phase is noticed.
const NAP: Duration = Duration::from_millis(10);
/// Messages between two looks at the sockets.
const BURST: u32 = 64;

/// What a worker did.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// What it measured.
    pub measured: Measured,
    /// Messages of the measured time that it handed to connections, or had to refuse because too many waited.
    pub offered: u64,
    /// Those that it refused.
    pub unsent: u64,
    /// How late it was with them.
    pub lag: Latency,
    /// CPU time in the measured time, nanoseconds.
    pub cpu_ns: Option<u64>,
    /// What a fleet said and what befell it.
    pub notes: Notes,
}

/// A thread of a run.
#[derive(Debug)]
pub struct Worker {
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    index: u32,
    pool: Pool,
    traffic: Traffic,
    /// Vehicles with the places of their connections, and how many messages each has said.
    vehicles: Vec<(u32, u32)>,
    said: Vec<u32>,
    pace: Pace,
    churn: Pace,
    turn: usize,
    churned: u32,
    opened: u32,
    all: u32,
    sent: u64,
    limit: u64,
    stormed: bool,
    /// Up to which version it has heeded what is asked of the run, and how many storms that were.
    heeded: u64,
    storms: u32,
    left: bool,
    cpu: CpuMeter,
    topic: String,
    payload: Vec<u8>,
    outcome: Outcome,
}

impl Worker {
    /// Prepares the share of worker `index` of all workers.
    ///
    /// # Errors
    /// When the system has no handle left.
    pub fn new(plan: &Arc<Plan>, shared: &Arc<Shared>, index: u32, watch: Stopwatch) -> io::Result<Self> {
        let own = plan.connections_of(index).count() as u32;
        let all = own + plan.listeners_of(index);
        let vehicles = plan.vehicles_of(index);
        let share = vehicles.len() as f64 / f64::from(plan.vehicles.max(1));
        let offset = f64::from(index) / f64::from(plan.workers());
        let mut settings = plan.settings.clone();
        settings.seed ^= u64::from(index) << 32;
        settings.tick = plan.tick();
        // The limit is dealt like the vehicles.
        let limit = plan.limit.map_or(u64::MAX, |limit| {
            let workers = u64::from(plan.workers());
            limit / workers + u64::from(u64::from(index) < limit % workers)
        });
        Ok(Self {
            pool: Pool::new(settings, all as usize, watch)?,
            traffic: Traffic::new(Arc::clone(plan), Arc::clone(shared), index, own, watch),
            said: vec![0; vehicles.len()],
            vehicles,
            pace: Pace::new(&plan.stages, share, offset),
            churn: Pace::new(&[Stage::steady(plan.churn)], share, offset),
            turn: 0,
            churned: 0,
            opened: 0,
            all,
            sent: 0,
            limit,
            stormed: false,
            heeded: 0,
            storms: 0,
            left: false,
            cpu: CpuMeter::default(),
            topic: String::new(),
            payload: vec![b'.'; plan.payload],
            outcome: Outcome::default(),
            plan: Arc::clone(plan),
            shared: Arc::clone(shared),
            index,
        })
    }

    /// Does its share until the run is over.
    ///
    /// # Errors
    /// When the system cannot wait for sockets.
    pub fn run(mut self) -> io::Result<Outcome> {
        let mut finished = false;
        loop {
            let now_ns = self.pool.watch().ns();
            let due_ns = match self.shared.phase() {
                Phase::Probe => self.open_up_to(u32::from(self.index == self.plan.agent.index)),
                Phase::Connect => self.open_due(now_ns),
                Phase::Run => {
                    self.cpu.look(now_ns, self.shared.times_ns());
                    self.heed();
                    self.shake(now_ns);
                    let due_ns = self.offer(now_ns);
                    let over = self.sent >= self.limit || !self.shared.steering.is_open();
                    if due_ns.is_none() && over && !finished && self.plan.role == Role::Publish {
                        finished = true;
                        self.shared.finished.fetch_add(1, Ordering::Relaxed);
                    }
                    due_ns
                }
                Phase::Drain => {
                    self.cpu.look(now_ns, self.shared.times_ns());
                    None
                }
                Phase::Leave => {
                    if !self.left {
                        self.left = true;
                        (0..self.all).for_each(|one| self.pool.leave(one, &mut self.traffic));
                    }
                    if self.pool.is_over() {
                        break;
                    }
                    None
                }
            };
            let wait_ns = due_ns.map_or(u64::MAX, |due_ns| due_ns.saturating_sub(self.pool.watch().ns()));
            self.pool.turn(Some(NAP.min(Duration::from_nanos(wait_ns))), &mut self.traffic)?;
            self.traffic.hand_over(now_ns);
        }
        self.outcome.measured = self.traffic.into_measured();
        self.outcome.cpu_ns = self.cpu.used_ns();
        Ok(self.outcome)
    }

    fn open_up_to(&mut self, count: u32) -> Option<u64> {
        while self.opened < count.min(self.all) {
            self.pool.open(self.opened);
            self.opened += 1;
        }
        None
    }

    /// Opens the connections that are due, and says when the next is. Time counts from the first call.
    fn open_due(&mut self, now_ns: u64) -> Option<u64> {
        let [start_ns, ..] = self.shared.times_ns();
        let start_ns = start_ns.min(now_ns);
        let interval_ns = 1e9 * f64::from(self.plan.workers()) / self.plan.connect_rate;
        let due = (now_ns - start_ns) as f64 / interval_ns;
        self.open_up_to(due as u32 + 1);
        (self.opened < self.all).then(|| start_ns + (interval_ns * f64::from(self.opened)) as u64)
    }

    /// Sends what is due, and says when the next is; `None` when there is no next.
    fn offer(&mut self, now_ns: u64) -> Option<u64> {
        let [start_ns, begin_ns, end_ns] = self.shared.times_ns();
        for _ in 0..BURST {
            let due_ns = self.pace.next_ns()?.checked_add(start_ns)?;
            if self.sent >= self.limit || due_ns >= end_ns || self.vehicles.is_empty() {
                return None;
            }
            if due_ns > now_ns {
                return Some(due_ns);
            }
            self.pace.take();
            self.sent += 1;
            let sent = self.publish(due_ns);
            if due_ns >= begin_ns {
                self.outcome.offered += 1;
                self.outcome.unsent += u64::from(!sent);
                self.outcome.lag.record_ns(self.pool.watch().ns().saturating_sub(due_ns));
            }
        }
        Some(now_ns)
    }

    /// Sends the next vehicle's message; false when too many wait.
    fn publish(&mut self, due_ns: u64) -> bool {
        let counters = &self.shared.counters;
        let at = self.turn;
        self.turn = if at + 1 == self.vehicles.len() { 0 } else { at + 1 };
        let (vehicle, connection) = self.vehicles[at];
        self.said[at] += 1;
        if counters.outstanding() >= self.plan.backlog {
            count(&counters.pub_overrun);
            return false;
        }
        count(&counters.publish);
        self.plan.write_topic(vehicle, &mut self.topic);
        let intended_ns = self.pool.watch().wall_ns(due_ns);
        Head { run: self.plan.run, vehicle, seq: self.said[at], intended_ns }.write(&mut self.payload);
        let message =
            Message { topic: &self.topic, payload: &self.payload, content_type: "", retain: false, qos: self.plan.qos };
        let tag = Tag { intended_ns: due_ns, number: self.said[at] };
        self.pool.publish(connection, &message, tag, &mut self.traffic);
        true
    }

    /// Goes on by what was asked of the run meanwhile.
    fn heed(&mut self) {
        let version = self.shared.steering.version();
        if version == self.heeded {
            return;
        }
        self.heeded = version;
        let wishes = self.shared.steering.wishes();
        self.pace.follow(&wishes.stages);
        self.churn.follow(&wishes.churn);
        if wishes.storms > self.storms {
            self.storms = wishes.storms;
            self.cut_all();
        }
    }

    fn cut_all(&mut self) {
        let own = self.plan.connections_of(self.index).count() as u32;
        (0..own).for_each(|one| self.pool.cut(one, &mut self.traffic));
    }

    /// Closes connections, and opens those closed before; cuts all of them when it is time for the storm.
    fn shake(&mut self, now_ns: u64) {
        let [start_ns, ..] = self.shared.times_ns();
        for connection in self.traffic.ended.drain(..) {
            self.pool.open(connection);
        }
        let own = self.plan.connections_of(self.index).count() as u32;
        while self.churn.next_ns().is_some_and(|due_ns| start_ns.saturating_add(due_ns) <= now_ns) {
            self.churn.take();
            self.pool.leave(self.churned % own.max(1), &mut self.traffic);
            self.churned += 1;
        }
        let storm_ns = self.plan.storm_at.map(|at| start_ns.saturating_add(at.as_nanos() as u64));
        if !self.stormed && storm_ns.is_some_and(|at_ns| at_ns <= now_ns) {
            self.stormed = true;
            self.cut_all();
        }
    }
}
