//! Several processes that make one load together: more connections than one process may have open, and more cores.

use std::process::Stdio;
use std::time::Duration;

use clap::Args;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::agent::{GO, Part, STOP, exit_code};
use super::benching::Order;
use super::seconds::Seconds;
use super::{ExitCode, Failure, stop};
use crate::base::Stopwatch;
use crate::bench::conductor::Broken;
use crate::bench::latency::Latency;
use crate::bench::series::Span;
use crate::bench::share::{Share, Word};
use crate::bench::shared::{Counters, Totals};
use crate::bench::steering::Wishes;
use crate::bench::{Agent, Plan, Report};

/// Lines of agents that may wait.
const WORDS: usize = 256;
/// How long an agent that is told to stop may take before it is killed.
const FAREWELL: Duration = Duration::from_secs(15);

/// The flags about agents.
#[derive(Debug, Clone, Copy, Args)]
pub struct AgentArgs {
    /// So many processes share the load, and make one report: each may have its own 20,000 files and cores
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub agents: Option<u32>,
    /// Which part this process does; the process that leads the agents gives it.
    #[arg(long, hide = true)]
    pub part: Option<Part>,
}

impl AgentArgs {
    /// Which of the agents this process is; the one that leads them counts as none of them.
    #[must_use]
    pub fn agent(&self) -> Agent {
        self.part.map_or(Agent::ALONE, |part| part.agent)
    }

    /// How many agents this process leads.
    #[must_use]
    pub fn led(&self) -> Option<u32> {
        self.agents.filter(|count| *count > 1 && self.part.is_none())
    }
}

/// Deals out what every agent has its own share of, and each of its threads a connection at least.
///
/// # Errors
/// When there are fewer connections than agents.
pub fn deal(plan: &mut Plan, led: Option<u32>) -> Result<(), Failure> {
    let agents = led.unwrap_or(plan.agent.count);
    if plan.connections < agents {
        let message = format!("--agents: {agents} agents need as many connections at least, not {}", plan.connections);
        return Err(Failure::new(ExitCode::Usage, message));
    }
    plan.threads = plan.threads.min(plan.connections / agents);
    let Agent { index, count } = plan.agent;
    plan.backlog /= u64::from(count);
    let sources = &mut plan.settings.sources;
    if sources.len() >= count as usize {
        *sources = sources.iter().skip(index as usize).step_by(count as usize).copied().collect();
    }
    Ok(())
}

/// What is heard of an agent; `None`: nothing more.
type Heard = (usize, Option<Word>);

/// An agent.
struct One {
    child: Child,
    stdin: Option<ChildStdin>,
    ready: bool,
    ended: bool,
    totals: Totals,
}

/// The agents of a load.
struct Leading {
    agents: Vec<One>,
    heard: mpsc::Receiver<Heard>,
    /// Latencies since the last second.
    latency: Latency,
    sum: Share,
    /// When messages began, when measuring began and when it ends, on this process's watch.
    times_ns: [u64; 3],
    shown_ns: u64,
    /// The first that could not begin, or was gone.
    failure: Option<Failure>,
    stopping: bool,
}

/// Carries out a load with agents; the answer says what was found, and what stopped it before its end.
///
/// # Errors
/// When an agent cannot be started, cannot begin or dies.
pub async fn measure(order: &Order, count: u32) -> Result<(Report, Option<Broken>), Failure> {
    let mut leading = Leading::start(order, count)?;
    let watch = Stopwatch::start();
    let mut seconds = Seconds::new(order.plan.role);
    let ended = stop::requested(None);
    tokio::pin!(ended);
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    tick.tick().await;
    let mut asked = false;
    while !leading.is_over() {
        tokio::select! {
            () = &mut ended, if !asked => {
                asked = true;
                leading.stop().await;
            }
            Some((index, word)) = leading.heard.recv() => {
                if leading.take(index, word).await {
                    leading.begin(&order.plan, watch.ns());
                }
            }
            _ = tick.tick() => leading.show(&mut seconds, &order.plan, watch.ns()),
        }
    }
    leading.show(&mut seconds, &order.plan, watch.ns());
    leading.reap().await;
    if let Some(failure) = leading.failure {
        return Err(failure);
    }
    let wishes = Wishes { stages: order.plan.stages.clone(), ..Wishes::default() };
    Ok(order.report(leading.sum, seconds.series, wishes))
}

impl Leading {
    fn start(order: &Order, count: u32) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new(ExitCode::Failure, format!("cannot start another process of this program: {error}"))
        };
        let program = std::env::current_exe().map_err(failed)?;
        let (sender, heard) = mpsc::channel(WORDS);
        let mut agents = Vec::new();
        for index in 0..count {
            let part = Part { agent: Agent { index, count }, begin: order.begin };
            let mut command = Command::new(&program);
            command.args(std::env::args_os().skip(1)).arg(format!("--part={part}"));
            // Ctrl-C reaches this process alone, which tells them.
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0).kill_on_drop(true);
            let mut child = command.spawn().map_err(failed)?;
            let stdin = child.stdin.take();
            if let Some(stdout) = child.stdout.take() {
                let sender = sender.clone();
                tokio::spawn(async move {
                    let mut lines = BufReader::new(stdout).lines();
                    while let Ok(Some(line)) = lines.next_line().await {
                        let word = serde_json::from_str(&line).ok();
                        if word.is_some() && sender.send((index as usize, word)).await.is_err() {
                            return;
                        }
                    }
                    // Nobody listens any more when the load is over.
                    let _ = sender.send((index as usize, None)).await;
                });
            }
            agents.push(One { child, stdin, ready: false, ended: false, totals: Totals::new() });
        }
        let (latency, sum) = (Latency::default(), Share::default());
        Ok(Self { agents, heard, latency, sum, times_ns: [u64::MAX; 3], shown_ns: 0, failure: None, stopping: false })
    }

    fn is_over(&self) -> bool {
        self.agents.iter().all(|agent| agent.ended)
    }

    /// Takes what an agent says; true when all are ready and have been told to begin.
    async fn take(&mut self, index: usize, word: Option<Word>) -> bool {
        match word {
            Some(Word::Ready) => {
                self.agents[index].ready = true;
                if self.agents.iter().all(|agent| agent.ready) {
                    self.tell(GO).await;
                    return true;
                }
            }
            Some(Word::Second(totals, latency)) => {
                self.agents[index].totals = totals;
                self.latency.add(&latency);
            }
            Some(Word::Over(share)) => {
                let agent = &mut self.agents[index];
                (agent.ended, agent.totals) = (true, share.totals.clone());
                let broken = share.broken.is_some();
                self.sum.add(*share);
                if broken {
                    self.stop().await;
                }
            }
            Some(Word::Failed(code, why)) => {
                self.agents[index].ended = true;
                self.failure.get_or_insert_with(|| Failure::new(exit_code(code), why));
                self.stop().await;
            }
            None if !self.agents[index].ended => {
                self.agents[index].ended = true;
                let why = "one of the agents died; the load is over".to_owned();
                self.failure.get_or_insert_with(|| Failure::new(ExitCode::Failure, why));
                self.stop().await;
            }
            None => {}
        }
        false
    }

    /// Notes when messages begin, near enough for the lines of seconds: each agent measures by its own watch.
    fn begin(&mut self, plan: &Plan, now_ns: u64) {
        let after = |span: Duration| now_ns.saturating_add(span.as_nanos() as u64);
        self.times_ns = [now_ns, after(plan.warmup), plan.duration.map_or(u64::MAX, after)];
    }

    async fn tell(&mut self, what: &str) {
        for stdin in self.agents.iter_mut().filter_map(|agent| agent.stdin.as_mut()) {
            // One that is gone is noticed by the end of what it says.
            let _ = stdin.write_all(format!("{what}\n").as_bytes()).await;
            let _ = stdin.flush().await;
        }
    }

    /// Ends all agents; they still say what they measured.
    async fn stop(&mut self) {
        if !std::mem::replace(&mut self.stopping, true) {
            self.tell(STOP).await;
        }
    }

    fn show(&mut self, seconds: &mut Seconds, plan: &Plan, now_ns: u64) {
        let counters = Counters::default();
        self.agents.iter().for_each(|agent| counters.add(&agent.totals));
        let from_ns = std::mem::replace(&mut self.shown_ns, now_ns);
        let span = Span { from_ns, to_ns: now_ns, times_ns: self.times_ns };
        seconds.show(&span, &counters, &std::mem::take(&mut self.latency), &plan.stages);
    }

    /// Waits for the processes to end, and kills those that do not.
    async fn reap(&mut self) {
        for agent in &mut self.agents {
            agent.stdin = None;
            if timeout(FAREWELL, agent.child.wait()).await.is_err() {
                // It is gone already otherwise.
                let _ = agent.child.kill().await;
            }
        }
    }
}
