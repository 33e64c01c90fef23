//! Settings: what may be set, where a value comes from, and the typed result that everything else is handed.
//!
//! Any layer may read these types, and values are passed down: there is no global getter. This module must not know
//! who reads a setting, nor touch a log, a socket or a topic; the one thing it opens is the settings file.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`setting`] | what a setting is: name, scope, kind, bounds, effect; checking one value |
//! | [`table`] | THE TABLE: every setting, once |
//! | [`parse`] | the settings file and the command line, to assignments |
//! | [`broker`] | [`broker::BrokerConfig`]: the typed settings of a process |
//! | [`topic`] | [`topic::TopicConfig`]: the typed settings of a topic, overrides over the broker's |
//! | [`listener`] | Kafka's way to write addresses |
//! | [`coordination`] | the typed settings of groups and transactions |
//! | [`dynamic`] | what is stated while the broker runs, and how it changes |
//! | [`describe`] | settings with their sources, as DescribeConfigs answers |
//! | [`docs`] | the page `CONFIG.md` |
//! | [`error`] | every way in which settings can be wrong |
//!
//! A value is taken from the strongest source that states it: topic override, then what was stated for the running
//! broker, then `--set`, then the settings file, then the default. The environment is not a source: a broker's settings should be visible in one place.

pub mod broker;
pub mod coordination;
pub mod describe;
pub mod docs;
pub mod dynamic;
pub mod error;
pub mod listener;
pub mod parse;
pub mod setting;
pub mod table;
pub mod topic;
mod values;

#[cfg(test)]
mod tests;
