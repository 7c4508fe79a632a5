//! Reads logs after a map and gathers their reports.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read};
use std::path::Path;

use serde::Serialize;

use super::flaw::Flaw;
use super::map::{LogFormat, LogMap};
use super::vehicles::Vehicles;
use super::{sentences, table};
use crate::base::{Timestamp, Vin};
use crate::model::Report;

/// What was left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Skipped {
    /// How many lines.
    pub lines: u64,
    /// The first of them: file, line and what is wrong with it.
    pub first: String,
}

/// What came of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// Rows of tables and fixes of receivers that were read.
    pub rows: u64,
    /// Reports that came of them.
    pub reports: u64,
    /// Of these, without a position.
    pub without_position: u64,
    /// Of these, without a battery.
    pub without_battery: u64,
    /// Vehicles.
    pub vehicles: usize,
    /// Time of the first report.
    #[serde(rename = "from_ms")]
    pub from: Option<Timestamp>,
    /// Time of the last one.
    #[serde(rename = "to_ms")]
    pub to: Option<Timestamp>,
    /// What was left out, by reason.
    pub skipped: BTreeMap<&'static str, Skipped>,
    /// What no log said and no map: what it was taken for.
    pub assumed: BTreeSet<String>,
}

/// Logs that are being read.
#[derive(Debug)]
pub struct Log {
    pub(super) map: LogMap,
    vehicles: Vehicles,
    strict: bool,
    reports: Vec<Report>,
    pub(super) summary: Summary,
}

impl Log {
    /// Reads logs after a map. When it is `strict`, nothing may be left out.
    ///
    /// # Errors
    /// What is wrong with the map.
    pub fn new(map: LogMap, strict: bool) -> Result<Self, String> {
        let vehicles = Vehicles::of(&map.vehicle)?;
        Ok(Self { map, vehicles, strict, reports: Vec::new(), summary: Summary::default() })
    }

    /// Reads a log whose file has a name.
    ///
    /// # Errors
    /// What is wrong with the log as a whole, or with a line of it when nothing may be left out.
    pub fn read(&mut self, file: &str, input: impl Read) -> Result<(), String> {
        let input = std::io::BufReader::new(input);
        match self.map.format {
            LogFormat::Csv => table::read(self, file, input),
            LogFormat::Nmea => sentences::read(self, file, input),
        }
    }

    /// The vehicle that a whole file is about, if it is about one.
    pub(super) fn vehicle_of_file(&mut self, file: &str) -> Result<Option<Vin>, String> {
        let map = &self.map.vehicle;
        let stem = || Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = map.vin.clone().or_else(|| if map.file { stem() } else { None });
        name.map(|name| self.vehicle(&name)).transpose()
    }

    /// The vehicle of a name.
    pub(super) fn vehicle(&mut self, name: &str) -> Result<Vin, String> {
        self.vehicles.vin(name).map_err(|what| format!("vehicle: {what}"))
    }

    /// Takes what a row became.
    pub(super) fn take(&mut self, file: &str, line: u64, read: Result<Report, Flaw>) -> Result<(), String> {
        self.summary.rows += 1;
        match read {
            Ok(report) => {
                self.summary.without_position += u64::from(report.position.is_none());
                self.summary.without_battery += u64::from(report.battery.is_none());
                self.reports.push(report);
                Ok(())
            }
            Err(flaw) => self.skip(file, line, &flaw),
        }
    }

    /// Leaves a line out.
    pub(super) fn skip(&mut self, file: &str, line: u64, flaw: &Flaw) -> Result<(), String> {
        let first = || format!("{file}:{line}: {flaw}");
        if self.strict {
            return Err(first());
        }
        let skipped = self.summary.skipped.entry(flaw.name()).or_insert_with(|| Skipped { lines: 0, first: first() });
        skipped.lines += 1;
        Ok(())
    }

    /// The reports in the order of their times, numbered, and what came of the import. Reports of a vehicle at the same
    /// time stay in the order of the log.
    #[must_use]
    pub fn finish(mut self) -> (Vec<Report>, Summary) {
        self.reports.sort_by_key(|report| report.stamp.time);
        let mut last: BTreeMap<Vin, (u32, u32)> = BTreeMap::new();
        for report in &mut self.reports {
            // What was imported of a later time counts as a later start of the device, so that tapes can follow each other.
            let boot = (report.stamp.time.0 / 1000) as u32;
            let (boot, seq) = last.entry(report.stamp.vin).or_insert((boot, 0));
            *seq += 1;
            (report.stamp.boot, report.stamp.seq) = (*boot, *seq);
        }
        self.summary.reports = self.reports.len() as u64;
        self.summary.vehicles = last.len();
        self.summary.from = self.reports.first().map(|report| report.stamp.time);
        self.summary.to = self.reports.last().map(|report| report.stamp.time);
        (self.reports, self.summary)
    }
}

/// Passes over the first lines of a log.
pub(super) fn skip_lines(input: &mut impl BufRead, count: u32) -> std::io::Result<()> {
    for _ in 0..count {
        input.skip_until(b'\n')?;
    }
    Ok(())
}
