//! `zhilian record`: a scenario in virtual time, or what a broker carries, written to a file.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::access::TlsArgs;
use super::outfile::OutFile;
use super::output::{self, Style};
use super::recording::{Count, Form, Recording, write_truth};
use super::simulate::{RunArgs, count_kinds};
use super::status::Status;
use super::{ExitCode, Failure, collect, stop};
use crate::base::{Clock, Timestamp};
use crate::config::{self, Config};
use crate::model::Incident;
use crate::mqtt::subscriber::Subscription;
use crate::mqtt::{Endpoint, Notice, Subscriber};
use crate::sim::{Fleet, Setting};
use crate::tape::Entry;
use crate::wire::Utterance;
use crate::wire::topic::UPLINK_FILTER;

/// How long the broker keeps messages when the connection is lost; long enough to come back, short enough to leave
/// nothing behind.
const SESSION_KEPT: Duration = Duration::from_mins(1);

/// Writes a tape, or a table for notebooks, of a scenario or of what a broker carries.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    pub out: PathBuf,
    /// How it is written [default: what its name ends in: .tape, .parquet or .ndjson]
    #[arg(long, value_enum)]
    pub format: Option<Form>,
    /// Record what this broker carries, such as `mqtt://user:password@host:1883`, instead of a scenario
    #[arg(long, value_name = "URL", conflicts_with_all = ["scenario", "vehicles", "seed", "truth"])]
    pub broker: Option<String>,
    /// TLS with the broker.
    #[command(flatten)]
    pub tls: TlsArgs,
    /// Write the incidents that really happened to this file: .parquet, or else one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// Stop after so many messages
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Replace files that exist
    #[arg(long)]
    pub force: bool,
    /// What is simulated.
    #[command(flatten)]
    pub run: RunArgs,
}

/// Runs the command.
///
/// # Errors
/// A bad scenario, an unreachable broker, a file that exists or cannot be written.
pub async fn run(args: RecordArgs, config: &Config) -> Result<(), Failure> {
    let usage = |what: String| Failure::new(ExitCode::Usage, what);
    let form = args.format.or_else(|| Form::of(&args.out)).ok_or_else(|| {
        usage(format!("{}: expected a name in .tape, .parquet or .ndjson, or --format", args.out.display()))
    })?;
    if args.truth.as_ref() == Some(&args.out) {
        return Err(usage(format!("--truth: expected another file than {}", args.out.display())));
    }
    let style = args.run.style();
    let limit = args.limit.unwrap_or(u64::MAX);
    if let Some(url) = &args.broker {
        let endpoint = args.tls.endpoint(Some(url), &config.broker)?;
        let source = format!("broker {endpoint}");
        let subscriber = connect(endpoint).await?;
        let recording = Recording::create(&args.out, form, args.force, &source)?;
        return listen(subscriber, recording, &args, limit).await;
    }
    args.tls.refuse_without("--broker")?;
    let scenario = args.run.scenario(config)?;
    // Virtual time is the scenario's own, so that the same seed gives the same file.
    let begin = scenario.start_time();
    let source = format!("scenario {}, seed {}", name(&args.run, config), scenario.seed);
    let setting = config::run::setting(scenario, begin)?;
    // The truth first: it leaves nothing behind when the other file is refused.
    let truth = args.truth.as_deref().map(|path| OutFile::whole(path, args.force)).transpose()?;
    let recording = Recording::create(&args.out, form, args.force, &source)?;
    let (count, incidents) = rehearse(setting, config.simulate.shards, recording, style, limit).await?;
    if let Some((file, path)) = truth.zip(args.truth.as_deref()) {
        write_truth(file, Form::of(path).unwrap_or(Form::Ndjson), incidents.values())?;
    }
    summarise(style, &args.out, count, &json!({ "incidents": count_kinds(incidents.values()) }));
    Ok(())
}

fn name<'a>(run: &'a RunArgs, config: &'a Config) -> &'a str {
    run.scenario.as_deref().unwrap_or(&config.simulate.scenario)
}

/// Lets a fleet live in virtual time, on a thread of its own, until it is over or stopped.
async fn rehearse(
    setting: Setting,
    shards: u32,
    recording: Recording,
    style: Style,
    limit: u64,
) -> Result<(Count, BTreeMap<u32, Incident>), Failure> {
    let (begin, end) = (setting.begin, setting.end);
    let stopped = Arc::new(AtomicBool::new(false));
    let reached = Arc::new(AtomicU64::new(0));
    let telling = (Arc::clone(&stopped), Arc::clone(&reached));
    let mut running = tokio::task::spawn_blocking(move || perform(setting, shards, recording, limit, &telling));
    let mut status = Status::new(style);
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let ended = stop::requested(None);
    tokio::pin!(ended);
    let performed = loop {
        tokio::select! {
            () = &mut ended, if !stopped.load(Ordering::Relaxed) => stopped.store(true, Ordering::Relaxed),
            performed = &mut running => break performed,
            _ = tick.tick() => {
                let share = reached.load(Ordering::Relaxed) as f64 / end.millis_since(begin).max(1) as f64;
                status.show(&format!("{:.0} % of the run", 100.0 * share));
            }
        }
    };
    status.finish();
    performed.map_err(|error| Failure::new(ExitCode::Failure, format!("the fleet failed: {error}")))?
}

fn perform(
    setting: Setting,
    shards: u32,
    mut recording: Recording,
    limit: u64,
    (stopped, reached): &(Arc<AtomicBool>, Arc<AtomicU64>),
) -> Result<(Count, BTreeMap<u32, Incident>), Failure> {
    let begin = setting.begin;
    let mut fleet = Fleet::new(&Arc::new(setting), shards);
    let mut incidents = BTreeMap::new();
    while recording.count.messages < limit && !stopped.load(Ordering::Relaxed) {
        let Some(emission) = fleet.poll(Timestamp::NEVER) else { break };
        reached.store(emission.at.millis_since(begin).max(0) as u64, Ordering::Relaxed);
        match emission.output.into() {
            Utterance::Message(message) => recording.say(emission.at, message)?,
            Utterance::Truth(incident) => drop(incidents.insert(incident.id, incident)),
            Utterance::Network(_) => {}
        }
    }
    Ok((recording.finish()?, incidents))
}

async fn connect(endpoint: Endpoint) -> Result<Subscriber, Failure> {
    // A name of its own, so that the recording takes nothing away from a collector.
    let client_id = format!("zhilian-record-{}-{}", std::process::id(), Clock::wall().now().0);
    let filter = UPLINK_FILTER.to_owned();
    collect::subscribe(Subscription { endpoint, client_id, filter, kept: SESSION_KEPT }).await
}

/// Records what a broker carries until somebody stops it.
async fn listen(
    mut subscriber: Subscriber,
    mut recording: Recording,
    args: &RecordArgs,
    limit: u64,
) -> Result<(), Failure> {
    let style = args.run.style();
    let clock = Clock::wall();
    output::object(style, "started", &json!({ "out": args.out }));
    let mut status = Status::new(style);
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let ended = stop::requested(args.run.duration);
    tokio::pin!(ended);
    let mut losses = 0_u64;
    while recording.count.messages < limit {
        tokio::select! {
            () = &mut ended => break,
            notice = subscriber.next() => match notice {
                Some(Notice::Messages(letters)) => {
                    for letter in letters.iter().take((limit - recording.count.messages) as usize) {
                        recording.hear(&Entry {
                            at: clock.now(),
                            // MQTT has no other topics than text.
                            topic: String::from_utf8_lossy(&letter.topic),
                            content_type: letter.content_type.as_deref().map(Cow::Borrowed),
                            retained: letter.retained,
                            payload: Cow::Borrowed(&letter.payload),
                        })?;
                    }
                }
                Some(Notice::Lost { why, retry_in }) => {
                    losses += 1;
                    tracing::warn!("lost the broker ({why}); next attempt in {:.1} s", retry_in.as_secs_f64());
                }
                Some(Notice::Subscribed) => {}
                None => break,
            },
            _ = tick.tick() => {
                recording.flush()?;
                status.show(&format!("{} messages recorded", recording.count.messages));
            }
        }
    }
    status.finish();
    subscriber.stop().await;
    let count = recording.finish()?;
    summarise(style, &args.out, count, &json!({ "connections_lost": losses }));
    Ok(())
}

fn summarise(style: Style, out: &Path, count: Count, more: &serde_json::Value) {
    let mut body = json!({ "out": out, "messages": count.messages, "left_out": count.left_out });
    if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
        body.extend(more.clone());
    }
    output::object(style, "summary", &body);
    if style == Style::Plain {
        let left_out = match count.left_out {
            0 => String::new(),
            some => format!(" ({some} of them are no reports and were left out)"),
        };
        output::line(&format!("{}: {} messages{left_out}", out.display(), count.messages));
    }
}
