//! The compact format: Protocol Buffers after `config/schema/zhilian.proto`. Numbers are whole multiples of what sensors
//! resolve: 0.001, of degrees of latitude and longitude 0.0000001.

mod convert;
mod fields;
#[cfg(test)]
mod maker;
mod quick;
mod writer;

pub(super) use convert::{read, write, write_report};
