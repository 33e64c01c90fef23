//! Producers that begin transactions and never come back.

use std::thread;
use std::time::Duration;

use headwater_protocol::error_code::ErrorCode;

use super::{Bystander, is_well};
use crate::harness::batches::THEN_MS;
use crate::harness::broker::Options;
use crate::harness::groups::TRANSACTIONS;
use crate::harness::transactions::in_transaction;
use crate::harness::{eventually, on_both};

const OK: ErrorCode = ErrorCode::None;
const ABANDONED: usize = 1000;
/// Connections that begin them.
const AT_ONCE: usize = 10;
const TIMEOUT_MS: i32 = 1500;

/// They are ended by their timeout; meanwhile others are answered, and afterwards nothing is left open.
#[test]
fn a_thousand_abandoned_transactions_are_aborted_and_nobody_waits_for_them() {
    on_both(|backend| {
        let looks = "transaction.abort.timed.out.transaction.cleanup.interval.ms=100";
        let broker = Options::new(backend).set(looks).start();
        let mut bystander = Bystander::of(&broker);
        let mut client = broker.connect();
        client.create("t", 8, &[]);
        client.find_coordinator(TRANSACTIONS, "x");
        thread::scope(|scope| {
            for group in 0..AT_ONCE {
                let mut client = broker.connect();
                scope.spawn(move || {
                    for n in 0..ABANDONED / AT_ONCE {
                        let id = format!("abandoned-{group}-{n}");
                        let open = client.init_transactions(&id, TIMEOUT_MS);
                        let partition = (n % 8) as i32;
                        assert_eq!(client.add_to_transaction(&open, "t", partition), OK);
                        // One in ten has also written.
                        if n % 10 == 0 {
                            let batch = in_transaction(&open, 0, THEN_MS, &["a"]);
                            let code = client.produce_in_transaction(&open, "t", partition, &batch);
                            assert!(
                                matches!(code, OK | ErrorCode::InvalidProducerEpoch),
                                "{code:?}"
                            );
                        }
                    }
                });
            }
            for _ in 0..20 {
                bystander.works();
            }
        });
        eventually("all are aborted", Duration::from_secs(60), || {
            bystander.works();
            (client.transactions(Some("CompleteAbort")) == ABANDONED).then_some(())
        });
        assert_eq!(client.transactions(None), ABANDONED, "ids are remembered for a while");
        // What was written can be read over: committed readers come to the end.
        for partition in 0..8 {
            let (_, end) = client.ends("t", partition);
            assert_eq!(client.stable_end("t", partition), end, "partition {partition}");
        }
        is_well(&broker);
    });
}
