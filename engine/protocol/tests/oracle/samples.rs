//! The bodies that the tests of the table use too: what is compared with the other crate here is
//! what is damaged there.

#[path = "../served/samples/alter_configs.rs"]
pub mod alter_configs;
#[path = "../served/samples/consumer_groups.rs"]
pub mod consumer_groups;
#[path = "../served/samples/describe_topic_partitions.rs"]
pub mod describe_topic_partitions;
#[path = "../served/samples/group_admin.rs"]
pub mod group_admin;
#[path = "../served/samples/groups.rs"]
pub mod groups;
#[path = "../served/samples/log_dirs.rs"]
pub mod log_dirs;
#[path = "../served/samples/offsets.rs"]
pub mod offsets;
#[path = "../served/samples/partitions.rs"]
pub mod partitions;
#[path = "../served/samples/quotas.rs"]
pub mod quotas;
#[path = "../served/samples/transaction_admin.rs"]
pub mod transaction_admin;
#[path = "../served/samples/transactions.rs"]
pub mod transactions;
