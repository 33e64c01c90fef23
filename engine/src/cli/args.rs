//! What can be typed: every command, flag and default, with its help. Nothing is done here.
//!
//! | module | what it has |
//! | --- | --- |
//! | here | the commands; `serve`, `topic`, `config`, and those that look at files |
//! | [`group`], [`txn`] | those of groups and transactions |
//!
//! A setting of the broker has no flag of its own unless people type it every day: `--set name=value` sets any.

pub mod group;
pub mod txn;

use crate::config::broker::BrokerConfig;
use crate::config::error::ConfigError;
use crate::config::parse::{self, Assignment};
use clap::{Parser, Subcommand};
use group::GroupVerb;
use std::path::PathBuf;
use txn::TxnVerb;

/// A durable log engine that speaks Kafka's protocol.
#[derive(Debug, Parser)]
#[command(name = "headwater", version, propagate_version = true, max_term_width = 100)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs a broker.
    Serve(ServeArgs),
    /// Creates, lists, describes, alters and deletes topics.
    Topic {
        /// Which of these.
        #[command(subcommand)]
        verb: TopicVerb,
        /// Whom to ask.
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Lists, describes and deletes consumer groups, and moves what they have committed.
    Group {
        /// Which of these.
        #[command(subcommand)]
        verb: GroupVerb,
        /// Whom to ask.
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Lists and describes transactions, and ends those that hang.
    Txn {
        /// Which of these.
        #[command(subcommand)]
        verb: TxnVerb,
        /// Whom to ask.
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Shows and changes settings, and quotas of clients.
    Config {
        /// Which of these.
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Says what this machine allows, and how to get the rest.
    Doctor(DoctorArgs),
    /// Shows what is in a file or folder of a data directory.
    Dump(DumpArgs),
    /// Reads everything in a data directory, checks everything, changes nothing; status 1 if anything is wrong.
    Verify(VerifyArgs),
    /// Says what a log that is offline would have to give up to be served again; status 1 if there is one.
    Repair(RepairArgs),
}

/// Arguments of `serve`.
///
/// When it answers requests it prints one line on standard output:
/// `ready listen=127.0.0.1:9092 shards=2 backend=uring data-dir=...`, with `metrics=127.0.0.1:9404` before the directory
/// if metrics are handed out. SIGTERM and SIGINT let it finish, flush and exit
/// with status 0; a second one ends it at once.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ServeArgs {
    /// Directory of all data; created if missing [default: headwater-data]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address to accept clients on; port 0 takes a free one [default: 127.0.0.1:9092]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Threads that serve partitions [default: one for each usable processor]
    #[arg(long, value_name = "N")]
    pub shards: Option<u32>,
    /// How operations reach the kernel: auto, uring, posix [default: auto]
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// Address to answer `GET /metrics` on, for Prometheus; port 0 takes a free one [default: none]
    #[arg(long, value_name = "HOST:PORT")]
    pub metrics_listen: Option<String>,
    /// Settings file: TOML if its name ends in .toml, otherwise in the syntax of Kafka's server.properties.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A setting, over what the settings file says; may be repeated (`headwater config list` shows all).
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
}

/// Whom to ask, and how to print the answer.
#[derive(Clone, Debug, clap::Args)]
pub struct RemoteArgs {
    /// A broker: any that speaks Kafka's protocol.
    #[arg(long, global = true, value_name = "HOST:PORT", default_value = "127.0.0.1:9092")]
    pub bootstrap: String,
    /// Print JSON.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with topics.
#[derive(Clone, Debug, Subcommand)]
pub enum TopicVerb {
    /// Creates a topic.
    ///
    /// For example: headwater topic create flights --partitions 12 --config segment.bytes=67108864
    Create {
        /// Name: letters, digits, '.', '_' and '-'.
        name: String,
        /// Partitions [default: the broker's num.partitions]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
        partitions: Option<i32>,
        /// Replicas of each partition [default: the broker's]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i16).range(1..))]
        replication_factor: Option<i16>,
        /// A setting of the topic; may be repeated.
        #[arg(long = "config", value_name = "NAME=VALUE")]
        configs: Vec<String>,
        /// Do nothing if it exists.
        #[arg(long)]
        if_not_exists: bool,
        /// Only say whether it could be created.
        #[arg(long)]
        validate_only: bool,
    },
    /// Lists topics.
    List,
    /// Shows partitions with their offsets, and settings that differ from the broker's.
    Describe {
        /// Topics; all of them if none is named.
        names: Vec<String>,
    },
    /// Changes a topic: its partitions, its settings, or both.
    ///
    /// For example: headwater topic alter flights --set retention.ms=86400000 --unset segment.bytes
    Alter {
        /// Name.
        name: String,
        /// Partitions it shall have: more than now. Keys of old records stay where they are.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..))]
        partitions: Option<i32>,
        /// Settings to change.
        #[command(flatten)]
        edits: EditArgs,
    },
    /// Deletes topics with all their records.
    Delete {
        /// Names.
        #[arg(required = true)]
        names: Vec<String>,
    },
}

/// What to do with settings.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigVerb {
    /// Lists all settings that this release knows, with their defaults; asks no broker.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Changes settings of a topic, or of the broker while it runs; durable, and in force when this returns.
    Alter {
        /// Of this topic; of the broker if none is named.
        #[arg(long, value_name = "NAME")]
        topic: Option<String>,
        /// Of all brokers that state nothing of their own.
        #[arg(long, conflicts_with = "topic")]
        all_brokers: bool,
        /// What to change.
        #[command(flatten)]
        edits: EditArgs,
        /// Whom to ask.
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Shows quotas of clients; with --set or --unset, changes those of one user, client id, or both.
    ///
    /// For example: headwater config quota --client-id loader --set producer_byte_rate=10485760
    Quota {
        /// Of this user; an empty name is the default for all users.
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Of clients that call themselves so; an empty name is the default for all.
        #[arg(long, value_name = "NAME")]
        client_id: Option<String>,
        /// A quota, in bytes for each second: producer_byte_rate, consumer_byte_rate; may be repeated.
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<String>,
        /// A quota that shall not be any more; may be repeated.
        #[arg(long, value_name = "NAME")]
        unset: Vec<String>,
        /// Whom to ask.
        #[command(flatten)]
        remote: RemoteArgs,
    },
    /// Shows the settings in force, and where each comes from.
    Describe {
        /// Of this topic; of the broker if none is named.
        #[arg(long, value_name = "NAME")]
        topic: Option<String>,
        /// Also those that nobody has set.
        #[arg(long)]
        all: bool,
        /// Whom to ask.
        #[command(flatten)]
        remote: RemoteArgs,
    },
}

/// Changes of settings.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct EditArgs {
    /// A setting and its value; may be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// A setting that shall be what it is when nobody states it; may be repeated.
    #[arg(long, value_name = "NAME")]
    pub unset: Vec<String>,
    /// Words to be added to a setting that is a list; may be repeated.
    #[arg(long, value_name = "NAME=WORDS")]
    pub append: Vec<String>,
    /// Words to be taken from a setting that is a list; may be repeated.
    #[arg(long, value_name = "NAME=WORDS")]
    pub subtract: Vec<String>,
    /// Only say whether it could be done.
    #[arg(long)]
    pub validate_only: bool,
}

/// Arguments of `doctor`.
#[derive(Clone, Debug, clap::Args)]
pub struct DoctorArgs {
    /// Also look at this directory; a scratch file is written in it and removed.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `dump`.
#[derive(Clone, Debug, clap::Args)]
pub struct DumpArgs {
    /// A segment, index, snapshot, journal, checkpoint or metadata file; the folder of a partition or of a shard's
    /// journal; a data directory.
    pub path: PathBuf,
    /// Also the records of each batch.
    #[arg(long)]
    pub records: bool,
    /// Print one JSON object for each line.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `verify`.
#[derive(Clone, Debug, clap::Args)]
pub struct VerifyArgs {
    /// The data directory; no broker may use it meanwhile.
    pub dir: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `repair`.
///
/// A log goes offline when records that were acknowledged are missing or damaged. Restoring its files from a copy
/// brings it back whole. This brings it back without them: it ends where the damage begins. What is cut off, sound
/// batches behind the damage too, is kept beside the segments in files named `.lost-<unix ms>`. A log of which a journal
/// holds something waits: start and stop the broker once, which puts it back. A journal whose checkpoints are damaged
/// keeps the broker from starting; it is given up first, and its files are kept in the same way.
#[derive(Clone, Debug, clap::Args)]
pub struct RepairArgs {
    /// The data directory; no broker may use it meanwhile.
    pub dir: PathBuf,
    /// Only this log, as TOPIC-PARTITION.
    #[arg(value_name = "TOPIC-PARTITION")]
    pub partition: Option<String>,
    /// Do it: give up what is listed. Without this nothing is changed.
    #[arg(long)]
    pub accept_loss: bool,
    /// Print one JSON object for each log.
    #[arg(long)]
    pub json: bool,
}

impl ServeArgs {
    /// The settings that these arguments come to.
    ///
    /// # Errors
    /// The first setting that is not accepted.
    pub fn broker_config(&self) -> Result<BrokerConfig, ConfigError> {
        let mut stated = match &self.config {
            Some(path) => parse::read_file(path)?,
            None => Vec::new(),
        };
        for text in &self.set {
            stated.push(Assignment::from_command_line(text)?);
        }
        let flags = [
            ("log.dirs", self.data_dir.as_ref().map(|dir| dir.display().to_string())),
            ("listeners", self.listen.clone()),
            ("shards", self.shards.map(|shards| shards.to_string())),
            ("backend", self.backend.clone()),
            ("metrics.listen", self.metrics_listen.clone()),
        ];
        for (name, value) in flags {
            stated.extend(value.map(|value| Assignment::stated(name, &value)));
        }
        BrokerConfig::from_sources(&stated)
    }
}
