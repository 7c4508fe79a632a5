//! All settings of the commands.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::collect;
use crate::wire::Format;

/// All settings.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The broker, for those that connect to one.
    pub broker: BrokerSettings,
    /// The HTTP interface.
    pub http: HttpSettings,
    /// The store.
    pub store: StoreSettings,
    /// The map of the dashboard.
    pub map: MapSettings,
    /// The fleet.
    pub simulate: SimulateSettings,
    /// The collector.
    pub collect: collect::Settings,
}

/// The broker, for those that connect to one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BrokerSettings {
    /// Where it is.
    pub url: String,
    /// With TLS: the file of the authority that signed its certificate; empty for those that the system trusts.
    pub ca: PathBuf,
    /// With TLS: the file of our certificate, for a broker that wants one; empty for none.
    pub cert: PathBuf,
    /// The file of its private key.
    pub key: PathBuf,
    /// Name of the collector's client.
    pub client_id: String,
    /// Group of collectors that share the work; empty for one alone.
    pub group: String,
}

impl Default for BrokerSettings {
    fn default() -> Self {
        Self {
            url: "mqtt://127.0.0.1:1883".to_owned(),
            ca: PathBuf::new(),
            cert: PathBuf::new(),
            key: PathBuf::new(),
            client_id: "zhilian-collector".to_owned(),
            group: String::new(),
        }
    }
}

/// The HTTP interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpSettings {
    /// Where it listens.
    pub listen: SocketAddr,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)) }
    }
}

/// The store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// Its file.
    pub path: PathBuf,
    /// How many states of vehicles are written each second at most, each in its turn; alerts always are.
    pub vehicles_per_s: usize,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { path: PathBuf::from("zhilian.db"), vehicles_per_s: 2000 }
    }
}

/// The map of the dashboard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MapSettings {
    /// The place it shows; empty for none.
    pub place: String,
}

impl Default for MapSettings {
    fn default() -> Self {
        Self { place: "chongqing".to_owned() }
    }
}

/// The fleet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulateSettings {
    /// What it does.
    pub scenario: String,
    /// In how many parts it is simulated.
    pub shards: u32,
    /// How its vehicles write what they say.
    pub format: Format,
}

impl Default for SimulateSettings {
    fn default() -> Self {
        Self { scenario: "demo".to_owned(), shards: 1, format: Format::Json }
    }
}
