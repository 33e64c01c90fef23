//! Tests of the settings. Most walk the table, so that a new setting is tested by being there.

mod describe;
mod dynamic;
mod parse;
mod table;
mod topic;

use super::broker::BrokerConfig;
use super::error::ConfigError;
use super::parse::Assignment;

/// What the command line states, in `name=value` form.
fn configure(assignments: &[&str]) -> Result<BrokerConfig, ConfigError> {
    let assignments: Result<Vec<_>, _> =
        assignments.iter().map(|text| Assignment::from_command_line(text)).collect();
    BrokerConfig::from_sources(&assignments?)
}

fn message(result: Result<BrokerConfig, ConfigError>) -> String {
    result.expect_err("is refused").to_string()
}
