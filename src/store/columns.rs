//! The columns of the Parquet tables: the one place where they are chosen. Their names are the members of the JSON wire
//! format, without the parts they stand in there (`position`, `motion`, `battery`, `link`).

use super::table::Column;
use crate::model::{Chemistry, Family, Fix, Incident, Mode, Report};

/// The columns of a table of reports.
#[must_use]
pub fn report() -> Vec<Column<Report>> {
    vec![
        Column::text("vin", |r| Some(r.stamp.vin.as_str())),
        Column::whole("boot", 32, |r| Some(r.stamp.boot)),
        Column::whole("seq", 32, |r| Some(r.stamp.seq)),
        Column::time("ts_ms", |r| Some(r.stamp.time.0)),
        Column::text("mode", |r| Some(mode(r.mode))),
        Column::flag("locked", |r| Some(r.locked)),
        Column::flag("key_near", |r| Some(r.key_near)),
        Column::text("fix", |r| Some(fix(r.position?.fix))),
        Column::real("lat_deg", |r| Some(r.position?.at.lat)),
        Column::real("lon_deg", |r| Some(r.position?.at.lon)),
        Column::real("alt_m", |r| Some(r.position?.altitude.0)),
        Column::real("speed_mps", |r| Some(r.position?.speed.0)),
        Column::real("heading_deg", |r| Some(r.position?.heading.0)),
        Column::whole("sats", 8, |r| Some(r.position?.satellites.into())),
        Column::real("hdop", |r| Some(r.position?.hdop)),
        Column::real("wheel_mps", |r| Some(r.motion.wheel.0)),
        Column::real("vibration_g", |r| Some(r.motion.vibration.0)),
        Column::real("tilt_deg", |r| Some(r.motion.tilt.0)),
        Column::real("odo_m", |r| Some(r.motion.odometer.0)),
        Column::text("pack", |r| Some(r.battery.as_ref()?.pack.as_str())),
        Column::text("chemistry", |r| Some(chemistry(r.battery.as_ref()?.chemistry))),
        Column::real("soc_pct", |r| Some(r.battery.as_ref()?.soc.0)),
        Column::real("soh_pct", |r| Some(r.battery.as_ref()?.soh.0)),
        Column::real("pack_v", |r| Some(r.battery.as_ref()?.voltage.0)),
        Column::real("pack_a", |r| Some(r.battery.as_ref()?.current.0)),
        Column::wholes("cells_mv", |r| Some(&r.battery.as_ref()?.cells_mv)),
        Column::reals("temps_c", |r, give| {
            r.battery.as_ref()?.probes.iter().for_each(|probe| give(probe.0));
            Some(())
        }),
        Column::real("insulation_kohm", |r| Some(r.battery.as_ref()?.insulation.0)),
        Column::whole("alarm_level", 8, |r| Some(r.battery.as_ref()?.alarm_level.into())),
        Column::real("rsrp_dbm", |r| Some(r.link.rsrp.0)),
        Column::whole("cell", 32, |r| Some(r.link.cell)),
        Column::flag("backup_power", |r| Some(r.link.backup_power)),
        Column::real("backup_pct", |r| Some(r.link.backup?.0)),
        Column::real("near_lat_deg", |r| Some(r.link.near?.at.lat)),
        Column::real("near_lon_deg", |r| Some(r.link.near?.at.lon)),
        Column::real("near_radius_m", |r| Some(r.link.near?.radius.0)),
        Column::real("air_c", |r| Some(r.air?.0)),
    ]
}

/// The columns of a table of incidents.
#[must_use]
pub fn incident() -> Vec<Column<Incident>> {
    vec![
        Column::whole("id", 32, |i| Some(i.id)),
        Column::text("vin", |i| Some(i.vin.as_str())),
        Column::text("kind", |i| Some(i.kind.name())),
        Column::text("family", |i| Some(family(i.kind.family()))),
        Column::time("start_ms", |i| Some(i.start.0)),
        Column::time("end_ms", |i| Some(i.end?.0)),
        Column::whole("severity", 8, |i| Some(i.severity.into())),
        Column::made("parameters", |i| serde_json::to_string(&i.parameters).ok()),
        Column::real("from_lat_deg", |i| Some(i.from.lat)),
        Column::real("from_lon_deg", |i| Some(i.from.lon)),
        Column::real("to_lat_deg", |i| Some(i.to?.lat)),
        Column::real("to_lon_deg", |i| Some(i.to?.lon)),
    ]
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Parked => "parked",
        Mode::Riding => "riding",
        Mode::Charging => "charging",
    }
}

fn fix(fix: Fix) -> &'static str {
    match fix {
        Fix::TwoD => "2d",
        Fix::ThreeD => "3d",
    }
}

fn chemistry(chemistry: Chemistry) -> &'static str {
    match chemistry {
        Chemistry::Vrla => "vrla",
        Chemistry::Lfp => "lfp",
        Chemistry::Nmc => "nmc",
        Chemistry::Na => "na",
    }
}

fn family(family: Family) -> &'static str {
    match family {
        Family::Theft => "theft",
        Family::Battery => "battery",
        Family::Benign => "benign",
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::{Field, Row, RowAccessor};
    use serde_json::{Value, json};

    use super::*;
    use crate::store::Table;

    fn full() -> Value {
        json!({
            "vin": "LZLEMTA20T0000025", "boot": 4_000_000_000_u32, "seq": 7, "ts_ms": 1_780_000_000_123_i64,
            "mode": "riding", "locked": false, "key_near": true,
            "position": { "fix": "2d", "lat_deg": 29.56, "lon_deg": 106.57, "alt_m": 251.5, "speed_mps": 4.25,
                          "heading_deg": 359.5, "sats": 9, "hdop": 1.5 },
            "motion": { "wheel_mps": 4.5, "vibration_g": 0.125, "tilt_deg": -3.5, "odo_m": 812_345.0 },
            "battery": { "pack": "P-1", "chemistry": "na", "soc_pct": 64.5, "soh_pct": 97.5, "pack_v": 52.5,
                         "pack_a": -8.5, "cells_mv": [3300, 3301], "temps_c": [24.5], "insulation_kohm": 1500.0,
                         "alarm_level": 2 },
            "link": { "rsrp_dbm": -91.0, "cell": 4711, "backup_power": false, "backup_pct": 40.0,
                      "near": { "lat_deg": 29.5, "lon_deg": 106.5, "radius_m": 800.0 } },
            "air_c": 21.5
        })
    }

    fn written<R>(columns: Vec<Column<R>>, rows: impl Iterator<Item = R>) -> SerializedFileReader<Bytes> {
        let mut table = Table::new(Vec::new(), columns).unwrap();
        rows.for_each(|row| table.push(&row).unwrap());
        SerializedFileReader::new(Bytes::from(table.finish().unwrap())).unwrap()
    }

    fn column(row: &Row, name: &str) -> usize {
        row.get_column_iter().position(|(found, _)| found == name).unwrap()
    }

    /// The names of all values of a JSON object, without those of the objects in it but for the second position.
    fn members(value: &Value, prefix: &str, into: &mut Vec<String>) {
        for (name, value) in value.as_object().unwrap() {
            let inner = if name == "near" { "near_" } else { prefix };
            if value.is_object() { members(value, inner, into) } else { into.push(format!("{prefix}{name}")) }
        }
    }

    #[test]
    fn every_member_of_a_report_has_its_column() {
        let report: Report = serde_json::from_value(full()).unwrap();
        let mut expected = Vec::new();
        members(&serde_json::to_value(&report).unwrap(), "", &mut expected);
        let file = written(self::report(), std::iter::once(report));
        let row = file.get_row_iter(None).unwrap().next().unwrap().unwrap();
        let mut names: Vec<String> = row.get_column_iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        expected.sort();
        assert_eq!(names, expected);
        assert_eq!(row.get_string(column(&row, "vin")).unwrap(), "LZLEMTA20T0000025");
        assert_eq!(row.get_uint(column(&row, "boot")).unwrap(), 4_000_000_000);
        assert_eq!(row.get_timestamp_millis(column(&row, "ts_ms")).unwrap(), 1_780_000_000_123);
        assert_eq!(row.get_string(column(&row, "fix")).unwrap(), "2d");
        assert!(row.get_bool(column(&row, "key_near")).unwrap());
        assert_eq!(row.get_double(column(&row, "tilt_deg")).unwrap().to_string(), "-3.5");
        assert_eq!(row.get_list(column(&row, "cells_mv")).unwrap().elements().len(), 2);
        assert_eq!(row.get_list(column(&row, "temps_c")).unwrap().elements(), [Field::Double(24.5)]);
    }

    #[test]
    fn what_a_report_does_not_have_is_an_empty_cell() {
        let rows = (0..70_000_u32).map(|number| {
            let mut report = full();
            report["seq"] = json!(number);
            if number % 3 == 1 {
                report["battery"] = Value::Null;
            } else if number % 3 == 2 {
                report["battery"]["cells_mv"] = json!([]);
                report["position"] = Value::Null;
            }
            serde_json::from_value::<Report>(report).unwrap()
        });
        let file = written(report(), rows);
        assert_eq!(file.num_row_groups(), 2, "memory is bounded");
        let mut rows = 0;
        for (number, row) in file.get_row_iter(None).unwrap().enumerate() {
            let row = row.unwrap();
            assert_eq!(row.get_uint(column(&row, "seq")).unwrap() as usize, number);
            assert_eq!(row.get_double(column(&row, "soc_pct")).is_ok(), number % 3 != 1);
            assert_eq!(row.get_double(column(&row, "lat_deg")).is_ok(), number % 3 != 2);
            let cells = row.get_list(column(&row, "cells_mv")).ok().map(|list| list.elements().len());
            assert_eq!(cells, [Some(2), None, Some(0)][number % 3], "row {number}");
            rows += 1;
        }
        assert_eq!(rows, 70_000);
    }

    #[test]
    fn words_are_those_of_the_wire() {
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        for of in [Mode::Parked, Mode::Riding, Mode::Charging] {
            assert_eq!(word(&json!(of)), mode(of));
        }
        for of in [Fix::TwoD, Fix::ThreeD] {
            assert_eq!(word(&json!(of)), fix(of));
        }
        for of in [Chemistry::Vrla, Chemistry::Lfp, Chemistry::Nmc, Chemistry::Na] {
            assert_eq!(word(&json!(of)), chemistry(of));
        }
        for of in [Family::Theft, Family::Battery, Family::Benign] {
            assert_eq!(word(&json!(of)), family(of));
        }
    }
}
