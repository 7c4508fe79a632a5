//! Marks of vehicles: which changed since they were last shown, and which are connected. A vehicle that changes twice is
//! noted once, without a search.

use crate::track::VehicleId;

#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    changed: bool,
    online: bool,
}

/// Marks of vehicles by their numbers.
#[derive(Debug, Default)]
pub struct Marks {
    of: Vec<Mark>,
    changed: Vec<VehicleId>,
    online: usize,
}

impl Marks {
    fn mark(&mut self, id: VehicleId) -> &mut Mark {
        let at = id.0 as usize;
        if at >= self.of.len() {
            self.of.resize(at + 1, Mark::default());
        }
        &mut self.of[at]
    }

    /// Notes that a vehicle changed.
    pub fn change(&mut self, id: VehicleId) {
        if !std::mem::replace(&mut self.mark(id).changed, true) {
            self.changed.push(id);
        }
    }

    /// Who changed since this was last asked, in the order of their numbers.
    pub fn take_changed(&mut self) -> Vec<VehicleId> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        for id in &changed {
            self.mark(*id).changed = false;
        }
        changed
    }

    /// Notes whether a vehicle is connected.
    pub fn set_online(&mut self, id: VehicleId, online: bool) {
        let before = std::mem::replace(&mut self.mark(id).online, online);
        self.online = self.online + usize::from(online) - usize::from(before);
    }

    /// How many are connected.
    #[must_use]
    pub fn online(&self) -> usize {
        self.online
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vehicle_that_changes_twice_is_noted_once_and_again_after_that() {
        let mut marks = Marks::default();
        for id in [7, 3, 7] {
            marks.change(VehicleId(id));
        }
        assert_eq!(marks.take_changed(), [VehicleId(3), VehicleId(7)]);
        assert!(marks.take_changed().is_empty());
        marks.change(VehicleId(7));
        assert_eq!(marks.take_changed(), [VehicleId(7)]);
    }

    #[test]
    fn who_comes_and_goes_is_counted() {
        let mut marks = Marks::default();
        for (id, online) in [(1, true), (2, true), (1, true), (2, false), (5, false)] {
            marks.set_online(VehicleId(id), online);
        }
        assert_eq!(marks.online(), 1);
    }
}
