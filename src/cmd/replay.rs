//! `zhilian replay`: tapes once more, to the detectors in virtual time, or to a broker in real time or faster.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use tokio::time::sleep;

use super::access::TlsArgs;
use super::output::{self, Style};
use super::{ExitCode, Failure, collect, stop};
use crate::base::Clock;
use crate::collect::{Core, Inbound, Output};
use crate::config::Config;
use crate::mqtt::Endpoint;
use crate::mqtt::publisher::{Publication, Publisher};
use crate::tape::{Entry, Reader};

/// Plays tapes once more.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The tapes; messages of several are taken in the order in which they arrived
    #[arg(value_name = "TAPE", required = true)]
    pub tapes: Vec<PathBuf>,
    /// Print the alerts that the detectors raise, as fast as the machine
    #[arg(long, required_unless_present = "mqtt", conflicts_with = "mqtt")]
    pub detect: bool,
    /// Publish the messages at a broker, such as `mqtt://user:password@host:1883`, as far apart as they arrived
    #[arg(long, value_name = "URL")]
    pub mqtt: Option<String>,
    /// TLS with the broker.
    #[command(flatten)]
    pub tls: TlsArgs,
    /// How many seconds of the tape pass in one of ours, 0.001 to 100000
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = parse_speed, requires = "mqtt")]
    pub speed: f64,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

fn parse_speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed| (0.001..=100_000.0).contains(speed));
    speed.ok_or_else(|| format!("expected 0.001 to 100000, found {text:?}"))
}

/// A tape and its next message.
struct Playing {
    path: PathBuf,
    reader: Reader<File>,
    next: Option<Entry<'static>>,
}

impl Playing {
    fn open(path: &Path) -> Result<Self, Failure> {
        let bad = |what: String| Failure::new(ExitCode::Usage, format!("{}: {what}", path.display()));
        let file = File::open(path).map_err(|error| bad(error.to_string()))?;
        let reader = Reader::new(file).map_err(|error| bad(error.to_string()))?;
        let mut playing = Self { path: path.to_owned(), reader, next: None };
        playing.step()?;
        Ok(playing)
    }

    /// Takes the next message and looks at the one after it.
    fn step(&mut self) -> Result<Option<Entry<'static>>, Failure> {
        let bad = |error| Failure::new(ExitCode::Usage, format!("{}: {error}", self.path.display()));
        let next = self.reader.next().transpose().map_err(bad)?;
        if next.is_none() && !self.reader.is_whole() {
            tracing::warn!("{}: it was cut off, and ends here", self.path.display());
        }
        Ok(std::mem::replace(&mut self.next, next))
    }
}

/// The next message of all tapes: the earliest, and of equals that of the first tape.
fn next_of(tapes: &mut [Playing]) -> Result<Option<Entry<'static>>, Failure> {
    let arrival = |tape: &&mut Playing| tape.next.as_ref().map(|entry| entry.at);
    let earliest = tapes.iter_mut().filter(|tape| tape.next.is_some()).min_by_key(arrival);
    earliest.map_or(Ok(None), Playing::step)
}

/// How far messages left behind their time.
#[derive(Debug, Default)]
struct Behind {
    messages: u64,
    sum_s: f64,
    most_s: f64,
}

impl Behind {
    fn note(&mut self, seconds: f64) {
        self.messages += 1;
        self.sum_s += seconds;
        self.most_s = self.most_s.max(seconds);
    }

    fn mean_s(&self) -> f64 {
        self.sum_s / self.messages.max(1) as f64
    }
}

/// Runs the command.
///
/// # Errors
/// A file that is no tape, or a damaged one; an unreachable broker, or one that does not acknowledge all.
pub async fn run(args: ReplayArgs, config: &Config) -> Result<(), Failure> {
    let style = if args.json { Style::Json } else { Style::Plain };
    let tapes = args.tapes.iter().map(|path| Playing::open(path)).collect::<Result<Vec<_>, _>>()?;
    match &args.mqtt {
        Some(url) => publish(tapes, &args.tls.endpoint(Some(url), &config.broker)?, args.speed, style).await,
        None => args.tls.refuse_without("--mqtt").and_then(|()| detect(tapes, config, style)),
    }
}

/// Lets the detectors see the tapes.
fn detect(mut tapes: Vec<Playing>, config: &Config, style: Style) -> Result<(), Failure> {
    let mut core = Core::new(&config.collect);
    let mut raised = BTreeMap::new();
    let mut day = String::new();
    while let Some(entry) = next_of(&mut tapes)? {
        let content_type = entry.content_type.as_deref();
        let (topic, payload) = (entry.topic.as_bytes(), &entry.payload[..]);
        core.handle(entry.at, Inbound { topic, content_type, payload, retained: entry.retained });
        while let Some(output) = core.poll() {
            match output {
                Output::Alert(alert) => {
                    let today: String = alert.at.to_string().chars().take(10).collect();
                    if style == Style::Plain && today != day {
                        output::line(&today);
                        day = today;
                    }
                    output::alert(style, &alert);
                    collect::note_raised(&mut raised, &alert);
                }
                Output::Rejected(why) => tracing::warn!(%why, topic = %entry.topic, "turned away"),
                // Nobody is there to be asked, and nobody to be shown.
                Output::Command(_) | Output::Vehicle(_) => {}
            }
        }
    }
    collect::print_summary(style, core.counters(), &raised);
    Ok(())
}

/// Publishes the messages of the tapes, each at its time: a late one does not delay those after it.
async fn publish(mut tapes: Vec<Playing>, endpoint: &Endpoint, speed: f64, style: Style) -> Result<(), Failure> {
    let unreachable = |why: String| Failure::new(ExitCode::Unreachable, format!("the broker at {endpoint}: {why}"));
    let client_id = format!("zhilian-replay-{}-{}", std::process::id(), Clock::wall().now().0);
    let mut publisher = Publisher::connect(endpoint, client_id).await.map_err(unreachable)?;
    let begin = Clock::wall().now();
    let clock = Clock::fast(begin, speed);
    let mut first = None;
    let mut behind = Behind::default();
    let ended = stop::requested(None);
    tokio::pin!(ended);
    while let Some(entry) = next_of(&mut tapes)? {
        let since_first_s = entry.at.seconds_since(*first.get_or_insert(entry.at));
        let due = begin.plus_seconds(since_first_s);
        let said = async {
            sleep(clock.until(due)).await;
            behind.note(clock.now().seconds_since(due).max(0.0) / speed);
            let Entry { topic, content_type, retained, payload, .. } = entry;
            let (topic, content_type) = (topic.into_owned(), content_type.map(Cow::into_owned));
            publisher
                .publish(Publication { topic, content_type, payload: payload.into_owned(), retain: retained })
                .await
        };
        tokio::select! {
            () = &mut ended => break,
            said = said => said.map_err(unreachable)?,
        }
    }
    let (sent, acknowledged) = publisher.stop().await;
    let (mean_s, most_s) = (behind.mean_s(), behind.most_s);
    output::object(
        style,
        "summary",
        &json!({ "sent": sent, "acknowledged": acknowledged, "behind_s": { "mean": mean_s, "max": most_s } }),
    );
    if style == Style::Plain {
        output::line(&format!(
            "{sent} messages sent, {acknowledged} acknowledged; behind their time by {mean_s:.3} s on average, {most_s:.3} s at most"
        ));
    }
    if acknowledged < sent {
        return Err(unreachable(format!("{} messages were not acknowledged", sent - acknowledged)));
    }
    Ok(())
}
