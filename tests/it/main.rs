//! Tests of the whole: real brokers, real processes, a real browser. A test whose server is not installed says so and is
//! skipped; with `CI=true` it fails instead.

mod accounting;
mod batteries;
mod blackout;
mod cli;
mod collector;
mod commands;
mod dashboard;
mod demo;
mod fates;
mod fidelity_battery;
mod fidelity_link;
mod fidelity_motion;
mod fidelity_use;
mod foreign;
mod import;
mod pbf;
mod record;
mod inertial;
mod ride_statistics;
mod schema;
mod scores;
mod thefts;
mod times;
mod tools;
mod world;
