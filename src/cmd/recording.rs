//! What a recording is written to: a tape, a table of reports, or reports as lines of JSON; and the truth beside it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use clap::ValueEnum;

use super::Failure;
use super::outfile::OutFile;
use crate::base::Timestamp;
use crate::model::{Incident, Item, Report};
use crate::store::{Table, columns};
use crate::tape::{self, Entry, Header};
use crate::wire::{self, Format, Message};

/// How a recording is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Every message as it came (see docs/tape.md)
    Tape,
    /// A table of the reports, for notebooks
    Parquet,
    /// The reports, one JSON object a line
    Ndjson,
}

impl Form {
    /// The form that a file's name asks for, where it does.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "tape" => Some(Self::Tape),
            "parquet" => Some(Self::Parquet),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }
}

/// What has been recorded so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Count {
    /// Messages that came.
    pub messages: u64,
    /// Of these, those that a file of reports has no room for: events, answers, presence, and what is not readable.
    pub left_out: u64,
}

enum Sink {
    Tape(tape::Writer<File>),
    Rows(Rows),
}

/// What holds reports alone.
enum Rows {
    Parquet(Box<Table<File, Report>>),
    Ndjson(BufWriter<File>, Vec<u8>),
}

impl Rows {
    /// Takes the reports of a message; false when there is none in it.
    fn take(&mut self, message: Message) -> io::Result<bool> {
        let reports: Vec<Report> = match message {
            Message::Report(report) => vec![report],
            Message::Batch(batch, _) => batch.items.into_iter().filter_map(Item::into_report).collect(),
            Message::Event(_) | Message::Reply(_) | Message::Presence(_) => Vec::new(),
        };
        let any = !reports.is_empty();
        for report in reports {
            match self {
                Self::Parquet(table) => table.push(&report)?,
                Self::Ndjson(out, line) => {
                    wire::encode(&Message::Report(report), Format::Json, line);
                    line.push(b'\n');
                    out.write_all(line)?;
                }
            }
        }
        Ok(any)
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Parquet(table) => table.finish().map(drop),
            Self::Ndjson(mut out, _) => out.flush(),
        }
    }
}

/// A recording that is being written.
pub struct Recording {
    file: OutFile,
    sink: Sink,
    payload: Vec<u8>,
    /// What has been recorded so far.
    pub count: Count,
}

impl Recording {
    /// Begins a recording of `source`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(path: &Path, form: Form, force: bool, source: &str) -> Result<Self, Failure> {
        let file = match form {
            Form::Tape => OutFile::growing(path, force)?,
            Form::Parquet | Form::Ndjson => OutFile::whole(path, force)?,
        };
        Self::on(file, form, source)
    }

    /// Begins a recording of `source` in a file that has been begun.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn on(file: OutFile, form: Form, source: &str) -> Result<Self, Failure> {
        let out = file.handle()?;
        let sink = match form {
            Form::Tape => tape::Writer::new(out, &Header::new(source)).map(Sink::Tape),
            Form::Parquet => Table::new(out, columns::report()).map(|table| Sink::Rows(Rows::Parquet(Box::new(table)))),
            Form::Ndjson => Ok(Sink::Rows(Rows::Ndjson(BufWriter::new(out), Vec::new()))),
        };
        let sink = sink.map_err(|error| file.failed(&error))?;
        Ok(Self { file, sink, payload: Vec::new(), count: Count::default() })
    }

    /// Takes a message that a simulated vehicle says.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn say(&mut self, at: Timestamp, message: Message) -> Result<(), Failure> {
        self.count.messages += 1;
        let written = match &mut self.sink {
            Sink::Tape(tape) => {
                wire::encode(&message, Format::Json, &mut self.payload);
                let entry = Entry {
                    at,
                    topic: Cow::Owned(message.topic().to_string()),
                    content_type: Some(Cow::Borrowed(Format::Json.content_type())),
                    retained: false,
                    payload: Cow::Borrowed(&self.payload),
                };
                tape.write(&entry).map(|()| true)
            }
            Sink::Rows(rows) => rows.take(message),
        };
        self.counted(written)
    }

    /// Takes a message that came over the network.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn hear(&mut self, entry: &Entry) -> Result<(), Failure> {
        self.count.messages += 1;
        let written = match &mut self.sink {
            Sink::Tape(tape) => tape.write(entry).map(|()| true),
            Sink::Rows(rows) => {
                match wire::decode(entry.topic.as_bytes(), entry.content_type.as_deref(), &entry.payload) {
                    Ok(message) => rows.take(message),
                    Err(rejection) => {
                        tracing::warn!(%rejection, topic = %entry.topic, "turned away");
                        Ok(false)
                    }
                }
            }
        };
        self.counted(written)
    }

    fn counted(&mut self, written: io::Result<bool>) -> Result<(), Failure> {
        let taken = written.map_err(|error| self.file.failed(&error))?;
        self.count.left_out += u64::from(!taken);
        Ok(())
    }

    /// Makes what was recorded so far safe from a kill, where the form allows it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn flush(&mut self) -> Result<(), Failure> {
        match &mut self.sink {
            Sink::Tape(tape) => tape.flush().map_err(|error| self.file.failed(&error)),
            Sink::Rows(_) => Ok(()),
        }
    }

    /// Ends the recording.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> Result<Count, Failure> {
        let ended = match self.sink {
            Sink::Tape(tape) => tape.finish().map(drop),
            Sink::Rows(rows) => rows.finish(),
        };
        ended.map_err(|error| self.file.failed(&error))?;
        self.file.finish()?;
        Ok(self.count)
    }
}

/// Writes the incidents that really happened.
///
/// # Errors
/// When the file cannot be written.
pub fn write_truth<'a>(
    file: OutFile,
    form: Form,
    incidents: impl Iterator<Item = &'a Incident>,
) -> Result<(), Failure> {
    let out = file.handle()?;
    let written = match form {
        Form::Parquet => Table::new(out, columns::incident()).and_then(|mut table| {
            incidents.into_iter().try_for_each(|incident| table.push(incident))?;
            table.finish().map(drop)
        }),
        Form::Ndjson | Form::Tape => {
            let mut out = BufWriter::new(out);
            let lines = incidents.into_iter().try_for_each(|incident| {
                serde_json::to_writer(&mut out, incident)?;
                out.write_all(b"\n")
            });
            lines.and_then(|()| out.flush())
        }
    };
    written.map_err(|error| file.failed(&error))?;
    file.finish()
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recording").field("file", &self.file).field("count", &self.count).finish_non_exhaustive()
    }
}
