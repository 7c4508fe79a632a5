//! An extract of OpenStreetMap becomes a place that a fleet can live in.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Output};

use zhilian::base::LatLon;
use zhilian::base::units::Celsius;
use zhilian::model::{Mode, Report};
use zhilian::sim::Place;
use zhilian::sim::place::osm::{ImportOptions, Imported, import};
use zhilian::sim::place::{PlaceFile, StreetClass};

use crate::pbf::{Extract, Manner};
use crate::tools::ZHILIAN;

const USUAL: Manner = Manner { dense: true, zlib: true };

/// A point `x` by `y` metres (roughly) from the corner of a city that is not there.
fn at(x: f64, y: f64) -> [f64; 2] {
    [105.8 + x / 103_800.0, 21.0 + y / 111_200.0]
}

fn number(column: i64, row: i64) -> i64 {
    1000 + column * 100 + row
}

/// Two grids of streets, 250 m wide, on both sides of a river; a bridge, a tunnel, a motorway and what is left out.
fn city() -> Extract {
    let mut city = Extract::default();
    for column in 0..8 {
        for row in 0..6 {
            let height = if (column, row) == (0, 0) { vec![("ele", "12.5 m")] } else { vec![] };
            city.node(number(column, row), at(250.0 * column as f64, 250.0 * row as f64), &height);
        }
    }
    let street = |name: &'static str, class: &'static str| [("highway", class), ("name", name)];
    for row in 0..6 {
        let line: Vec<i64> = (0..8).map(|column| number(column, row)).collect();
        city.way(&line[..4], &street("West Row", "residential"));
        city.way(&line[4..], &street("East Row", "residential"));
    }
    for column in 0..8 {
        let line: Vec<i64> = (0..6).map(|row| number(column, row)).collect();
        city.way(&line, &street("Column", if column == 1 { "secondary" } else { "unclassified" }));
    }
    // The river runs between the fourth and the fifth column, and the bridge comes in two ways.
    city.node(1, at(875.0, -100.0), &[]);
    city.node(2, at(875.0, 2000.0), &[]);
    city.way(&[1, 2], &[("waterway", "river"), ("name", "Sông Hồng"), ("name:en", "Red River")]);
    city.node(3, at(800.0, 520.0), &[]);
    let bridge = [("highway", "primary"), ("bridge", "yes"), ("name", "Long Bien")];
    city.way(&[number(3, 2), 3], &bridge);
    city.way(&[3, number(4, 2)], &bridge);
    city.way(&[number(3, 5), number(4, 5)], &[("highway", "tertiary"), ("tunnel", "yes")]);
    // A road with bends, cut in two ways where nothing happens, to a loop at its end.
    for (point, x, y) in [(10, -100.0, 0.0), (11, -180.0, 60.0), (12, -240.0, 150.0), (13, -400.0, 150.0)] {
        city.node(point, at(x, y), &[]);
    }
    city.node(14, at(-450.0, 200.0), &[]);
    city.node(15, at(-450.0, 100.0), &[]);
    city.way(&[number(0, 0), 10, 11], &street("Winding", "residential"));
    city.way(&[13, 12, 11], &street("Winding", "residential"));
    city.way(&[13, 14, 15, 13], &street("Loop", "residential"));
    // Closed to e-bikes; a path; an island; a street that leaves the extract.
    city.way(&[number(0, 5), number(4, 5), number(7, 0)], &[("highway", "motorway")]);
    city.way(&[number(0, 0), number(1, 1)], &[("highway", "footway")]);
    city.node(20, at(-900.0, 1000.0), &[]);
    city.node(21, at(-900.0, 1200.0), &[]);
    city.way(&[20, 21], &street("Island", "residential"));
    city.way(&[number(7, 5), 99], &street("Away", "residential"));
    city.node(30, at(260.0, 260.0), &[("place", "suburb"), ("name", "Ba Đình"), ("name:zh", "巴亭")]);
    city
}

fn options() -> ImportOptions {
    let name = "nowhere".to_owned();
    ImportOptions {
        en: name.clone(),
        zh: "无处".to_owned(),
        name,
        bounds: None,
        utc_offset: None,
        ambient: Celsius(25.0),
    }
}

fn imported(extract: &Extract, options: &ImportOptions) -> Imported {
    import(Cursor::new(extract.bytes(USUAL)), options).expect("a sound extract")
}

/// The edges of a place with a name, each with the number of its bends.
fn named<'a>(place: &'a PlaceFile, name: &str) -> Vec<(&'a StreetClass, usize)> {
    place.edge.iter().filter(|edge| edge.en == name).map(|edge| (&edge.class, edge.via.len())).collect()
}

#[test]
fn an_extract_keeps_bends_bridges_and_names() {
    let Imported { place, notes } = imported(&city(), &options());
    assert_eq!(named(&place, "Winding"), [(&StreetClass::Local, 3)], "joined to one street with its bends");
    assert_eq!(named(&place, "Long Bien").iter().filter(|(class, _)| **class == StreetClass::Bridge).count(), 1);
    let tunnel = place.edge.iter().filter(|edge| edge.class == StreetClass::Tunnel).count();
    let motorway: Vec<bool> =
        place.edge.iter().filter(|edge| edge.class == StreetClass::Intercity).map(|edge| edge.ebikes).collect();
    assert_eq!((tunnel, &motorway[..]), (1, &[false, false][..]));
    assert_eq!(named(&place, "Loop").len(), 2, "a loop is cut in the middle");
    assert!(named(&place, "Island").is_empty() && named(&place, "Away").is_empty());
    assert!(notes.iter().any(|note| note.contains("1 of") && note.contains("not connected")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("+07:00")), "{notes:?}");
    let district = place.node.iter().find(|node| node.zh == "巴亭").expect("a district with its name");
    assert_eq!((district.en.as_str(), district.kind.as_str()), ("Ba Đình", "town"));
    assert_eq!((place.river[0].en.as_str(), place.river[0].line.len()), ("Red River", 2));
    assert_eq!(place.attribution.as_deref(), Some("© OpenStreetMap contributors"));
    assert!(place.node.iter().all(|node| (node.elev - 12.5).abs() < 0.1), "the only height that is known");
    let corner = |[lon, lat]: [f64; 2]| LatLon { lat, lon };
    let nearest = place.node.iter().map(|node| corner(node.at).distance(corner(at(0.0, 0.0))).0);
    assert!(nearest.fold(f64::INFINITY, f64::min) < 0.1, "coordinates are kept to the centimetre");
}

#[test]
fn all_manners_of_writing_say_the_same() {
    let city = city();
    let place = imported(&city, &options());
    for (dense, zlib) in [(true, false), (false, true), (false, false)] {
        let bytes = city.bytes(Manner { dense, zlib });
        assert_eq!(import(Cursor::new(bytes), &options()).expect("a sound extract"), place);
    }
    let text = toml::to_string(&place.place).expect("plain data");
    assert_eq!(Place::parse(&text).expect("a sound place").file, place.place);
}

#[test]
fn a_box_leaves_out_what_lies_outside() {
    let ([west, south], [east, north]) = (at(-600.0, -50.0), at(790.0, 2000.0));
    let inside = imported(&city(), &ImportOptions { bounds: Some([west, south, east, north]), ..options() }).place;
    assert!(named(&inside, "East Row").is_empty() && named(&inside, "Long Bien").is_empty());
    assert!(!named(&inside, "West Row").is_empty());
    let sea =
        import(Cursor::new(city().bytes(USUAL)), &ImportOptions { bounds: Some([0.0, 0.0, 1.0, 1.0]), ..options() });
    let said = sea.expect_err("nothing is there").to_string();
    assert!(said.contains("no streets") && said.contains("--bbox"), "{said}");
}

#[test]
fn what_does_not_fit_loses_its_minor_streets() {
    let mut wide = Extract::default();
    let side = 250;
    for column in 0..side {
        for row in 0..side {
            wide.node(column * side + row + 1, at(60.0 * column as f64, 60.0 * row as f64), &[]);
        }
    }
    for line in 0..side {
        let class = if line % 5 == 0 { "secondary" } else { "residential" };
        let row: Vec<i64> = (0..side).map(|column| column * side + line + 1).collect();
        let column: Vec<i64> = (0..side).map(|row| line * side + row + 1).collect();
        wide.way(&row, &[("highway", class)]);
        wide.way(&column, &[("highway", class)]);
    }
    let Imported { place, notes } = imported(&wide, &options());
    assert!(notes.iter().any(|note| note.contains("too many: residential streets left out")), "{notes:?}");
    assert!(place.edge.len() > 4000 && place.edge.iter().all(|edge| edge.class == StreetClass::Arterial));
    wide.ways.iter_mut().for_each(|(_, tags)| tags[0].1 = "primary");
    let said = import(Cursor::new(wide.bytes(USUAL)), &options()).expect_err("nothing can be left out").to_string();
    assert!(said.contains("too many main roads") && said.contains("--bbox"), "{said}");
}

fn zhilian(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(ZHILIAN).args(arguments).current_dir(folder).output().expect("it starts")
}

#[test]
fn a_fleet_rides_in_an_imported_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("it can be written");
    write("city.osm.pbf", &city().bytes(USUAL));
    let output = zhilian(folder.path(), &["import", "osm", "city.osm.pbf", "-o", "city.toml", "--zh", "城"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("© OpenStreetMap contributors"));
    let text = fs::read_to_string(folder.path().join("city.toml")).expect("it is there");
    assert!(text.starts_with("# Made by") && text.contains("OpenStreetMap contributors"));
    let place = Place::parse(&text).expect("a sound place");

    let scenario = "place = \"city.toml\"\nvehicles = 30\nduration = \"2h\"\nstart = \"2026-06-01T08:00:00+07:00\"\n\
        [mix]\nrider = { courier = 1.0 }\n";
    write("ride.toml", scenario.as_bytes());
    let output = zhilian(folder.path(), &["record", "--scenario", "ride.toml", "-o", "ride.ndjson"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = fs::read_to_string(folder.path().join("ride.ndjson")).expect("it is there");
    let mut sides: BTreeMap<String, [bool; 2]> = BTreeMap::new();
    let mut riding = 0;
    for line in lines.lines() {
        let report: Report = serde_json::from_str(line).expect("a report");
        riding += u32::from(report.mode == Mode::Riding);
        let Some(position) = report.position else { continue };
        let flat = place.frame.flat(position.at);
        let off = place.edges.iter().filter(|edge| edge.ebikes).flat_map(|edge| {
            let line: Vec<_> = edge.line().collect();
            line.windows(2).map(|pair| distance_to(flat, pair[0], pair[1])).collect::<Vec<_>>()
        });
        // A yard lies up to 45 m in both directions from a main street, a bad fix 90 m from there.
        assert!(off.fold(f64::INFINITY, f64::min) < 200.0, "far from every street: {line}");
        sides.entry(report.stamp.vin.to_string()).or_default()[usize::from(position.at.lon > at(875.0, 0.0)[0])] = true;
    }
    assert!(riding > 500, "only {riding} reports of rides");
    assert!(sides.values().any(|sides| *sides == [true, true]), "nobody crossed the river");
}

fn distance_to(
    point: zhilian::base::geodesy::Flat,
    start: zhilian::base::geodesy::Flat,
    end: zhilian::base::geodesy::Flat,
) -> f64 {
    let (east, north) = (end.east - start.east, end.north - start.north);
    let along = (point.east - start.east) * east + (point.north - start.north) * north;
    let share = (along / (east * east + north * north).max(1e-9)).clamp(0.0, 1.0);
    start.towards(end, share).distance(point).0
}

#[test]
fn a_bad_extract_is_said_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let fails = |bytes: Option<&[u8]>, more: &[&str], words: &[&str]| {
        let path = folder.path().join("x.osm.pbf");
        drop(fs::remove_file(&path));
        if let Some(bytes) = bytes {
            fs::write(&path, bytes).expect("it can be written");
        }
        let fixed = ["import", "osm", "x.osm.pbf", "-o", "out.toml"];
        let output = zhilian(folder.path(), &[&fixed, more].concat());
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert_eq!(said.trim_end().lines().count(), 1, "{said}");
        assert!(said.contains("x.osm.pbf") && words.iter().all(|word| said.contains(word)), "{words:?}: {said}");
        let left = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, usize::from(bytes.is_some()), "nothing is left behind");
    };
    let whole = city().bytes(USUAL);
    let mut roadless = city();
    roadless.ways.retain(|(_, tags)| tags[0].0 == "waterway");
    let mut closed = city();
    closed.ways.iter_mut().for_each(|(_, tags)| tags.push(("bicycle", "no")));
    fails(None, &[], &["No such file"]);
    fails(Some(b""), &[], &["is empty", ".osm.pbf"]);
    fails(Some(b"<?xml version=\"1.0\"?><osm version=\"0.6\"/>"), &[], &["no extract of OpenStreetMap"]);
    fails(Some(&[0; 4000]), &[], &["no extract of OpenStreetMap"]);
    fails(Some(&whole[..whole.len() - 20]), &[], &["damaged after 2 blocks"]);
    fails(Some(&roadless.bytes(USUAL)), &[], &["no streets"]);
    fails(Some(&closed.bytes(USUAL)), &[], &["no streets", "e-bikes"]);
    fails(Some(&whole), &["--utc-offset", "late"], &["utc_offset", "+08:00"]);
}
