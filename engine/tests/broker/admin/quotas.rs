//! Client quotas: kept, found again, and enforced.

use std::time::{Duration, Instant};

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::alter_client_quotas::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, AlterableQuotaEntity, AlterableQuotaEntry,
    AlterableQuotaOp,
};
use headwater_protocol::messages::describe_client_quotas::{
    DescribeClientQuotasRequest, DescribeClientQuotasResponse, MATCH_ANY, MATCH_DEFAULT,
    MATCH_EXACT, QuotaComponent,
};
use headwater_protocol::messages::fetch::response::FetchResponse;
use headwater_protocol::messages::produce::ProduceResponse;

use crate::harness::batches;
use crate::harness::broker::Options;
use crate::harness::client::Client;
use crate::harness::on_both;
use crate::harness::requests::{FETCH, Want};

/// Kind and name; no name is the default.
type Part<'a> = (&'a str, Option<&'a str>);

fn alter(client: &mut Client, entity: &[Part<'_>], key: &str, value: Option<f64>) -> ErrorCode {
    let part = |&(entity_type, entity_name): &Part<'_>| AlterableQuotaEntity {
        entity_type: Box::leak(entity_type.to_owned().into_boxed_str()),
        entity_name: entity_name.map(|name| &*Box::leak(name.to_owned().into_boxed_str())),
    };
    let op = AlterableQuotaOp { key, value: value.unwrap_or(0.0), remove: value.is_none() };
    let entry = AlterableQuotaEntry { entity: entity.iter().map(part).collect(), ops: vec![op] };
    let request = AlterClientQuotasRequest { entries: vec![entry], validate_only: false };
    let frame = client.call(ApiKey::AlterClientQuotas, 1, |w| request.encode(w, 1));
    let response = frame.body(AlterClientQuotasResponse::decode);
    assert_eq!(response.entries[0].entity.len(), entity.len());
    response.entries[0].error_code
}

/// How many entities a filter lets through, and the sum of their quotas.
fn described(
    client: &mut Client,
    filter: &[(&str, i8, Option<&str>)],
    strict: bool,
) -> Result<(usize, f64), ErrorCode> {
    let component = |&(entity_type, match_type, name): &(_, _, _)| QuotaComponent {
        entity_type,
        match_type,
        name,
    };
    let components = filter.iter().map(component).collect();
    let request = DescribeClientQuotasRequest { components, strict };
    let frame = client.call(ApiKey::DescribeClientQuotas, 1, |w| request.encode(w, 1));
    let response = frame.body(DescribeClientQuotasResponse::decode);
    if response.error_code != ErrorCode::None {
        return Err(response.error_code);
    }
    let entries = response.entries.expect("entries");
    let sum = entries.iter().flat_map(|entry| &entry.values).map(|value| value.value).sum();
    Ok((entries.len(), sum))
}

#[test]
fn quotas_are_found_by_filters_also_after_a_kill() {
    on_both(|backend| {
        let broker = Options::new(backend).start();
        let mut client = broker.connect();
        let key = "consumer_byte_rate";
        let (user, anyone) = (("user", Some("u")), ("client-id", None));
        for (entity, value) in
            [(&[user][..], 1.0), (&[anyone][..], 2.0), (&[user, anyone][..], 4.0)]
        {
            assert_eq!(alter(&mut client, entity, key, Some(value)), ErrorCode::None);
        }
        assert_eq!(alter(&mut client, &[user], "request_percentage", Some(0.5)), ErrorCode::None);
        let broker = broker.kill_and_restart();
        let mut client = broker.connect();
        let exact = ("user", MATCH_EXACT, Some("u"));
        let default = ("client-id", MATCH_DEFAULT, None);
        assert_eq!(described(&mut client, &[], false), Ok((3, 7.5)));
        assert_eq!(described(&mut client, &[exact], false), Ok((2, 5.5)));
        assert_eq!(described(&mut client, &[exact], true), Ok((1, 1.5)));
        assert_eq!(described(&mut client, &[default], true), Ok((1, 2.0)));
        assert_eq!(described(&mut client, &[exact, default], true), Ok((1, 4.0)));
        assert_eq!(described(&mut client, &[("client-id", MATCH_ANY, None)], false), Ok((2, 6.0)));
        assert_eq!(described(&mut client, &[("ip", MATCH_ANY, None)], false), Ok((0, 0.0)));
        let unknown = described(&mut client, &[("planet", MATCH_ANY, None)], false);
        assert_eq!(unknown, Err(ErrorCode::UnsupportedVersion));
        assert_eq!(described(&mut client, &[exact, exact], false), Err(ErrorCode::InvalidRequest));
        assert_eq!(
            described(&mut client, &[("user", 7, None)], false),
            Err(ErrorCode::InvalidRequest)
        );
        assert_eq!(alter(&mut client, &[user, anyone], key, None), ErrorCode::None);
        assert_eq!(described(&mut client, &[], false), Ok((2, 3.5)));
    });
}

#[test]
fn quotas_that_make_no_sense_are_refused() {
    on_both(|backend| {
        let broker = Options::new(backend).start();
        let mut client = broker.connect();
        let cases: [(&[Part<'_>], &str, f64); 8] = [
            (&[], "producer_byte_rate", 1.0),
            (&[("planet", None)], "producer_byte_rate", 1.0),
            (&[("ip", None)], "connection_creation_rate", 1.0),
            (&[("user", Some(""))], "producer_byte_rate", 1.0),
            (&[("user", None)], "producer_byte_rate", 0.0),
            (&[("user", None)], "producer_byte_rate", f64::NAN),
            (&[("user", None)], "producer_byte_rate", 1.5),
            (&[("user", None)], "patience", 1.0),
        ];
        for (entity, key, value) in cases {
            let code = alter(&mut client, entity, key, Some(value));
            assert_eq!(code, ErrorCode::InvalidRequest, "{entity:?} {key}={value}");
        }
        assert_eq!(described(&mut client, &[], false), Ok((0, 0.0)));
    });
}

#[test]
fn a_producer_over_its_quota_is_told_so_and_not_read_meanwhile() {
    on_both(|backend| {
        let broker = Options::new(backend).set("quota.window.num=2").start();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        let quota = Some(100_000.0);
        assert_eq!(
            alter(&mut client, &[("client-id", Some("test"))], "producer_byte_rate", quota),
            ErrorCode::None
        );
        // One window is free; half of another is owed.
        let batch = batches::sized(1, 150_000, 1);
        let begun = Instant::now();
        let asked = client.ask_produce("t", 0, &batch, -1);
        let next = client.ask_produce("t", 0, &batches::plain(&["small"]), -1);
        let frame = client.answer(asked);
        let throttle_ms = frame.body(ProduceResponse::decode).throttle_time_ms;
        assert!((400..=510).contains(&throttle_ms), "{throttle_ms} ms");
        // The next request is there, and waits.
        assert_eq!(client.produced(next).error, ErrorCode::None);
        let waited = begun.elapsed();
        assert!(waited >= Duration::from_millis(throttle_ms as u64 - 1), "{waited:?}");
        // Other clients of the same name share it; without the quota nobody waits.
        assert_eq!(
            alter(&mut client, &[("client-id", Some("test"))], "producer_byte_rate", None),
            ErrorCode::None
        );
        let asked = client.ask_produce("t", 0, &batch, -1);
        assert_eq!(client.answer(asked).body(ProduceResponse::decode).throttle_time_ms, 0);
    });
}

#[test]
fn consumers_of_one_name_share_their_quota_over_all_connections_and_shards() {
    on_both(|backend| {
        let broker = Options::new(backend).shards(2).set("quota.window.num=2").start();
        let mut client = broker.connect();
        client.create("t", 1, &[]);
        client.append("t", 0, &batches::sized(1, 100_000, 1));
        assert_eq!(
            alter(&mut client, &[("user", None)], "consumer_byte_rate", Some(150_000.0)),
            ErrorCode::None
        );
        let mut throttled = 0;
        for _ in 0..4 {
            let mut other = broker.connect();
            let asked = other.ask_fetch(&Want::from("t", &[(0, 0)]), FETCH);
            throttled = other.answer(asked).body(FetchResponse::decode).throttle_time_ms;
        }
        // 400,000 bytes of 150,000 and what was earned meanwhile.
        assert!((500..=1700).contains(&throttled), "{throttled} ms");
    });
}
