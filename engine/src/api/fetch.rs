//! Fetch (key 1, versions 4 to 18): record batches from an offset on.
//!
//! * Parked until `min_bytes` are there or `max_wait_ms` is over; partitions it waits for wake it.
//! * Sessions (KIP-227, v7): only what changed is named and answered.
//! * Topic ids from v13 (KIP-516). The preferred replica is always none.
//! * Bytes are never copied here: they come as slices of the hot tail and ranges of files, and leave in
//!   the holes of the encoded answer.
//! * `isolation_level` read_committed (v4): records up to the last stable offset, which is what `min_bytes`
//!   and the wait count too; with them the aborted transactions that the client must leave out.
//! * Followers' fields (replica state, v18 high watermark) are decoded and ignored.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use headwater_io::clock::Nanos;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::frame::encode_response;
use headwater_protocol::messages::fetch::FetchRequest;
use headwater_protocol::messages::fetch::response::{
    AbortedTransaction, FetchPartitionResponse, FetchRecords, FetchResponse, FetchTopicResponse,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::uuid::Uuid;
use headwater_protocol::wire::writer::Writer;
use indexmap::IndexMap;

use super::access::Allowed;
use super::{Context, Origin, Step, Work, throttling};
use crate::broker::fetch_sessions::{FINAL_EPOCH, Named, SessionError, TOLD_NOTHING, Told, Wanted};
use crate::broker::quotas::Rate;
use crate::broker::quotas::meter::Meter;
use crate::log::aborted::Aborted;
use crate::log::read::Piece;
use crate::model::{Offset, PartitionKey, ShardId};
use crate::shard::letters::{Answer, Ask, Isolation, ReadAnswer, ReadAsk, Refusal, Seen};

/// A request in progress.
pub struct Call {
    origin: Origin,
    session: i32,
    /// Only partitions with news are answered.
    incremental: bool,
    min_bytes: u64,
    isolation: Isolation,
    /// What the client's answers are counted by.
    meter: Option<Arc<Meter>>,
    /// What the client and the settings allow.
    asked_bytes: u64,
    /// And what memory allows at this moment.
    max_bytes: u64,
    until: Nanos,
    wanted: Vec<Wanted>,
    /// Where each wanted partition is.
    found: Vec<Found>,
    /// Which wanted partitions each part of the question was about.
    parts: Vec<Vec<usize>>,
    results: Vec<Option<Result<ReadAnswer, Refusal>>>,
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    frame: &Bytes,
    origin: Origin,
    context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    let request = FetchRequest::decode(r, origin.version)?;
    let (session, wanted, incremental) = match session(&request, origin, context) {
        Ok(session) => session,
        Err(code) => {
            let response = FetchResponse { error_code: code, ..Default::default() };
            return Ok((Work::Done, origin.reply(|w| response.encode(w, origin.version))));
        }
    };
    let wait = Duration::from_millis(request.max_wait_ms.max(0) as u64);
    let most = context.config.fetch_max_bytes as u64;
    let found = wanted.iter().map(|w| find(w, origin, context)).collect();
    let mut call = Call {
        origin,
        session,
        incremental,
        min_bytes: request.min_bytes.max(0) as u64,
        isolation: Isolation::of(request.isolation_level),
        meter: throttling::meter(Rate::Consumer, frame, context),
        asked_bytes: (request.max_bytes.max(0) as u64).min(most),
        max_bytes: 0,
        until: context.now.after(wait),
        wanted,
        found,
        parts: Vec::new(),
        results: Vec::new(),
    };
    let step = call.ask(context.fetch_bytes);
    match step {
        Step::Ask(asks) if asks.is_empty() => {
            let step = call.advance(context);
            Ok((Work::Fetch(call), step))
        }
        step => Ok((Work::Fetch(call), step)),
    }
}

/// Where a wanted partition is, if it is anywhere.
#[derive(Clone, Copy)]
enum Found {
    Here(PartitionKey, ShardId),
    NoPartition,
    NoTopic,
}

fn find(wanted: &Wanted, origin: Origin, context: &Context<'_>) -> Found {
    let Named { topic, id, index } = &wanted.partition;
    let found = match origin.version {
        13.. => context.catalog.by_id(*id),
        _ => context.catalog.by_name(topic),
    };
    match found {
        None => Found::NoTopic,
        Some(topic) if !topic.has(*index) => Found::NoPartition,
        Some(topic) => Found::Here(topic.key(*index), topic.shard(*index, context.node.shards)),
    }
}

/// The session's number (0 = none), everything that is fetched, and whether the answer is incremental.
fn session(
    request: &FetchRequest<'_>,
    origin: Origin,
    context: &mut Context<'_>,
) -> Result<(i32, Vec<Wanted>, bool), ErrorCode> {
    let wanted = wanted(request);
    let (id, epoch) = (request.session_id, request.session_epoch);
    if epoch == FINAL_EPOCH || origin.version < 7 {
        context.sessions.close(id);
        return Ok((0, wanted, false));
    }
    if epoch == 0 {
        context.sessions.close(id);
        // A session for nothing would only push out others.
        let id = if wanted.is_empty() { 0 } else { context.sessions.start(wanted.clone()) };
        return Ok((id, wanted, false));
    }
    let forgotten: Vec<Named> = request
        .forgotten_topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|n| named(topic.name, topic.topic_id, *n)))
        .collect();
    match context.sessions.update(id, epoch, wanted, &forgotten) {
        Ok(all) => Ok((id, all, true)),
        Err(SessionError::NotFound) => Err(ErrorCode::FetchSessionIdNotFound),
        Err(SessionError::InvalidEpoch) => Err(ErrorCode::InvalidFetchSessionEpoch),
    }
}

/// Each partition once: of several mentions the last one counts.
fn wanted(request: &FetchRequest<'_>) -> Vec<Wanted> {
    let mut all = IndexMap::new();
    for topic in &request.topics {
        for partition in &topic.partitions {
            let name = named(topic.name, topic.topic_id, partition.index);
            let wanted = Wanted {
                partition: name.clone(),
                offset: Offset(partition.fetch_offset),
                bytes_max: partition.partition_max_bytes,
                epoch: partition.current_leader_epoch,
                told: TOLD_NOTHING,
            };
            all.insert(name, wanted);
        }
    }
    all.into_values().collect()
}

fn named(topic: &str, id: Uuid, index: i32) -> Named {
    Named { topic: topic.to_owned(), id, index }
}

impl Call {
    /// Asks the owners of all partitions to read, about `fetch_bytes` at most.
    pub fn ask(&mut self, fetch_bytes: u64) -> Step {
        self.max_bytes = self.asked_bytes.min(fetch_bytes);
        self.results = vec![None; self.wanted.len()];
        let mut by_shard: BTreeMap<ShardId, Vec<usize>> = BTreeMap::new();
        let mut reads: BTreeMap<ShardId, Vec<ReadAsk>> = BTreeMap::new();
        for (n, (wanted, found)) in self.wanted.iter().zip(&self.found).enumerate() {
            let Found::Here(partition, shard) = *found else {
                self.results[n] = Some(Err(Refusal::Unknown));
                continue;
            };
            let Wanted { offset, epoch, bytes_max, .. } = *wanted;
            let bytes_max = bytes_max.max(0) as u64;
            by_shard.entry(shard).or_default().push(n);
            let isolation = self.isolation;
            let read = ReadAsk { partition, offset, bytes_max, epoch, isolation };
            reads.entry(shard).or_default().push(read);
        }
        let ask = |(shard, reads)| (shard, Ask::Read { reads, bytes_max: self.max_bytes });
        let asks = reads.into_iter().map(ask).collect();
        self.parts = by_shard.into_values().collect();
        Step::Ask(asks)
    }

    /// One shard has answered.
    pub fn answer(&mut self, part: u32, answer: Answer) {
        let Answer::Read(results) = answer else { unreachable!("a read was asked for") };
        for (place, result) in self.parts[part as usize].iter().zip(results) {
            self.results[*place] = Some(result);
        }
    }

    /// Replies if there is enough, or time is up; waits otherwise.
    pub fn advance(&mut self, context: &mut Context<'_>) -> Step {
        let results = self.results.iter().flatten();
        let (mut bytes, mut failed, mut more) = (0, false, false);
        for result in results {
            match result {
                Ok(read) => {
                    bytes += read.bytes;
                    more |= read.more;
                }
                Err(_) => failed = true,
            }
        }
        // What a limit held back will not come by waiting.
        let enough = bytes >= self.min_bytes || more;
        if failed || enough || context.now >= self.until || self.wanted.is_empty() {
            return self.reply(context);
        }
        Step::Park { until: self.until, watches: self.watches() }
    }

    /// What the reads that were asked for may bring, in bytes.
    pub fn read_bytes_max(&self) -> u64 {
        self.max_bytes
    }

    /// The answer must not wait any more.
    pub fn wait_no_longer(&mut self) {
        self.until = Nanos(0);
    }

    fn watches(&self) -> Vec<(ShardId, Ask)> {
        let mut by_shard: BTreeMap<ShardId, Vec<Seen>> = BTreeMap::new();
        for (found, result) in self.found.iter().zip(&self.results) {
            let (Found::Here(partition, shard), Some(Ok(read))) = (found, result) else { continue };
            let (partition, isolation) = (*partition, self.isolation);
            let seen = Seen { partition, end: read.end(isolation), isolation };
            by_shard.entry(*shard).or_default().push(seen);
        }
        by_shard.into_iter().map(|(shard, seen)| (shard, Ask::Watch(seen))).collect()
    }

    /// All partitions that a watch may have been left with.
    pub fn watched(&self) -> Vec<(ShardId, Vec<PartitionKey>)> {
        let mut by_shard: BTreeMap<ShardId, Vec<PartitionKey>> = BTreeMap::new();
        for found in &self.found {
            if let Found::Here(partition, shard) = found {
                by_shard.entry(*shard).or_default().push(*partition);
            }
        }
        by_shard.into_iter().collect()
    }

    fn reply(&mut self, context: &mut Context<'_>) -> Step {
        let mut response = FetchResponse { session_id: self.session, ..Default::default() };
        let mut pieces: Vec<Vec<Piece>> = Vec::new();
        let mut left = self.max_bytes;
        let mut first = true;
        let mut all_told = Vec::new();
        for n in 0..self.wanted.len() {
            let Some(result) = self.results[n].take() else { continue };
            let wanted = &self.wanted[n];
            let partition = self.partition(n, result, left, first, &mut pieces);
            let told = (Offset(partition.high_watermark), Offset(partition.log_start_offset));
            let bytes = match partition.records {
                FetchRecords::Hole { len } => u64::from(len),
                _ => 0,
            };
            first &= bytes == 0;
            left = left.saturating_sub(bytes);
            let news = bytes > 0 || partition.error_code != ErrorCode::None || told != wanted.told;
            if self.incremental && !news {
                continue;
            }
            if self.session != 0 {
                let (partition, had_data) = (wanted.partition.clone(), bytes > 0);
                all_told.push(Told { partition, marks: told, had_data });
            }
            add(&mut response, wanted, partition);
        }
        if self.session != 0 {
            context.sessions.told(self.session, all_told);
        }
        let bytes = pieces.iter().flatten().map(Piece::len).sum();
        response.throttle_time_ms = context.charge(self.meter.as_deref(), bytes);
        self.encode(&response, pieces)
    }

    /// One partition's answer; what does not fit into `left` any more is left for the next request.
    fn partition(
        &self,
        n: usize,
        result: Result<ReadAnswer, Refusal>,
        left: u64,
        first: bool,
        pieces: &mut Vec<Vec<Piece>>,
    ) -> FetchPartitionResponse<'static> {
        let index = self.wanted[n].partition.index;
        let mut response = FetchPartitionResponse { index, ..Default::default() };
        match result {
            Ok(read) => {
                response.high_watermark = read.high_watermark.0;
                response.last_stable_offset = read.last_stable.0;
                response.log_start_offset = read.log_start.0;
                // Shards read side by side, each up to the limit: together they may pass it.
                if self.isolation == Isolation::Committed {
                    response.aborted_transactions =
                        Some(read.aborted.iter().map(aborted).collect());
                }
                if read.bytes > 0 && (first || read.bytes <= left) {
                    response.records = FetchRecords::Hole { len: read.bytes as u32 };
                    pieces.push(read.pieces);
                }
            }
            Err(refusal) => {
                let by_id = self.origin.version >= 13;
                response.error_code = match (&refusal, self.found[n]) {
                    // Deleted meanwhile, if it was here a moment ago.
                    (Refusal::Unknown, Found::NoTopic | Found::Here(..)) if by_id => {
                        ErrorCode::UnknownTopicId
                    }
                    _ => refusal.code(),
                };
                if let Refusal::OutOfRange { log_start, high_watermark } = refusal {
                    response.log_start_offset = log_start.0;
                    response.high_watermark = high_watermark.0;
                }
            }
        }
        response
    }

    /// The encoded answer with the pieces in its holes.
    fn encode(&self, response: &FetchResponse<'_>, pieces: Vec<Vec<Piece>>) -> Step {
        let Origin { api, version, correlation_id } = self.origin;
        let mut buffer = BytesMut::with_capacity(512);
        let encode = |w: &mut Writer<'_>| (response.encode_with_holes(w, version), w.take_errors());
        let (holes, errors) = encode_response(&mut buffer, api, version, correlation_id, encode);
        let encoded = buffer.freeze();
        let mut parts = Vec::new();
        let mut at = 0;
        for (hole, pieces) in holes.iter().zip(pieces) {
            parts.push(Piece::Memory(encoded.slice(at..hole.at)));
            at = hole.at;
            parts.extend(pieces);
        }
        parts.push(Piece::Memory(encoded.slice(at..)));
        Step::Reply(parts, errors)
    }
}

fn aborted(aborted: &Aborted) -> AbortedTransaction {
    let Aborted { producer_id, first_offset: Offset(first_offset), .. } = *aborted;
    AbortedTransaction { producer_id, first_offset }
}

/// Adds a partition under its topic; partitions of one topic that follow each other share an entry.
fn add(
    response: &mut FetchResponse<'_>,
    wanted: &Wanted,
    partition: FetchPartitionResponse<'static>,
) {
    let Named { topic: name, id, .. } = &wanted.partition;
    match response.topics.last_mut() {
        Some(topic) if topic.topic_id == *id && topic.name == *name => {
            topic.partitions.push(partition)
        }
        _ => response.topics.push(FetchTopicResponse {
            name: name.clone().into(),
            topic_id: *id,
            partitions: vec![partition],
        }),
    }
}
