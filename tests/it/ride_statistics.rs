//! Statistics of trips by e-bike: one method for recorded and for simulated ones.

/// A trip with one speed for each second.
#[derive(Debug, Clone)]
pub struct Ride {
    /// Speeds, m/s, from the first to the last movement.
    pub speeds: Vec<f64>,
    /// Distance by the trip's own counter, km.
    pub km: f64,
}

/// Below this a vehicle stands, m/s.
const STANDING: f64 = 0.5;
/// Cruising begins this long after and ends this long before a low speed, seconds.
const AWAY: usize = 8;

impl Ride {
    /// A trip from speeds, without the standing at its ends.
    pub fn new(speeds: &[f64], km: f64) -> Self {
        let moving = |v: &f64| *v >= STANDING;
        let first = speeds.iter().position(moving).unwrap_or(0);
        let last = speeds.iter().rposition(moving).map_or(0, |at| at + 1);
        Self { speeds: speeds[first..last].to_vec(), km }
    }

    /// Puts readings (second, speed) on a grid of seconds. The bike's computer pauses by itself, so a gap of three
    /// seconds or more is a stop.
    pub fn from_readings(readings: &[(i64, f64)], km: f64) -> Self {
        let (Some((begin, _)), Some((end, _))) = (readings.first(), readings.last()) else {
            return Self::new(&[], km);
        };
        let mut grid = vec![0.0; (end - begin + 1) as usize];
        for (second, speed) in readings {
            grid[(second - begin) as usize] = *speed;
        }
        for pair in readings.windows(2).filter(|pair| pair[1].0 - pair[0].0 == 2) {
            grid[(pair[0].0 - begin + 1) as usize] = f64::midpoint(pair[0].1, pair[1].1);
        }
        Self::new(&grid, km)
    }

    /// Speeds over five seconds; the ends count several times.
    fn smooth(&self) -> Vec<f64> {
        let last = self.speeds.len() as i64 - 1;
        let at = |index: i64| self.speeds[index.clamp(0, last) as usize];
        (0..=last).map(|t| (t - 2..=t + 2).map(at).sum::<f64>() / 5.0).collect()
    }

    /// Lengths of the stops, seconds. Two are one when less than ten metres lie between.
    fn stops(&self) -> Vec<f64> {
        let mut merged: Vec<(usize, usize)> = Vec::new();
        for (start, end) in runs(self.speeds.len(), |t| self.speeds[t] < STANDING) {
            match merged.last_mut() {
                Some(before) if self.speeds[before.1..start].iter().sum::<f64>() < 10.0 => before.1 = end,
                _ => merged.push((start, end)),
            }
        }
        merged.iter().map(|(start, end)| (end - start) as f64).filter(|length| *length >= 2.0).collect()
    }
}

/// Runs `start..end` of indices for which `test` holds.
fn runs(length: usize, test: impl Fn(usize) -> bool) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = None;
    for t in 0..=length {
        let holds = t < length && test(t);
        match (holds, start) {
            (true, None) => start = Some(t),
            (false, Some(begin)) => {
                found.push((begin, t));
                start = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    found
}

/// Linear between the two nearest ranks.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let rank = share * last as f64;
    let below = rank as usize;
    sorted[below] + (sorted[(below + 1).min(last)] - sorted[below]) * (rank - below as f64)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// What trips have in common: samples of all of them together.
#[derive(Debug, Default)]
struct Pool {
    seconds: f64,
    km: f64,
    moving: Vec<f64>,
    stops: Vec<f64>,
    inner: f64,
    squares: f64,
    acc: Vec<f64>,
    dec: Vec<f64>,
    deviation: Vec<f64>,
    range: Vec<f64>,
    drift: Vec<f64>,
    slow_s: Vec<f64>,
    slow_ratio: Vec<f64>,
    /// Deviations from the mean of each stretch of cruising.
    cruises: Vec<Vec<f64>>,
}

impl Pool {
    fn add(&mut self, ride: &Ride) {
        let (g, s) = (&ride.speeds, ride.smooth());
        self.seconds += g.len() as f64;
        self.km += ride.km;
        let moving: Vec<f64> = g.iter().copied().filter(|v| *v >= STANDING).collect();
        let cruise = percentile(&moving, 0.6);
        self.moving.extend(moving);
        self.stops.extend(ride.stops());
        self.accelerations(g, &s);
        self.windows(g);
        let low = |t: usize| s[t] < 0.75 * cruise;
        for (start, end) in runs(g.len(), low) {
            let whole = start > 5 && end < g.len() - 5 && g[start..end].iter().all(|v| *v >= STANDING);
            if whole {
                self.slow_s.push((end - start) as f64);
                self.slow_ratio.push(s[start..end].iter().copied().fold(f64::INFINITY, f64::min) / cruise);
            }
        }
        let steady = |t: usize| {
            t >= AWAY - 1
                && t + AWAY <= g.len()
                && (t.saturating_sub(AWAY - 1)..(t + AWAY).min(g.len())).all(|t| !low(t))
        };
        for (start, end) in runs(g.len(), steady).into_iter().filter(|(start, end)| end - start >= 30) {
            let middle = mean(&g[start..end]);
            self.cruises.push(g[start..end].iter().map(|v| v - middle).collect());
        }
    }

    fn accelerations(&mut self, g: &[f64], s: &[f64]) {
        for t in 3..g.len().saturating_sub(3) {
            if g[t - 3..=t + 3].iter().all(|v| *v >= STANDING) {
                let a = (s[t + 1] - s[t - 1]) / 2.0;
                self.inner += 1.0;
                self.squares += a * a;
                if a > 0.1 {
                    self.acc.push(a);
                } else if a < -0.1 {
                    self.dec.push(-a);
                }
            }
        }
    }

    fn windows(&mut self, g: &[f64]) {
        for window in g.chunks_exact(10).filter(|window| window.iter().all(|v| *v >= STANDING)) {
            let middle = mean(window);
            let variance = window.iter().map(|v| (v - middle).powi(2)).sum::<f64>() / 10.0;
            let bounds = window.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), v| (low.min(*v), high.max(*v)));
            self.deviation.push(variance.sqrt());
            self.range.push(bounds.1 - bounds.0);
            self.drift.push((mean(&window[7..]) - mean(&window[..3])).abs());
        }
    }

    /// Mean of the products of deviations `lag` seconds apart.
    fn covariance(&self, lag: usize) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for z in self.cruises.iter().filter(|z| z.len() > lag) {
            sum += z.iter().zip(&z[lag..]).map(|(a, b)| a * b).sum::<f64>();
            count += (z.len() - lag) as f64;
        }
        sum / count
    }

    /// Seconds until the correlation falls to 1/e, linear between two lags.
    fn correlation_s(&self) -> f64 {
        let level = (-1.0_f64).exp();
        let whole = self.covariance(0);
        let mut before = 1.0;
        for lag in 1..120 {
            let now = self.covariance(lag) / whole;
            if now < level {
                return lag as f64 - (level - now) / (before - now);
            }
            before = now;
        }
        f64::NAN
    }
}

/// The statistics of trips together, by name.
pub fn statistics(rides: &[Ride]) -> Vec<(&'static str, f64)> {
    let mut pool = Pool::default();
    for ride in rides {
        pool.add(ride);
    }
    let moving = |share| percentile(&pool.moving, share);
    vec![
        ("moving mean", mean(&pool.moving)),
        ("speed p50", moving(0.5)),
        ("speed p90", moving(0.9)),
        ("speed p99", moving(0.99)),
        ("stop share of time", 1.0 - pool.moving.len() as f64 / pool.seconds),
        ("stops per km", pool.stops.len() as f64 / pool.km),
        ("stop p50", percentile(&pool.stops, 0.5)),
        ("stop p90", percentile(&pool.stops, 0.9)),
        ("acc p50", percentile(&pool.acc, 0.5)),
        ("acc p90", percentile(&pool.acc, 0.9)),
        ("acc p95", percentile(&pool.acc, 0.95)),
        ("dec p50", percentile(&pool.dec, 0.5)),
        ("dec p90", percentile(&pool.dec, 0.9)),
        ("dec p95", percentile(&pool.dec, 0.95)),
        ("a rms", (pool.squares / pool.inner).sqrt()),
        ("share acc", pool.acc.len() as f64 / pool.inner),
        ("share dec", pool.dec.len() as f64 / pool.inner),
        ("w10 sd p50", percentile(&pool.deviation, 0.5)),
        ("w10 sd p90", percentile(&pool.deviation, 0.9)),
        ("w10 range p50", percentile(&pool.range, 0.5)),
        ("w10 range p90", percentile(&pool.range, 0.9)),
        ("w10 dv p50", percentile(&pool.drift, 0.5)),
        ("w10 dv p90", percentile(&pool.drift, 0.9)),
        ("slow-downs per km", pool.slow_s.len() as f64 / pool.km),
        ("slow-down p50", percentile(&pool.slow_s, 0.5)),
        ("slow-down ratio p50", percentile(&pool.slow_ratio, 0.5)),
        ("cruise sigma", pool.covariance(0).sqrt()),
        ("cruise tau", pool.correlation_s()),
    ]
}
