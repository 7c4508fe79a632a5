//! One of several processes of a load: does its part, and says so on stdout. It begins when its stdin tells it to, and
//! ends when that is closed, so that none is left when the leading process is gone.

use std::io::BufRead;

use tokio::sync::mpsc;

use super::benching::{Order, Run, TICK, prepare};
use super::output;
use super::{ExitCode, Failure};
use crate::base::Timestamp;
use crate::bench::Agent;
use crate::bench::share::Word;

/// Which part of a load a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Which of the agents it is.
    pub agent: Agent,
    /// When the load began: what all agents have in common follows from it.
    pub begin: Timestamp,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.agent.index, self.agent.count, self.begin.0)
    }
}

impl std::str::FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Vec<i64> = text.split('/').filter_map(|number| number.parse().ok()).collect();
        match numbers[..] {
            [index, count, begin] if (0..count).contains(&index) && count <= 256 => {
                let agent = Agent { index: index as u32, count: count as u32 };
                Ok(Self { agent, begin: Timestamp(begin) })
            }
            _ => Err("it is given by the process that leads the agents".to_owned()),
        }
    }
}

/// What the leading process says: a line each.
pub const GO: &str = "go";
/// Ends the load early.
pub const STOP: &str = "stop";

/// Says a word to the leading process.
pub fn say(word: &Word) {
    output::line(&serde_json::to_string(word).unwrap_or_default());
}

/// Says why it cannot begin; the exit code is the leading process's to give.
pub fn fail(failure: Failure) {
    say(&Word::Failed(failure.code as u8, failure.message));
}

/// Does its part of a load.
///
/// # Errors
/// Limits of the machine that are too low, no broker.
pub async fn carry_out(mut order: Order) -> Result<(), Failure> {
    prepare(&mut order).await?;
    let mut run = Run::start(&order)?;
    let mut told = listen();
    let mut tick = tokio::time::interval(TICK);
    let (mut ready, mut orphan) = (false, false);
    while !run.is_over() {
        tokio::select! {
            line = told.recv(), if !orphan => match line.as_deref() {
                Some(GO) => run.release(),
                Some(STOP) => run.interrupt(),
                Some(_) => {}
                None => {
                    orphan = true;
                    run.interrupt();
                }
            },
            _ = tick.tick() => run.tick(),
        }
        if run.is_ready() && !ready {
            ready = true;
            say(&Word::Ready);
        }
    }
    say(&Word::Over(Box::new(run.share())));
    Ok(())
}

/// The lines of stdin. A thread of its own reads them: it cannot be woken, and must not keep the process from its end.
fn listen() -> mpsc::Receiver<String> {
    let (sender, told) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    told
}

/// The exit code with a number.
#[must_use]
pub fn exit_code(number: u8) -> ExitCode {
    let all = [ExitCode::Usage, ExitCode::Threshold, ExitCode::Unreachable, ExitCode::Invalid];
    all.into_iter().find(|code| *code as u8 == number).unwrap_or(ExitCode::Failure)
}
