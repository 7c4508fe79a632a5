//! What a run found, for programs.

use std::fmt::{self, Display};

use serde::Serialize;

use super::compare::Comparison;
use super::latency::{Latency, Quantiles};
use super::pace::due_between;
use super::plan::{Plan, Role};
use super::series::Second;
use super::shared::{Counters, get};
use super::steering::Change;
use super::tally::Received;
use super::verdict::{Effort, faults};
use super::witness::{Alerts, Notes, Taken};
use super::worker::Outcome;
use crate::mqtt::pool::{Qos, Version};

/// What a run found.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the members are documented in docs/bench.md")]
pub struct Report {
    /// The shape of this object: [`SHAPE`].
    pub shape: u32,
    pub verb: &'static str,
    /// What stopped it before its end.
    pub partial: Option<String>,
    /// Why it is not valid.
    pub invalid: Vec<String>,
    pub plan: Asked,
    /// When messages began, seconds since the run did; `None` when they never did.
    pub began_s: Option<f64>,
    /// Measured time, seconds.
    pub measured_s: f64,
    pub asked_per_s: Option<f64>,
    pub offered_per_s: Option<f64>,
    pub achieved_per_s: Option<f64>,
    /// How much of what was asked was not achieved, percent.
    pub shortfall_pct: Option<f64>,
    pub messages: Messages,
    pub latency_ms: Quantiles,
    pub service_ms: Quantiles,
    pub end_to_end_ms: Quantiles,
    pub connect_ms: Quantiles,
    pub curves: Curves,
    pub connections: Connections,
    pub received: Received,
    pub generator: Generator,
    /// What a collector took and told, if one was looked on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collector: Option<Taken>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Alerts>,
    /// What somebody asked of the run while it went on.
    pub steering: Vec<Change>,
    pub series: Vec<Second>,
    /// What changed since an older run.
    pub comparison: Option<Comparison>,
    /// What the fleet said and what befell it.
    #[serde(skip)]
    pub notes: Notes,
}

/// The shape of reports, raised whenever a member changes its meaning or goes; 1 had no number.
pub const SHAPE: u32 = 2;

/// How the times are distributed: shares from 0 to 1, and milliseconds below which they lie.
#[derive(Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the names are those of the tables of quantiles")]
pub struct Curves {
    pub latency_ms: Vec<(f64, f64)>,
    pub service_ms: Vec<(f64, f64)>,
    pub end_to_end_ms: Vec<(f64, f64)>,
    pub connect_ms: Vec<(f64, f64)>,
}

/// What was asked for.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the documentation")]
pub struct Asked {
    pub broker: String,
    pub version: &'static str,
    pub qos: u8,
    pub vehicles: u32,
    pub connections: u32,
    pub listeners: u32,
    pub payload_bytes: usize,
    pub threads: u32,
    pub agents: u32,
    /// Times are up to so much longer.
    pub tick_ms: f64,
}

/// The load in words; the broker is told by whoever says it.
impl Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, qos, vehicles, connections, payload_bytes, .. } = self;
        write!(f, "MQTT {version}, QoS {qos}, {vehicles} vehicles on {connections} connections, {payload_bytes} bytes")
    }
}

/// Messages of the measured time.
#[derive(Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the members are documented in docs/bench.md")]
pub struct Messages {
    pub asked: u64,
    pub offered: u64,
    pub done: u64,
    pub unsent: u64,
    /// Offered and not done, or done and not received by the listeners.
    pub lost: u64,
    pub sent_again: u64,
}

/// Connections of the whole run.
#[derive(Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the members are documented in docs/bench.md")]
pub struct Connections {
    pub asked: u32,
    pub most: u64,
    pub succeeded: u64,
    pub failed: u64,
    pub lost: u64,
    pub closed: u64,
    pub last_failure: Option<String>,
}

/// The generator itself.
#[derive(Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the members are documented in docs/bench.md")]
pub struct Generator {
    pub lag_ms: Quantiles,
    /// Share of one core, percent, of its busiest thread.
    pub busy_pct: Option<f64>,
    pub cpu_us_per_message: Option<f64>,
    pub resident_kib: Option<u64>,
    /// With all connections open, what was taken since before the first, by connections.
    pub kib_per_connection: Option<f64>,
}

/// What is known besides what workers measured.
#[derive(Debug)]
pub struct Context<'a> {
    /// The broker's address, without the login.
    pub broker: String,
    /// What was asked for.
    pub plan: &'a Plan,
    /// What was counted.
    pub counters: &'a Counters,
    /// When messages began, when measuring began and ended, nanoseconds.
    pub times_ns: [u64; 3],
    /// Seconds.
    pub series: Vec<Second>,
    /// What somebody asked of the run while it went on.
    pub steering: Vec<Change>,
    /// Memory before the first connection and with all open.
    pub resident: [Option<u64>; 2],
    /// What stopped the run before its end.
    pub partial: Option<String>,
    /// Why a connection failed last.
    pub last_failure: Option<String>,
}

impl<'a> Context<'a> {
    /// That of a run of which nothing is known yet.
    #[must_use]
    pub fn empty(plan: &'a Plan, counters: &'a Counters) -> Self {
        Self {
            broker: String::new(),
            plan,
            counters,
            times_ns: [0; 3],
            series: Vec::new(),
            steering: Vec::new(),
            resident: [None; 2],
            partial: None,
            last_failure: None,
        }
    }
}

/// What the workers found together.
struct Sums<'a> {
    outcomes: &'a [Outcome],
    measured_s: f64,
    asked: f64,
    offered: u64,
    unsent: u64,
    received: Received,
    lag: Latency,
    /// Share of the measured time that each was busy.
    busy: Vec<f64>,
}

impl<'a> Sums<'a> {
    fn of(outcomes: &'a [Outcome], plan: &Plan, [start_ns, begin_ns, end_ns]: [u64; 3]) -> Self {
        let from_start_s = |ns: u64| ns.saturating_sub(start_ns) as f64 / 1e9;
        let measured_s = if end_ns == u64::MAX { 0.0 } else { end_ns.saturating_sub(begin_ns) as f64 / 1e9 };
        let offered = outcomes.iter().map(|one| one.offered).sum();
        let due = if measured_s > 0.0 {
            due_between(&plan.stages, from_start_s(begin_ns), from_start_s(end_ns))
        } else {
            0.0
        };
        let mut received = Received::default();
        for outcome in outcomes {
            received.add(&outcome.measured.tally.received);
        }
        Self {
            outcomes,
            measured_s,
            // A limit ends the schedule early; a fleet's outputs are the schedule.
            asked: match plan.role {
                Role::Fleet => offered as f64,
                Role::Publish if plan.limit.is_some() => due.min(offered as f64),
                Role::Publish | Role::Connect | Role::Subscribe => due,
            },
            offered,
            unsent: outcomes.iter().map(|one| one.unsent).sum(),
            received,
            lag: merged(outcomes, |one| &one.lag),
            busy: outcomes.iter().filter_map(|one| Some(one.cpu_ns? as f64 / 1e9 / measured_s.max(1e-9))).collect(),
        }
    }

    fn sum(&self, of: fn(&Outcome) -> u64) -> u64 {
        self.outcomes.iter().map(of).sum()
    }

    fn quantiles(&self, of: fn(&Outcome) -> &Latency) -> (Quantiles, Vec<(f64, f64)>) {
        let all = merged(self.outcomes, of);
        (all.quantiles(), all.curve())
    }

    fn per_s(&self, count: f64) -> Option<f64> {
        (self.measured_s > 0.0).then(|| count / self.measured_s)
    }

    fn generator(&self, moved: u64, resident: [Option<u64>; 2], connections: u32) -> Generator {
        let cpu_ns: u64 = self.outcomes.iter().filter_map(|one| one.cpu_ns).sum();
        Generator {
            lag_ms: self.lag.quantiles(),
            busy_pct: self.busy.iter().copied().reduce(f64::max).map(|share| 100.0 * share),
            cpu_us_per_message: (moved > 0 && cpu_ns > 0).then(|| cpu_ns as f64 / 1000.0 / moved as f64),
            resident_kib: resident[1].map(|bytes| bytes / 1024),
            kib_per_connection: kib_per_connection(resident, connections),
        }
    }
}

fn merged(outcomes: &[Outcome], of: fn(&Outcome) -> &Latency) -> Latency {
    let mut all = Latency::default();
    for outcome in outcomes {
        all.add(of(outcome));
    }
    all
}

impl Report {
    /// Puts together what the workers of a run found.
    #[must_use]
    pub fn of(outcomes: &[Outcome], context: Context<'_>) -> Self {
        let (plan, counters) = (context.plan, context.counters);
        let sums = Sums::of(outcomes, plan, context.times_ns);
        let (asked, offered, unsent, received) = (sums.asked, sums.offered, sums.unsent, sums.received);
        let publishes = plan.role.publishes();
        let done = sums.sum(|one| one.measured.done);
        let achieved = if publishes { sums.sum(|one| one.measured.done_in_time) } else { received.total };
        let asked_per_s = sums.per_s(asked).filter(|_| publishes);
        let achieved_per_s = sums.per_s(achieved as f64).filter(|_| plan.role != Role::Connect);
        let short = |(asked, achieved): (f64, f64)| if asked > 0.0 { 100.0 * (1.0 - achieved / asked) } else { 0.0 };
        let effort = Effort { asked, offered, unsent, lag: &sums.lag, busy: &sums.busy };
        let (latency_ms, latency_curve) = sums.quantiles(|one| &one.measured.latency);
        let (service_ms, service_curve) = sums.quantiles(|one| &one.measured.service);
        let (end_to_end_ms, end_to_end_curve) = sums.quantiles(|one| &one.measured.end_to_end);
        let (connect_ms, connect_curve) = sums.quantiles(|one| &one.measured.connect);
        Self {
            shape: SHAPE,
            verb: plan.role.name(),
            invalid: if publishes { faults(&effort) } else { Vec::new() },
            plan: Asked::of(plan, context.broker),
            began_s: Some(context.times_ns[0]).filter(|ns| *ns < u64::MAX).map(|ns| ns as f64 / 1e9),
            measured_s: sums.measured_s,
            asked_per_s,
            offered_per_s: sums.per_s(offered as f64).filter(|_| publishes),
            achieved_per_s,
            shortfall_pct: asked_per_s.zip(achieved_per_s).map(short).map(|short| short.max(0.0)),
            messages: Messages {
                asked: asked as u64,
                offered,
                done,
                unsent,
                lost: lost(plan, offered, done, counters, &received),
                sent_again: get(&counters.pub_again),
            },
            latency_ms,
            service_ms,
            end_to_end_ms,
            connect_ms,
            curves: Curves {
                latency_ms: latency_curve,
                service_ms: service_curve,
                end_to_end_ms: end_to_end_curve,
                connect_ms: connect_curve,
            },
            connections: Connections::of(plan, counters, &context.series, context.last_failure),
            received,
            generator: sums.generator(
                if publishes { offered } else { received.total },
                context.resident,
                plan.all_connections(),
            ),
            collector: plan.watched.then(Taken::default),
            alerts: plan.watched.then(Alerts::default),
            partial: context.partial,
            steering: context.steering,
            series: context.series,
            comparison: None,
            notes: Notes::default(),
        }
    }
}

impl Connections {
    fn of(plan: &Plan, counters: &Counters, series: &[Second], last_failure: Option<String>) -> Self {
        Self {
            asked: plan.all_connections(),
            most: series.iter().map(|second| second.connected).max().unwrap_or(0),
            succeeded: get(&counters.connect_succ),
            failed: get(&counters.connect_fail),
            lost: get(&counters.connect_lost),
            closed: get(&counters.connect_closed),
            last_failure,
        }
    }
}

impl Asked {
    fn of(plan: &Plan, broker: String) -> Self {
        Self {
            broker,
            version: match plan.settings.version {
                Version::V4 => "3.1.1",
                Version::V5 => "5",
            },
            qos: u8::from(plan.qos == Qos::AtLeastOnce),
            vehicles: plan.vehicles,
            connections: plan.connections,
            listeners: plan.listeners,
            payload_bytes: plan.payload,
            threads: plan.threads,
            agents: plan.agent.count,
            tick_ms: plan.tick().as_secs_f64() * 1e3,
        }
    }
}

/// What was offered and is not done; with listeners, also what is done and reached none of them; to a subscriber, what is
/// missing among what it received.
fn lost(plan: &Plan, offered: u64, done: u64, counters: &Counters, received: &Received) -> u64 {
    match plan.role {
        Role::Connect => 0,
        Role::Subscribe => received.missing,
        Role::Fleet => offered.saturating_sub(done),
        Role::Publish => {
            let on_the_way = offered.saturating_sub(done);
            let expected = get(&counters.pub_succ) * u64::from(plan.listeners);
            on_the_way + expected.saturating_sub(received.distinct)
        }
    }
}

fn kib_per_connection(resident: [Option<u64>; 2], connections: u32) -> Option<f64> {
    let [before, after] = resident;
    let grown = after?.saturating_sub(before?) as f64 / 1024.0;
    (connections > 0).then(|| grown / f64::from(connections))
}
