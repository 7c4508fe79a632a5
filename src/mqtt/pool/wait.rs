//! Waiting for sockets, to the microsecond: the system's own wait is rounded up to milliseconds, which an open loop at
//! more than a thousand messages a second would see in every latency.

use std::io;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use rustix::fd::{AsRawFd, OwnedFd};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

/// Longer waits are left to the system's own.
const SHORT: Duration = Duration::from_millis(20);

/// A timer among the sockets.
#[derive(Debug)]
pub(super) struct Wait {
    timer: OwnedFd,
}

impl Wait {
    pub(super) fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        registry.register(&mut SourceFd(&timer.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self { timer })
    }

    /// Waits for events, for at most `timeout`.
    pub(super) fn poll(&self, poll: &mut Poll, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        match timeout {
            Some(short) if !short.is_zero() && short < SHORT => {
                let it_value = Timespec { tv_sec: 0, tv_nsec: i64::from(short.subsec_nanos()) };
                let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value };
                timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
                poll.poll(events, None)
            }
            other => poll.poll(events, other),
        }
    }
}
