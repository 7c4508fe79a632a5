//! Battery rules on recordings of real packs and on simulated fleets.

use std::path::Path;
use std::process::Command;

use zhilian::base::Timestamp;
use zhilian::detect::battery::cell_fault::CellFaultSettings;
use zhilian::model::Chemistry;
use zhilian::track::PackFeatures;
use zhilian::track::battery::Reading;

use crate::tools::{recording, skip};

/// A reading of a recording.
struct Row {
    time: Timestamp,
    amps: f32,
    pack_mv: f32,
    cells_mv: Vec<u16>,
    warning: u8,
}

/// Cells that stand out in a recording, each with the moment at which it first did.
fn outliers(rows: &[Row]) -> Vec<(usize, Timestamp)> {
    let settings = CellFaultSettings::default();
    let mut features: Option<PackFeatures> = None;
    let mut found: Vec<(usize, Timestamp)> = Vec::new();
    let mut last: Option<Reading> = None;
    for row in rows {
        let reading = Reading {
            time: row.time,
            pack: 1,
            chemistry: Chemistry::Nmc,
            charging: false,
            riding: true,
            amps: row.amps,
            pack_mv: row.pack_mv,
            cells_mv: &row.cells_mv,
            hottest_c: 25.0,
            coldest_c: 25.0,
            insulation_kohm: 2000.0,
            soc_pct: f32::NAN,
            soh_pct: f32::NAN,
            alarm_level: 0,
        };
        let features = features.get_or_insert_with(|| PackFeatures::new(&reading));
        features.follow(&reading, last.as_ref());
        if let Some(outlier) = settings.outlier(features, row.time.0 / 1000)
            && !found.iter().any(|(cell, _)| *cell == outlier.cell)
        {
            found.push((outlier.cell, row.time));
        }
        last = Some(reading);
    }
    found
}

/// Every `stride`-th row of a recorded car.
fn car(path: &Path, stride: usize) -> Option<Vec<Row>> {
    let Ok(output) = Command::new("unzip").arg("-p").arg(path).output() else {
        skip("unzip is not installed");
        return None;
    };
    let text = String::from_utf8(output.stdout).expect("a CSV is text");
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().expect("a CSV has a head").split(',').collect();
    let column = |name: &str| names.iter().position(|found| *found == name);
    let (amps, volts) =
        (column("BMSBatteryCurrent").expect("a current"), column("BMSBatteryVoltage").expect("a voltage"));
    let warning = column("BMSWarningInformation");
    let cells: Vec<usize> = (0..names.len()).filter(|at| names[*at].starts_with("V_")).collect();
    let rows = lines.step_by(stride).map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |at: usize| fields[at].parse::<f32>().expect("a number");
        Row {
            time: Timestamp::parse(&format!("{}+08:00", fields[0].replace(' ', "T"))).expect("a time"),
            // There positive discharges.
            amps: -number(amps),
            pack_mv: number(volts) * 1000.0,
            cells_mv: cells.iter().map(|at| (number(*at) * 1000.0) as u16).collect(),
            warning: warning.map_or(0, |at| number(at) as u8),
        }
    });
    Some(rows.collect())
}

#[test]
fn the_bad_cell_of_a_recorded_car_is_found_weeks_before_its_management_says_so() {
    let Some(path) = recording("battery/real_ev/car2.zip") else { return };
    let Some(rows) = car(&path, 1) else { return };
    let managed = rows.iter().find(|row| row.warning == 3).expect("its management warned").time;
    let found = outliers(&rows);
    let [(cell, when)] = found[..] else { panic!("one cell and no other: {found:?}") };
    assert_eq!(cell + 1, 82);
    let days = managed.seconds_since(when) / 86_400.0;
    assert!(days >= 21.0, "{days} days before");
}

#[test]
fn no_cell_of_a_sound_recorded_car_stands_out() {
    let Some(path) = recording("battery/real_ev/car1.zip") else { return };
    for stride in [5, 60] {
        let Some(rows) = car(&path, stride) else { return };
        assert_eq!(outliers(&rows), [], "every {stride} s");
    }
}

/// Twelve cells at 10 Hz; the first is shorted with 1 Ω from 900 to 930 s.
#[test]
fn a_short_circuit_is_found_within_a_second() {
    let Some(path) = recording("battery/battdiag_isc/sample_data.csv") else { return };
    let text = std::fs::read_to_string(path).expect("readable");
    let rows = text.lines().skip(1).enumerate().map(|(index, line)| {
        let fields: Vec<f32> = line.split(',').skip(1).map(|field| field.parse().expect("a number")).collect();
        let (amps, cells) = fields.split_last().expect("columns");
        Row {
            time: Timestamp(index as i64 * 100),
            amps: *amps,
            pack_mv: cells.iter().sum::<f32>() * 1000.0,
            cells_mv: cells.iter().map(|volts| (volts * 1000.0).round() as u16).collect(),
            warning: 0,
        }
    });
    let found = outliers(&rows.collect::<Vec<_>>());
    let [(cell, when)] = found[..] else { panic!("one cell and no other: {found:?}") };
    assert_eq!(cell, 0);
    let seconds = when.0 as f64 / 1000.0 - 900.0;
    assert!((0.0..=1.0).contains(&seconds), "{seconds} s after it began");
}
