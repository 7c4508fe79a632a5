//! MQTT: one client connection for the collector, a pool of lean connections for fleets and load, and the embedded broker.
//!
//! The fleet does not use the client library's tasks, because they forget what was not acknowledged when a broker comes
//! back without a session: a vehicle's modem keeps it and sends it again.

pub mod backoff;
pub mod broker;
pub mod credentials;
pub mod crew;
pub mod endpoint;
pub mod fleet;
pub mod pool;
pub mod publisher;
pub mod subscriber;
mod tickets;
pub mod tls;
pub mod url;

pub use broker::Broker;
pub use credentials::Credentials;
pub use crew::{Gateways, Roster};
pub use endpoint::Endpoint;
pub use fleet::FleetLink;
pub use publisher::Publisher;
pub use subscriber::{Notice, Subscriber};
pub use tls::Tls;
pub use url::BrokerUrl;
