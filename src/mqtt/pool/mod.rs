//! Many lean connections in one thread: own event loop over the system's readiness, shared buffers, one queue of timers.
//!
//! A client library's connection costs 30 KiB and a task, and forgets what was not acknowledged when a broker comes back
//! without a session. Here an idle connection is a socket and some two hundred bytes; whoever owns the pool says who the
//! connections are ([`Owner`]) and is told what happens to them.

pub mod codec;
mod connection;
pub mod event;
mod life;
pub mod outbox;
#[expect(clippy::module_inception, reason = "the pool itself, beside its parts")]
pub mod pool;
mod serve;
pub mod settings;
mod stream;
#[cfg(test)]
mod tests;
pub mod timers;
mod wait;

pub use codec::{Message, Qos, Version};
pub use event::{Event, Greeting, Introduction, Loss, Owner, Tag, Will};
pub use pool::{Pool, Waker};
pub use settings::Settings;
