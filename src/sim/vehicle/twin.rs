//! A second device that speaks in a vehicle's name: its own boot and numbers, another place.

use crate::base::geodesy::Flat;
use crate::base::rng::Stream;
use crate::base::units::{Dbm, Degrees, Gravities, Metres, MetresPerSecond};
use crate::base::{Timestamp, Vin};
use crate::model::{Link, Mode, Motion, Report, Stamp};
use crate::sim::gnss::Receiver;
use crate::sim::motion::Pose;
use crate::sim::pack::{Pack, Spec};
use crate::sim::setting::Setting;

/// A second device that speaks in a vehicle's name. It stands somewhere, behind a pack like the vehicle's that says the
/// same number.
#[derive(Debug, Clone)]
pub(super) struct Twin {
    vin: Vin,
    boot: u32,
    seq: u32,
    due: Timestamp,
    cell: u32,
    pose: Pose,
    odometer: f64,
    pack: Pack,
    receiver: Receiver,
    stream: Stream,
}

impl Twin {
    /// A device switched on at `now` that copies the number and the odometer of a vehicle and stands at `pose`. It
    /// reports like a parked vehicle, from anywhere in the first interval on.
    pub(super) fn start(
        setting: &Setting,
        now: Timestamp,
        (vin, odometer, pack): (Vin, f64, &Pack),
        pose: Pose,
        (mut stream, sky): (Stream, Stream),
    ) -> Self {
        let first = setting.begin.0 / 1000 + 1;
        let due = now.plus_seconds(stream.unit() * setting.scenario.report.parked.as_secs_f64());
        Self {
            vin,
            // Another start of a device than that of the vehicle's own, even in the first second of a run.
            boot: (now.0 / 1000).max(first) as u32,
            seq: 0,
            due,
            cell: 40_000 + stream.index(20_000) as u32,
            pose,
            odometer,
            pack: pack.clone(),
            receiver: Receiver::new(sky),
            stream,
        }
    }

    /// When it reports next.
    pub(super) fn due(&self) -> Timestamp {
        self.due
    }

    /// Where it stands.
    pub(super) fn at(&self) -> Flat {
        self.pose.at
    }

    /// Its report at `now`.
    pub(super) fn report(&mut self, setting: &Setting, now: Timestamp, spec: Spec) -> Report {
        self.seq += 1;
        self.due = now + setting.scenario.report.parked;
        let Pose { at, elevation, .. } = self.pose;
        let noise = self.stream.normal();
        Report {
            stamp: Stamp { vin: self.vin, boot: self.boot, seq: self.seq, time: now },
            mode: Mode::Parked,
            locked: true,
            key_near: false,
            position: self.receiver.fix(&setting.place, now, at, elevation, (0.0, 0.0), self.pose.sky()),
            motion: Motion {
                wheel: MetresPerSecond(0.0),
                vibration: Gravities(0.004),
                tilt: Degrees((7.0 + noise).abs()).quantised(0.1),
                odometer: Metres(self.odometer).quantised(1.0),
            },
            battery: Some(self.pack.measure(now, spec, &mut self.stream)),
            link: Link {
                rsrp: Dbm(-90.0 + 4.0 * noise).quantised(1.0),
                cell: self.cell,
                backup_power: false,
                backup: None,
                near: None,
            },
            air: None,
        }
    }
}
