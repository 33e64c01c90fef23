//! Records of `__transaction_state`, in Kafka's own format, so that Kafka's tools can print them. The key
//! names a transactional id, the value is its whole [`Transaction`]; no value means that it is forgotten.
//!
//! ```text
//! key:    version 2 (0), transactional id (length 2, bytes)
//! value:  version 2, then by version
//!
//!   field                version 0              version 1 (flexible, KIP-915)
//!   producer id          8                      8
//!   producer epoch       2                      2
//!   timeout ms           4                      4
//!   state                1                      1
//!   partitions           array or null          compact array or null
//!     topic              length 2, bytes        varint length + 1, bytes
//!     partition indexes  count 4, 4 each        varint count + 1, 4 each; tags
//!   updated ms           8                      8
//!   started ms           8                      8
//!   tags                 none                   0: previous producer id 8, 1: next producer id 8,
//!                                               2: client's transaction version 2
//! ```
//!
//! Version 1 is written (a broker with `transaction.version` 2), both are read. Must not know what a state
//! leads to.

use std::collections::BTreeMap;
use std::fmt;

use bytes::{Bytes, BytesMut};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

use super::requests::{ProducerIdAndEpoch, TopicPartition, TransactionVersion};
use super::state::TransactionState;
use super::transaction::{NO_EPOCH, NO_ID, Transaction};

const KEY_VERSION: i16 = 0;
const VALUE_VERSION: i16 = 1;
const TAG_PREVIOUS_PRODUCER_ID: u32 = 0;
const TAG_NEXT_PRODUCER_ID: u32 = 1;
const TAG_CLIENT_VERSION: u32 = 2;
/// The least that a topic takes: two lengths (and, in version 1, a count of tags).
const TOPIC_BYTES_MIN: usize = 3;

/// A record to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The key.
    pub key: Bytes,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
}

impl Record {
    /// Bytes of both.
    pub fn bytes(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, Bytes::len)
    }
}

/// Why a record cannot be read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// The key ends early, or is not text.
    Key(DecodeError),
    /// The value of this transactional id ends early, or its fields are not what they must be.
    Value {
        /// Whose.
        transactional_id: String,
        /// What is wrong, with an offset in the value.
        error: DecodeError,
    },
    /// A value of a later Kafka.
    ValueVersion {
        /// Whose.
        transactional_id: String,
        /// The version found.
        version: i16,
    },
    /// A state that is never written, or does not exist.
    State {
        /// Whose.
        transactional_id: String,
        /// The number found.
        id: i8,
    },
    /// A transaction version that does not exist.
    ClientVersion {
        /// Whose.
        transactional_id: String,
        /// The number found.
        level: i16,
    },
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The transactional id is at this point.
    Is(String, Box<Transaction>),
    /// The transactional id is forgotten.
    Gone(String),
    /// A key of a later Kafka, to be passed over as Kafka does.
    Unknown(i16),
}

/// The record of a transactional id; a tombstone without a transaction.
pub fn encode(transactional_id: &str, transaction: Option<&Transaction>) -> Record {
    let mut key = BytesMut::with_capacity(4 + transactional_id.len());
    let mut w = Writer::new(&mut key, false);
    w.i16(KEY_VERSION);
    w.string(transactional_id);
    Record { key: key.freeze(), value: transaction.map(encode_value) }
}

fn encode_value(transaction: &Transaction) -> Bytes {
    let mut value = BytesMut::new();
    let mut w = Writer::new(&mut value, true);
    w.i16(VALUE_VERSION);
    w.i64(transaction.producer.producer_id);
    w.i16(transaction.producer.producer_epoch);
    w.i32(transaction.timeout_ms);
    w.i8(transaction.state.id());
    let topics = match transaction.state {
        TransactionState::Empty => None,
        _ => Some(by_topic(transaction)),
    };
    w.nullable_array(topics.as_deref(), |w, (topic, partitions)| {
        w.string(topic);
        w.array(partitions, |w, partition| w.i32(*partition));
        w.no_tags();
    });
    w.i64(transaction.updated_ms);
    w.i64(transaction.started_ms);
    encode_tags(&mut w, transaction);
    value.freeze()
}

fn by_topic(transaction: &Transaction) -> Vec<(&str, Vec<i32>)> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for TopicPartition { topic, partition } in &transaction.partitions {
        topics.entry(topic).or_default().push(*partition);
    }
    topics.into_iter().collect()
}

/// Tags that have their default are left out.
fn encode_tags(w: &mut Writer<'_>, transaction: &Transaction) {
    let (previous, next) = (transaction.previous_producer_id, transaction.next_producer_id);
    let client = transaction.client.level();
    w.tag_count(u32::from(previous != NO_ID) + u32::from(next != NO_ID) + u32::from(client != 0));
    if previous != NO_ID {
        w.tag(TAG_PREVIOUS_PRODUCER_ID, |w| w.i64(previous));
    }
    if next != NO_ID {
        w.tag(TAG_NEXT_PRODUCER_ID, |w| w.i64(next));
    }
    if client != 0 {
        w.tag(TAG_CLIENT_VERSION, |w| w.i16(client));
    }
}

/// Reads a record back.
pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Said, Unreadable> {
    let mut r = Reader::new(key, false);
    let version = r.i16().map_err(Unreadable::Key)?;
    if version != KEY_VERSION {
        return Ok(Said::Unknown(version));
    }
    let transactional_id = r.string().map_err(Unreadable::Key)?.to_owned();
    let Some(value) = value else { return Ok(Said::Gone(transactional_id)) };
    match decode_value(&transactional_id, value) {
        Ok(transaction) => Ok(Said::Is(transactional_id, Box::new(transaction?))),
        Err(error) => Err(Unreadable::Value { transactional_id, error }),
    }
}

/// The outer error: bytes; the inner one: numbers without a meaning.
fn decode_value(
    transactional_id: &str,
    value: &[u8],
) -> Result<Result<Transaction, Unreadable>, DecodeError> {
    let whose = || transactional_id.to_owned();
    let mut r = Reader::new(value, false);
    let version = r.i16()?;
    if !(0..=VALUE_VERSION).contains(&version) {
        return Ok(Err(Unreadable::ValueVersion { transactional_id: whose(), version }));
    }
    r.set_flexible(version >= 1);
    let producer = ProducerIdAndEpoch::new(r.i64()?, r.i16()?);
    let timeout_ms = r.i32()?;
    let id = r.i8()?;
    let topics = r.nullable_array(TOPIC_BYTES_MIN, |r| {
        let topic = r.string()?.to_owned();
        let partitions = r.array(4, Reader::i32)?;
        r.skip_tags()?;
        Ok((topic, partitions))
    })?;
    let (updated_ms, started_ms) = (r.i64()?, r.i64()?);
    let (mut previous_producer_id, mut next_producer_id, mut level) = (NO_ID, NO_ID, 0);
    r.tags(|tag, r| {
        match tag {
            TAG_PREVIOUS_PRODUCER_ID => previous_producer_id = r.i64()?,
            TAG_NEXT_PRODUCER_ID => next_producer_id = r.i64()?,
            TAG_CLIENT_VERSION => level = r.i16()?,
            _ => {}
        }
        Ok(())
    })?;
    let Some(state) = TransactionState::from_id(id).filter(|state| state.is_recorded()) else {
        return Ok(Err(Unreadable::State { transactional_id: whose(), id }));
    };
    let Some(client) = TransactionVersion::from_level(level) else {
        return Ok(Err(Unreadable::ClientVersion { transactional_id: whose(), level }));
    };
    let partitions = topics.unwrap_or_default().into_iter().flat_map(|(topic, partitions)| {
        partitions.into_iter().map(move |partition| TopicPartition::new(topic.clone(), partition))
    });
    Ok(Ok(Transaction {
        state,
        producer,
        previous_producer_id,
        next_producer_id,
        last_producer_epoch: NO_EPOCH,
        timeout_ms,
        partitions: partitions.collect(),
        started_ms,
        updated_ms,
        client,
    }))
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(error) => write!(f, "key of a transaction record: {error}"),
            Self::Value { transactional_id, error } => {
                write!(f, "record of transactional id {transactional_id:?}: {error}")
            }
            Self::ValueVersion { transactional_id, version } => {
                write!(
                    f,
                    "record of transactional id {transactional_id:?} has version {version}; 0 and 1 are known"
                )
            }
            Self::State { transactional_id, id } => {
                write!(
                    f,
                    "record of transactional id {transactional_id:?} has state {id}, which is never written"
                )
            }
            Self::ClientVersion { transactional_id, level } => {
                write!(
                    f,
                    "record of transactional id {transactional_id:?} has transaction version {level}; 0 to 2 are known"
                )
            }
        }
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
