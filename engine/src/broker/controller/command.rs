//! What the controller is asked, and what it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use headwater_protocol::error_code::ErrorCode;

use super::configs::ConfigChange;
use super::quotas::QuotaChange;
use crate::broker::catalog::Topic;
use crate::broker::meta_store::SwapError;
use crate::model::TopicId;

/// What the controller is asked to do.
#[derive(Clone, Debug)]
pub enum Command {
    /// Create topics, each on its own.
    Create {
        /// Which.
        topics: Vec<NewTopic>,
        /// Only say whether it would work.
        validate_only: bool,
    },
    /// Delete topics, each on its own.
    Delete(Vec<TopicName>),
    /// Give topics more partitions: name and new count.
    Grow {
        /// Which, and the new counts.
        topics: Vec<(String, i32)>,
        /// Only say whether it would work.
        validate_only: bool,
    },
    /// Change settings of topics and of the broker, each resource on its own.
    AlterConfigs {
        /// What, of which.
        changes: Vec<ConfigChange>,
        /// Only say whether it would work.
        validate_only: bool,
    },
    /// Change quotas of clients, each entity on its own.
    AlterQuotas {
        /// What, of whom.
        changes: Vec<QuotaChange>,
        /// Only say whether it would work.
        validate_only: bool,
    },
    /// Look a topic up.
    Find(TopicName),
    /// A producer id that nobody has.
    ProducerId,
    /// How much room there is for data.
    Space,
}

/// A topic to be created.
#[derive(Clone, Debug)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// Partitions; -1 for the broker's default.
    pub partitions: i32,
    /// Replicas; -1 for the broker's default.
    pub replicas: i16,
    /// Settings that differ from the broker's.
    pub overrides: BTreeMap<String, String>,
    /// Its identity, if it is really created.
    pub id: TopicId,
}

/// A topic by one of its names.
#[derive(Clone, Debug)]
pub enum TopicName {
    /// By name.
    Name(String),
    /// By id.
    Id(TopicId),
}

/// What became of a command.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Of each topic, in the order of the command: itself, or why not.
    Topics(Vec<Result<Arc<Topic>, Fault>>),
    /// Of each change, in the order of the command.
    Altered(Vec<Result<(), Fault>>),
    /// The producer id.
    ProducerId(Result<i64, Fault>),
    /// Room on the data directory's file system.
    Space(Result<headwater_io::file::Space, Fault>),
}

/// Why a command failed: Kafka's code and a sentence.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Kafka's code.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
}

impl Fault {
    /// A code and a sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Fault { code, message: message.into() }
    }

    /// Something could not be written or read.
    pub(super) fn storage(what: &str, error: &std::io::Error) -> Self {
        Fault::new(ErrorCode::KafkaStorageError, format!("{what}: {error}"))
    }

    /// A record of the metadata store could not be changed.
    pub(super) fn not_swapped(error: SwapError) -> Self {
        match error {
            SwapError::Conflict(_) => {
                Fault::new(ErrorCode::InvalidRequest, "it was changed meanwhile: try again")
            }
            SwapError::Io(e) => Fault::storage("the metadata store cannot be written", &e),
        }
    }
}
