//! The command line: which commands there are, and how their end becomes an exit code.

use std::process::ExitCode as ProcessCode;

use clap::{Parser, Subcommand};

use crate::cmd::{self, Failure};
use crate::config::{Config, layers};

/// A smart e-vehicle (智联电动车) fleet on one machine: simulate it, load it, catch the thief, save the battery
#[derive(Debug, Parser)]
#[command(name = "zhilian", version, after_help = AFTER_HELP)]
struct Cli {
    /// Settings that differ from the defaults (zhilian config print shows all)
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<String>,
    /// Logs on stderr as JSON lines
    #[arg(long, global = true)]
    log_json: bool,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes: 0 ok, 1 failure, 2 wrong flag or bad file, 3 a --fail-if condition holds, 4 broker unreachable
Every setting is also a variable, such as ZHILIAN__BROKER__URL; RUST_LOG=debug logs more";

#[derive(Debug, Subcommand)]
enum Command {
    /// Broker, fleet, collector and dashboard in one process
    Demo(cmd::demo::DemoArgs),
    /// The embedded MQTT broker
    Broker(cmd::broker::BrokerArgs),
    /// A fleet against any broker
    #[command(alias = "sim")]
    Simulate(cmd::simulate::SimulateArgs),
    /// The collector against any broker, with store, API and dashboard
    Collect(cmd::collect::CollectArgs),
    /// How good the detectors are, against the truth
    Score(Box<cmd::score::ScoreArgs>),
    /// Check or print settings and scenarios
    Config(cmd::config::ConfigArgs),
}

/// Runs the program.
#[must_use]
pub fn run() -> ProcessCode {
    let cli = Cli::parse();
    cmd::logging::start(cli.log_json);
    match execute(cli) {
        Ok(()) => ProcessCode::SUCCESS,
        Err(failure) => {
            #[expect(clippy::print_stderr, reason = "the one line that says why the command ended")]
            {
                eprintln!("zhilian: {failure}");
            }
            ProcessCode::from(failure.code as u8)
        }
    }
}

fn execute(cli: Cli) -> Result<(), Failure> {
    let config: Config = layers::load(cli.config.as_deref(), std::env::vars())?;
    match &cli.command {
        Command::Config(args) => return cmd::config::run(args, &config),
        Command::Score(args) => return cmd::score::run(args, &config),
        Command::Demo(_) | Command::Broker(_) | Command::Simulate(_) | Command::Collect(_) => {}
    }
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::new(cmd::ExitCode::Failure, format!("cannot start: {error}")))?;
    runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => cmd::demo::run(args, config).await,
            Command::Broker(args) => cmd::broker::run(args).await,
            Command::Simulate(args) => cmd::simulate::run(args, &config).await,
            Command::Collect(args) => cmd::collect::run(args, config).await,
            Command::Config(_) | Command::Score(_) => Ok(()),
        }
    })
}
