//! What can be typed after `headwater group`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What to do with groups.
#[derive(Clone, Debug, Subcommand)]
pub enum GroupVerb {
    /// Lists groups of both protocols, with their states.
    List {
        /// Only groups in this state: Empty, Stable, PreparingRebalance, CompletingRebalance, Assigning,
        /// Reconciling, Dead; may be repeated.
        #[arg(long, value_name = "STATE")]
        state: Vec<String>,
        /// Only groups of this protocol: classic, consumer; may be repeated.
        #[arg(long = "protocol", value_name = "NAME")]
        protocols: Vec<String>,
    },
    /// Shows how far groups have read, who their members are, and in which state they are.
    ///
    /// The lag of a partition is the end of its log less what is committed. --json has all of it, whatever is chosen.
    Describe {
        /// Groups; all of them if none is named.
        names: Vec<String>,
        /// Members with their partitions, in place of offsets.
        #[arg(long, conflicts_with = "state")]
        members: bool,
        /// States alone.
        #[arg(long)]
        state: bool,
    },
    /// Moves what a group has committed; says what it would do unless --execute is given.
    ///
    /// The group must have no members. For example:
    /// headwater group reset-offsets readers --topic flights:0,1 --to-datetime 2026-11-26T14:00:00.000 --execute
    ResetOffsets {
        /// The group; it need not exist.
        name: String,
        /// Which partitions.
        #[command(flatten)]
        of: ResetOf,
        /// Where to.
        #[command(flatten)]
        to: ResetTo,
        /// Do it. Without this nothing is changed.
        #[arg(long, conflicts_with = "dry_run")]
        execute: bool,
        /// Only say what would be done: the default.
        #[arg(long)]
        dry_run: bool,
        /// Print lines for --from-file: topic,partition,offset.
        #[arg(long)]
        export: bool,
    },
    /// Forgets what a group has committed for topics that it does not read now.
    DeleteOffsets {
        /// The group.
        name: String,
        /// A topic, or some of its partitions as TOPIC:0,1; may be repeated.
        #[arg(long = "topic", value_name = "TOPIC[:P,..]", required = true)]
        topics: Vec<String>,
    },
    /// Deletes groups without members, with all they have committed.
    Delete {
        /// Names.
        #[arg(required = true)]
        names: Vec<String>,
    },
}

/// Whose offsets are moved.
#[derive(Clone, Debug, Default, Args)]
#[group(required = true, multiple = true)]
pub struct ResetOf {
    /// A topic, or some of its partitions as TOPIC:0,1; may be repeated.
    #[arg(long = "topic", value_name = "TOPIC[:P,..]", conflicts_with = "all_topics")]
    pub topics: Vec<String>,
    /// Everything that the group has committed.
    #[arg(long)]
    pub all_topics: bool,
    /// What a file says, with lines of topic,partition,offset: those partitions, those offsets.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["topics", "all_topics"])]
    pub from_file: Option<PathBuf>,
}

/// Where offsets are moved to.
#[derive(Clone, Debug, Default, Args)]
#[group(multiple = false, conflicts_with = "from_file")]
pub struct ResetTo {
    /// To the start of each log.
    #[arg(long)]
    pub to_earliest: bool,
    /// To the end of each log.
    #[arg(long)]
    pub to_latest: bool,
    /// To where they are: with --export, a copy of them.
    #[arg(long)]
    pub to_current: bool,
    /// To this offset, or the end of the log that is nearer to it.
    #[arg(long, value_name = "N")]
    pub to_offset: Option<i64>,
    /// To the first record at or after a time, in UTC unless a zone is given: 2026-11-26T14:00:00.000
    #[arg(long, value_name = "TIME")]
    pub to_datetime: Option<String>,
    /// To the first record that is no older than this: P1D, PT2H30M
    #[arg(long, value_name = "DURATION")]
    pub by_duration: Option<String>,
    /// Forward by so many, or back if it is negative.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub shift_by: Option<i64>,
}
