//! The commands: one file each. Here the parts are given sockets, files, threads and a clock.
//!
//! `demo` is nothing but `broker`, `simulate` and `collect` in one process, with one clock.

pub mod access;
pub mod agent;
pub mod agents;
pub mod bench;
pub mod benching;
pub mod broker;
pub mod collect;
pub mod collecting;
pub mod config;
pub mod demo;
pub mod failure;
pub mod gateways;
pub mod import;
pub mod knee;
pub mod logging;
pub mod marks;
pub mod numbers;
pub mod onlooker;
pub mod outfile;
pub mod output;
pub mod record;
pub mod recording;
pub mod replay;
pub mod reporting;
pub mod score;
pub mod seconds;
pub mod shard;
pub mod simulate;
pub mod status;
pub mod steering;
pub mod stop;

pub use failure::{ExitCode, Failure};
