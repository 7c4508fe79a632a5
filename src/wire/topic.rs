//! Topics: `zl/v1/{vin}/up/report` and its neighbours. No region level, because vehicles move.

use std::fmt;

use super::rejection::Rejection;
use crate::base::Vin;

/// What a vehicle says on which topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// `up/report`, `QoS` 1.
    Report,
    /// `up/event`, `QoS` 1.
    Event,
    /// `up/state`: retained birth message; the last will says offline.
    State,
    /// `up/reply`, `QoS` 1: the answer to a command.
    Reply,
    /// `up/batch`, `QoS` 1: what waited for a network.
    Batch,
}

impl Channel {
    fn of(suffix: &[u8]) -> Option<Self> {
        Some(match suffix {
            b"up/report" => Self::Report,
            b"up/event" => Self::Event,
            b"up/state" => Self::State,
            b"up/reply" => Self::Reply,
            b"up/batch" => Self::Batch,
            _ => return None,
        })
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Report => "up/report",
            Self::Event => "up/event",
            Self::State => "up/state",
            Self::Reply => "up/reply",
            Self::Batch => "up/batch",
        }
    }
}

/// A topic of one vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Whose.
    pub vin: Vin,
    /// Which.
    pub channel: Channel,
}

/// Everything that vehicles say.
pub const UPLINK_FILTER: &str = "zl/v1/+/up/#";

/// Where a vehicle takes its commands.
#[must_use]
pub fn command_topic(vin: Vin) -> String {
    format!("zl/v1/{vin}/down/cmd")
}

/// The commands of all vehicles.
pub const COMMAND_FILTER: &str = "zl/v1/+/down/cmd";

/// Whom the topic of a command names.
#[must_use]
pub fn commanded(topic: &[u8]) -> Option<Vin> {
    let vin = topic.strip_prefix(b"zl/v1/")?.strip_suffix(b"/down/cmd")?;
    Vin::from_bytes(vin).ok()
}

/// [`UPLINK_FILTER`] for several collectors of one group that share the work.
#[must_use]
pub fn shared_uplink_filter(group: &str) -> String {
    format!("$share/{group}/{UPLINK_FILTER}")
}

impl Topic {
    /// Takes a topic name apart.
    ///
    /// # Errors
    /// [`Rejection::Topic`] when it is none of ours, [`Rejection::Vin`] when its VIN is not one.
    pub fn parse(name: &[u8]) -> Result<Self, Rejection> {
        let rest = name.strip_prefix(b"zl/v1/").ok_or(Rejection::Topic)?;
        let slash = rest.iter().position(|byte| *byte == b'/').ok_or(Rejection::Topic)?;
        let channel = Channel::of(&rest[slash + 1..]).ok_or(Rejection::Topic)?;
        let vin = Vin::from_bytes(&rest[..slash]).map_err(|_| Rejection::Vin)?;
        Ok(Self { vin, channel })
    }

    /// Writes the topic name into `name`, which is cleared first so that it can be used again.
    pub fn write_to(&self, name: &mut String) {
        name.clear();
        // Each of a length that is known, so that it is copied without a call.
        name.push_str("zl/v1/");
        name.push_str(self.vin.as_str());
        if self.channel == Channel::Report {
            name.push_str("/up/report");
        } else {
            name.push('/');
            name.push_str(self.channel.suffix());
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ["zl/v1/", self.vin.as_str(), "/", self.channel.suffix()].iter().try_for_each(|part| f.write_str(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_survive_the_round_trip() {
        let vin = "LZLEMTA20T0000001".parse().unwrap();
        for channel in [Channel::Report, Channel::Event, Channel::State, Channel::Reply, Channel::Batch] {
            let topic = Topic { vin, channel };
            assert_eq!(Topic::parse(topic.to_string().as_bytes()), Ok(topic));
        }
    }

    #[test]
    fn a_command_names_its_vehicle() {
        let vin = "LZLEMTA20T0000001".parse().unwrap();
        assert_eq!(commanded(command_topic(vin).as_bytes()), Some(vin));
        assert_eq!(
            (commanded(b"zl/v1/bike-1/down/cmd"), commanded(b"zl/v1/LZLEMTA20T0000001/up/report")),
            (None, None)
        );
    }

    #[test]
    fn foreign_topics_are_refused() {
        for (name, why) in [
            ("zl/v2/LZLEMTA20T0000001/up/report", Rejection::Topic),
            ("zl/v1/LZLEMTA20T0000001/up/song", Rejection::Topic),
            ("zl/v1/LZLEMTA20T0000001", Rejection::Topic),
            ("zl/v1/bike-1/up/report", Rejection::Vin),
            ("", Rejection::Topic),
        ] {
            assert_eq!(Topic::parse(name.as_bytes()), Err(why), "{name}");
        }
    }
}
