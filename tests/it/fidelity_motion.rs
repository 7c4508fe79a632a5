//! How faithful movement and positioning are: simulated e-bike trips against 18 recorded ones. The table with the
//! measured figures stands in `docs/fidelity.md`.

use std::path::Path;

use zhilian::base::Timestamp;
use zhilian::base::geodesy::Flat;
use zhilian::base::rng::{Purpose, Stream};
use zhilian::base::units::{Metres, MetresPerSecond};
use zhilian::config::files::{self, Folder};
use zhilian::config::run;
use zhilian::sim::Place;
use zhilian::sim::gnss::nmea::checksum;
use zhilian::sim::gnss::{Receiver, Sky, Talker, nmea};
use zhilian::sim::motion::{Journey, Style};
use zhilian::sim::place::StreetClass;
use zhilian::sim::rider::far_spot;
use zhilian::sim::streets::{Spot, Traveller, route};

use crate::ride_statistics::{Ride, statistics};
use crate::tools;

/// Name, value of the 18 trips together, and the bounds that hold 95 % of 400 bootstrap samples over trips: the
/// tolerance. Measured once by another program (method in `ride_statistics.rs`) and fixed here, so that neither the
/// recordings nor the method can drift unseen.
const ANCHORS: [(&str, f64, f64, f64); 28] = [
    ("moving mean", 4.59, 4.29, 4.93),
    ("speed p50", 4.65, 4.22, 5.15),
    ("speed p90", 6.32, 5.57, 6.43),
    ("speed p99", 6.54, 6.41, 6.63),
    ("stop share of time", 0.104, 0.021, 0.168),
    ("stops per km", 0.744, 0.354, 1.097),
    ("stop p50", 16.0, 8.0, 26.0),
    ("stop p90", 110.0, 20.0, 121.0),
    ("acc p50", 0.207, 0.181, 0.220),
    ("acc p90", 0.485, 0.439, 0.532),
    ("acc p95", 0.584, 0.539, 0.631),
    ("dec p50", 0.190, 0.174, 0.203),
    ("dec p90", 0.397, 0.366, 0.443),
    ("dec p95", 0.481, 0.430, 0.536),
    ("a rms", 0.165, 0.137, 0.183),
    ("share acc", 0.156, 0.113, 0.191),
    ("share dec", 0.179, 0.134, 0.219),
    ("w10 sd p50", 0.222, 0.167, 0.302),
    ("w10 sd p90", 0.768, 0.642, 0.852),
    ("w10 range p50", 0.685, 0.538, 0.954),
    ("w10 range p90", 2.26, 1.97, 2.43),
    ("w10 dv p50", 0.269, 0.171, 0.399),
    ("w10 dv p90", 1.58, 1.22, 1.83),
    ("slow-downs per km", 2.17, 1.43, 2.78),
    ("slow-down p50", 7.0, 6.0, 9.0),
    ("slow-down ratio p50", 0.61, 0.54, 0.65),
    ("cruise sigma", 0.41, 0.32, 0.50),
    ("cruise tau", 4.3, 3.4, 6.1),
];

/// A recorded trip. The order of columns differs from file to file.
fn recorded(path: &Path) -> Ride {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let column = |name: &str| header.iter().position(|title| *title == name).expect("the column is there");
    let (time, speed, distance) = (column("timestamp"), column("speed"), column("distance"));
    let mut readings = Vec::new();
    let mut metres = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let fields: Vec<&str> = line.split(',').collect();
        let stamp = Timestamp::parse(&format!("{}Z", fields[time])).expect("a time");
        let number = |column: usize| fields[column].parse::<f64>().expect("a number");
        readings.push((stamp.0 / 1000, number(speed) / 3.6));
        metres.push(number(distance));
    }
    Ride::from_readings(&readings, (metres[metres.len() - 1] - metres[0]) / 1000.0)
}

/// Speeds of a trip that somebody rides through a place, read once a second.
fn simulated(place: &Place, seed: u64) -> Ride {
    let mut stream = Stream::new(seed, 0, Purpose::Motion);
    let style = Style::rider(MetresPerSecond::from_kmh(25.0), stream.normal());
    let from = Spot::draw(place, &mut stream);
    let reach = Metres(stream.log_normal(2000.0, 0.4));
    let to = far_spot(place, from.at(place), reach, &mut stream);
    let way = route(place, &from, &to, Traveller::EBike).expect("the streets connect");
    let mut now = Timestamp(0);
    let mut journey = Journey::start(place, way, (from.aside(), to.aside()), style, now, &mut stream);
    let mut speeds = Vec::new();
    while journey.advance(place, now, &mut stream) {
        speeds.push(journey.pose(place, now).speed.0);
        now = now.plus_seconds(1.0);
    }
    Ride::new(&speeds, journey.length() / 1000.0)
}

#[test]
fn simulated_trips_are_like_recorded_ones() {
    let place = run::place("chongqing").expect("the place is embedded");
    let rides: Vec<Ride> = (0..400).map(|seed| simulated(&place, seed)).collect();
    let mut outside = Vec::new();
    for ((name, value), (anchor, real, low, high)) in statistics(&rides).into_iter().zip(ANCHORS) {
        assert_eq!(name, anchor);
        println!("{name:20} {value:8.3} recorded {real:8.3} within {low}–{high}");
        if !(low..=high).contains(&value) {
            outside.push(format!("{name}: {value:.3} is not within {low}–{high}"));
        }
    }
    assert!(outside.is_empty(), "{outside:#?}");
}

#[test]
fn the_recorded_trips_are_those_of_the_anchors() {
    let Some(folder) = tools::recording("tracks/ebike") else { return };
    let rides: Vec<Ride> = (1..=18).map(|trip| recorded(&folder.join(format!("trip_{trip}.csv")))).collect();
    let mut outside = Vec::new();
    for ((name, value), (anchor, real, ..)) in statistics(&rides).into_iter().zip(ANCHORS) {
        assert_eq!(name, anchor);
        println!("{name:20} {value:8.4} anchor {real}");
        if (value / real - 1.0).abs() > 0.02 {
            outside.push(format!("{name}: {value:.4} is not within 2 % of {real}"));
        }
    }
    assert!(outside.is_empty(), "{outside:#?}");
}

/// Whether a line is a GGA or RMC sentence of a receiver: sum, number of fields, and the shape of each field. Empty
/// fields are those of a receiver without a fix.
fn check_sentence(line: &str) -> Result<bool, String> {
    let wrong = |what: &str| Err(format!("{what}: {line}"));
    let Some((body, sum)) = line.strip_prefix('$').and_then(|rest| rest.split_once('*')) else {
        return wrong("no sum");
    };
    if u8::from_str_radix(sum, 16) != Ok(checksum(body)) {
        return wrong("the sum differs");
    }
    let fields: Vec<&str> = body.split(',').collect();
    let shape: &[&str] = match fields[0].get(2..) {
        Some("GGA") => &["9.9", "9.9", "NS", "9.9", "EW", "9", "9", "9.9", "9.9", "M", "9.9", "M", "", "9"],
        Some("RMC") => &["9.9", "AV", "9.9", "NS", "9.9", "EW", "9.9", "9.9", "9", "", "", "AN"],
        _ => return Ok(false),
    };
    // One of the recorded receivers adds a field of its own to GGA.
    if !(shape.len() + 1..=shape.len() + 2).contains(&fields.len()) {
        return wrong("the number of fields differs");
    }
    for (field, shape) in fields[1..].iter().zip(shape) {
        let fits = match *shape {
            "9" => field.bytes().all(|byte| byte.is_ascii_digit()),
            "9.9" => field.is_empty() || field.parse::<f64>().is_ok(),
            letters => field.is_empty() || letters.contains(field),
        };
        if !fits {
            return wrong(&format!("{field:?} is no {shape}"));
        }
    }
    Ok(true)
}

#[test]
fn sentences_have_the_grammar_of_recorded_ones() {
    let place = run::place("chongqing").expect("the place is embedded");
    let mut receiver = Receiver::new(Stream::new(1, 1, Purpose::Gnss));
    for second in 0..100 {
        let time = Timestamp(1_780_000_000_000 + second * 1000);
        let at = place.nodes[second as usize % 50].at;
        let fix = receiver.fix(&place, time, at, 200.0, (5.0, 90.0), Sky::Canyon).expect("a fix");
        for talker in [Talker::Bd, Talker::Gb] {
            for line in nmea(talker, &fix, time) {
                assert_eq!(check_sentence(&line), Ok(true));
                assert!(line.len() <= 80, "a sentence has at most 82 characters with its line end: {line}");
            }
        }
    }
    let Some(folder) = tools::recording("tracks/nmea") else { return };
    for (log, expected) in [("beidou-bd.log", 14), ("beidou-gb.log", 8)] {
        // The logs hold bytes of a binary protocol between the sentences.
        let bytes = std::fs::read(folder.join(log)).expect("the log can be read");
        let text = String::from_utf8_lossy(&bytes);
        let sentences = text.lines().filter(|line| line.starts_with('$'));
        let known = sentences.filter(|line| line.contains("GGA,") || line.contains("RMC,"));
        let read = known.map(|line| check_sentence(line.trim_end())).collect::<Result<Vec<bool>, String>>();
        assert!(read.as_ref().is_ok_and(|read| read.len() >= expected), "{log}: {read:?}");
    }
}

#[test]
fn every_place_connects_its_streets() {
    let names = files::names(Folder::Place);
    for expected in ["bangkok", "chongqing", "hanoi", "jakarta", "nairobi"] {
        assert!(names.iter().any(|name| name == expected), "{expected} is missing among {names:?}");
    }
    for name in names {
        let place = run::place(&name).expect("an embedded place is sound");
        let on = |edge: usize| Spot::new(edge as u16, 0.5, Flat::default());
        let open: Vec<usize> = (0..place.edges.len()).filter(|edge| place.edges[*edge].ebikes).collect();
        for edge in &open {
            let way = route(&place, &on(open[0]), &on(*edge), Traveller::EBike);
            assert!(way.is_some(), "{name}: street {edge} cannot be reached");
        }
        let local = place.edges.iter().filter(|edge| edge.class == StreetClass::Local).count();
        println!("{name}: {} nodes, {} streets, {local} of them local", place.nodes.len(), place.edges.len());
        assert!(local > 10 * place.file.node.len(), "{name}: {local} local streets");
        let map = run::place_map(&place);
        assert!(map.contains("\"local\"") && map.contains(&name), "the map of {name} lacks local streets");
    }
}
