//! Batches from a peer that means harm: headers, records, compressed bytes.

use crate::random::Random;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::{Compression, compress, decompress, records_of};
use headwater_protocol::batch::header::{self, Batch, HEADER_BYTES, batches, validate};
use headwater_protocol::batch::record::{records, validate_records};

const ROUNDS: usize = 20_000;
const BYTES_MAX: usize = 1 << 20;

fn batch(compression: Compression, record_count: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new(compression);
    for index in 0..record_count {
        let headers: [(&[u8], Option<&[u8]>); 1] = [(b"header", Some(b"value"))];
        builder.push_with_headers(index as i64, Some(b"key"), Some(&[b'v'; 20]), &headers);
    }
    builder.finish(Producer::NONE).to_vec()
}

/// Reads everything there is, as broker and consumer do.
fn read_all(bytes: &[u8], scratch: &mut Vec<u8>) -> usize {
    let mut record_count = 0;
    let whole = batches(bytes).map_while(Result::ok);
    for batch in whole {
        let Batch { header, .. } = batch;
        let Ok(payload) = records_of(&batch, BYTES_MAX, scratch) else {
            continue;
        };
        let _ = validate_records(payload, header.record_count);
        for record in records(payload, header.record_count) {
            let Ok(record) = record else { break };
            assert_eq!(record.headers.iter().count(), record.headers.len());
            record_count += 1;
        }
    }
    record_count
}

#[test]
fn damaged_batches() {
    let mut random = Random::new(3);
    let good = [batch(Compression::None, 3), batch(Compression::None, 1)].concat();
    let mut scratch = Vec::new();
    assert_eq!(read_all(&good, &mut scratch), 4);
    for _ in 0..ROUNDS {
        let mut bytes = good.clone();
        random.damage(&mut bytes);
        let _ = validate(&bytes);
        read_all(&bytes, &mut scratch);
    }
}

#[test]
fn damaged_records_under_a_right_checksum() {
    let mut random = Random::new(4);
    let good = batch(Compression::None, 5);
    let mut scratch = Vec::new();
    for _ in 0..ROUNDS {
        let mut payload = good[HEADER_BYTES..].to_vec();
        random.damage(&mut payload);
        let mut bytes = [&good[..HEADER_BYTES], &payload].concat();
        let batch_length = (bytes.len() - header::LEADER_EPOCH_AT) as i32;
        bytes[header::BATCH_LENGTH_AT..][..4].copy_from_slice(&batch_length.to_be_bytes());
        header::set_crc(&mut bytes);
        validate(&bytes).expect("the header is fine");
        read_all(&bytes, &mut scratch);
    }
}

#[test]
fn damaged_compression() {
    let mut random = Random::new(5);
    let plain = batch(Compression::None, 200);
    for compression in &Compression::ALL[1..] {
        let mut good = Vec::new();
        compress(*compression, &plain, &mut good);
        let mut out = Vec::new();
        for _ in 0..2_000 {
            let mut bytes = good.clone();
            random.damage(&mut bytes);
            let _ = decompress(*compression, &bytes, BYTES_MAX, &mut out);
            assert!(out.len() <= BYTES_MAX + 1, "{compression}");
            assert!(out.capacity() <= 4 * BYTES_MAX, "{compression} {}", out.capacity());
        }
    }
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let plain = vec![0; 64 << 20];
    for compression in &Compression::ALL[1..] {
        let mut bomb = Vec::new();
        compress(*compression, &plain, &mut bomb);
        let mut out = Vec::new();
        assert!(decompress(*compression, &bomb, BYTES_MAX, &mut out).is_err(), "{compression}");
        assert!(out.capacity() <= 4 * BYTES_MAX, "{compression} {}", out.capacity());
    }
}
