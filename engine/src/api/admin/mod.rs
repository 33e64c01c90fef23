//! The APIs of administrators, beyond creating and deleting topics: settings, quotas, places, and what a cluster of several
//! nodes would be asked to move.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `altering` | what the two ways to alter settings have in common |
//! | [`commanded`], [`asked`] | requests that wait for the controller, or for shards |
//! | all others | an API each |

pub mod alter_client_quotas;
pub mod alter_configs;
pub mod alter_partition_reassignments;
mod altering;
pub mod asked;
pub mod commanded;
pub mod delete_records;
pub mod describe_client_quotas;
pub mod describe_log_dirs;
pub mod describe_topic_partitions;
pub mod elect_leaders;
pub mod incremental_alter_configs;
pub mod list_config_resources;
pub mod list_partition_reassignments;
