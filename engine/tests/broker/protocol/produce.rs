//! Produce: acknowledgements, versions, and one error for each kind of wrong.

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::produce::{
    ProducePartition, ProduceRequest, ProduceResponse, ProduceTopic,
};
use headwater_protocol::wire::uuid::Uuid;
use std::time::Duration;

use crate::harness::batches::{plain, sized};
use crate::harness::broker::Broker;
use crate::harness::client::Client;
use crate::harness::{eventually, on_both};

#[test]
fn every_acks_appends_and_only_those_that_want_an_answer_get_one() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        for (n, acks) in [0, 1, -1, 0, 1, -1].into_iter().enumerate() {
            let asked = client.ask_produce("t", 0, &plain(&[format!("{n}")]), acks);
            if acks != 0 {
                let produced = client.produced(asked);
                assert_eq!((produced.error, produced.base_offset), (ErrorCode::None, n as i64));
            }
        }
        let records = client.read_all("t", 0, 0);
        let values: Vec<_> = records.iter().map(|record| record.value[0]).collect();
        assert_eq!(values, b"012345");
    });
}

/// Nobody waits for them, so nothing but time makes them visible.
#[test]
fn records_that_nobody_waits_for_become_visible() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        client.ask_produce("t", 0, &plain(&["a"]), 0);
        eventually("acks=0 is visible", Duration::from_secs(5), || {
            (client.ends("t", 0) == (0, 1)).then_some(())
        });
    });
}

#[test]
fn versions_from_the_oldest_to_topic_ids() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let id = client.create("t", 1, &[]);
        for (n, version) in [3, 5, 7, 8, 9, 12, 13].into_iter().enumerate() {
            let batch = plain(&[format!("version {version}")]);
            let (error, offset) = produce(&mut client, version, (("t", id), 0), Some(&batch));
            assert_eq!((error, offset), (ErrorCode::None, n as i64), "version {version}");
        }
        let unknown = ("t", Uuid([9; 16]));
        assert_eq!(
            produce(&mut client, 13, (unknown, 0), Some(&plain(&["x"]))).0,
            ErrorCode::UnknownTopicId
        );
        assert_eq!(client.read_all("t", 0, 0).len(), 7);
    });
}

fn produce(
    client: &mut Client,
    version: i16,
    ((name, topic_id), index): ((&str, Uuid), i32),
    records: Option<&[u8]>,
) -> (ErrorCode, i64) {
    let topics = vec![ProduceTopic {
        name,
        topic_id,
        partitions: vec![ProducePartition { index, records }],
    }];
    let request = ProduceRequest { transactional_id: None, acks: -1, timeout_ms: 1000, topics };
    let frame = client.call(ApiKey::Produce, version, |w| request.encode(w, version));
    let response = frame.body(ProduceResponse::decode);
    let partition = &response.topics[0].partitions[0];
    (partition.error_code, partition.base_offset)
}

/// One bad partition does not take its neighbours with it.
#[test]
fn errors_are_of_one_partition() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 2, &[]);
        let good = plain(&["good"]);
        let mut corrupt = good.clone();
        *corrupt.last_mut().unwrap() ^= 1;
        let partition = |index, records| ProducePartition { index, records };
        let of = |name, partitions| ProduceTopic { name, topic_id: Uuid::ZERO, partitions };
        let topics = vec![
            of(
                "t",
                vec![
                    partition(0, Some(&good[..])),
                    partition(1, Some(&corrupt)),
                    partition(2, Some(&good)),
                ],
            ),
            of("nowhere", vec![partition(0, Some(&good))]),
            of("t", vec![partition(1, Some(&good)), partition(-1, Some(&good))]),
        ];
        let request = ProduceRequest { transactional_id: None, acks: -1, timeout_ms: 1000, topics };
        let frame = client.call(ApiKey::Produce, 9, |w| request.encode(w, 9));
        let response = frame.body(ProduceResponse::decode);
        let codes: Vec<Vec<ErrorCode>> = response
            .topics
            .iter()
            .map(|t| t.partitions.iter().map(|p| p.error_code).collect())
            .collect();
        let unknown = ErrorCode::UnknownTopicOrPartition;
        let expected = [
            vec![ErrorCode::None, ErrorCode::CorruptMessage, unknown],
            vec![unknown],
            vec![ErrorCode::None, unknown],
        ];
        assert_eq!(codes, expected);
        assert_eq!((client.ends("t", 0), client.ends("t", 1)), ((0, 1), (0, 1)));
    });
}

#[test]
fn acks_that_do_not_exist_are_refused() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        for acks in [2, -2, i16::MAX] {
            let produced = client.produce_acks("t", 0, &plain(&["x"]), acks);
            assert_eq!(
                (produced.error, produced.base_offset),
                (ErrorCode::InvalidRequiredAcks, -1)
            );
        }
        assert_eq!(client.ends("t", 0), (0, 0));
    });
}

#[test]
fn a_batch_of_a_transaction_names_its_producer() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let mut batch = plain(&["x"]);
        batch[22] |= 0x10;
        headwater_protocol::batch::header::set_crc(&mut batch);
        assert_eq!(client.produce("t", 0, &batch).error, ErrorCode::InvalidRecord);
        assert_eq!(client.ends("t", 0), (0, 0));
    });
}

/// Larger than any single buffer, and larger than what a connection receives at once.
#[test]
fn requests_of_every_size_arrive_whole() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[("max.message.bytes", "9000000")]);
        let sizes = [1, 100, 4000, 4096, 70_000, 300_000, 1_100_000, 8_500_000];
        for (n, bytes) in sizes.into_iter().enumerate() {
            assert_eq!(client.append("t", 0, &sized(1, bytes, n as u64)), n as i64);
        }
        let read = client.read_all("t", 0, 0);
        let lengths: Vec<_> = read.iter().map(|record| record.value.len()).collect();
        assert_eq!(lengths, sizes.map(|bytes| bytes.max(8)));
    });
}
