//! Fetch sessions (KIP-227): what is remembered, what is answered, and when a client must begin anew.

use std::time::Duration;

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::fetch::response::FetchResponse;
use headwater_protocol::messages::fetch::{FetchRequest, ForgottenTopic};
use headwater_protocol::wire::uuid::Uuid;

use crate::harness::batches::{plain, sized};
use crate::harness::broker::{Broker, Options};
use crate::harness::client::Client;
use crate::harness::on_both;
use crate::harness::requests::{FetchAnswer, Want, owned};

fn indexes(answer: &FetchAnswer) -> Vec<i32> {
    assert_eq!(answer.error, ErrorCode::None);
    answer.partitions.iter().map(|partition| partition.index).collect()
}

/// A session that has been answered once: 3 partitions with one record each, all read.
fn session(client: &mut Client) -> i32 {
    client.create("t", 3, &[]);
    for partition in 0..3 {
        client.append("t", partition, &plain(&["first"]));
    }
    let answer =
        client.fetch(&Want { session: (0, 0), ..Want::from("t", &[(0, 0), (1, 0), (2, 0)]) });
    assert_eq!(indexes(&answer), [0, 1, 2]);
    assert!(answer.session > 0);
    let read = Want { session: (answer.session, 1), ..Want::from("t", &[(0, 1), (1, 1), (2, 1)]) };
    assert_eq!(indexes(&client.fetch(&read)), [0; 0], "nothing new");
    answer.session
}

#[test]
fn only_what_changed_is_named_and_answered() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let id = session(&mut client);
        client.append("t", 1, &plain(&["second"]));
        let go_on = |epoch| Want { session: (id, epoch), ..Want::from("t", &[]) };
        let answer = client.fetch(&go_on(2));
        assert_eq!((answer.session, indexes(&answer)), (id, vec![1]));
        assert_eq!(answer.partitions[0].records()[0].value, b"second");
        // Not moved on: the same again.
        assert_eq!(indexes(&client.fetch(&go_on(3))), [1]);
        let moved = Want { session: (id, 4), ..Want::from("t", &[(1, 2)]) };
        assert_eq!(indexes(&client.fetch(&moved)), [0; 0]);
        let asked = client.ask_fetch(&Want { wait_ms: 5000, ..go_on(5) }, 12);
        assert!(!client.has_answer(Duration::from_millis(50)));
        broker.connect().append("t", 2, &plain(&["third"]));
        assert_eq!(indexes(&client.fetched(asked)), [2]);
    });
}

#[test]
fn forgotten_partitions_are_not_answered_any_more() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let id = session(&mut client);
        client.append("t", 1, &plain(&["second"]));
        client.append("t", 2, &plain(&["second"]));
        let forgotten =
            vec![ForgottenTopic { name: "t", topic_id: Uuid::ZERO, partitions: vec![1, 7] }];
        let request = FetchRequest {
            min_bytes: 1,
            max_bytes: 1 << 20,
            session_id: id,
            session_epoch: 2,
            forgotten_topics: forgotten,
            ..Default::default()
        };
        let frame = client.call(ApiKey::Fetch, 12, |w| request.encode(w, 12));
        assert_eq!(indexes(&owned(&frame.body(FetchResponse::decode))), [2]);
    });
}

#[test]
fn sessions_that_cannot_go_on_are_refused_by_their_fault() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let id = session(&mut client);
        let mut ask = |session| client.fetch(&Want { session, ..Want::from("t", &[]) });
        assert_eq!(ask((id, 7)).error, ErrorCode::InvalidFetchSessionEpoch);
        assert_eq!(ask((id, 1)).error, ErrorCode::InvalidFetchSessionEpoch);
        assert_eq!(ask((id.wrapping_add(99), 2)).error, ErrorCode::FetchSessionIdNotFound);
        let answer = ask((id, 2));
        assert_eq!(
            (answer.error, answer.session),
            (ErrorCode::None, id),
            "an error changes nothing"
        );
        // Epoch -1 ends it, epoch 0 begins another one.
        assert_eq!(ask((id, -1)).session, 0);
        assert_eq!(ask((id, 3)).error, ErrorCode::FetchSessionIdNotFound);
    });
}

#[test]
fn topic_ids_work_in_sessions_too() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let id = client.create("t", 1, &[]);
        client.append("t", 0, &plain(&["a"]));
        let asked =
            client.ask_fetch(&Want { id, session: (0, 0), ..Want::from("", &[(0, 0)]) }, 13);
        let answer = client.fetched(asked);
        assert_eq!(indexes(&answer), [0]);
        client.delete("t");
        client.create("t", 1, &[]);
        // The client has not noticed: its topic is gone, although there is one of the same name.
        let asked =
            client.ask_fetch(&Want { session: (answer.session, 1), ..Want::from("", &[]) }, 13);
        let answer = client.fetched(asked);
        assert_eq!(answer.partitions[0].error, ErrorCode::UnknownTopicId);
    });
}

/// Clients that know no topic ids go by the name, which may get another topic while they watch.
#[test]
fn a_session_by_name_follows_a_topic_that_is_made_again() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let want = Want { session: (0, 0), ..Want::from("t", &[(0, 0)]) };
        let answer = client.fetch(&want);
        assert_eq!(answer.partitions[0].error, ErrorCode::UnknownTopicOrPartition);
        let go_on = |epoch| Want { session: (answer.session, epoch), ..Want::from("t", &[]) };
        client.create("t", 1, &[]);
        client.append("t", 0, &plain(&["a"]));
        let found = client.fetch(&go_on(1)).only();
        assert_eq!((found.error, found.records().len()), (ErrorCode::None, 1));
        client.delete("t");
        let gone = client.fetch(&go_on(2)).only();
        assert_eq!(gone.error, ErrorCode::UnknownTopicOrPartition);
        client.create("t", 1, &[]);
        client.append("t", 0, &plain(&["another"]));
        let again = client.fetch(&go_on(3)).only();
        assert_eq!(again.records()[0].value, b"another");
    });
}

/// Two topics that do not exist are two topics all the same.
#[test]
fn unknown_topics_are_answered_one_by_one() {
    on_both(|backend| {
        use headwater_protocol::messages::fetch::{FetchPartition, FetchTopic};
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        for session_epoch in [-1, 0] {
            let of = |name| FetchTopic {
                name,
                topic_id: Uuid::ZERO,
                partitions: vec![FetchPartition::default()],
            };
            let request = FetchRequest {
                max_bytes: 1000,
                session_epoch,
                topics: vec![of("a"), of("b")],
                ..Default::default()
            };
            let frame = client.call(ApiKey::Fetch, 12, |w| request.encode(w, 12));
            let response = frame.body(FetchResponse::decode);
            let names: Vec<_> = response.topics.iter().map(|topic| &*topic.name).collect();
            assert_eq!(names, ["a", "b"], "session epoch {session_epoch}");
        }
    });
}

/// A response that is full at its first partition must not starve the others for ever.
#[test]
fn partitions_take_turns_when_a_response_is_full() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("t", 3, &[]);
        for partition in 0..3 {
            for n in 0..5 {
                client.append("t", partition, &sized(1, 10_000, n));
            }
        }
        let small = |session| Want { session, bytes_max: 12_000, ..Want::from("t", &[]) };
        let first = Want { partitions: &[(0, 0), (1, 0), (2, 0)], ..small((0, 0)) };
        let mut answer = client.fetch(&first);
        let id = answer.session;
        let mut seen = Vec::new();
        for epoch in 1..=3 {
            seen.extend(answer.partitions.iter().filter(|p| !p.bytes.is_empty()).map(|p| p.index));
            answer = client.fetch(&small((id, epoch)));
        }
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2]);
    });
}

#[test]
fn with_no_room_for_sessions_there_are_none() {
    on_both(|backend| {
        let broker =
            Options::new(backend).set("max.incremental.fetch.session.cache.slots=0").start();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let answer = client.fetch(&Want { session: (0, 0), ..Want::from("t", &[(0, 0)]) });
        assert_eq!(
            (answer.error, answer.session, answer.partitions.len()),
            (ErrorCode::None, 0, 1)
        );
    });
}
