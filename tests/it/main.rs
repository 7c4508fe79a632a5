//! Tests of the whole: real brokers, real processes, a real browser. A test whose server is not installed says so and is
//! skipped; with `CI=true` it fails instead.

mod accounting;
mod alert_api;
mod alert_life;
mod batteries;
mod bench;
mod blackout;
mod cli;
mod collector;
mod commands;
mod compact;
mod dashboard;
mod demo;
mod fates;
mod fidelity_battery;
mod fidelity_link;
mod fidelity_motion;
mod fidelity_use;
mod foreign;
mod foreign_logs;
mod import;
mod order;
mod pbf;
mod pool;
mod record;
mod fuzzing;
mod inertial;
mod ride_statistics;
mod schema;
mod silences;
mod scores;
mod thefts;
mod times;
mod tools;
mod windows;
mod world;
