//! Record batches, as a producer sends them and as a segment holds them.
//!
//! Promises: a batch that is accepted is one whose records can be walked to the end or refused by name; what they
//! decompress to stays under the limit; and records that are accepted, built into a batch again, are the same.

use bytes::Bytes;
use headwater::log::record_set::RecordSet;
use headwater_io::sim::rng::Rng;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::{Compression, compress, records_of};
use headwater_protocol::batch::header::{
    self, ATTRIBUTES_AT, BATCH_LENGTH_AT, HEADER_BYTES, LEADER_EPOCH_AT,
};
use headwater_protocol::batch::record::{Record, records, validate_records};

use super::Target;
use crate::damage;

/// What records may decompress to.
const PAYLOAD_BYTES_MAX: usize = 1 << 20;
const BATCH_BYTES_MAX: usize = 1 << 20;

pub const TARGET: Target = Target {
    name: "batches",
    about: "record batches, damaged, compressed or lying under a right checksum: refused, or the same when built again",
    make,
    check,
    smoke: 4000,
    found: &[],
};

/// One to three batches; damaged as a whole, or inside and sealed again.
fn make(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..=rng.below(3) {
        let mut batch = batch(rng);
        if rng.chance(60) {
            lie(rng, &mut batch);
        }
        bytes.extend(batch);
    }
    if rng.chance(40) {
        damage::damage(rng, &mut bytes);
    }
    bytes
}

/// A sound batch of a few records of every shape.
pub fn batch(rng: &mut Rng) -> Vec<u8> {
    let compression = Compression::ALL[rng.below(5) as usize];
    let mut builder = BatchBuilder::new(compression);
    for _ in 0..=rng.below(6) {
        let key = rng.chance(50).then(|| damage::noise(rng, 20));
        let value = rng.chance(90).then(|| damage::noise(rng, 300));
        let names: Vec<Vec<u8>> = (0..rng.below(3)).map(|_| damage::noise(rng, 8)).collect();
        let headers: Vec<_> = names.iter().map(|name| (&name[..], Some(&name[..]))).collect();
        let timestamp_ms = 1_700_000_000_000 + rng.below(1000) as i64;
        builder.push_with_headers(timestamp_ms, key.as_deref(), value.as_deref(), &headers);
    }
    let idempotent = Producer { id: rng.below(4) as i64, epoch: 0, base_sequence: 5 };
    let producer = if rng.chance(50) { idempotent } else { Producer::NONE };
    builder.finish(producer).to_vec()
}

/// Damages header or records, and makes length and checksum right again: what an enemy sends.
fn lie(rng: &mut Rng, batch: &mut Vec<u8>) {
    let bits = i16::from(batch[ATTRIBUTES_AT + 1] & 7);
    let compression = Compression::from_bits(bits).expect("a batch of ours");
    match rng.below(3) {
        0 => {
            let at = LEADER_EPOCH_AT + rng.below((HEADER_BYTES - LEADER_EPOCH_AT) as u64) as usize;
            let end = HEADER_BYTES.min(at + 4);
            batch[at..end].copy_from_slice(&rng.next_u64().to_be_bytes()[..end - at]);
        }
        // Behind the compression, where a checksum over compressed bytes does not reach.
        1 => {
            let mut scratch = Vec::new();
            let parsed = header::batches(batch).next().expect("one").expect("whole");
            let plain = records_of(&parsed, PAYLOAD_BYTES_MAX, &mut scratch).expect("sound");
            let mut plain = plain.to_vec();
            damage::damage(rng, &mut plain);
            batch.truncate(HEADER_BYTES);
            compress(compression, &plain, batch);
        }
        _ => {
            let mut payload = batch.split_off(HEADER_BYTES);
            damage::damage(rng, &mut payload);
            batch.extend(payload);
        }
    }
    let batch_length = (batch.len() - LEADER_EPOCH_AT) as i32;
    batch[BATCH_LENGTH_AT..][..4].copy_from_slice(&batch_length.to_be_bytes());
    header::set_crc(batch);
}

fn check(bytes: &[u8]) {
    // Every byte, for scanners look for a batch at every byte.
    for at in 0..bytes.len().min(64) {
        let _ = header::check(&bytes[at..]);
    }
    let mut scratch = Vec::new();
    for batch in header::batches(bytes).map_while(Result::ok) {
        let payload = records_of(&batch, PAYLOAD_BYTES_MAX, &mut scratch);
        let Ok(payload) = payload else { continue };
        assert!(payload.len() <= PAYLOAD_BYTES_MAX, "{} bytes decompressed", payload.len());
        let count = batch.header.record_count;
        let walked: Result<Vec<Record<'_>>, _> = records(payload, count).collect();
        let valid = validate_records(payload, count);
        assert!(valid.is_err() || walked.is_ok(), "valid, and cannot be walked");
        if let (Ok(_), Ok(walked)) = (valid, walked) {
            rebuild(batch.header.base_timestamp, &walked);
        }
    }
    if let Ok(set) = RecordSet::check(Bytes::copy_from_slice(bytes), BATCH_BYTES_MAX) {
        let walked: usize = set.batches().map(|(_, batch)| batch.len()).sum();
        assert_eq!(walked, bytes.len(), "a record set with bytes that belong to no batch");
        assert!(set.record_count() > 0);
    }
}

/// What was accepted is built into a batch again and read from it.
fn rebuild(base_timestamp: i64, accepted: &[Record<'_>]) {
    let mut builder = BatchBuilder::new(Compression::None);
    for record in accepted {
        let headers: Vec<_> = record.headers.iter().collect();
        assert_eq!(
            headers.len(),
            record.headers.len(),
            "headers that were counted and are not there"
        );
        let timestamp_ms = base_timestamp.wrapping_add(record.timestamp_delta);
        builder.push_with_headers(timestamp_ms, record.key, record.value, &headers);
    }
    if builder.is_empty() {
        return;
    }
    let built = builder.finish(Producer::NONE).to_vec();
    let header = header::validate(&built).expect("built here");
    let again: Vec<_> = records(&built[HEADER_BYTES..], header.record_count)
        .collect::<Result<_, _>>()
        .expect("built here");
    assert_eq!(again.len(), accepted.len());
    for (again, accepted) in again.iter().zip(accepted) {
        let headers = |record: &Record<'_>| {
            let all = record.headers.iter().map(|(k, v)| (k.to_vec(), v.map(<[u8]>::to_vec)));
            all.collect::<Vec<_>>()
        };
        assert_eq!((again.key, again.value), (accepted.key, accepted.value));
        assert_eq!(headers(again), headers(accepted));
        assert_eq!(again.offset_delta, accepted.offset_delta);
    }
}
