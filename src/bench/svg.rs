//! Plots as SVG in a page: axes, lines with gaps, marks. Colours come from the page's style (`--c0` to `--c3`), so that one
//! plot reads in the dark and in the light.

use std::fmt::Write;

/// Size of a plot and the room for its labels, in the units of the drawing.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;
/// More points than this are thinned out: a plot has no more columns.
const MOST_POINTS: usize = 600;

/// How a number becomes a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Evenly, from zero.
    Linear,
    /// By its logarithm, in whole decades.
    Log,
    /// By its logarithm, no wider than it has to be.
    Tight,
    /// A share below 1 by how often what is left above halves: 90 %, 99 % and 99.9 % are as far apart.
    Share,
}

/// A line of a plot.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// Which colour of the page.
    pub colour: u8,
    /// Whether it is dashed.
    pub dashed: bool,
    /// Whether it is drawn as points alone.
    pub dots: bool,
    /// Its points in order of x; a gap where y is `None`.
    pub points: Vec<(f64, Option<f64>)>,
}

impl Line {
    /// A line.
    #[must_use]
    pub fn new(name: &str, colour: u8, points: Vec<(f64, Option<f64>)>) -> Self {
        Self { name: name.to_owned(), colour, dashed: false, dots: false, points }
    }

    /// The same line, dashed.
    #[must_use]
    pub fn dashed(self) -> Self {
        Self { dashed: true, ..self }
    }

    /// The same points, not joined.
    #[must_use]
    pub fn dots(self) -> Self {
        Self { dots: true, ..self }
    }
}

/// A place on the x axis with a word.
#[derive(Debug, Clone)]
pub struct Mark {
    /// From where to where.
    pub span: (f64, f64),
    /// What is there.
    pub label: String,
}

/// A plot.
#[derive(Debug, Clone)]
pub struct Plot {
    /// What x is, and how it is spread.
    pub x: (&'static str, Scale),
    /// What y is, and how it is spread.
    pub y: (&'static str, Scale),
    /// What is drawn.
    pub lines: Vec<Line>,
    /// What is marked.
    pub marks: Vec<Mark>,
}

/// An axis with its ends, as its scale has them.
struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn new(scale: Scale, values: impl Iterator<Item = f64>, [from, to]: [f64; 2]) -> Self {
        let placed = values.filter_map(|value| placed(scale, value));
        let (mut low, mut high) = placed.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        if !low.is_finite() {
            (low, high) = (0.0, 1.0);
        }
        match scale {
            Scale::Linear => low = low.min(0.0),
            // Whole decades, so that a flat line is not blown up.
            Scale::Log => (low, high) = (low.floor(), high.ceil()),
            Scale::Tight => (low, high) = (low - 0.1, high + 0.1),
            Scale::Share => low = 0.0,
        }
        if high - low < 1e-9 {
            high = low + 1.0;
        } else if scale == Scale::Linear {
            high += 0.04 * (high - low);
        }
        Self { scale, low, high, from, to }
    }

    fn place(&self, value: f64) -> Option<f64> {
        let share = (placed(self.scale, value)? - self.low) / (self.high - self.low);
        Some(self.from + share.clamp(0.0, 1.0) * (self.to - self.from))
    }

    /// Places with labels.
    fn ticks(&self) -> Vec<(f64, String)> {
        let ticks: Vec<f64> = match self.scale {
            Scale::Linear => {
                let step = round_step((self.high - self.low) / 5.0);
                let ends = [(self.low / step).ceil() as i64, (self.high / step).floor() as i64];
                (ends[0]..=ends[1]).map(|n| n as f64 * step).collect()
            }
            Scale::Log | Scale::Tight => {
                let decades = self.low.floor() as i32..=self.high.ceil() as i32;
                let few = self.high - self.low < 2.5;
                let inside: &[f64] = if few { &[1.0, 2.0, 5.0] } else { &[1.0] };
                let all = decades.flat_map(|decade| inside.iter().map(move |part| part * 10_f64.powi(decade)));
                let ends = self.low - 1e-9..=self.high + 1e-9;
                all.filter(|tick| ends.contains(&tick.log10())).collect()
            }
            Scale::Share => {
                let nines = (1..=self.high as i32).map(|nines| 1.0 - 0.1_f64.powi(nines));
                std::iter::once(0.5).chain(nines).collect()
            }
        };
        let label = |tick: f64| match self.scale {
            Scale::Share => format!("{} %", trimmed(100.0 * tick)),
            Scale::Linear | Scale::Log | Scale::Tight => short(tick),
        };
        ticks.into_iter().filter_map(|tick| Some((self.place(tick)?, label(tick)))).collect()
    }
}

fn placed(scale: Scale, value: f64) -> Option<f64> {
    let place = match scale {
        Scale::Linear => value,
        Scale::Log | Scale::Tight => value.log10(),
        Scale::Share => -(1.0 - value).log10(),
    };
    place.is_finite().then_some(place)
}

/// The step of 1, 2 or 5 times a power of ten that is not below one.
fn round_step(step: f64) -> f64 {
    let decade = 10_f64.powf(step.log10().floor());
    let part = [1.0, 2.0, 5.0].into_iter().find(|part| part * decade >= step * 0.999).unwrap_or(10.0);
    part * decade
}

/// A number as people write it: 1,500 is 1.5k.
#[must_use]
pub fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1e6 => format!("{}M", trimmed(value / 1e6)),
        size if size >= 1e3 => format!("{}k", trimmed(value / 1e3)),
        _ => trimmed(value),
    }
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

impl Plot {
    /// The plot as an `<svg>` element.
    #[must_use]
    pub fn draw(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| &line.points).filter(|(_, y)| y.is_some());
        let ends = self.marks.iter().flat_map(|mark| [mark.span.0, mark.span.1]);
        let x = Axis::new(self.x.1, points().map(|(x, _)| *x).chain(ends), [LEFT, WIDTH - RIGHT]);
        let y = Axis::new(self.y.1, points().filter_map(|(_, y)| *y), [HEIGHT - BOTTOM, TOP]);
        let mut out = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">");
        // Writing into a text cannot fail.
        let _ = self.frame(&mut out, &x, &y);
        for line in &self.lines {
            let _ = draw_line(&mut out, line, &x, &y);
        }
        out.push_str("</svg>");
        out
    }

    fn frame(&self, out: &mut String, x: &Axis, y: &Axis) -> std::fmt::Result {
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        for (index, mark) in self.marks.iter().enumerate() {
            if let Some((from, to)) = x.place(mark.span.0).zip(x.place(mark.span.1)) {
                let width = (to - from).max(1.5);
                let high = bottom - TOP;
                write!(
                    out,
                    "<rect class=\"mark\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{high}\"/>"
                )?;
                let (at, anchor) = if from > WIDTH / 2.0 { (from - 4.0, "end") } else { (from + width + 4.0, "start") };
                let (label, top) = (escaped(&mark.label), TOP + 11.0 + 14.0 * (index % 3) as f64);
                write!(
                    out,
                    "<text class=\"marked\" x=\"{at:.1}\" y=\"{top}\" text-anchor=\"{anchor}\">{label}</text>"
                )?;
            }
        }
        for (at, label) in y.ticks() {
            write!(out, "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>")?;
            let (x, y) = (LEFT - 6.0, at + 4.0);
            write!(out, "<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\">{label}</text>")?;
        }
        for (at, label) in x.ticks() {
            let (low, below) = (bottom + 4.0, bottom + 16.0);
            write!(out, "<line class=\"grid\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{bottom}\" y2=\"{low}\"/>")?;
            write!(out, "<text x=\"{at:.1}\" y=\"{below}\" text-anchor=\"middle\">{label}</text>")?;
        }
        write!(out, "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{bottom}\" y2=\"{bottom}\"/>")?;
        let middle = f64::midpoint(TOP, bottom);
        let (name_x, name_y) = (escaped(self.x.0), escaped(self.y.0));
        write!(out, "<text x=\"{right}\" y=\"{}\" text-anchor=\"end\">{name_x}</text>", HEIGHT - 4.0)?;
        write!(out, "<text transform=\"translate(13 {middle:.0}) rotate(-90)\" text-anchor=\"middle\">{name_y}</text>")
    }
}

fn draw_line(out: &mut String, line: &Line, x: &Axis, y: &Axis) -> std::fmt::Result {
    let place = |(px, py): &(f64, Option<f64>)| Some((x.place(*px)?, y.place((*py)?)?));
    let colour = line.colour;
    let thin = thinned(&line.points);
    if line.dots {
        for (cx, cy) in thin.iter().filter_map(place) {
            write!(out, "<circle class=\"c{colour}\" cx=\"{cx:.1}\" cy=\"{cy:.1}\" r=\"4\"/>")?;
        }
        return Ok(());
    }
    let mut path = String::new();
    let mut joined = false;
    for point in &thin {
        let Some((px, py)) = place(point) else {
            joined = false;
            continue;
        };
        write!(path, "{}{px:.1} {py:.1}", if joined { 'L' } else { 'M' })?;
        // A lone point between two gaps would not be seen.
        if !joined {
            write!(path, "h0.1")?;
        }
        joined = true;
    }
    let dashes = if line.dashed { " stroke-dasharray=\"5 4\"" } else { "" };
    write!(out, "<path class=\"l{colour}\"{dashes} d=\"{path}\"/>")
}

/// No more points than can be seen: of each group the lowest and the highest.
fn thinned(points: &[(f64, Option<f64>)]) -> Vec<(f64, Option<f64>)> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let size = points.len().div_ceil(MOST_POINTS / 2);
    let ends = |group: &[(f64, Option<f64>)]| {
        let by = |a: &&(f64, Option<f64>), b: &&(f64, Option<f64>)| a.1.unwrap_or(0.0).total_cmp(&b.1.unwrap_or(0.0));
        let mut two: Vec<_> = group.iter().min_by(by).into_iter().chain(group.iter().max_by(by)).copied().collect();
        two.sort_by(|a, b| a.0.total_cmp(&b.0));
        two
    };
    points.chunks(size).flat_map(ends).collect()
}

/// A text in a page.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        let axis = |scale, values: &[f64]| Axis::new(scale, values.iter().copied(), [0.0, 100.0]);
        assert_eq!(labels(&axis(Scale::Linear, &[3.0, 2300.0])), ["0", "500", "1k", "1.5k", "2k"]);
        assert_eq!(labels(&axis(Scale::Log, &[0.02, 3000.0])), ["0.01", "0.1", "1", "10", "100", "1k", "10k"]);
        assert_eq!(labels(&axis(Scale::Tight, &[900.0, 16_000.0])), ["1k", "2k", "5k", "10k", "20k"]);
        assert_eq!(labels(&axis(Scale::Share, &[0.0, 0.9995])), ["50 %", "90 %", "99 %", "99.9 %"]);
        assert_eq!(labels(&axis(Scale::Linear, &[])).first().map(String::as_str), Some("0"));
    }

    #[test]
    fn what_cannot_be_placed_leaves_a_gap() {
        let points = vec![(0.0, Some(1.0)), (1.0, None), (2.0, Some(0.0)), (3.0, Some(2.0)), (4.0, Some(4.0))];
        let lines = vec![Line::new("a", 1, points)];
        let drawn = Plot { x: ("s", Scale::Linear), y: ("ms", Scale::Log), lines, marks: Vec::new() }.draw();
        // Two pieces: there is no logarithm of nothing.
        let path = drawn.split("d=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a path");
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
    }

    #[test]
    fn many_points_keep_their_peaks() {
        let points: Vec<_> = (0..100_000).map(|n| (f64::from(n), Some(if n == 77_777 { 9.0 } else { 1.0 }))).collect();
        let thin = thinned(&points);
        assert!(thin.len() <= MOST_POINTS && thin.contains(&(77_777.0, Some(9.0))), "{}", thin.len());
        assert!(thin.windows(2).all(|pair| pair[0].0 <= pair[1].0));
    }
}
