//! Records: what a builder wrote is read back, and each broken record is named.

use super::*;
use crate::batch::builder::{BatchBuilder, Producer};
use crate::batch::compression::Compression;
use crate::batch::header::HEADER_BYTES;

fn payload(build: impl FnOnce(&mut BatchBuilder)) -> Vec<u8> {
    let mut builder = BatchBuilder::new(Compression::None);
    build(&mut builder);
    builder.finish(Producer::NONE)[HEADER_BYTES..].to_vec()
}

#[test]
fn reads_what_was_built() {
    let headers: [(&[u8], Option<&[u8]>); 2] = [(b"trace", Some(b"1")), (b"empty", None)];
    let bytes = payload(|builder| {
        builder.push(100, None, Some(b"value"));
        builder.push_with_headers(90, Some(b"key"), None, &headers);
        builder.push(i64::MAX, Some(b""), Some(&[7; 1000]));
    });
    let records: Vec<_> = records(&bytes, 3).map(Result::unwrap).collect();
    assert_eq!(records.iter().map(|r| r.offset_delta).collect::<Vec<_>>(), [0, 1, 2]);
    let deltas: Vec<_> = records.iter().map(|r| r.timestamp_delta).collect();
    assert_eq!(deltas, [0, -10, i64::MAX - 100]);
    assert_eq!((records[0].key, records[0].value), (None, Some(&b"value"[..])));
    assert_eq!((records[1].key, records[1].value), (Some(&b"key"[..]), None));
    assert_eq!(records[1].headers.iter().collect::<Vec<_>>(), headers);
    assert_eq!((records[1].headers.len(), records[0].headers.is_empty()), (2, true));
    assert_eq!((records[2].key, records[2].value), (Some(&b""[..]), Some(&[7; 1000][..])));
}

#[test]
fn summary_for_the_broker() {
    let bytes = payload(|builder| {
        builder.push(100, None, Some(b"a"));
        builder.push(90, Some(b"key"), Some(b"b"));
        builder.push(150, Some(b"key"), Some(b"c"));
    });
    let expected = Summary { timestamp_delta_max: 50, timestamp_delta_min: -10, keyless_count: 1 };
    assert_eq!(validate_records(&bytes, 3), Ok(expected));
    let left = bytes.len() - 8;
    assert_eq!(validate_records(&bytes, 1), Err(RecordError::TrailingBytes { had: left }));
}

#[test]
fn every_reason_has_its_name() {
    let good = payload(|builder| builder.push(0, None, Some(b"a")));
    // Length 7 (zigzag 14), attributes, two deltas, null key, one byte of value, no headers.
    assert_eq!(good, [14, 0, 0, 0, 1, 2, b'a', 0]);

    let first = |bytes: &[u8]| validate_records(bytes, 1).unwrap_err();
    assert!(matches!(first(&[]), RecordError::Field { index: 0, .. }));
    assert!(matches!(first(&good[..7]), RecordError::Field { index: 0, .. }));
    assert_eq!(first(&[1]), RecordError::BadLength { index: 0, length: -1 });
    let key_length = [14, 0, 0, 0, 3, 2, b'a', 0];
    assert_eq!(first(&key_length), RecordError::BadLength { index: 0, length: -2 });
    let header_count = [14, 0, 0, 0, 1, 2, b'a', 1];
    assert_eq!(first(&header_count), RecordError::BadLength { index: 0, length: -1 });
    let unused = [16, 0, 0, 0, 1, 2, b'a', 0, 0];
    assert_eq!(first(&unused), RecordError::WrongLength { index: 0, unused: 1 });
    let offset_delta = [14, 0, 0, 2, 1, 2, b'a', 0];
    assert_eq!(first(&offset_delta), RecordError::BadOffsetDelta { index: 0, offset_delta: 1 });
    let header_key_null = [18, 0, 0, 0, 1, 2, b'a', 2, 1, 1];
    assert_eq!(first(&header_key_null), RecordError::BadLength { index: 0, length: -1 });
}

#[test]
fn a_count_is_not_believed() {
    assert_eq!(records(&[], -1).count(), 0);
    assert_eq!(records(&[], i32::MAX).count(), 1, "one error, then the end");
    // A record that claims two billion headers in no bytes.
    let bytes = [22, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0];
    assert!(matches!(records(&bytes, 1).next(), Some(Err(RecordError::Field { .. }))));
}
