//! The roll call: goes round all vehicles once a minute, a part of them each second, and notes who is silent and why. A
//! reason is given in the second round, when it is known how the others of a radio cell are doing. Where the fleet is dealt
//! out to several cores, they tell each other the census of each round.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::RandomState;

use crate::base::Timestamp;
use crate::detect::silence::{Company, Patience, Silence};
use crate::track::{Entry, Slab, VehicleId};

/// A part of all is called each second, all in a minute.
const CALL: Duration = Duration::from_secs(1);
const CALLS: usize = 60;
/// Whose connection is known to be lost is silent after this.
const CUT_OFF: Duration = Duration::from_mins(1);
/// Who fell silent within neighbouring spans of this did so together.
const SPAN: Duration = Duration::from_mins(5);

/// How the radio cells are doing: what one round of the roll call counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Census {
    heard: HashMap<u32, u32, RandomState>,
    /// By cell and span.
    silent: HashMap<(u32, i64), u32, RandomState>,
}

impl Census {
    fn clear(&mut self) {
        self.heard.clear();
        self.silent.clear();
    }

    fn company(&self, cell: u32, span: i64) -> Company {
        let silent = (span - 1..=span + 1).filter_map(|span| self.silent.get(&(cell, span))).sum();
        Company { heard: self.heard.get(&cell).copied().unwrap_or(0), silent }
    }
}

/// The roll call.
#[derive(Debug)]
pub struct RollCall {
    patience: Patience,
    next: Timestamp,
    /// When it began to listen; nobody was silent before.
    began: Timestamp,
    /// Who is called next.
    at: usize,
    /// Shared with nobody.
    counting: Arc<Census>,
    counted: Arc<Census>,
    /// Whether a round has ended since the census was last asked for.
    is_news: bool,
    /// The newest of each other core.
    elsewhere: BTreeMap<usize, Arc<Census>>,
    /// Who is silent and why, with when it was last heard.
    reasons: HashMap<VehicleId, (Silence, Timestamp), RandomState>,
}

impl RollCall {
    /// One that listens from its first call on.
    #[must_use]
    pub fn new(patience: Patience) -> Self {
        Self {
            patience,
            next: Timestamp::NEVER,
            began: Timestamp::NEVER,
            at: 0,
            counting: Arc::default(),
            counted: Arc::default(),
            is_news: false,
            elsewhere: BTreeMap::new(),
            reasons: HashMap::default(),
        }
    }

    /// Whether somebody is to be called.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        now >= self.next
    }

    /// Begins to listen; later calls change nothing.
    pub fn begin(&mut self, now: Timestamp) {
        if self.began == Timestamp::NEVER {
            (self.began, self.next) = (now, now + CALL);
        }
    }

    /// Calls those whose turn it is; who became silent or is heard again is handed to `changed`.
    pub fn call(&mut self, now: Timestamp, slab: &Slab, mut changed: impl FnMut(VehicleId)) {
        if !self.is_due(now) {
            return;
        }
        // After a pause one call makes up for all that were missed.
        self.next = now + CALL;
        let end = (self.at + slab.len().div_ceil(CALLS)).min(slab.len());
        for number in self.at..end {
            let vehicle = VehicleId(number as u32);
            if self.ask(now, vehicle, slab.get(vehicle)) {
                changed(vehicle);
            }
        }
        self.at = end;
        if end == slab.len() {
            self.at = 0;
            std::mem::swap(&mut self.counted, &mut self.counting);
            match Arc::get_mut(&mut self.counting) {
                // Room that was made is used again, as long as no other core reads what it holds.
                Some(census) => census.clear(),
                None => self.counting = Arc::default(),
            }
            self.is_news = true;
        }
    }

    /// What the last round counted, once after each.
    pub fn take_census(&mut self) -> Option<Arc<Census>> {
        std::mem::take(&mut self.is_news).then(|| Arc::clone(&self.counted))
    }

    /// Takes note of what the last round of another core counted.
    pub fn hear_census(&mut self, core: usize, census: Arc<Census>) {
        self.elsewhere.insert(core, census);
    }

    /// Calls one; true when the answer is new.
    fn ask(&mut self, now: Timestamp, vehicle: VehicleId, entry: &Entry) -> bool {
        let Some(report) = entry.report() else { return false };
        let counting = Arc::make_mut(&mut self.counting);
        let (seen, cell) = (entry.seen(), report.link.cell);
        let since = seen.max(self.began);
        let is_silent = self.patience.ends(&report, since, now) || (!entry.online() && now >= since + CUT_OFF);
        let reason = if is_silent {
            let span = seen.0.div_euclid(SPAN.as_millis() as i64);
            *counting.silent.entry((cell, span)).or_default() += 1;
            let mut company = self.counted.company(cell, span);
            if company.silent == 0 {
                return false;
            }
            for census in self.elsewhere.values() {
                let others = census.company(cell, span);
                company.heard += others.heard;
                company.silent += others.silent;
            }
            Some(Silence::of(&report, &entry.track(), company))
        } else {
            *counting.heard.entry(cell).or_default() += 1;
            Silence::of_position(&report)
        };
        let before = match reason {
            Some(reason) => self.reasons.insert(vehicle, (reason, seen)),
            None => self.reasons.remove(&vehicle),
        };
        before.map(|(before, _)| before) != reason
    }

    /// Why nothing is heard of a vehicle, or not where it is; `None` of one that is heard.
    #[must_use]
    pub fn silence(&self, vehicle: VehicleId, entry: &Entry) -> Option<Silence> {
        let (reason, seen) = self.reasons.get(&vehicle)?;
        (*reason == Silence::Withheld || *seen == entry.seen()).then_some(*reason)
    }
}
