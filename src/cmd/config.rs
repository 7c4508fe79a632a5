//! `zhilian config`: look at settings and files without running anything.

use clap::{Args, Subcommand};

use super::access::TlsArgs;
use super::{ExitCode, Failure, output};
use crate::base::Clock;
use crate::config::{self, Config};

/// Looks at settings and files without running anything.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Checks the configuration, and the scenarios or places given
    Check {
        /// Scenario files or names to check as well
        #[arg(value_name = "SCENARIO")]
        scenarios: Vec<String>,
    },
    /// Prints the configuration that is in force, as TOML
    Print,
}

/// Runs the command.
///
/// # Errors
/// The first fault found.
pub fn run(args: &ConfigArgs, config: &Config) -> Result<(), Failure> {
    match &args.action {
        Action::Check { scenarios } => {
            TlsArgs::default().endpoint(None, &config.broker)?;
            if !config.map.place.is_empty() {
                config::run::place(&config.map.place)?;
            }
            let own = std::iter::once(&config.simulate.scenario);
            for name in own.chain(scenarios) {
                config::run::setting(config::run::scenario(name)?, Clock::wall().now())?;
            }
            output::line("ok");
            Ok(())
        }
        Action::Print => {
            let text = toml::to_string(config).map_err(|error| Failure::new(ExitCode::Failure, error.to_string()))?;
            output::line(text.trim_end());
            Ok(())
        }
    }
}
