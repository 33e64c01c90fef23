//! ListOffsets: the ends of a partition, and the record at a time, to the record.

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::batch::builder::Producer;
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::list_offsets::{
    EARLIEST_LOCAL_TIMESTAMP, EARLIEST_TIMESTAMP, LATEST_TIERED_TIMESTAMP, LATEST_TIMESTAMP,
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsResponse, ListOffsetsTopic, MAX_TIMESTAMP,
};

use crate::harness::batches::{THEN_MS, batch, plain};
use crate::harness::broker::Broker;
use crate::harness::on_both;

const OK: ErrorCode = ErrorCode::None;

#[test]
fn the_ends_in_every_version() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        client.append("t", 0, &plain(&["a", "b", "c"]));
        for version in 0..=11 {
            let mut ask = |index, timestamp| {
                let partition = ListOffsetsPartition {
                    index,
                    timestamp,
                    max_num_offsets: 1,
                    ..Default::default()
                };
                let topics = vec![ListOffsetsTopic { name: "t", partitions: vec![partition] }];
                let request = ListOffsetsRequest { topics, ..Default::default() };
                let frame =
                    client.call(ApiKey::ListOffsets, version, |w| request.encode(w, version));
                let response = frame.body(ListOffsetsResponse::decode);
                let partition = &response.topics[0].partitions[0];
                (partition.error_code, partition.offset)
            };
            assert_eq!(ask(0, EARLIEST_TIMESTAMP), (OK, 0), "version {version}");
            assert_eq!(ask(0, LATEST_TIMESTAMP), (OK, 3), "version {version}");
            assert_eq!(
                ask(1, LATEST_TIMESTAMP),
                (ErrorCode::UnknownTopicOrPartition, -1),
                "version {version}"
            );
        }
        assert_eq!(client.offset_at("t", 0, EARLIEST_LOCAL_TIMESTAMP), (OK, 0, -1));
        assert_eq!(client.offset_at("t", 0, LATEST_TIERED_TIMESTAMP), (OK, -1, -1));
    });
}

#[test]
fn an_empty_partition_has_no_times() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        for timestamp in [0, THEN_MS, i64::MAX, MAX_TIMESTAMP] {
            assert_eq!(client.offset_at("t", 0, timestamp), (OK, -1, -1));
        }
        assert_eq!(client.ends("t", 0), (0, 0));
    });
}

/// Times within a batch and between batches, in order and not, packed in every way.
#[test]
fn a_time_finds_its_record_in_compressed_batches_too() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        for compression in Compression::ALL {
            let topic = format!("t-{}", compression.name());
            client.create(&topic, 1, &[("index.interval.bytes", "1000")]);
            // 200 batches of 5 records, 10 ms apart.
            for n in 0..200i64 {
                let times: Vec<i64> = (0..5).map(|m| THEN_MS + (5 * n + m) * 10).collect();
                let values = times.iter().map(|time| (*time, &b"a value of some length"[..]));
                client.append(&topic, 0, &batch(compression, Producer::NONE, values));
            }
            for offset in [0, 1, 4, 5, 503, 999] {
                let time = THEN_MS + offset * 10;
                assert_eq!(client.offset_at(&topic, 0, time), (OK, offset, time));
                assert_eq!(
                    client.offset_at(&topic, 0, time - 9),
                    (OK, offset, time),
                    "the next one after it"
                );
            }
            assert_eq!(client.offset_at(&topic, 0, 0), (OK, 0, THEN_MS));
            assert_eq!(client.offset_at(&topic, 0, THEN_MS + 9991), (OK, -1, -1));
            assert_eq!(client.offset_at(&topic, 0, MAX_TIMESTAMP), (OK, 999, THEN_MS + 9990));
        }
    });
}

/// The highest time need not be that of the last record.
#[test]
fn the_highest_time_is_found_wherever_it_is() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let times = [[5, 9, 7], [30, 2, 30], [8, 1, 3]];
        for times in times {
            let values = times.iter().map(|time| (THEN_MS + time, &b"x"[..]));
            client.append("t", 0, &batch(Compression::Gzip, Producer::NONE, values));
        }
        assert_eq!(client.offset_at("t", 0, MAX_TIMESTAMP), (OK, 3, THEN_MS + 30));
        assert_eq!(client.offset_at("t", 0, THEN_MS + 6), (OK, 1, THEN_MS + 9));
        assert_eq!(client.offset_at("t", 0, THEN_MS + 10), (OK, 3, THEN_MS + 30));
        assert_eq!(client.offset_at("t", 0, THEN_MS), (OK, 0, THEN_MS + 5));
        let broker = broker.restart();
        let mut client = broker.connect();
        assert_eq!(client.offset_at("t", 0, MAX_TIMESTAMP), (OK, 3, THEN_MS + 30));
        assert_eq!(client.offset_at("t", 0, THEN_MS + 6), (OK, 1, THEN_MS + 9));
    });
}
