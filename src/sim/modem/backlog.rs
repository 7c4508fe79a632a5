//! What was said without a network, until there is one.

use std::collections::VecDeque;

use crate::base::Vin;
use crate::model::{Batch, Item};

/// Messages that a modem keeps; beyond it the oldest go.
const LIMIT: usize = 2048;

/// Messages that wait for the network, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Backlog(VecDeque<Item>);

impl Backlog {
    /// Puts a message behind the others.
    pub fn put(&mut self, item: Item) {
        if self.0.len() >= LIMIT {
            self.0.pop_front();
        }
        self.0.push_back(item);
    }

    /// Everything that waits, in packets of what one may carry.
    pub fn into_batches(self, vin: Vin) -> impl Iterator<Item = Batch> {
        let mut waiting = self.0;
        std::iter::from_fn(move || {
            let count = waiting.len().min(Batch::MOST);
            (count > 0).then(|| Batch { vin, items: waiting.drain(..count).collect() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::model::{Event, EventKind, Stamp};

    #[test]
    fn it_keeps_the_newest_in_order_and_packs_them() {
        let vin = "LZLEMTA20T0000001".parse().unwrap();
        let mut backlog = Backlog::default();
        for seq in 1..=LIMIT as u32 + 10 {
            let stamp = Stamp { vin, boot: 1, seq, time: Timestamp(0) };
            backlog.put(Item::Event(Event { stamp, kind: EventKind::Lock }));
        }
        let batches: Vec<Batch> = backlog.into_batches(vin).collect();
        assert!(batches.iter().all(|batch| (1..=Batch::MOST).contains(&batch.items.len())));
        let numbers: Vec<u32> = batches.iter().flat_map(|batch| &batch.items).map(|item| item.stamp().seq).collect();
        assert_eq!(numbers, (11..=LIMIT as u32 + 10).collect::<Vec<_>>());
    }
}
