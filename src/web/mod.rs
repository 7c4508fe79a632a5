//! What people and programs see of the collector: HTTP interface, live stream, metrics, dashboard.

pub mod assets;
pub mod desk;
pub mod hub;
pub mod metrics;
pub mod permits;
pub mod place;
pub mod routes;
pub mod stream;
pub mod view;

pub use hub::Hub;
pub use routes::router;
pub use view::{Stats, VehicleView};
