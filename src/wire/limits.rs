//! What a quantity can be at all: the ranges of `config/schema/report.schema.json`. Wider than what is normal: judging that is the detectors' work.

use super::rejection::Rejection;
use crate::base::Timestamp;
use crate::model::report::{Battery, Link, Position, Report, Stamp};

/// The longest payload taken, bytes. A report has about 900, one of 128 cells 1,700; a full batch of them about 30,000
/// or 54,000.
pub const MAX_PAYLOAD: usize = 64 * 1024;

/// 2010-01-01. Recordings are that old; a clock that was never set says 1970, 1980 or 2000, and one that lost 1,024 weeks
/// of GPS is before it until 2029.
const EARLIEST: Timestamp = Timestamp(1_262_304_000_000);
/// 2100-01-01.
const LATEST: Timestamp = Timestamp(4_102_444_800_000);

/// Checks the head of a message.
///
/// # Errors
/// [`Rejection::OutOfRange`].
pub fn check_stamp(stamp: &Stamp) -> Result<(), Rejection> {
    within((EARLIEST..=LATEST).contains(&stamp.time))
}

/// Checks a report.
///
/// # Errors
/// [`Rejection::OutOfRange`].
pub fn check_report(report: &Report) -> Result<(), Rejection> {
    check_stamp(&report.stamp)?;
    let motion = &report.motion;
    within((0.0..=200.0).contains(&motion.wheel.0))?;
    within((0.0..=64.0).contains(&motion.vibration.0))?;
    within((-180.0..=180.0).contains(&motion.tilt.0))?;
    within((0.0..=4_294_967_295.0).contains(&motion.odometer.0))?;
    check_link(&report.link)?;
    within(report.air.is_none_or(|air| (-60.0..=100.0).contains(&air.0)))?;
    report.position.as_ref().map_or(Ok(()), check_position)?;
    report.battery.as_ref().map_or(Ok(()), check_battery)
}

fn check_link(link: &Link) -> Result<(), Rejection> {
    within((-160.0..=0.0).contains(&link.rsrp.0))?;
    within(link.backup.is_none_or(|backup| (0.0..=100.0).contains(&backup.0)))?;
    within(link.near.is_none_or(|near| near.at.is_valid() && (0.0..=100_000.0).contains(&near.radius.0)))
}

fn check_position(position: &Position) -> Result<(), Rejection> {
    within(position.at.is_valid())?;
    within((-1000.0..=20_000.0).contains(&position.altitude.0))?;
    within((0.0..=200.0).contains(&position.speed.0))?;
    within((0.0..=360.0).contains(&position.heading.0))?;
    within(position.satellites <= 64)?;
    within((0.0..=99.9).contains(&position.hdop))
}

fn check_battery(battery: &Battery) -> Result<(), Rejection> {
    within((0.0..=100.0).contains(&battery.soc.0))?;
    within((0.0..=150.0).contains(&battery.soh.0))?;
    // What GB/T 32960.3 has room for.
    within((0.0..=1000.0).contains(&battery.voltage.0))?;
    within((-1000.0..=1000.0).contains(&battery.current.0))?;
    within(battery.probes.iter().all(|probe| (-60.0..=300.0).contains(&probe.0)))?;
    within((0.0..=100_000.0).contains(&battery.insulation.0))?;
    within(battery.alarm_level <= 3)
}

fn within(holds: bool) -> Result<(), Rejection> {
    if holds { Ok(()) } else { Err(Rejection::OutOfRange) }
}
