//! `headwater txn`: list, describe, describe-producers, find-hanging, abort.

use headwater_io::driver::Backend;
use headwater_protocol::error_code::ErrorCode;
use serde_json::{Value, json as value};

use super::{each, json, type_in};
use crate::harness::batches::THEN_MS;
use crate::harness::broker::Broker;
use crate::harness::groups::TRANSACTIONS;
use crate::harness::transactions::in_transaction;

const OK: ErrorCode = ErrorCode::None;

#[test]
fn a_transaction_is_listed_described_and_ended() {
    let broker = Broker::start(Backend::Posix);
    let mut client = broker.connect();
    client.create("t", 2, &[]);
    assert_eq!(type_in(&broker, "txn list").as_deref(), Ok("no transactions\n"));
    client.find_coordinator(TRANSACTIONS, "x");
    let idle = client.init_transactions("idle", 60_000);
    let open = client.init_transactions("open", 60_000);
    for partition in [0, 1] {
        assert_eq!(client.add_to_transaction(&open, "t", partition), OK);
        let batch = in_transaction(&open, 0, THEN_MS, &["a", "b"]);
        assert_eq!(client.produce_in_transaction(&open, "t", partition, &batch), OK);
    }

    let listed = json(&broker, "txn list");
    assert_eq!(each(&listed, "transactional_id"), ["idle", "open"]);
    assert_eq!(each(&listed, "state"), ["Empty", "Ongoing"]);
    assert_eq!(each(&listed, "producer_id"), [idle.producer_id, open.producer_id]);
    let by = |flags: &str| each(&json(&broker, &format!("txn list {flags}")), "transactional_id");
    assert_eq!(by("--state Ongoing"), ["open"]);
    assert_eq!(by(&format!("--producer-id {}", idle.producer_id)), ["idle"]);
    assert_eq!(by("--pattern o.*"), ["open"]);
    assert_eq!(by("--longer-than-ms 3600000"), [] as [Value; 0]);

    let described = json(&broker, "txn describe open idle");
    assert_eq!(each(&described, "state"), ["Ongoing", "Empty"]);
    assert_eq!(each(&described, "timeout_ms"), [60_000, 60_000]);
    assert_eq!(each(&described, "partitions"), [value!({ "t": [0, 1] }), value!({})]);
    assert!(described[0]["open_ms"].is_u64() && described[1]["open_ms"].is_null(), "{described}");

    let producers = json(&broker, "txn describe-producers --topic t --partition 1");
    assert_eq!(each(&producers, "producer_id"), [open.producer_id]);
    assert_eq!(each(&producers, "open_since_offset"), [0]);
    // It is open, and older than any may be; but its coordinator will end it.
    assert_eq!(json(&broker, "txn find-hanging"), value!([]));
    let text = type_in(&broker, "txn find-hanging --topic t --partition 0").unwrap();
    assert_eq!(text, "no hanging transactions\n");

    let aborted = json(&broker, "txn abort --topic t --partition 1 --start-offset 0");
    assert_eq!(aborted["producer_id"], open.producer_id);
    let producers = json(&broker, "txn describe-producers --topic t --partition 1");
    assert_eq!(each(&producers, "open_since_offset"), [Value::Null]);
    assert_eq!(client.ends("t", 1), (0, 3), "a marker was written");
    let by_id = format!(
        "txn abort --topic t --partition 0 --producer-id {} --producer-epoch {}",
        open.producer_id, open.epoch
    );
    assert!(type_in(&broker, &by_id).unwrap().starts_with("aborted producer"));
    assert_eq!(client.ends("t", 0), (0, 3));
}

#[test]
fn what_is_not_there_is_said_in_one_line() {
    let broker = Broker::start(Backend::Posix);
    broker.connect().create("t", 1, &[]);
    for (line, words) in [
        ("txn describe nobody", "there is no transactional id nobody"),
        ("txn list --state Asleep", "`Asleep` cannot be understood"),
        ("txn list --pattern [", "INVALID_REGULAR_EXPRESSION"),
        ("txn abort --topic t --partition 0 --start-offset 5", "there is no open transaction"),
        ("txn abort --topic t --partition 3 --start-offset 5", "there is no partition 3"),
        ("txn describe-producers --topic u --partition 0", "there is no topic u"),
    ] {
        let refused = type_in(&broker, line).expect_err(line);
        assert!(refused.contains(words), "{line}: {refused}");
    }
    let none = type_in(&broker, "txn describe-producers --topic t --partition 0");
    assert_eq!(none.as_deref(), Ok("no producers\n"));
}
