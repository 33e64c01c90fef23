//! The two requests that are the load. Produce is written with holes where the batches go, so that
//! their bytes are never copied; answers to both are reduced to what a producer or consumer decides by.
//!
//! Everything else is asked with the protocol crate's own types, by [`super::control`].

use bytes::Bytes;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::fetch::response::{AbortedTransaction, FetchResponse};
use headwater_protocol::messages::fetch::{FetchPartition, FetchRequest, FetchTopic};
use headwater_protocol::messages::produce::ProduceResponse;
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;
use headwater_protocol::wire::writer::Writer;

/// A produce request without its batches.
pub struct ProduceHead<'a> {
    /// Of the transaction that they belong to.
    pub transactional_id: Option<&'a str>,
    /// Topic of all of them.
    pub topic: &'a str,
    /// As in the request.
    pub acks: i16,
    /// How long the broker may take.
    pub timeout_ms: i32,
    /// Partition and batch, in the order in which they go out.
    pub batches: &'a [(u32, Bytes)],
}

impl ProduceHead<'_> {
    /// Writes everything but the batches and returns the positions at which they belong. Mirrors
    /// `ProduceRequest` of the protocol crate, which takes batches by copy; a test compares the two.
    pub fn encode(&self, w: &mut Writer<'_>) -> Vec<usize> {
        let mut holes = Vec::with_capacity(self.batches.len());
        w.nullable_string(self.transactional_id);
        w.i16(self.acks);
        w.i32(self.timeout_ms);
        w.array(&[self.topic], |w, topic| {
            w.string(topic);
            w.array(self.batches, |w, (partition, batch)| {
                w.i32(*partition as i32);
                holes.push(w.hole(batch.len()));
                w.no_tags();
            });
            w.no_tags();
        });
        w.no_tags();
        holes
    }
}

/// What became of one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducedPart {
    /// Where it was sent.
    pub partition: u32,
    /// Error, or none.
    pub error: ErrorCode,
    /// Offset of its first record; -1 if the broker does not say.
    pub base_offset: i64,
}

/// Reads the answer to a produce request.
pub fn decode_produced(
    mut body: Reader<'_>,
    version: i16,
) -> Result<Vec<ProducedPart>, DecodeError> {
    let answer = ProduceResponse::decode(&mut body, version)?;
    let partitions = answer.topics.into_iter().flat_map(|topic| topic.partitions);
    Ok(partitions
        .map(|part| ProducedPart {
            partition: part.index as u32,
            error: part.error_code,
            base_offset: part.base_offset,
        })
        .collect())
}

/// What one fetch asks for.
pub struct FetchAsk<'a> {
    /// Topic of all partitions.
    pub topic: &'a str,
    /// Partition and the offset to begin at.
    pub partitions: &'a [(u32, i64)],
    /// How long the broker may wait for `bytes_min`.
    pub wait_ms: i32,
    /// Bytes worth answering for.
    pub bytes_min: i32,
    /// Bytes in the whole answer, and from one partition.
    pub bytes_max: i32,
    /// Only up to the first transaction that is still open.
    pub is_committed: bool,
}

impl FetchAsk<'_> {
    /// Writes the body of the request, outside any fetch session.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        let partition = |&(index, fetch_offset): &(u32, i64)| FetchPartition {
            index: index as i32,
            fetch_offset,
            partition_max_bytes: self.bytes_max,
            ..FetchPartition::default()
        };
        let topic = FetchTopic {
            name: self.topic,
            partitions: self.partitions.iter().map(partition).collect(),
            ..FetchTopic::default()
        };
        let request = FetchRequest {
            max_wait_ms: self.wait_ms,
            min_bytes: self.bytes_min,
            max_bytes: self.bytes_max,
            isolation_level: self.is_committed.into(),
            topics: vec![topic],
            ..FetchRequest::default()
        };
        request.encode(w, version);
    }
}

/// What came from one partition.
#[derive(Clone, Debug)]
pub struct FetchedPart {
    /// Which partition.
    pub partition: u32,
    /// Error, or none.
    pub error: ErrorCode,
    /// Batches, one after the other; the last may be cut short.
    pub batches: Bytes,
    /// Transactions among them that were aborted.
    pub aborted: Vec<AbortedTransaction>,
}

/// Reads the answer to a fetch; the batches stay in `frame`.
pub fn decode_fetched(
    frame: &Bytes,
    mut body: Reader<'_>,
    version: i16,
) -> Result<(ErrorCode, Vec<FetchedPart>), DecodeError> {
    let answer = FetchResponse::decode(&mut body, version)?;
    let partitions = answer.topics.into_iter().flat_map(|topic| topic.partitions);
    let parts = partitions.map(|part| FetchedPart {
        partition: part.index as u32,
        error: part.error_code,
        batches: frame.slice_ref(part.records.inline().unwrap_or_default()),
        aborted: part.aborted_transactions.unwrap_or_default(),
    });
    Ok((answer.error_code, parts.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;
    use headwater_protocol::messages::produce::{ProducePartition, ProduceRequest, ProduceTopic};

    #[test]
    fn a_head_with_its_batches_is_what_the_protocol_crate_writes() {
        let batches = [(0, Bytes::from_static(b"first")), (5, Bytes::from_static(b"second!"))];
        for version in [3, 8, 9, 12] {
            let flexible = version >= 9;
            let transactional_id = (version > 3).then_some("id");
            let (topic, acks, timeout_ms) = ("t", -1, 30_000);
            let head = ProduceHead { transactional_id, topic, acks, timeout_ms, batches: &batches };
            let mut buffer = BytesMut::new();
            let holes = head.encode(&mut Writer::new(&mut buffer, flexible));
            let mut ours = Vec::new();
            let mut at = 0;
            for (hole, (_, batch)) in holes.iter().zip(&batches) {
                ours.extend_from_slice(&buffer[at..*hole]);
                ours.extend_from_slice(batch);
                at = *hole;
            }
            ours.extend_from_slice(&buffer[at..]);

            let partition = |(index, batch): &(u32, Bytes)| (*index as i32, batch.clone());
            let owned: Vec<_> = batches.iter().map(partition).collect();
            let partitions = owned
                .iter()
                .map(|(index, batch)| ProducePartition { index: *index, records: Some(batch) })
                .collect();
            let request = ProduceRequest {
                transactional_id,
                acks: -1,
                timeout_ms: 30_000,
                topics: vec![ProduceTopic { name: "t", partitions, ..ProduceTopic::default() }],
            };
            let mut theirs = BytesMut::new();
            request.encode(&mut Writer::new(&mut theirs, flexible), version);
            assert_eq!(ours, theirs, "version {version}");
        }
    }
}
