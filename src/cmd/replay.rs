//! `zhilian replay`: tapes once more, to the detectors in virtual time.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;

use super::output::{self, Style};
use super::{ExitCode, Failure, collect};
use crate::collect::{Core, Inbound, Output};
use crate::config::Config;
use crate::tape::{Entry, Reader};

/// Plays tapes once more.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The tapes; messages of several are taken in the order in which they arrived
    #[arg(value_name = "TAPE", required = true)]
    pub tapes: Vec<PathBuf>,
    /// Print the alerts that the detectors raise, as fast as the machine
    #[arg(long, required = true)]
    pub detect: bool,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
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

/// Runs the command.
///
/// # Errors
/// A file that is no tape, or a damaged one.
pub fn run(args: &ReplayArgs, config: &Config) -> Result<(), Failure> {
    let style = if args.json { Style::Json } else { Style::Plain };
    let mut tapes = args.tapes.iter().map(|path| Playing::open(path)).collect::<Result<Vec<_>, _>>()?;
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
