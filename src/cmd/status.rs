//! A line of status that is always up to date on a terminal, and a plain line now and then elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::output;

/// How often a plain line is printed.
const PLAIN_EVERY: Duration = Duration::from_secs(10);

/// Where the status goes.
#[derive(Debug)]
pub enum Status {
    /// A line that is rewritten in place.
    Live(ProgressBar),
    /// Lines from time to time.
    Plain {
        /// Ticks since the last line.
        ticks: u32,
    },
    /// Nowhere: the output is for programs.
    Silent,
}

impl Status {
    /// The status of a command that prints in a style.
    #[must_use]
    pub fn new(style: output::Style) -> Self {
        match style {
            output::Style::Json => Self::Silent,
            output::Style::Plain if std::io::stdout().is_terminal() => {
                let bar = ProgressBar::new_spinner();
                let template = ProgressStyle::with_template("{spinner:.green} {msg}");
                bar.set_style(template.unwrap_or_else(|_| ProgressStyle::default_spinner()));
                bar.enable_steady_tick(Duration::from_millis(120));
                Self::Live(bar)
            }
            output::Style::Plain => Self::Plain { ticks: 0 },
        }
    }

    /// Shows how things are; called once a second.
    pub fn show(&mut self, text: &str) {
        match self {
            Self::Live(bar) => bar.set_message(text.to_owned()),
            Self::Plain { ticks } => {
                *ticks += 1;
                if u64::from(*ticks).is_multiple_of(PLAIN_EVERY.as_secs()) {
                    output::line(text);
                }
            }
            Self::Silent => {}
        }
    }

    /// Prints something else without disturbing the line.
    pub fn aside(&self, print: impl FnOnce()) {
        match self {
            Self::Live(bar) => bar.suspend(print),
            Self::Plain { .. } | Self::Silent => print(),
        }
    }

    /// Takes the line away.
    pub fn finish(&self) {
        if let Self::Live(bar) = self {
            bar.finish_and_clear();
        }
    }
}
