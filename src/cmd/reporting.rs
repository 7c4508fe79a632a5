//! What becomes of a report of `bench` besides what is printed: it is held against an older one, and becomes a page.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::benching::Order;
use super::outfile::OutFile;
use super::output::{self, Style};
use super::{ExitCode, Failure, steering};
use crate::base::Condition;
use crate::base::condition::numbers;
use crate::bench::compare::{self, Comparison};
use crate::bench::report::Context;
use crate::bench::shared::Counters;
use crate::bench::{Live, Plan, Record, Report, conditions};

/// What becomes of a report, and who may watch and steer the run.
#[derive(Debug, Default, Args)]
pub struct ReportArgs {
    /// Say what changed since this older report (what --json printed), and whether by more than chance
    #[arg(long, value_name = "OLD.json")]
    pub compare: Option<PathBuf>,
    /// The report as one page with plots, written at the end
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Replace a page that is there
    #[arg(long, requires = "html")]
    pub force: bool,
    /// Serve the run while it goes on: GET / and /metrics, PUT /rate, POST /storm /churn /inject /stop
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<SocketAddr>,
    /// Let --http be reached from other machines; whoever reaches it can steer the run
    #[arg(long, requires = "http")]
    pub http_open: bool,
}

/// Where a report goes besides stdout, made ready before the run.
#[derive(Debug)]
pub struct Outputs {
    old: Option<Record>,
    page: Option<OutFile>,
}

impl Outputs {
    /// Reads the older report, begins the page and listens, so that what cannot be done is known before the run.
    ///
    /// # Errors
    /// An older report that cannot be read or compared with, a page that cannot be written, an address in use.
    pub async fn open(order: &mut Order) -> Result<Self, Failure> {
        let asked = &order.reporting;
        let usage = |what: String| Failure::new(ExitCode::Usage, what);
        let old = asked.compare.as_deref().map(read).transpose()?;
        if let Some(old) = &old {
            let planned = planned(&order.plan);
            old.differs(&planned).map_or(Ok(()), Err).map_err(usage)?;
        }
        let page = Self::begin_page(asked)?;
        if let Some(address) = asked.http {
            let live = Arc::new(Live::new(true));
            steering::serve(address, asked.http_open, Arc::clone(&live)).await?;
            order.live = Some(live);
        }
        Ok(Self { old, page })
    }

    /// Begins the page, if one is asked for.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin_page(asked: &ReportArgs) -> Result<Option<OutFile>, Failure> {
        asked.html.as_deref().map(|path| OutFile::whole(path, asked.force)).transpose()
    }

    /// Holds the report against the older one.
    pub fn compare(&self, report: &mut Report) {
        if let Some(old) = &self.old {
            report.comparison = Some(Comparison::of(old, &Record::of("this run", report)));
        }
    }

    /// Writes the page.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn finish(self, page: &str) -> Result<(), Failure> {
        self.page.map_or(Ok(()), |file| write_page(file, page))
    }
}

/// Writes a page and ends its file.
///
/// # Errors
/// When the disk does not take it.
pub fn write_page(file: OutFile, page: &str) -> Result<(), Failure> {
    use std::io::Write;
    file.handle()?.write_all(page.as_bytes()).map_err(|error| file.failed(&error))?;
    file.finish()
}

/// A plan as its report will tell it.
fn planned(plan: &Plan) -> Record {
    Record::of("this run", &Report::of(&[], Context::empty(plan, &Counters::default())))
}

fn read(path: &Path) -> Result<Record, Failure> {
    let usage = |what: String| Failure::new(ExitCode::Usage, what);
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| usage(format!("{name}: {error}")))?;
    Record::parse(&name, &text).map_err(usage)
}

/// Compare two reports.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The older report, as `bench … --json` printed it
    #[arg(value_name = "OLD.json")]
    old: PathBuf,
    /// The newer one
    #[arg(value_name = "NEW.json")]
    new: PathBuf,
    /// The comparison as one JSON object
    #[arg(long)]
    json: bool,
    /// Exit with 3 when this holds, such as 'p99.change>10%' or 'worse>0'; may be given several times
    #[arg(long, value_name = "CONDITION")]
    fail_if: Vec<Condition>,
}

/// Compares two reports.
///
/// # Errors
/// Reports that cannot be read or compared, a condition that holds.
pub fn compare(args: &CompareArgs) -> Result<(), Failure> {
    let usage = |what: String| Failure::new(ExitCode::Usage, what);
    for condition in &args.fail_if {
        let foreign = || Err(format!("--fail-if {condition}: expected a change, such as p99.change>10% or worse>0"));
        compare::check_name(condition, true).unwrap_or_else(foreign).map_err(usage)?;
    }
    let (old, new) = (read(&args.old)?, read(&args.new)?);
    old.differs(&new).map_or(Ok(()), Err).map_err(usage)?;
    let comparison = Comparison::of(&old, &new);
    if args.json {
        output::object(Style::Json, "comparison", &comparison);
    } else {
        output::line(comparison.table().trim_end());
    }
    let all = numbers(&serde_json::json!({ "comparison": comparison }));
    let held = conditions::held_of(&args.fail_if, &all, |name| compare::path(name).unwrap_or_default());
    if held.is_empty() { Ok(()) } else { Err(Failure::new(ExitCode::Threshold, held.join("; "))) }
}
