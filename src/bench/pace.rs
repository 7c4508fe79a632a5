//! An absolute schedule: when the next message is due, whatever became of those before. A generator that waits for answers
//! sends less when the other side is slow, and so hides how slow it is.

/// A part of a schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// How long, seconds; infinite in the last one of a run without an end.
    pub lasts_s: f64,
    /// Messages a second at its begin.
    pub from: f64,
    /// Messages a second at its end; between, the rate changes evenly.
    pub to: f64,
}

impl Stage {
    /// The same rate for ever.
    #[must_use]
    pub fn steady(rate: f64) -> Self {
        Self { lasts_s: f64::INFINITY, from: rate, to: rate }
    }

    /// Messages due in the first `s` seconds.
    fn count(&self, s: f64) -> f64 {
        if self.lasts_s.is_finite() {
            self.from * s + (self.to - self.from) * s * s / (2.0 * self.lasts_s)
        } else {
            self.from * s
        }
    }

    /// When so many messages were due, seconds from its begin; `None` when that is not in this stage.
    fn time_of(&self, count: f64) -> Option<f64> {
        let slope = if self.lasts_s.is_finite() { (self.to - self.from) / self.lasts_s } else { 0.0 };
        let s = if self.from <= 0.0 && self.to <= 0.0 {
            return None;
        } else if count <= 0.0 {
            0.0
        } else if slope.abs() < 1e-12 {
            count / self.from
        } else {
            // The root of from·s + slope·s²/2 = count that does not cancel.
            let root = (self.from * self.from + 2.0 * slope * count).max(0.0).sqrt();
            2.0 * count / (self.from + root)
        };
        (s <= self.lasts_s && s.is_finite()).then_some(s)
    }
}

/// The schedule of one worker.
#[derive(Debug, Clone)]
pub struct Pace {
    stages: Vec<Stage>,
    share: f64,
    /// Where the present stage begins, seconds, and how many messages were due before it.
    begin_s: f64,
    before: f64,
    stage: usize,
    /// Messages taken, and where among the whole rate's messages this worker's first one lies, from 0 to below 1.
    taken: u64,
    offset: f64,
    next_s: Option<f64>,
}

impl Pace {
    /// A schedule of stages, of which this worker does a `share`; `offset` of its first interval passes before its first
    /// message, so that several workers do not send in step.
    #[must_use]
    pub fn new(stages: &[Stage], share: f64, offset: f64) -> Self {
        let (begin_s, before) = (0.0, 0.0);
        let mut pace = Self { stages: Vec::new(), share, begin_s, before, stage: 0, taken: 0, offset, next_s: None };
        pace.follow(stages);
        pace
    }

    /// Goes on by other stages. Those up to now must be the same, so that what was taken is what they had due.
    pub fn follow(&mut self, stages: &[Stage]) {
        let scale = |stage: &Stage| Stage { from: stage.from * self.share, to: stage.to * self.share, ..*stage };
        self.stages = stages.iter().map(scale).collect();
        (self.begin_s, self.before, self.stage) = (0.0, 0.0, 0);
        self.next_s = self.find();
    }

    /// When the next message is due, nanoseconds from the start; `None` after the last.
    #[must_use]
    pub fn next_ns(&self) -> Option<u64> {
        self.next_s.map(|s| (s * 1e9) as u64)
    }

    /// Takes the next message.
    pub fn take(&mut self) {
        self.taken += 1;
        self.next_s = self.find();
    }

    fn find(&mut self) -> Option<f64> {
        let wanted = self.taken as f64 + self.offset;
        while let Some(stage) = self.stages.get(self.stage) {
            if let Some(s) = stage.time_of(wanted - self.before) {
                return Some(self.begin_s + s);
            }
            if !stage.lasts_s.is_finite() {
                return None;
            }
            self.before += stage.count(stage.lasts_s);
            self.begin_s += stage.lasts_s;
            self.stage += 1;
        }
        None
    }
}

/// Stages that are as these up to a time, and have a steady rate from there.
#[must_use]
pub fn redirected(stages: &[Stage], at_s: f64, rate: f64) -> Vec<Stage> {
    let mut left_s = at_s;
    let mut kept = Vec::new();
    for stage in stages {
        let lasts_s = left_s.min(stage.lasts_s);
        if lasts_s <= 0.0 {
            break;
        }
        let slope = if stage.lasts_s.is_finite() { (stage.to - stage.from) / stage.lasts_s } else { 0.0 };
        kept.push(Stage { lasts_s, from: stage.from, to: stage.from + slope * lasts_s });
        left_s -= lasts_s;
    }
    if left_s > 0.0 {
        // The stages were over before.
        kept.push(Stage { lasts_s: left_s, from: 0.0, to: 0.0 });
    }
    kept.push(Stage::steady(rate));
    kept
}

/// Messages that stages have due between two times, seconds.
#[must_use]
pub fn due_between(stages: &[Stage], from_s: f64, to_s: f64) -> f64 {
    let due_by = |end_s: f64| {
        let (mut begin_s, mut sum) = (0.0, 0.0);
        for stage in stages {
            let inside = (end_s - begin_s).clamp(0.0, stage.lasts_s);
            sum += stage.count(inside);
            begin_s += stage.lasts_s;
        }
        sum
    };
    due_by(to_s) - due_by(from_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times_s(mut pace: Pace, count: usize) -> Vec<f64> {
        let mut times = Vec::new();
        while let Some(ns) = pace.next_ns().filter(|_| times.len() < count) {
            times.push(ns as f64 / 1e9);
            pace.take();
        }
        times
    }

    #[test]
    fn a_steady_rate_is_met_to_the_nanosecond_after_an_hour() {
        let mut pace = Pace::new(&[Stage::steady(1000.0)], 1.0, 0.0);
        (0..3_600_000).for_each(|_| pace.take());
        assert_eq!(pace.next_ns(), Some(3_600_000_000_000));
    }

    #[test]
    fn a_ramp_has_the_area_below_it() {
        let stages = [
            Stage { lasts_s: 10.0, from: 0.0, to: 100.0 },
            Stage { lasts_s: 5.0, from: 100.0, to: 100.0 },
            Stage { lasts_s: 10.0, from: 100.0, to: 0.0 },
        ];
        let times = times_s(Pace::new(&stages, 1.0, 0.5), usize::MAX);
        assert_eq!(times.len(), 1500);
        let in_first = times.iter().filter(|s| **s < 10.0).count();
        let in_half = times.iter().filter(|s| **s < 5.0).count();
        assert_eq!((in_first, in_half), (500, 125));
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
        assert!((due_between(&stages, 5.0, 12.0) - 575.0).abs() < 1e-9);
        assert!((due_between(&stages, 0.0, 99.0) - 1500.0).abs() < 1e-9);
    }

    #[test]
    fn shares_add_up_and_do_not_fall_together() {
        let stages = [Stage::steady(100.0)];
        let all: Vec<f64> =
            [0.0, 0.5].iter().flat_map(|offset| times_s(Pace::new(&stages, 0.5, *offset), 50)).collect();
        let mut sorted = all.clone();
        sorted.sort_by(f64::total_cmp);
        assert!(sorted.iter().enumerate().all(|(n, s)| (s - n as f64 / 100.0).abs() < 1e-9), "{sorted:?}");
    }

    #[test]
    fn a_pace_that_is_redirected_keeps_what_it_took() {
        let stages = [Stage::steady(100.0)];
        let mut pace = Pace::new(&stages, 0.5, 0.5);
        (0..50).for_each(|_| pace.take());
        assert_eq!(pace.next_ns(), Some(1_010_000_000));
        // Ten more of this half's messages come by 1.2 s, then one in 2 ms instead of in 20.
        pace.follow(&redirected(&stages, 1.2, 1000.0));
        let times = times_s(pace, 12);
        assert!((times[9] - 1.19).abs() < 2e-9 && (times[10] - 1.201).abs() < 2e-9, "{times:?}");
        assert!((times[11] - 1.203).abs() < 2e-9, "{times:?}");
    }

    #[test]
    fn without_a_rate_nothing_is_ever_due() {
        assert_eq!(Pace::new(&[Stage::steady(0.0)], 1.0, 0.5).next_ns(), None);
        assert_eq!(Pace::new(&[Stage::steady(0.0)], 1.0, 0.0).next_ns(), None);
        let pause = Stage { lasts_s: 2.0, from: 0.0, to: 0.0 };
        assert_eq!(Pace::new(&[pause, Stage::steady(1.0)], 1.0, 0.0).next_ns(), Some(2_000_000_000));
    }
}
