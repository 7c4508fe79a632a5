//! What stands on the wire: topics, versioned payloads and the limits a payload has to keep.
//!
//! JSON is for people, Protocol Buffers are compact; both stand behind the same [`Format`]. The version member `v` is in
//! every payload. Readers ignore members they do not know, so that devices can be newer than collectors.

pub mod batch;
pub mod format;
pub mod limits;
pub mod message;
mod pen;
mod proto;
pub mod rejection;
mod report;
pub mod topic;
pub mod utterance;

pub use format::Format;
pub use message::{Message, decode, decode_command, encode, encode_command, encode_report};
pub use rejection::Rejection;
pub use topic::{Channel, Topic};
pub use utterance::Utterance;
