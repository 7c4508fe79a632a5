//! Units that logs use, and what makes them those of the wire.

/// Unit of a log, unit of the wire (the last word of a member's name), and the value on the wire as `value × scale + offset`.
const KNOWN: [(&str, &str, f64, f64); 24] = [
    ("km/h", "mps", 1.0 / 3.6, 0.0),
    ("mph", "mps", 0.447_04, 0.0),
    ("kn", "mps", 1852.0 / 3600.0, 0.0),
    ("m/s", "mps", 1.0, 0.0),
    ("km", "m", 1000.0, 0.0),
    ("mi", "m", 1609.344, 0.0),
    ("ft", "m", 0.3048, 0.0),
    ("m", "m", 1.0, 0.0),
    ("V", "mv", 1000.0, 0.0),
    ("mV", "mv", 1.0, 0.0),
    ("mV", "v", 0.001, 0.0),
    ("V", "v", 1.0, 0.0),
    ("mA", "a", 0.001, 0.0),
    ("A", "a", 1.0, 0.0),
    ("K", "c", 1.0, -273.15),
    ("F", "c", 5.0 / 9.0, -160.0 / 9.0),
    ("C", "c", 1.0, 0.0),
    ("share", "pct", 100.0, 0.0),
    ("pct", "pct", 1.0, 0.0),
    ("MOhm", "kohm", 1000.0, 0.0),
    ("Ohm", "kohm", 0.001, 0.0),
    ("kOhm", "kohm", 1.0, 0.0),
    ("rad", "deg", 180.0 / std::f64::consts::PI, 0.0),
    ("deg", "deg", 1.0, 0.0),
];

/// Factor and summand that make a value in `unit` one of `member`.
///
/// # Errors
/// Which units there are for the member.
pub(super) fn conversion(unit: &str, member: &str) -> Result<(f64, f64), String> {
    let wire = member.rsplit('_').next().unwrap_or_default();
    let fitting = || KNOWN.iter().filter(|(_, to, ..)| *to == wire);
    let found = fitting().find(|(from, ..)| *from == unit);
    found.map(|(_, _, scale, offset)| (*scale, *offset)).ok_or_else(|| {
        let names: Vec<&str> = fitting().map(|(from, ..)| *from).collect();
        match names[..] {
            [] => format!("{member}: it has no unit; leave out unit = {unit:?}"),
            _ => format!(
                "{member}: unknown unit {unit:?}, expected one of {}; or use scale and offset",
                names.join(", ")
            ),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_units_become_those_of_the_wire() {
        for (unit, member, value, expected) in [
            ("km/h", "position.speed_mps", 36.0, 10.0),
            ("kn", "position.speed_mps", 1.0, 0.514_444),
            ("V", "battery.cells_mv", 3.291, 3291.0),
            ("mV", "battery.pack_v", 52_600.0, 52.6),
            ("K", "battery.temps_c", 300.0, 26.85),
            ("F", "air_c", 212.0, 100.0),
            ("km", "motion.odo_m", 1.5, 1500.0),
            ("share", "battery.soc_pct", 0.5, 50.0),
        ] {
            let (scale, offset) = conversion(unit, member).unwrap();
            assert!((value * scale + offset - expected).abs() < 1e-5, "{unit} of {member}");
        }
        assert!(conversion("V", "battery.soc_pct").unwrap_err().contains("share, pct"));
        assert!(conversion("V", "link.cell").unwrap_err().contains("no unit"));
    }
}
