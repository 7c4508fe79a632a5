//! When which connection has to be looked at: one entry each, however often its time is put off.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// No time at all.
pub const NEVER: u64 = u64::MAX;

/// When which connection has to be looked at, in milliseconds.
#[derive(Debug, Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(u64, u32)>>,
    /// By connection: when it is due, and for when it is entered. Putting off touches only the former, so that traffic
    /// costs the heap nothing.
    due: Vec<(u64, u64)>,
}

impl Timers {
    /// Timers of so many connections, none set.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { heap: BinaryHeap::new(), due: vec![(NEVER, NEVER); count] }
    }

    /// Sets, puts off or advances the time of a connection; [`NEVER`] takes it away.
    pub fn set(&mut self, connection: u32, at_ms: u64) {
        let (due, entered) = &mut self.due[connection as usize];
        *due = at_ms;
        if at_ms < *entered {
            *entered = at_ms;
            self.heap.push(Reverse((at_ms, connection)));
        }
    }

    /// When to look next; may be too early, never too late.
    #[must_use]
    pub fn next(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((at_ms, _))| *at_ms)
    }

    /// The next connection that is due by `now_ms`; its time is taken away.
    pub fn take(&mut self, now_ms: u64) -> Option<u32> {
        while let Some(Reverse((at_ms, connection))) = self.heap.peek().copied() {
            if at_ms > now_ms {
                return None;
            }
            self.heap.pop();
            let (due, entered) = &mut self.due[connection as usize];
            if *entered != at_ms {
                continue;
            }
            *entered = NEVER;
            if *due <= now_ms {
                *due = NEVER;
                return Some(connection);
            }
            let later = *due;
            if later != NEVER {
                self.set(connection, later);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_can_be_put_off_advanced_and_taken_away() {
        let mut timers = Timers::new(3);
        (0..3).for_each(|connection| timers.set(connection, 10));
        timers.set(0, 30);
        timers.set(1, 5);
        timers.set(2, NEVER);
        assert_eq!((timers.next(), timers.take(4)), (Some(5), None));
        assert_eq!((timers.take(10), timers.take(29)), (Some(1), None));
        assert_eq!((timers.take(30), timers.take(u64::MAX)), (Some(0), None));
    }

    #[test]
    fn putting_off_a_thousand_times_enters_once() {
        let mut timers = Timers::new(1);
        (0..1000).for_each(|ms| timers.set(0, 100 + ms));
        assert_eq!(timers.heap.len(), 1);
        assert_eq!((timers.take(1098), timers.take(1099)), (None, Some(0)));
    }
}
