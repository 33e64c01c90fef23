//! Requests that the engine is working on: replies that are awaited, and what they add up to.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use headwater::embedded::{EngineError, Partition, Reply};
use headwater::model::Offset;
use headwater::shard::letters::{Acks, AppendAnswer, ReadAnswer};
use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;

use super::super::messages::{FetchAsk, FetchedPart, ProduceHead, ProducedPart};
use super::super::network::What;

/// How often the end of a log is looked at by a fetch that waits for more. The library does not tell.
const LOOK_EVERY: Duration = Duration::from_micros(100);

/// See the module.
pub enum Work {
    Produce { tag: u64, is_answered: bool, parts: Vec<(u32, Awaited<AppendAnswer>)> },
    Fetch(Fetch),
}

pub struct Fetch {
    tag: u64,
    wants: Vec<Want>,
    bytes_max: u64,
    bytes_min: u64,
    give_up: Nanos,
    look_again_at: Option<Nanos>,
}

struct Want {
    index: u32,
    partition: Option<Partition>,
    offset: i64,
    read: Awaited<ReadAnswer>,
}

/// A reply, or what it was.
pub enum Awaited<T> {
    Open(Reply<T>),
    There(Result<T, ErrorCode>),
}

impl<T> Awaited<T> {
    fn is_there(&mut self, context: &mut Context<'_>) -> bool {
        if let Awaited::Open(reply) = self {
            match Pin::new(reply).poll(context) {
                Poll::Pending => return false,
                Poll::Ready(result) => *self = Awaited::There(result.map_err(|e| code(&e))),
            }
        }
        true
    }

    fn result(&self) -> Result<&T, ErrorCode> {
        match self {
            Awaited::There(result) => result.as_ref().map_err(|code| *code),
            Awaited::Open(_) => unreachable!("looked at before it was there"),
        }
    }
}

fn code(error: &EngineError) -> ErrorCode {
    match error {
        EngineError::Stopped => ErrorCode::BrokerNotAvailable,
        EngineError::Refused(refusal) => refusal.code(),
        EngineError::Fault(fault) => fault.code,
        EngineError::Records(_) | EngineError::Keyless(_) => ErrorCode::InvalidRecord,
        EngineError::Packed => ErrorCode::CorruptMessage,
        EngineError::UnknownPartition => ErrorCode::UnknownTopicOrPartition,
    }
}

impl Work {
    pub fn produce(tag: u64, head: &ProduceHead<'_>, partitions: &[Partition]) -> Self {
        let acks = match head.acks {
            0 => Acks::None,
            1 => Acks::Leader,
            _ => Acks::All,
        };
        let append = |(index, batch): &(u32, Bytes)| {
            let partition =
                partitions.get(*index as usize).ok_or(ErrorCode::UnknownTopicOrPartition);
            let reply = partition
                .and_then(|partition| partition.append(batch.clone(), acks).map_err(|e| code(&e)));
            (*index, reply.map_or_else(|code| Awaited::There(Err(code)), Awaited::Open))
        };
        let parts = head.batches.iter().map(append).collect();
        Work::Produce { tag, is_answered: head.acks != 0, parts }
    }

    pub fn fetch(tag: u64, ask: &FetchAsk<'_>, partitions: &[Partition], give_up: Nanos) -> Self {
        let want = |&(index, offset): &(u32, i64)| Want {
            index,
            partition: partitions.get(index as usize).cloned(),
            offset,
            read: Awaited::There(Err(ErrorCode::UnknownTopicOrPartition)),
        };
        let mut fetch = Fetch {
            tag,
            wants: ask.partitions.iter().map(want).collect(),
            bytes_max: ask.bytes_max.unsigned_abs().into(),
            bytes_min: ask.bytes_min.unsigned_abs().into(),
            give_up,
            look_again_at: None,
        };
        fetch.look();
        Work::Fetch(fetch)
    }

    /// The answer, once it is there.
    pub fn poll(&mut self, context: &mut Context<'_>, now: Nanos) -> Option<What> {
        match self {
            Work::Produce { tag, is_answered, parts } => {
                if !parts.iter_mut().all(|(_, reply)| reply.is_there(context)) {
                    return None;
                }
                let tag = *tag;
                Some(match is_answered {
                    false => What::Handed { tag },
                    true => What::Produced { tag, parts: parts.iter().map(produced).collect() },
                })
            }
            Work::Fetch(fetch) => fetch.poll(context, now),
        }
    }

    /// When it will do something without having been woken.
    pub fn looks_again_at(&self) -> Option<Nanos> {
        match self {
            Work::Produce { .. } => None,
            Work::Fetch(fetch) => fetch.look_again_at,
        }
    }
}

fn produced((partition, reply): &(u32, Awaited<AppendAnswer>)) -> ProducedPart {
    let partition = *partition;
    match reply.result() {
        Ok(answer) => {
            let base_offset = answer.appended.base_offset.0;
            ProducedPart { partition, error: ErrorCode::None, base_offset }
        }
        Err(error) => ProducedPart { partition, error, base_offset: -1 },
    }
}

impl Fetch {
    /// Asks every partition for what it has now.
    fn look(&mut self) {
        self.look_again_at = None;
        for want in &mut self.wants {
            if let Some(partition) = &want.partition {
                want.read = Awaited::Open(partition.read(Offset(want.offset), self.bytes_max));
            }
        }
    }

    fn poll(&mut self, context: &mut Context<'_>, now: Nanos) -> Option<What> {
        match self.look_again_at {
            Some(at) if now < at => return None,
            Some(_) => self.look(),
            None => {}
        }
        if !self.wants.iter_mut().all(|want| want.read.is_there(context)) {
            return None;
        }
        let results = || self.wants.iter().map(|want| want.read.result());
        let bytes: u64 = results().flatten().map(|answer| answer.bytes).sum();
        let any_error = results().any(|result| result.is_err());
        if bytes < self.bytes_min && !any_error && now < self.give_up {
            self.look_again_at = Some(now.after(LOOK_EVERY));
            return None;
        }
        let parts = self.wants.iter().map(fetched).collect();
        Some(What::Fetched { tag: self.tag, error: ErrorCode::None, parts })
    }
}

fn fetched(want: &Want) -> FetchedPart {
    // What is no longer in memory is read here, on this thread, as any program would have to.
    let batches = want
        .read
        .result()
        .and_then(|answer| answer.to_vec().map_err(|_| ErrorCode::KafkaStorageError));
    let error = batches.as_ref().err().copied().unwrap_or_default();
    let batches = batches.unwrap_or_default().into();
    FetchedPart { partition: want.index, error, batches, aborted: Vec::new() }
}
