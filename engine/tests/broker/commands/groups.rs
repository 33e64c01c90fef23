//! `headwater group`: list, describe, reset-offsets, delete-offsets, delete.

use headwater_io::driver::Backend;
use headwater_protocol::batch::builder::Producer;
use headwater_protocol::batch::compression::Compression;
use headwater_protocol::error_code::ErrorCode;
use serde_json::{Value, json as value};

use super::{each, json, type_in};
use crate::harness::batches::{THEN_MS, batch};
use crate::harness::broker::{Broker, Options};
use crate::harness::groups::{GROUPS, beat_of, join_of};

const OK: ErrorCode = ErrorCode::None;

/// Ten records a second apart in partition 0 of `t`, four in partition 1; groups form at once.
fn broker() -> Broker {
    let options = Options::new(Backend::Posix);
    let broker = options.set("group.initial.rebalance.delay.ms=0").start();
    let mut client = broker.connect();
    client.create("t", 2, &[]);
    for (partition, count) in [(0, 10), (1, 4)] {
        for n in 0..count {
            let time_ms = THEN_MS + n * 1000;
            let one = [(time_ms, &b"a"[..])].into_iter();
            client.append("t", partition, &batch(Compression::None, Producer::NONE, one));
        }
    }
    client.find_coordinator(GROUPS, "g");
    broker
}

fn committed(broker: &Broker) -> Vec<Value> {
    let described = json(broker, "group describe g");
    each(&described[0]["offsets"], "committed_offset")
}

#[test]
fn a_group_is_listed_and_described_in_both_protocols() {
    let broker = broker();
    let mut client = broker.connect();
    assert_eq!(type_in(&broker, "group list").as_deref(), Ok("no groups\n"));
    let missing = type_in(&broker, "group describe nobody").expect_err("it is not there");
    assert_eq!(missing, "headwater: there is no consumer group nobody");

    let member = client.join_alone("g", "t", &[0, 1]);
    let committed = client.commit_as("g", &member.id, member.generation, 8, &[("t", 0, 3, "")]);
    assert_eq!(committed, [OK]);
    let mut consumer = broker.connect();
    let (code, epoch, told) = consumer.consumer_beat(&join_of("k", "m", "t"));
    assert_eq!((code, epoch, told), (OK, 1, Some(2)));

    let listed = json(&broker, "group list");
    assert_eq!(each(&listed, "group"), ["g", "k"]);
    assert_eq!(each(&listed, "protocol"), ["classic", "consumer"]);
    assert_eq!(each(&listed, "state"), ["Stable", "Stable"]);
    let filtered = json(&broker, "group list --protocol consumer --state stable");
    assert_eq!(each(&filtered, "group"), ["k"]);

    let described = json(&broker, "group describe");
    let [classic, modern] = [&described[0], &described[1]];
    assert_eq!((&classic["assignor"], &classic["state"]), (&value!("range"), &value!("Stable")));
    assert_eq!(each(&classic["members"], "member"), [member.id.as_str()]);
    assert_eq!(each(&classic["members"], "partitions"), [value!({ "t": [0, 1] })]);
    assert_eq!(each(&classic["members"], "host"), ["/127.0.0.1"]);
    let offsets = &classic["offsets"];
    assert_eq!(each(offsets, "committed_offset"), [value!(3), Value::Null]);
    assert_eq!(each(offsets, "log_end_offset"), [10, 4]);
    assert_eq!(each(offsets, "lag"), [value!(7), Value::Null]);
    assert_eq!(each(offsets, "member"), [member.id.as_str(), member.id.as_str()]);
    assert_eq!((&modern["assignor"], &modern["epoch"]), (&value!("uniform"), &value!(1)));
    assert_eq!(each(&modern["members"], "target"), [value!({ "t": [0, 1] })]);

    for (line, expected) in [
        ("group describe g", "g  Stable  classic protocol  assignor range  1 member  lag 7\n"),
        (
            "group describe k --members",
            "  m       -         /127.0.0.1  test           1      2  t:0,1\n",
        ),
        (
            "group describe g k --state",
            "k                1  consumer  uniform   Stable      1        1    0\n",
        ),
    ] {
        let text = type_in(&broker, line).expect("it is there");
        assert!(text.contains(expected), "{line}:\n{text}");
    }
}

#[test]
fn offsets_are_reset_in_every_way() {
    let broker = broker();
    let mut client = broker.connect();
    assert_eq!(client.commit("g", &[("t", 0, 3, ""), ("t", 1, 1, "")]), [OK, OK]);
    let table = [
        ("--topic t:0 --to-earliest", value!([0, 1])),
        ("--topic t --to-latest", value!([10, 4])),
        ("--topic t:0 --to-offset 7", value!([7, 4])),
        ("--topic t:0 --to-offset 100", value!([10, 4])),
        ("--all-topics --shift-by -3", value!([7, 1])),
        ("--topic t:0 --shift-by 1", value!([8, 1])),
        ("--topic t --to-datetime 2023-11-14T22:13:22.500", value!([3, 3])),
        ("--topic t:0 --to-datetime 2023-11-14T23:13:25.000+01:00", value!([5, 3])),
        ("--topic t:1 --by-duration PT1H", value!([5, 4])),
        ("--topic t:1 --by-duration P36500D", value!([5, 0])),
        ("--all-topics --to-current", value!([5, 0])),
    ];
    for (flags, expected) in table {
        let before = committed(&broker);
        let line = format!("group reset-offsets g {flags}");
        let moves = json(&broker, &line);
        assert_eq!(each(&moves, "executed"), vec![value!(false); each(&moves, "group").len()]);
        assert_eq!(committed(&broker), before, "nothing is changed without --execute: {flags}");
        json(&broker, &format!("{line} --execute"));
        assert_eq!(value!(committed(&broker)), expected, "{flags}");
    }
    let text = type_in(&broker, "group reset-offsets g --topic t:0 --to-offset 99").unwrap();
    assert!(text.contains("lowered to the end of the log\nnothing was changed"), "{text}");
}

#[test]
fn what_was_exported_is_imported_by_another_group() {
    let broker = broker();
    assert_eq!(broker.connect().commit("g", &[("t", 0, 3, ""), ("t", 1, 1, "")]), [OK, OK]);
    let export = "group reset-offsets g --all-topics --to-current --export";
    let lines = type_in(&broker, export).unwrap();
    assert_eq!(lines, "t,0,3\nt,1,1\n");
    let file = broker.folder().path().join("offsets.csv");
    std::fs::write(&file, lines).unwrap();
    let line = format!("group reset-offsets new --from-file {} --execute", file.display());
    type_in(&broker, &line).unwrap();
    let described = json(&broker, "group describe new");
    assert_eq!(each(&described[0]["offsets"], "committed_offset"), [3, 1]);
    assert_eq!(described[0]["state"], "Empty");
}

#[test]
fn what_cannot_be_done_is_said_in_one_line() {
    let broker = broker();
    let mut client = broker.connect();
    let member = client.join_alone("g", "t", &[0]);
    let refused = |line: &str| type_in(&broker, line).expect_err(line);
    assert_eq!(
        refused("group reset-offsets g --topic t --to-earliest --execute"),
        "headwater: Assignments can only be reset if the group 'g' is inactive, but the current state is Stable."
    );
    assert!(refused("group delete g").contains("it has members: stop them first"));
    assert!(refused("group delete nobody").contains("there is no such group"));
    assert_eq!(client.commit_as("g", &member.id, member.generation, 8, &[("t", 0, 3, "")]), [OK]);
    assert!(
        refused("group delete-offsets g --topic t:0").contains("the group reads the topic now")
    );
    assert_eq!(client.leave(&member), OK);
    for (line, words) in [
        ("group reset-offsets g --topic t:1 --shift-by 1", "there is no current committed offset"),
        ("group reset-offsets g --topic nothing --to-latest", "there is no topic nothing"),
        ("group reset-offsets g --topic t:7 --to-latest", "there is no partition 7 of topic t"),
        ("group reset-offsets g --topic t", "there is nothing to do: give --to-earliest"),
        ("group reset-offsets g --topic t --to-datetime today", "`today` cannot be understood"),
        ("group reset-offsets none --all-topics --to-latest", "there is no offset of group none"),
    ] {
        assert!(refused(line).contains(words), "{line}: {}", refused(line));
    }
    let forgotten = json(&broker, "group delete-offsets g --topic t:0");
    assert_eq!(each(&forgotten, "partition"), [0]);
    assert_eq!(committed(&broker), [] as [Value; 0]);
    assert_eq!(type_in(&broker, "group delete g").as_deref(), Ok("deleted g\n"));
    assert_eq!(type_in(&broker, "group list").as_deref(), Ok("no groups\n"));
}

#[test]
fn a_consumer_group_with_members_is_active_too() {
    let broker = broker();
    let mut client = broker.connect();
    assert_eq!(client.consumer_beat(&join_of("k", "m", "t")).0, OK);
    let reset = "group reset-offsets k --topic t --to-latest --execute";
    assert!(type_in(&broker, reset).is_err_and(|e| e.contains("the current state is Stable")));
    assert_eq!(client.consumer_beat(&beat_of("k", "m", -1)).0, OK);
    type_in(&broker, reset).unwrap();
    let described = json(&broker, "group describe k");
    assert_eq!(each(&described[0]["offsets"], "committed_offset"), [10, 4]);
}
