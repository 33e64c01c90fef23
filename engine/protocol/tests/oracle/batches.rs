//! Record batches: theirs are read by us, ours by them, with every compression.

use bytes::{Bytes, BytesMut};
use headwater_protocol::batch::attributes::Attributes;
use headwater_protocol::batch::builder::{BatchBuilder, Producer};
use headwater_protocol::batch::compression::{Compression, records_of};
use headwater_protocol::batch::header::{self, batches, validate};
use headwater_protocol::batch::record::{records, validate_records};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records as theirs;
use theirs::{Record, RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType};

const RECORD_COUNT: usize = 300;
const BASE_TIMESTAMP: i64 = 1_700_000_000_000;
const PRODUCER: Producer = Producer { id: 4711, epoch: 3, base_sequence: 1000 };

fn their_compression(compression: Compression) -> theirs::Compression {
    match compression {
        Compression::None => theirs::Compression::None,
        Compression::Gzip => theirs::Compression::Gzip,
        Compression::Snappy => theirs::Compression::Snappy,
        Compression::Lz4 => theirs::Compression::Lz4,
        Compression::Zstd => theirs::Compression::Zstd,
    }
}

/// Keys and values of several lengths, some null; headers on every third record.
fn their_records() -> Vec<Record> {
    (0..RECORD_COUNT)
        .map(|index| {
            let mut headers = IndexMap::new();
            if index % 3 == 0 {
                headers.insert(StrBytes::from_static_str("trace"), Some(Bytes::from("on")));
                headers.insert(StrBytes::from_static_str("empty"), None);
            }
            Record {
                transactional: true,
                control: false,
                delete_horizon: false,
                partition_leader_epoch: -1,
                producer_id: PRODUCER.id,
                producer_epoch: PRODUCER.epoch,
                timestamp_type: TimestampType::Creation,
                offset: index as i64,
                sequence: PRODUCER.base_sequence + index as i32,
                timestamp: BASE_TIMESTAMP + index as i64 * 7,
                key: (index % 4 != 0).then(|| Bytes::from(format!("key {index}"))),
                value: (index % 5 != 0).then(|| Bytes::from(vec![index as u8; index * 3])),
                headers,
            }
        })
        .collect()
}

fn our_batch(compression: Compression) -> Vec<u8> {
    let mut builder = BatchBuilder::new(compression);
    for record in their_records() {
        let headers: Vec<(&[u8], Option<&[u8]>)> =
            record.headers.iter().map(|(key, value)| (key.as_bytes(), value.as_deref())).collect();
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        builder.push_with_headers(record.timestamp, key, value, &headers);
    }
    let attributes = Attributes { is_transactional: true, ..Attributes::default() };
    builder.finish_with(PRODUCER, attributes).to_vec()
}

fn their_batch(compression: Compression) -> BytesMut {
    let options = RecordEncodeOptions { version: 2, compression: their_compression(compression) };
    let mut bytes = BytesMut::new();
    RecordBatchEncoder::encode(&mut bytes, &their_records(), &options).unwrap();
    bytes
}

#[test]
fn ours_uncompressed_is_theirs_byte_for_byte() {
    assert_eq!(our_batch(Compression::None), their_batch(Compression::None));
}

#[test]
fn they_read_ours() {
    for compression in Compression::ALL {
        let mut bytes = Bytes::from(our_batch(compression));
        let set = RecordBatchDecoder::decode(&mut bytes).unwrap();
        assert_eq!(set.compression, their_compression(compression));
        assert_eq!(set.records, their_records(), "{compression}");
    }
}

#[test]
fn we_read_theirs() {
    for compression in Compression::ALL {
        let bytes = their_batch(compression);
        let header = validate(&bytes).unwrap();
        assert_eq!(header.attributes.compression, compression);
        assert!(header.attributes.is_transactional && !header.attributes.is_control);
        assert_eq!(header.record_count as usize, RECORD_COUNT);
        assert_eq!(header.base_sequence, PRODUCER.base_sequence);

        let batch = batches(&bytes).next().unwrap().unwrap();
        let mut scratch = Vec::new();
        let payload = records_of(&batch, 1 << 20, &mut scratch).unwrap();
        validate_records(payload, header.record_count).unwrap();
        let ours = records(payload, header.record_count).map(Result::unwrap);
        for (ours, theirs) in ours.zip(their_records()) {
            assert_eq!(i64::from(ours.offset_delta), theirs.offset);
            assert_eq!(header.timestamp(ours.timestamp_delta), theirs.timestamp);
            assert_eq!((ours.key, ours.value), (theirs.key.as_deref(), theirs.value.as_deref()));
            let headers = ours.headers.iter().map(|(key, value)| {
                let key = StrBytes::from_utf8(Bytes::copy_from_slice(key)).unwrap();
                (key, value.map(Bytes::copy_from_slice))
            });
            assert_eq!(headers.collect::<IndexMap<_, _>>(), theirs.headers);
        }
    }
}

#[test]
fn they_see_what_the_broker_patched() {
    let mut bytes = our_batch(Compression::Zstd);
    header::set_base_offset(&mut bytes, 1_000_000);
    header::set_leader_epoch(&mut bytes, 12);
    header::set_log_append_time(&mut bytes, BASE_TIMESTAMP + 99);
    let set = RecordBatchDecoder::decode(&mut Bytes::from(bytes)).unwrap();
    for (index, record) in set.records.iter().enumerate() {
        assert_eq!(record.offset, 1_000_000 + index as i64);
        assert_eq!(record.partition_leader_epoch, 12);
        assert_eq!(record.timestamp_type, TimestampType::LogAppend);
    }
}
