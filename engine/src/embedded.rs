//! The engine inside a program: the same cores on the same files, without a socket.
//!
//! Every call returns at once with a [`Reply`], which is a future for any executor and can also be waited
//! for without one. Replies to appends come in log order; as many may be open as the program likes.
//!
//! ```
//! use headwater::config::broker::BrokerConfig;
//! use headwater::embedded::Engine;
//! use headwater::model::Offset;
//! use headwater::shard::letters::Acks;
//! use headwater_protocol::batch::builder::{BatchBuilder, Producer};
//! use headwater_protocol::batch::compression::Compression;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dir = tempfile::tempdir()?;
//! let engine = Engine::open(dir.path(), BrokerConfig::default())?;
//! engine.create_topic("events", 1, &[]).wait()?;
//! let partition = engine.partition("events", 0)?;
//!
//! let mut batch = BatchBuilder::new(Compression::None);
//! batch.push(1_700_000_000_000, Some(b"key"), Some(b"value"));
//! let bytes = bytes::Bytes::copy_from_slice(batch.finish(Producer::NONE));
//! let appended = partition.append(bytes, Acks::All)?.wait()?;
//! assert_eq!(appended.appended.base_offset, Offset(0));
//!
//! let read = partition.read(Offset(0), 1 << 20).wait()?;
//! assert_eq!(read.high_watermark, Offset(1));
//! println!("{} bytes", read.to_vec()?.len());
//! engine.close()?;
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use headwater_io::file::Fs;
use headwater_io::mailbox::Sender;
use headwater_protocol::wire::uuid::Uuid;

use crate::api::keyless::keyless;
use crate::boot::{self, BootError, Running};
use crate::broker::catalog::Topic;
use crate::broker::controller::{Command, Fault, NewTopic, Outcome, TopicName};
use crate::config::broker::BrokerConfig;
use crate::log::read::Piece;
use crate::log::record_set::{RecordSet, RecordSetError};
use crate::model::{Offset, PartitionKey, ShardId};
use crate::shard::letters::{
    Acks, Answer, AppendAnswer, Ask, Isolation, Marks, ReadAnswer, ReadAsk, Refusal, ReplyTo,
};
use crate::shard::reply::{Pending, pending};
use crate::worker::mail::Letter;

/// An open engine.
pub struct Engine {
    /// Taken by `close`.
    running: Option<Running>,
    budget: Arc<Budget>,
}

/// One partition of an open engine; cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Partition {
    key: PartitionKey,
    owner: Sender<Letter>,
    batch_bytes_max: usize,
    is_compacted: bool,
    budget: Arc<Budget>,
}

/// Why the engine did not do what it was asked.
#[derive(Debug)]
pub enum EngineError {
    /// The engine was closed, or a core has crashed.
    Stopped,
    /// The partition refused.
    Refused(Refusal),
    /// The controller refused.
    Fault(Fault),
    /// What was to be appended is no sound record set.
    Records(RecordSetError),
    /// These of the records have no key, which a compacted topic needs.
    Keyless(Vec<i32>),
    /// The records are for a compacted topic, and cannot be unpacked to look for their keys.
    Packed,
    /// There is no such partition.
    UnknownPartition,
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EngineError::Stopped => f.write_str("the engine is stopped"),
            EngineError::Refused(refusal) => write!(f, "refused: {refusal:?}"),
            EngineError::Fault(fault) => f.write_str(&fault.message),
            EngineError::Records(error) => write!(f, "not a record set: {error:?}"),
            EngineError::Keyless(records) => {
                write!(f, "a compacted topic takes no records without keys: {records:?}")
            }
            EngineError::Packed => f.write_str("the records cannot be unpacked"),
            EngineError::UnknownPartition => f.write_str("no such partition"),
        }
    }
}

impl std::error::Error for EngineError {}

/// The promise of an answer.
#[must_use = "nothing is known before the reply is there: wait for it or await it"]
pub struct Reply<T, A = Answer> {
    pending: Pending<A>,
    read: fn(A) -> Result<T, EngineError>,
}

impl<T, A> Reply<T, A> {
    /// Blocks until the answer is there.
    ///
    /// # Errors
    /// What went wrong.
    pub fn wait(self) -> Result<T, EngineError> {
        let answer = self.pending.wait().map_err(|_| EngineError::Stopped)?;
        (self.read)(answer)
    }
}

impl<T, A> Future for Reply<T, A> {
    type Output = Result<T, EngineError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = std::task::ready!(Pin::new(&mut self.pending).poll(context));
        Poll::Ready(answer.map_err(|_| EngineError::Stopped).and_then(self.read))
    }
}

impl Engine {
    /// Opens the engine on a directory, which it locks. `config.data_dir` is replaced by `dir`.
    ///
    /// # Errors
    /// When the directory or this machine cannot be used; the message says what to do.
    pub fn open(dir: &Path, config: BrokerConfig) -> Result<Self, BootError> {
        let mut config = config;
        config.data_dir = dir.to_owned();
        let running = boot::boot(config, false)?;
        let budget = Arc::new(Budget::new(running.memory_bytes / BUDGET_SHARE));
        Ok(Engine { running: Some(running), budget })
    }

    /// Creates a topic; durable when the reply is there.
    pub fn create_topic(
        &self,
        name: &str,
        partitions: i32,
        overrides: &[(&str, &str)],
    ) -> Reply<(), Outcome> {
        let overrides: BTreeMap<String, String> = overrides
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let id = Uuid(boot::new_id());
        let topic = NewTopic { name: name.to_owned(), partitions, replicas: 1, overrides, id };
        self.command(Command::Create { topics: vec![topic], validate_only: false })
    }

    /// Deletes a topic; durable when the reply is there.
    pub fn delete_topic(&self, name: &str) -> Reply<(), Outcome> {
        self.command(Command::Delete(vec![TopicName::Name(name.to_owned())]))
    }

    fn command(&self, command: Command) -> Reply<(), Outcome> {
        let (completer, pending) = pending();
        send(&self.peers()[0], Letter::Command(command, ReplyTo::Program(completer)));
        let read = |outcome| match outcome {
            Outcome::Topics(topics) => match topics.into_iter().next() {
                Some(Err(fault)) => Err(EngineError::Fault(fault)),
                _ => Ok(()),
            },
            _ => unreachable!("a command on topics was asked for"),
        };
        Reply { pending, read }
    }

    /// A partition of a topic.
    ///
    /// # Errors
    /// When there is none of that name and number.
    pub fn partition(&self, topic: &str, index: i32) -> Result<Partition, EngineError> {
        let (completer, pending) = pending();
        let find = Command::Find(TopicName::Name(topic.to_owned()));
        send(&self.peers()[0], Letter::Command(find, ReplyTo::Program(completer)));
        let topic = match pending.wait().map_err(|_| EngineError::Stopped)? {
            Outcome::Topics(topics) => topics.into_iter().next(),
            _ => None,
        };
        match topic {
            Some(Ok(topic)) if topic.has(index) => Ok(self.partition_of(&topic, index)),
            Some(Err(fault)) => Err(EngineError::Fault(fault)),
            _ => Err(EngineError::UnknownPartition),
        }
    }

    fn partition_of(&self, topic: &Topic, index: i32) -> Partition {
        let ShardId(owner) = topic.shard(index, self.peers().len());
        Partition {
            key: topic.key(index),
            owner: self.peers()[usize::from(owner)].clone(),
            batch_bytes_max: topic.config.max_message_bytes as usize,
            is_compacted: topic.config.cleanup_compact,
            budget: Arc::clone(&self.budget),
        }
    }

    /// Which backend runs it, and why.
    pub fn backend(&self) -> String {
        self.running.as_ref().map_or_else(String::new, |running| running.choice.to_string())
    }

    /// Stops: everything appended is made durable, the directory is released.
    ///
    /// # Errors
    /// When the clean end cannot be written; nothing is lost, the next start reads more.
    pub fn close(mut self) -> io::Result<()> {
        self.running.take().map_or(Ok(()), Running::stop)
    }

    fn peers(&self) -> &[Sender<Letter>] {
        &self.running.as_ref().expect("only `close` takes it").peers
    }
}

impl Drop for Engine {
    /// As [`Engine::close`], for those who forgot; an error goes to the log.
    fn drop(&mut self) {
        if let Some(Err(error)) = self.running.take().map(Running::stop) {
            tracing::error!(%error, "the engine was not closed cleanly");
        }
    }
}

impl Partition {
    /// Appends whole record batches (format v2), as Kafka's producers make them. Blocks while the engine
    /// holds as many bytes that it has not taken in yet as its memory allows: the disk sets the pace.
    ///
    /// # Errors
    /// When the bytes are not sound, or a compacted topic gets records without keys; nothing is appended.
    pub fn append(&self, batches: Bytes, acks: Acks) -> Result<Reply<AppendAnswer>, EngineError> {
        let batches = self.budget.admit(batches);
        let set = RecordSet::check(batches, self.batch_bytes_max).map_err(EngineError::Records)?;
        if self.is_compacted {
            check_keys(&set)?;
        }
        let read = |answer| match answer {
            Answer::Appended(result) => result.map_err(EngineError::Refused),
            _ => unreachable!("an append was asked for"),
        };
        Ok(self.ask(Ask::Append { partition: self.key, set, acks, verified: None }, read))
    }

    /// Reads about `bytes_max` bytes of batches from the one that holds `offset` on.
    pub fn read(&self, offset: Offset, bytes_max: u64) -> Reply<ReadAnswer> {
        let read = |answer| match answer {
            Answer::Read(mut results) => results.remove(0).map_err(EngineError::Refused),
            _ => unreachable!("a read was asked for"),
        };
        let isolation = Isolation::Uncommitted;
        let ask = ReadAsk { partition: self.key, offset, bytes_max, epoch: -1, isolation };
        self.ask(Ask::Read { reads: vec![ask], bytes_max }, read)
    }

    /// Waits until everything appended so far is durable.
    pub fn flush(&self) -> Reply<Marks> {
        self.ask(Ask::Flush(self.key), marks)
    }

    /// The marks: appended, written, durable.
    pub fn watermarks(&self) -> Reply<Marks> {
        self.ask(Ask::Marks(self.key), marks)
    }

    fn ask<T>(&self, ask: Ask, read: fn(Answer) -> Result<T, EngineError>) -> Reply<T> {
        let (completer, pending) = pending();
        send(&self.owner, Letter::Ask(ask, ReplyTo::Program(completer)));
        Reply { pending, read }
    }
}

/// As Produce checks them.
fn check_keys(set: &RecordSet) -> Result<(), EngineError> {
    match keyless(set) {
        None => Err(EngineError::Packed),
        Some(records) if records.is_empty() => Ok(()),
        Some(records) => Err(EngineError::Keyless(records)),
    }
}

fn marks(answer: Answer) -> Result<Marks, EngineError> {
    match answer {
        Answer::Marks(result) => result.map_err(EngineError::Refused),
        _ => unreachable!("marks were asked for"),
    }
}

/// Bytes of appends that wait to be taken in may be this part of the engine's memory.
const BUDGET_SHARE: usize = 4;

/// Bounds the bytes that programs have handed over and the engine has not copied into its tails yet.
struct Budget {
    most: usize,
    used: Mutex<usize>,
    freed: Condvar,
}

/// Bytes within the budget; dropping them gives it back.
struct Admitted {
    bytes: Bytes,
    budget: Arc<Budget>,
}

impl Budget {
    fn new(most: usize) -> Self {
        Budget { most, used: Mutex::new(0), freed: Condvar::new() }
    }

    /// Waits for room; a first append always has it, however large.
    fn admit(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        let mut used = self.used.lock().expect("budget lock");
        while *used > 0 && *used + bytes.len() > self.most {
            used = self.freed.wait(used).expect("budget lock");
        }
        *used += bytes.len();
        Bytes::from_owner(Admitted { bytes, budget: Arc::clone(self) })
    }
}

impl AsRef<[u8]> for Admitted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        *self.budget.used.lock().expect("budget lock") -= self.bytes.len();
        self.budget.freed.notify_all();
    }
}

/// A full box makes the caller wait: this is where back-pressure reaches a program.
fn send(to: &Sender<Letter>, letter: Letter) {
    let mut letter = letter;
    while let Err(back) = to.send(letter) {
        letter = back;
        std::thread::yield_now();
    }
}

impl ReadAnswer {
    /// All bytes in one place; reads those that are no longer in memory from the file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn to_vec(&self) -> io::Result<Vec<u8>> {
        Piece::gather(&Fs::os(), &self.pieces)
    }
}
