//! What can be typed after `headwater txn`.

use clap::{Args, Subcommand};

/// What to do with transactions.
#[derive(Clone, Debug, Subcommand)]
pub enum TxnVerb {
    /// Lists transactional ids with their states.
    List {
        /// Only those in this state: Empty, Ongoing, PrepareCommit, PrepareAbort, CompleteCommit, CompleteAbort; may
        /// be repeated.
        #[arg(long, value_name = "STATE")]
        state: Vec<String>,
        /// Only those of this producer; may be repeated.
        #[arg(long = "producer-id", value_name = "N")]
        producer_ids: Vec<i64>,
        /// Only those that have been open for longer than this, in milliseconds.
        #[arg(long, value_name = "MS", value_parser = clap::value_parser!(i64).range(0..))]
        longer_than_ms: Option<i64>,
        /// Only those whose whole id this regular expression matches.
        #[arg(long, value_name = "REGEX")]
        pattern: Option<String>,
    },
    /// Shows what the coordinator of a transactional id knows of it.
    Describe {
        /// Transactional ids.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Shows who has produced to a partition, and whose transaction is open in it.
    DescribeProducers {
        /// Where.
        #[command(flatten)]
        at: PartitionArgs,
    },
    /// Finds open transactions that no coordinator will ever end.
    FindHanging {
        /// Only in this topic.
        #[arg(long, value_name = "NAME")]
        topic: Option<String>,
        /// Only in this partition of it.
        #[arg(long, value_name = "N", requires = "topic")]
        partition: Option<i32>,
        /// Open for longer than any transaction may be: the brokers' transaction.max.timeout.ms, in minutes.
        #[arg(long, value_name = "MINUTES", default_value_t = 15)]
        max_transaction_timeout_min: u32,
    },
    /// Ends an open transaction in one partition, whatever its coordinator thinks: for one that hangs.
    ///
    /// For example, with what `headwater txn find-hanging` says:
    /// headwater txn abort --topic flights --partition 3 --start-offset 1234
    Abort {
        /// Where.
        #[command(flatten)]
        at: PartitionArgs,
        /// Where the transaction starts: its producer is looked for.
        #[arg(long, value_name = "N", required_unless_present = "producer_id")]
        start_offset: Option<i64>,
        /// Or the producer, if it is known.
        #[arg(
            long,
            value_name = "N",
            conflicts_with = "start_offset",
            requires = "producer_epoch"
        )]
        producer_id: Option<i64>,
        /// The producer's epoch.
        #[arg(long, value_name = "N", requires = "producer_id")]
        producer_epoch: Option<i16>,
        /// The epoch of the coordinator that wrote to the partition last.
        #[arg(long, value_name = "N", requires = "producer_id", default_value_t = 0)]
        coordinator_epoch: i32,
    },
}

/// A partition.
#[derive(Clone, Debug, Args)]
pub struct PartitionArgs {
    /// Its topic.
    #[arg(long, value_name = "NAME")]
    pub topic: String,
    /// Its number.
    #[arg(long, value_name = "N")]
    pub partition: i32,
}
