//! Building: estimates hold, buffers are reused, size of varints agrees with what is written.

use super::*;
use crate::batch::compression::{Compression, records_of};
use crate::batch::header::{batches, validate};
use crate::batch::record::records;

#[test]
fn varint_size_is_what_varint_writes() {
    let mut values = vec![0, -1, i64::MAX, i64::MIN];
    for shift in 0..63 {
        values.extend([1 << shift, (1 << shift) - 1, -(1 << shift), -(1 << shift) - 1]);
    }
    for value in values {
        let mut front = Front::new();
        front.varint(value);
        assert_eq!(front.bytes().len(), varint_size(value), "{value}");
    }
}

#[test]
fn estimate_is_never_too_low() {
    let mut builder = BatchBuilder::new(Compression::None);
    for bytes in [0, 1, 63, 64, 8191, 8192, 100_000] {
        let (key, value) = (vec![1; bytes], vec![2; bytes]);
        let estimate = builder.bytes_with(bytes, bytes);
        builder.push(i64::MIN + bytes as i64, Some(&key), Some(&value));
        assert!(builder.bytes() <= estimate, "{bytes}");
        assert!(builder.bytes() + RECORD_OVERHEAD_MAX > estimate, "{bytes}");
    }
}

#[test]
fn reuse_leaves_nothing_behind() {
    for compression in Compression::ALL {
        let mut reused = BatchBuilder::new(compression);
        reused.push(50, Some(b"old"), Some(&[1; 500]));
        reused.finish(Producer { id: 1, epoch: 1, base_sequence: 1 });
        reused.clear();
        assert!(reused.is_empty());
        let mut fresh = BatchBuilder::new(compression);
        for builder in [&mut reused, &mut fresh] {
            builder.push(10, None, Some(b"new"));
            builder.push(20, None, Some(b"new"));
        }
        assert_eq!(reused.record_count(), 2);
        assert_eq!(reused.finish(Producer::NONE), fresh.finish(Producer::NONE), "{compression}");
    }
}

#[test]
fn finishing_twice_is_harmless() {
    let mut builder = BatchBuilder::new(Compression::Lz4);
    builder.push(10, None, Some(b"one"));
    let once = builder.finish(Producer::NONE).to_vec();
    assert_eq!(builder.finish(Producer::NONE), once);
    builder.push(10, None, Some(b"two"));
    assert_eq!(validate(builder.finish(Producer::NONE)).unwrap().record_count, 2);
}

#[test]
fn every_compression_round_trips() {
    for compression in Compression::ALL {
        let mut builder = BatchBuilder::new(compression);
        for index in 0..1000u32 {
            builder.push(i64::from(index), Some(&index.to_be_bytes()), Some(&[b'x'; 100]));
        }
        let bytes = builder.finish(Producer::NONE).to_vec();
        assert_eq!(bytes.len() < builder.bytes(), compression != Compression::None);
        let header = validate(&bytes).unwrap();
        assert_eq!(header.attributes.compression, compression);
        let batch = batches(&bytes).next().unwrap().unwrap();
        let mut scratch = Vec::new();
        let payload = records_of(&batch, 1 << 20, &mut scratch).unwrap();
        for (index, record) in records(payload, header.record_count).enumerate() {
            assert_eq!(record.unwrap().key, Some(&(index as u32).to_be_bytes()[..]));
        }
    }
}
