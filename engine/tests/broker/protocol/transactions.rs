//! Transactions as clients of KIP-890 use them: partitions join by being produced to, many requests are under way.

use std::time::Duration;

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::end_txn::{EndTxnRequest, EndTxnResponse};

use crate::harness::broker::Options;
use crate::harness::client::Client;
use crate::harness::groups::TRANSACTIONS;
use crate::harness::transactions::{Transactional, in_transaction};
use crate::harness::{eventually, on_both};

/// What follows the first batch has nothing to wait for once the transaction has begun, and must wait all the same for
/// what was sent before it and is still on its way by the coordinator.
#[test]
fn a_pipeline_keeps_its_order_when_its_first_batches_begin_a_transaction() {
    on_both(|backend| {
        let broker = Options::new(backend).shards(2).start();
        let (mut client, mut other) = (broker.connect(), broker.connect());
        let mut producer = begin(&mut client);
        for _ in 0..20 {
            let asked: Vec<_> = (0..40)
                .map(|n| {
                    let batch = in_transaction(&producer, n / 4, 0, &["x"]);
                    client.ask_produce_in_transaction(&producer, "t", n % 4, &batch)
                })
                .collect();
            for asked in asked {
                assert_eq!(client.produced(asked).error, ErrorCode::None);
            }
            producer = commit(&mut other, &producer);
            wait_for_markers(&mut client);
        }
        for partition in 0..4 {
            // Ten records of each transaction, and its marker.
            assert_eq!(client.read_all("t", partition, 0).len(), 20 * (10 + 1));
        }
    });
}

/// The first batch of a transaction in a partition may share its request with one of another partition, whose answer
/// takes its time.
#[test]
fn what_follows_a_first_batch_waits_for_it_whatever_else_its_request_waits_for() {
    on_both(|backend| {
        let broker = Options::new(backend).shards(2).start();
        let (mut client, mut other) = (broker.connect(), broker.connect());
        let mut producer = begin(&mut client);
        for _ in 0..20 {
            let batch = |sequence| in_transaction(&producer, sequence, 0, &["x"]);
            let (first, second, third) = (batch(0), batch(1), batch(2));
            let (first, second, third) = (&first[..], &second[..], &third[..]);
            let begun = client.ask_produce_in_transaction(&producer, "t", 1, first);
            assert_eq!(client.produced(begun).error, ErrorCode::None);
            let mut ask = |batches: &[(i32, &[u8])]| {
                client.ask_produce_all_in_transaction(&producer, "t", batches)
            };
            let asked = [ask(&[(0, first), (1, second)]), ask(&[(0, second)]), ask(&[(0, third)])];
            for asked in asked {
                assert_eq!(client.produced(asked).error, ErrorCode::None);
            }
            producer = commit(&mut other, &producer);
            wait_for_markers(&mut client);
        }
        assert_eq!(client.read_all("t", 0, 0).len(), 20 * (3 + 1));
    });
}

/// A producer of transactions, and a topic for it.
fn begin(client: &mut Client) -> Transactional {
    client.create("t", 4, &[]);
    client.find_coordinator(TRANSACTIONS, "p");
    client.init_transactions("p", 60_000)
}

/// A commit is answered before its markers are written.
fn wait_for_markers(client: &mut Client) {
    eventually("markers in all partitions", Duration::from_secs(20), || {
        let stable = |partition| client.stable_end("t", partition) == client.ends("t", partition).1;
        (0..4).all(stable).then_some(())
    });
}

/// The producer with the epoch of its next transaction.
fn commit(client: &mut Client, of: &Transactional) -> Transactional {
    let request = EndTxnRequest {
        transactional_id: &of.id,
        producer_id: of.producer_id,
        producer_epoch: of.epoch,
        committed: true,
    };
    let frame = client.call(ApiKey::EndTxn, 5, |w| request.encode(w, 5));
    let answer = frame.body(EndTxnResponse::decode);
    assert_eq!(answer.error_code, ErrorCode::None);
    Transactional {
        epoch: answer.producer_epoch,
        producer_id: answer.producer_id,
        id: of.id.clone(),
    }
}
