//! Idempotent producers (KIP-98): a retry is recognised, a gap is refused, across every kind of stop.

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::init_producer_id::{
    InitProducerIdRequest, InitProducerIdResponse,
};
use std::collections::BTreeSet;

use crate::harness::batches::sequenced;
use crate::harness::broker::{Broker, Options};
use crate::harness::client::Client;
use crate::harness::on_both;

/// A batch of this many records from sequence number `base` on.
fn sent(
    client: &mut Client,
    (id, epoch): (i64, i16),
    base: i32,
    records: usize,
) -> (ErrorCode, i64) {
    let values: Vec<String> =
        (0..records).map(|n| format!("{id}/{epoch}/{}", base as usize + n)).collect();
    let produced = client.produce("t", 0, &sequenced(id, epoch, base, &values));
    (produced.error, produced.base_offset)
}

#[test]
fn retries_are_answered_with_the_offset_of_the_original() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let producer = (client.producer_id(), 0);
        for n in 0..7 {
            assert_eq!(sent(&mut client, producer, 3 * n, 3), (ErrorCode::None, i64::from(3 * n)));
        }
        // The last five are remembered.
        for n in 2..7 {
            assert_eq!(sent(&mut client, producer, 3 * n, 3), (ErrorCode::None, i64::from(3 * n)));
        }
        assert_eq!(sent(&mut client, producer, 0, 3).0, ErrorCode::DuplicateSequenceNumber);
        assert_eq!(
            sent(&mut client, producer, 3 * 6, 2).0,
            ErrorCode::OutOfOrderSequenceNumber,
            "not the same batch"
        );
        assert_eq!(client.ends("t", 0), (0, 21));
    });
}

#[test]
fn gaps_and_old_epochs_are_refused() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let id = client.producer_id();
        assert_eq!(sent(&mut client, (id, 0), 0, 2), (ErrorCode::None, 0));
        assert_eq!(sent(&mut client, (id, 0), 3, 1).0, ErrorCode::OutOfOrderSequenceNumber);
        assert_eq!(sent(&mut client, (id, 0), 2, 1), (ErrorCode::None, 2));
        assert_eq!(
            sent(&mut client, (id, 1), 3, 1).0,
            ErrorCode::OutOfOrderSequenceNumber,
            "a new epoch starts at 0"
        );
        assert_eq!(sent(&mut client, (id, 1), 0, 1), (ErrorCode::None, 3));
        assert_eq!(sent(&mut client, (id, 0), 3, 1).0, ErrorCode::InvalidProducerEpoch);
        assert_eq!(client.ends("t", 0), (0, 4));
    });
}

/// Sequence numbers start again at 0 after 2^31 - 1.
#[test]
fn sequence_numbers_wrap() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let producer = (client.producer_id(), 0);
        assert_eq!(sent(&mut client, producer, i32::MAX - 1, 3), (ErrorCode::None, 0));
        assert_eq!(sent(&mut client, producer, 1, 1), (ErrorCode::None, 3));
        assert_eq!(sent(&mut client, producer, i32::MAX - 1, 3), (ErrorCode::None, 0));
    });
}

/// Five requests in flight, the first one lost and all sent again: each once in the log, in order.
#[test]
fn a_pipeline_that_is_sent_again_is_appended_once() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let id = client.producer_id();
        let batches: Vec<_> = (0..5).map(|n| sequenced(id, 0, n, &[format!("{n}")])).collect();
        for batch in &batches {
            client.ask_produce("t", 0, batch, -1);
        }
        // Gone before anything was heard.
        drop(client);
        let mut client = broker.connect();
        let asked: Vec<_> =
            batches.iter().map(|batch| client.ask_produce("t", 0, batch, -1)).collect();
        for (n, asked) in asked.into_iter().enumerate() {
            let produced = client.produced(asked);
            assert_eq!((produced.error, produced.base_offset), (ErrorCode::None, n as i64));
        }
        assert_eq!(client.ends("t", 0), (0, 5));
    });
}

#[test]
fn what_producers_did_survives_stops_of_both_kinds() {
    on_both(|backend| {
        let mut broker = Broker::start(backend);
        broker.connect().create("t", 1, &[]);
        let producer = (broker.connect().producer_id(), 0);
        let mut next = 0;
        for kill in [false, true, false, true] {
            let mut client = broker.connect();
            for _ in 0..3 {
                assert_eq!(
                    sent(&mut client, producer, next, 2),
                    (ErrorCode::None, i64::from(next))
                );
                next += 2;
            }
            drop(client);
            broker = if kill { broker.kill_and_restart() } else { broker.restart() };
            let mut client = broker.connect();
            assert_eq!(
                sent(&mut client, producer, next - 2, 2),
                (ErrorCode::None, i64::from(next - 2))
            );
            assert_eq!(
                sent(&mut client, producer, next - 4, 2),
                (ErrorCode::None, i64::from(next - 4))
            );
            assert_eq!(
                sent(&mut client, producer, next + 1, 1).0,
                ErrorCode::OutOfOrderSequenceNumber
            );
        }
        assert_eq!(broker.connect().ends("t", 0), (0, i64::from(next)));
    });
}

/// Small segments: the producers' past lies in segments that were sealed long ago.
#[test]
fn what_producers_did_survives_rolls() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 1, &[("segment.bytes", "1048576")]);
        let (quiet, busy) = (client.producer_id(), client.producer_id());
        assert_eq!(sent(&mut client, (quiet, 0), 0, 1), (ErrorCode::None, 0));
        let value = vec![b'x'; 300_000];
        for n in 0..12 {
            let produced = client.produce("t", 0, &sequenced(busy, 0, n, &[&value]));
            assert_eq!(produced.error, ErrorCode::None);
        }
        drop(client);
        let broker = broker.kill_and_restart();
        let mut client = broker.connect();
        assert_eq!(sent(&mut client, (quiet, 0), 0, 1), (ErrorCode::None, 0), "still known");
        assert_eq!(sent(&mut client, (quiet, 0), 1, 1), (ErrorCode::None, 13));
        let produced = client.produce("t", 0, &sequenced(busy, 0, 11, &[&value]));
        assert_eq!((produced.error, produced.base_offset), (ErrorCode::None, 12));
    });
}

#[test]
fn producer_ids_are_never_given_twice() {
    on_both(|backend| {
        let mut broker = Options::new(backend).shards(2).start();
        let mut seen = BTreeSet::new();
        for kill in [true, false, true] {
            for _ in 0..6 {
                let mut client = broker.connect();
                for _ in 0..5 {
                    assert!(seen.insert(client.producer_id()), "given twice");
                }
            }
            broker = if kill { broker.kill_and_restart() } else { broker.restart() };
        }
    });
}

#[test]
fn a_producer_that_brings_its_id_gets_the_next_epoch() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let id = client.producer_id();
        let mut init = |version: i16, request: InitProducerIdRequest<'_>| {
            let frame =
                client.call(ApiKey::InitProducerId, version, |w| request.encode(w, version));
            let response = frame.body(InitProducerIdResponse::decode);
            (response.error_code, response.producer_id, response.producer_epoch)
        };
        let again = |producer_epoch| InitProducerIdRequest {
            producer_id: id,
            producer_epoch,
            ..Default::default()
        };
        assert_eq!(init(4, again(0)), (ErrorCode::None, id, 1));
        assert_eq!(init(4, again(1)), (ErrorCode::None, id, 2));
        let (error, fresh, epoch) = init(4, again(i16::MAX));
        assert_eq!((error, epoch), (ErrorCode::None, 0));
        assert_ne!(fresh, id, "epochs are used up");
        for version in 0..=5 {
            assert_eq!(init(version, InitProducerIdRequest::default()).0, ErrorCode::None);
        }
        let transactional =
            InitProducerIdRequest { transactional_id: Some("x"), ..Default::default() };
        assert_ne!(init(4, transactional).0, ErrorCode::None);
    });
}
