//! A thread of `bench fleet`: its share of a simulated fleet, whose outputs are the schedule.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::gauge::CpuMeter;
use super::plan::Plan;
use super::shared::{Phase, Shared, count};
use super::traffic::Traffic;
use super::worker::Outcome;
use crate::base::{Stopwatch, Timestamp};
use crate::mqtt::{FleetLink, Gateways, Roster};
use crate::sim::{Emission, Setting, Shard, World};
use crate::wire::{Format, Utterance};

/// The longest wait, so that a new phase is noticed.
const NAP: Duration = Duration::from_millis(10);
/// Outputs between two looks at the sockets.
const BURST: u32 = 64;

/// How a fleet lives.
#[derive(Debug, Clone)]
pub struct Living {
    /// What all its vehicles share.
    pub setting: Arc<Setting>,
    /// How many times as fast as the world.
    pub speed: f64,
    /// How its vehicles write what they say.
    pub format: Format,
    /// Whether the plan's connections are gateways, rather than a vehicle's each.
    pub gateways: bool,
}

/// A thread of `bench fleet`.
#[derive(Debug)]
pub struct FleetWorker {
    plan: Arc<Plan>,
    shared: Arc<Shared>,
    index: u32,
    world: World,
    link: FleetLink<Traffic>,
    begin: Timestamp,
    speed: f64,
    opened: u32,
    all: u32,
    /// How many of the incidents that were asked for it has let happen, or left to others.
    injected: usize,
    heeded: u64,
    cpu: CpuMeter,
    outcome: Outcome,
}

impl FleetWorker {
    /// Builds the vehicles of worker `index` of all workers.
    ///
    /// # Errors
    /// When the system has no handle left.
    pub fn new(
        plan: &Arc<Plan>,
        shared: &Arc<Shared>,
        index: u32,
        watch: Stopwatch,
        living: &Living,
    ) -> io::Result<Self> {
        let world = World::new(Arc::clone(&living.setting), Shard { index, count: plan.workers() });
        let gateways = living.gateways.then(|| {
            let names = plan.connections_of(index).map(|connection| plan.client_id(connection)).collect();
            Gateways { names, qos: plan.qos }
        });
        let roster = Roster {
            credentials: Arc::clone(&plan.credentials),
            vehicles: world.vins().collect(),
            // As its reports have it: a birth with another one would promise messages of a boot that never was.
            boot: u32::try_from(living.setting.begin.0 / 1000).unwrap_or(0),
            format: living.format,
            gateways,
        };
        let all = plan.connections_of(index).count() as u32;
        let traffic = Traffic::new(Arc::clone(plan), Arc::clone(shared), index, all, watch);
        let mut settings = plan.settings.clone();
        settings.seed ^= u64::from(index) << 32;
        settings.tick = plan.tick();
        let link = FleetLink::new(settings, roster, watch, traffic)?;
        Ok(Self {
            plan: Arc::clone(plan),
            shared: Arc::clone(shared),
            index,
            world,
            link,
            begin: living.setting.begin,
            speed: living.speed,
            opened: 0,
            all,
            injected: 0,
            heeded: 0,
            cpu: CpuMeter::default(),
            outcome: Outcome::default(),
        })
    }

    /// Lives until the run is over.
    ///
    /// # Errors
    /// When the system cannot wait for sockets.
    pub fn run(mut self) -> io::Result<Outcome> {
        loop {
            let now_ns = self.link.watch().ns();
            let wait = match self.shared.phase() {
                Phase::Probe => self.open_up_to(u32::from(self.index == self.plan.agent.index)),
                Phase::Connect => {
                    let [start_ns, ..] = self.shared.times_ns();
                    let s = now_ns.saturating_sub(start_ns) as f64 / 1e9;
                    let due = s * self.plan.connect_rate / f64::from(self.plan.workers());
                    self.open_up_to(due as u32 + 1)
                }
                Phase::Run => {
                    self.cpu.look(now_ns, self.shared.times_ns());
                    self.live(now_ns)
                }
                Phase::Drain => {
                    self.cpu.look(now_ns, self.shared.times_ns());
                    NAP
                }
                Phase::Leave => break,
            };
            self.link.turn(wait)?;
            self.link.watcher().hand_over(now_ns);
        }
        let (_, traffic) = self.link.stop();
        self.outcome.measured = traffic.into_measured();
        self.outcome.cpu_ns = self.cpu.used_ns();
        Ok(self.outcome)
    }

    fn open_up_to(&mut self, count: u32) -> Duration {
        if self.opened < count.min(self.all) {
            self.opened = count.min(self.all);
            self.link.open(self.opened);
        }
        Duration::from_millis(1)
    }

    /// Hands over what the vehicles said by now, and says how long nothing more comes.
    fn live(&mut self, now_ns: u64) -> Duration {
        let [start_ns, begin_ns, end_ns] = self.shared.times_ns();
        let passed_s = now_ns.min(end_ns).saturating_sub(start_ns) as f64 / 1e9;
        // Rounded down: nobody speaks before it is time.
        let now = Timestamp(self.begin.0 + (passed_s * self.speed * 1000.0) as i64);
        self.heed(now);
        while let Some((vehicle, command)) = self.link.next_command() {
            self.world.command(now, vehicle, &command);
        }
        for _ in 0..BURST {
            let Some(emission) = self.world.poll(now) else {
                let next = self.world.next_deadline().map(|next| next.seconds_since(now) / self.speed);
                let wait = next.and_then(|s| Duration::try_from_secs_f64(s.max(0.0)).ok());
                return wait.map_or(NAP, |wait| wait.min(NAP));
            };
            self.carry_out(emission, [start_ns, begin_ns, end_ns]);
        }
        Duration::ZERO
    }

    /// Lets happen what was asked for meanwhile.
    fn heed(&mut self, now: Timestamp) {
        let version = self.shared.steering.version();
        if version == self.heeded {
            return;
        }
        self.heeded = version;
        let injections = self.shared.steering.wishes().injections;
        for injection in &injections[self.injected..] {
            self.world.inject(now, injection.vehicle, injection.kind, injection.id);
        }
        self.injected = injections.len();
    }

    fn carry_out(&mut self, emission: Emission, [start_ns, begin_ns, end_ns]: [u64; 3]) {
        let after_s = emission.at.seconds_since(self.begin) / self.speed;
        match emission.output.into() {
            Utterance::Message(message) => {
                let intended_ns = start_ns + (after_s.max(0.0) * 1e9) as u64;
                let struck = !self.world.setting().incidents_of(emission.vehicle).is_empty();
                self.outcome.notes.note(&message, self.link.watch().wall_ns(intended_ns), struck);
                count(&self.shared.counters.publish);
                if (begin_ns..end_ns).contains(&intended_ns) {
                    self.outcome.offered += 1;
                    self.outcome.lag.record_ns(self.link.watch().ns().saturating_sub(intended_ns));
                }
                self.link.send(emission.vehicle, &message, intended_ns);
            }
            Utterance::Network(reachable) => self.link.set_reachable(emission.vehicle, reachable),
            Utterance::Truth(incident) => {
                self.outcome.notes.incidents.insert(incident.id, incident);
            }
        }
    }
}
