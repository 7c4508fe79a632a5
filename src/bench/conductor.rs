//! Leads the threads of a run through its phases.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::plan::{Agent, Plan, Role};
use super::shared::{Phase, Shared, get};
use crate::mqtt::pool::Qos;

/// How much longer than its schedule the opening of connections may take.
const OPENING_GRACE: Duration = Duration::from_secs(15);
/// How long acknowledgements are waited for after the last message.
const DRAIN: Duration = Duration::from_secs(5);
/// How long what was acknowledged may take to the listeners.
const HEARING: Duration = Duration::from_secs(2);
/// A run without any connection for so long is given up.
const DEAD: Duration = Duration::from_secs(10);

/// How a run ends before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// Why.
    pub why: String,
    /// Who is to blame.
    pub cause: Cause,
}

/// Who ended a run before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The broker cannot be reached.
    Broker,
    /// Something failed here.
    Generator,
    /// Somebody stopped it.
    User,
}

/// What the counters said at a look.
#[derive(Debug, Default, Clone, Copy)]
struct Look {
    connected: u64,
    lost: u64,
    done: u64,
}

/// Leads a run.
#[derive(Debug)]
pub struct Conductor {
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    phase_began_ns: u64,
    /// When a connection last stood.
    stood_ns: u64,
    seen: Look,
    /// Whether all connections are open.
    pub is_ready: bool,
    /// Whether it may go on then: one of several processes waits for the others.
    pub may_run: bool,
    /// How the run ended before its time.
    pub broken: Option<Broken>,
}

impl Conductor {
    /// A run that has not begun.
    #[must_use]
    pub fn new(plan: Arc<Plan>, shared: Arc<Shared>) -> Self {
        let may_run = plan.agent == Agent::ALONE;
        let seen = Look::default();
        Self { plan, shared, phase_began_ns: 0, stood_ns: 0, seen, is_ready: false, may_run, broken: None }
    }

    fn enter(&mut self, phase: Phase, now_ns: u64) {
        self.phase_began_ns = now_ns;
        self.shared.enter(phase);
    }

    /// Ends the run: what was measured so far counts.
    pub fn stop(&mut self, now_ns: u64, broken: Broken) {
        if self.shared.phase() < Phase::Drain {
            self.broken = Some(broken);
            self.shared.end_at(now_ns);
            self.enter(Phase::Drain, now_ns);
        } else {
            self.enter(Phase::Leave, now_ns);
        }
    }

    /// Goes on to the next phase when it is time; called often.
    pub fn tick(&mut self, now_ns: u64) {
        let in_phase = Duration::from_nanos(now_ns.saturating_sub(self.phase_began_ns));
        self.look(now_ns);
        let connected = self.seen.connected;
        let counters = &self.shared.counters;
        match self.shared.phase() {
            // It may be gone again.
            Phase::Probe if get(&counters.connect_succ) > 0 => {
                self.shared.set_times_ns(now_ns, u64::MAX, u64::MAX);
                self.enter(Phase::Connect, now_ns);
            }
            Phase::Probe if get(&counters.connect_fail) > 0 => {
                let why = self.shared.last_loss().unwrap_or_default();
                self.stop(now_ns, Broken { why, cause: Cause::Broker });
            }
            Phase::Connect | Phase::Run if now_ns - self.stood_ns > DEAD.as_nanos() as u64 => {
                let loss = self.shared.last_loss().unwrap_or_default();
                let why = format!("no connection for {} s: {loss}", DEAD.as_secs());
                self.stop(now_ns, Broken { why, cause: Cause::Broker });
            }
            Phase::Connect => self.on_connecting(now_ns, in_phase, connected),
            Phase::Run => self.on_running(now_ns),
            Phase::Drain => {
                let heard = self.plan.listeners == 0 || {
                    let expected = get(&counters.pub_succ) * u64::from(self.plan.listeners);
                    // What other processes sent is not known here.
                    let all_heard = self.plan.agent == Agent::ALONE && get(&counters.recv) >= expected;
                    all_heard || in_phase > HEARING
                };
                if (counters.outstanding() == 0 && heard) || in_phase > DRAIN || self.broken.is_some() {
                    self.enter(Phase::Leave, now_ns);
                }
            }
            Phase::Probe | Phase::Leave => {}
        }
    }

    /// Takes note of whether connections stand: a broker may accept each and drop it at once, so that now and then one is
    /// there. Those that get something done count all the same.
    fn look(&mut self, now_ns: u64) {
        let counters = &self.shared.counters;
        let acknowledged = if self.plan.qos == Qos::AtLeastOnce { get(&counters.pub_succ) } else { 0 };
        let now = Look {
            connected: get(&counters.connected),
            lost: get(&counters.connect_lost),
            done: get(&counters.connect_closed) + get(&counters.recv) + acknowledged,
        };
        let before = std::mem::replace(&mut self.seen, now);
        let stands = before.connected > 0 && now.connected > 0 && before.lost == now.lost;
        if stands || before.done < now.done || self.shared.phase() == Phase::Probe {
            self.stood_ns = now_ns;
        }
    }

    fn on_connecting(&mut self, now_ns: u64, in_phase: Duration, connected: u64) {
        let counters = &self.shared.counters;
        let [own, listeners] = self.plan.own_connections().map(u64::from);
        let all = own + listeners;
        let subscriptions = if self.plan.role == Role::Subscribe { own } else { 0 } + listeners;
        let answered = get(&counters.sub_succ) + get(&counters.sub_fail);
        let scheduled = Duration::from_secs_f64(f64::from(self.plan.all_connections()) / self.plan.connect_rate);
        let ready = connected >= all && answered >= subscriptions;
        if !ready && in_phase < scheduled + OPENING_GRACE {
            return;
        }
        self.is_ready = true;
        if !self.may_run {
            return;
        }
        let begin_ns = now_ns + self.plan.warmup.as_nanos() as u64;
        let end_ns = self.plan.duration.map_or(u64::MAX, |span| now_ns.saturating_add(span.as_nanos() as u64));
        self.shared.set_times_ns(now_ns, begin_ns.min(end_ns), end_ns);
        self.enter(Phase::Run, now_ns);
    }

    fn on_running(&mut self, now_ns: u64) {
        let [_, _, end_ns] = self.shared.times_ns();
        let all_sent = self.shared.finished.load(Ordering::Relaxed) >= u64::from(self.plan.threads);
        if now_ns >= end_ns {
            self.enter(Phase::Drain, now_ns);
        } else if all_sent && self.plan.role == Role::Publish {
            self.shared.end_at(now_ns);
            self.enter(Phase::Drain, now_ns);
        }
    }
}
