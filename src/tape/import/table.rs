//! Logs that are tables.

use std::io::BufRead;

use csv::{ErrorKind, Position, ReaderBuilder, StringRecord, Trim};

use super::column::Binder;
use super::flaw::Flaw;
use super::log::{Log, skip_lines};
use super::members::Members;
use super::source::Names;
use super::times::Times;
use crate::base::Vin;
use crate::model::Report;

/// One table: what its columns are.
struct Table {
    members: Members,
    times: Times,
    time_columns: Vec<usize>,
    whose: Whose,
    width: usize,
}

/// Which vehicle a row is about.
enum Whose {
    File(Vin),
    Column(usize),
}

/// Reads a table.
///
/// # Errors
/// What is wrong with the table as a whole, or with a row of it when none may be left out.
pub(super) fn read(log: &mut Log, file: &str, mut input: impl BufRead) -> Result<(), String> {
    let at = |what: String| format!("{file}: {what}");
    let lines_before = log.map.csv.skip_lines;
    skip_lines(&mut input, lines_before).map_err(|error| at(error.to_string()))?;
    let ascii = |name: &str, sign: char| {
        u8::try_from(sign)
            .ok()
            .filter(u8::is_ascii)
            .ok_or_else(|| at(format!("csv.{name}: expected an ASCII character, found {sign:?}")))
    };
    // The library counts a line when it has read its "\n", which after "\r" is with the next row.
    let start = input.fill_buf().map_err(|error| at(error.to_string()))?;
    let crlf = start.split(|byte| *byte == b'\n').next().is_some_and(|first| first.ends_with(b"\r"));
    let line_of = |position: &Position| position.line() + u64::from(lines_before) + u64::from(crlf);
    let mut builder = ReaderBuilder::new();
    builder.delimiter(ascii("delimiter", log.map.csv.delimiter)?).flexible(true).trim(Trim::All);
    builder.comment(log.map.csv.comment.map(|sign| ascii("comment", sign)).transpose()?);
    let mut rows = builder.from_reader(input);
    let header = rows.headers().map_err(|error| at(explain(&error)))?.clone();
    if header.is_empty() {
        return Err(at("the file is empty: expected the names of the columns in its first line".to_owned()));
    }
    let table = Table::bind(log, file, &header).map_err(at)?;
    let mut row = StringRecord::new();
    loop {
        let more = rows.read_record(&mut row);
        let line = row.position().map_or(0, line_of);
        match more {
            Ok(false) => return Ok(()),
            Ok(true) => {
                let read = table.report(log, &row).map_err(at)?;
                log.take(file, line, read)?;
            }
            Err(error) if matches!(error.kind(), ErrorKind::Utf8 { .. }) => {
                let line = error.position().map_or(line, line_of);
                log.take(file, line, Err(Flaw::Row(explain(&error))))?;
            }
            Err(error) => return Err(at(explain(&error))),
        }
    }
}

fn explain(error: &csv::Error) -> String {
    if matches!(error.kind(), ErrorKind::Utf8 { .. }) {
        return "it is not UTF-8; such as `iconv -f gb18030 -t utf-8` makes it so".to_owned();
    }
    error.to_string()
}

impl Table {
    fn bind(log: &mut Log, file: &str, header: &StringRecord) -> Result<Self, String> {
        let time = log.map.time.column.clone().ok_or("time.column is missing: which column is the time?")?;
        if log.map.time.date.is_some() {
            return Err("time.date: it is for NMEA logs; a table has its dates in time.column".to_owned());
        }
        let mut binder = Binder { header: Some(header), decimal: log.map.csv.decimal, assumed: Vec::new() };
        let time_columns = binder.find("time", &time)?;
        let column = log.map.vehicle.column.clone();
        let whose = column.map(|name| binder.find("vehicle", &Names(vec![name]))).transpose()?;
        let members = Members::bind(&log.map, &mut binder)?;
        log.summary.assumed.extend(binder.assumed);
        let whose = match (whose.and_then(|found| found.first().copied()), log.vehicle_of_file(file)?) {
            (Some(column), _) => Whose::Column(column),
            (None, Some(vin)) => Whose::File(vin),
            (None, None) => return Err("vehicle: the file has no name to take it from; say vin = \"…\"".to_owned()),
        };
        Ok(Self { members, times: Times::of(&log.map.time)?, time_columns, whose, width: header.len() })
    }

    /// The report of a row; an error when going on would mix up vehicles.
    fn report(&self, log: &mut Log, row: &StringRecord) -> Result<Result<Report, Flaw>, String> {
        let surplus = row.iter().skip(self.width).any(|cell| !cell.is_empty());
        if row.len() < self.width || surplus {
            return Ok(Err(Flaw::Row(format!("{} cells, but the header names {}", row.len(), self.width))));
        }
        let vin = match self.whose {
            Whose::File(vin) => vin,
            Whose::Column(at) => match row.get(at).filter(|name| !name.is_empty()) {
                Some(name) => log.vehicle(name)?,
                None => return Ok(Err(Flaw::Vehicle)),
            },
        };
        let cells: Vec<&str> = self.time_columns.iter().filter_map(|at| row.get(*at)).collect();
        let time = self.times.read(&cells.join(" "));
        Ok(time.and_then(|time| self.members.report(row, vin, time, None)))
    }
}
