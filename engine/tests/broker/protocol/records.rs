//! What is checked in the records that a producer sends, and what becomes of their times.

use std::time::{SystemTime, UNIX_EPOCH};

use headwater_protocol::batch::builder::Producer;
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::batch::header;
use headwater_protocol::error_code::ErrorCode;

use crate::harness::batches::{THEN_MS, batch, plain, sized};
use crate::harness::broker::Broker;
use crate::harness::on_both;

#[test]
fn bytes_that_are_no_sound_batch_are_refused_by_their_fault() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let good = plain(&["one", "two"]);
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut batch = good.clone();
            change(&mut batch);
            header::set_crc(&mut batch);
            batch
        };
        let corrupt = {
            let mut batch = good.clone();
            batch[70] ^= 4;
            batch
        };
        let cases = [
            ("a wrong checksum", corrupt, ErrorCode::CorruptMessage),
            ("nothing", Vec::new(), ErrorCode::InvalidRecord),
            ("half a header", good[..30].to_vec(), ErrorCode::CorruptMessage),
            ("half a batch", good[..good.len() - 1].to_vec(), ErrorCode::CorruptMessage),
            ("more behind it", [&good[..], &[1, 2, 3]].concat(), ErrorCode::CorruptMessage),
            (
                "the format of 2016",
                with(&|batch| batch[16] = 1),
                ErrorCode::UnsupportedForMessageFormat,
            ),
            ("compression 7", with(&|batch| batch[22] = 7), ErrorCode::UnsupportedCompressionType),
            ("a control batch", with(&|batch| batch[22] = 0x20), ErrorCode::InvalidRecord),
            ("no records", with(&|batch| batch[57..61].fill(0)), ErrorCode::InvalidRecord),
            ("offsets with a gap", with(&|batch| batch[26] = 9), ErrorCode::InvalidRecord),
            ("half an identity", with(&|batch| batch[43..51].fill(0)), ErrorCode::InvalidRecord),
            ("two batches", [&good[..], &good].concat(), ErrorCode::InvalidRecord),
        ];
        for (what, bytes, expected) in cases {
            let produced = client.produce("t", 0, &bytes);
            assert_eq!(
                (produced.error, produced.base_offset),
                (expected, -1),
                "{what}: {:?}",
                produced.message
            );
        }
        assert_eq!(client.ends("t", 0), (0, 0));
        assert_eq!(client.append("t", 0, &good), 0);
    });
}

/// A header may promise two thousand million records in a few bytes. Taken at its word it would use up
/// the offsets of a segment, and its index, in three requests.
#[test]
fn a_batch_cannot_hold_more_records_than_bytes() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let mut batch = plain(&["one"]);
        batch[23..27].copy_from_slice(&(i32::MAX - 1).to_be_bytes());
        batch[57..61].copy_from_slice(&i32::MAX.to_be_bytes());
        header::set_crc(&mut batch);
        assert_eq!(client.produce("t", 0, &batch).error, ErrorCode::InvalidRecord);
    });
}

/// Compressed records are not unpacked, so a count can lie; consumers then see a gap in the offsets, and
/// everything else stays readable.
#[test]
fn offsets_that_a_compressed_batch_claims_do_not_break_the_log() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[("index.interval.bytes", "0")]);
        let mut lie = batch(Compression::Lz4, Producer::NONE, [(THEN_MS, &b"one"[..])].into_iter());
        lie[23..27].copy_from_slice(&(i32::MAX - 1).to_be_bytes());
        lie[57..61].copy_from_slice(&i32::MAX.to_be_bytes());
        header::set_crc(&mut lie);
        let mut next = 0;
        for _ in 0..4 {
            let produced = client.produce("t", 0, &lie);
            if produced.error != ErrorCode::None {
                assert_eq!(produced.error, ErrorCode::InvalidRecord);
                return;
            }
            assert_eq!(produced.base_offset, next);
            next += i64::from(i32::MAX);
            assert_eq!(client.append("t", 0, &plain(&["after"])), next);
            let fetched = client.fetch_from("t", 0, next);
            assert_eq!((fetched.error, fetched.records()[0].offset), (ErrorCode::None, next));
            next += 1;
        }
        drop(client);
        let broker = broker.kill_and_restart();
        let mut client = broker.connect();
        assert_eq!(client.ends("t", 0), (0, next));
        let fetched = client.fetch_from("t", 0, next - 1);
        assert_eq!((fetched.error, fetched.records()[0].offset), (ErrorCode::None, next - 1));
    });
}

#[test]
fn a_batch_that_is_too_large_is_refused_and_one_at_the_limit_is_not() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let fits = sized(1, 5000, 1);
        client.create("t", 1, &[("max.message.bytes", &fits.len().to_string())]);
        assert_eq!(client.append("t", 0, &fits), 0);
        let produced = client.produce("t", 0, &sized(1, 5001, 1));
        assert_eq!(produced.error, ErrorCode::MessageTooLarge, "{:?}", produced.message);
        assert_eq!(client.ends("t", 0), (0, 1));
    });
}

#[test]
fn every_compression_is_kept_as_it_came() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let value = [b'x'; 2000];
        let mut sent = Vec::new();
        for compression in Compression::ALL {
            let bytes = batch(
                compression,
                Producer::NONE,
                [(THEN_MS, &value[..]), (THEN_MS + 1, b"y")].into_iter(),
            );
            client.append("t", 0, &bytes);
            sent.push(bytes);
        }
        let fetched = client.fetch_from("t", 0, 0);
        let got: Vec<_> =
            header::batches(&fetched.bytes).map(|batch| batch.unwrap().bytes.to_vec()).collect();
        assert_eq!(got.len(), sent.len());
        for (got, sent) in got.iter().zip(&sent) {
            // Offset and epoch are the broker's; the rest is not touched.
            assert_eq!(got[16..], sent[16..]);
        }
        assert_eq!(fetched.records().len(), 2 * sent.len());
    });
}

#[test]
fn times_far_from_the_brokers_are_refused() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("any", 1, &[]);
        let limits = [
            ("message.timestamp.before.max.ms", "60000"),
            ("message.timestamp.after.max.ms", "60000"),
        ];
        client.create("near", 1, &limits);
        let at = |timestamp_ms| {
            batch(Compression::None, Producer::NONE, [(timestamp_ms, &b"x"[..])].into_iter())
        };
        let now = now_ms();
        let mut error = |topic, timestamp_ms| client.produce(topic, 0, &at(timestamp_ms)).error;
        assert_eq!(error("near", now), ErrorCode::None);
        assert_eq!(error("near", now - 120_000), ErrorCode::InvalidTimestamp);
        assert_eq!(error("near", now + 120_000), ErrorCode::InvalidTimestamp);
        // Kafka's defaults: any time in the past, an hour of the future.
        assert_eq!(error("any", 1), ErrorCode::None);
        assert_eq!(error("any", now + 2 * 3_600_000), ErrorCode::InvalidTimestamp);
        assert_eq!(error("any", -1), ErrorCode::None);
        // One record of a batch is enough.
        let mixed = batch(
            Compression::None,
            Producer::NONE,
            [(now - 120_000, &b"x"[..]), (now, b"y")].into_iter(),
        );
        assert_eq!(client.produce("near", 0, &mixed).error, ErrorCode::InvalidTimestamp);
    });
}

/// The producer's times do not matter there, so they are not checked either.
#[test]
fn topics_may_have_the_time_of_the_append() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let settings = [
            ("message.timestamp.type", "LogAppendTime"),
            ("message.timestamp.after.max.ms", "1000"),
        ];
        client.create("t", 1, &settings);
        for compression in [Compression::None, Compression::Zstd] {
            let before = now_ms();
            let future = before + 86_400_000;
            let sent =
                batch(compression, Producer::NONE, [(5, &b"a"[..]), (future, b"b")].into_iter());
            let produced = client.produce("t", 0, &sent);
            assert_eq!(produced.error, ErrorCode::None, "{:?}", produced.message);
            let time = produced.log_append_time_ms;
            assert!((before..=now_ms()).contains(&time), "{time}");
            let records = client.fetch_from("t", 0, produced.base_offset).records();
            let times: Vec<_> = records.iter().map(|record| record.timestamp_ms).collect();
            assert_eq!(times, [time, time]);
        }
        let (error, offset, time) = client.offset_at("t", 0, now_ms() - 60_000);
        assert_eq!((error, offset), (ErrorCode::None, 0));
        assert!(time > THEN_MS);
    });
}

/// With the producer's time in force, a producer may not say that the time is the broker's.
#[test]
fn a_producer_cannot_set_the_time_of_the_append() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let mut batch = plain(&["x"]);
        batch[22] |= 8;
        header::set_crc(&mut batch);
        assert_eq!(client.produce("t", 0, &batch).error, ErrorCode::InvalidTimestamp);
    });
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64
}
