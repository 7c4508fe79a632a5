//! The flags of fleets whose words are carried by gateways.

use std::sync::Arc;

use clap::Args;

use super::numbers::parse_qos;
use super::simulate::parse_format;
use super::{ExitCode, Failure};
use crate::base::Vin;
use crate::config::Config;
use crate::config::settings::SimulateSettings;
use crate::mqtt::pool::{Qos, Settings};
use crate::mqtt::{Credentials, Gateways, Roster};
use crate::wire::Format;

/// Unacknowledged messages of a gateway's connection.
pub const IN_FLIGHT: u16 = 1024;
/// Messages that may wait for all gateways together while their connections are away: 256 MiB of the longer ones.
pub const WAITING: usize = 1 << 18;

/// What is said of a flag that only gateways allow.
pub const NEEDS_GATEWAYS: &str =
    "--qos: vehicles on their own connections publish with quality of service 1; 0 needs --gateways";

/// How a fleet is carried.
#[derive(Debug, Clone, Copy, Args)]
pub struct CarriageArgs {
    /// So many connections carry what all vehicles say, instead of one each: no last will, no birth messages
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub gateways: Option<u32>,
    /// How vehicles write what they say: json, or protobuf, a quarter as long [default: json]
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    pub format: Option<Format>,
}

/// Quality of service of what gateways carry, for commands that have no flag of that name already.
#[derive(Debug, Clone, Copy, Args)]
pub struct QosArgs {
    /// Quality of service, 0 or 1, of what gateways carry; vehicles on their own connections always use 1
    #[arg(short, long, value_name = "0|1", default_value = "1", value_parser = parse_qos)]
    pub qos: Qos,
}

/// How a fleet is simulated and carried.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// In how many parts it is simulated.
    pub shards: u32,
    /// How its vehicles write what they say.
    pub format: Format,
    /// How many gateways carry it, and how surely; each vehicle has a connection of its own without them.
    pub gateways: Option<(u32, Qos)>,
}

impl From<&SimulateSettings> for Manner {
    fn from(settings: &SimulateSettings) -> Self {
        Self { shards: settings.shards, format: settings.format, gateways: None }
    }
}

impl Manner {
    /// What flags and configuration ask for.
    ///
    /// # Errors
    /// When vehicles on their own connections are to use quality of service 0.
    pub fn of(carriage: CarriageArgs, qos: QosArgs, config: &Config, vehicles: u32) -> Result<Self, Failure> {
        let gateways = carriage.gateways.map(|count| (count.min(vehicles), qos.qos));
        if gateways.is_none() && qos.qos == Qos::AtMostOnce {
            return Err(Failure::new(ExitCode::Usage, NEEDS_GATEWAYS));
        }
        let format = carriage.format.unwrap_or(config.simulate.format);
        Ok(Self { format, gateways, ..Self::from(&config.simulate) })
    }

    /// The roster of a fleet that is carried so; the settings of its connections are adjusted.
    #[must_use]
    pub fn roster(
        self,
        vehicles: Vec<(u32, Vin)>,
        credentials: Arc<Credentials>,
        boot: u32,
        settings: &mut Settings,
    ) -> Roster {
        let gateways = self.gateways.map(|(count, qos)| {
            settings.in_flight = IN_FLIGHT;
            settings.outbox = (WAITING / count as usize).max(1);
            Gateways { names: (0..count).map(|number| format!("zlgate-{boot:x}-{number}")).collect(), qos }
        });
        Roster { credentials, vehicles, boot, format: self.format, gateways }
    }
}
