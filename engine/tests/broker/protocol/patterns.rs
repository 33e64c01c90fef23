//! Subscriptions by regular expression (KIP-848): matched by the broker, also against topics that come later.

use std::time::Duration;

use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::consumer_group_heartbeat::ConsumerGroupHeartbeatRequest;

use crate::harness::broker::Broker;
use crate::harness::groups::{GROUPS, beat_of, join_of};
use crate::harness::{eventually, on_both};

const OK: ErrorCode = ErrorCode::None;

fn joining(regex: &str) -> ConsumerGroupHeartbeatRequest<'_> {
    ConsumerGroupHeartbeatRequest {
        subscribed_topic_names: None,
        subscribed_topic_regex: Some(regex),
        ..join_of("k", "m", "")
    }
}

#[test]
fn a_pattern_finds_topics_that_are_made_later() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        client.create("orders.eu", 2, &[]);
        client.create("other.orders", 4, &[]);
        client.find_coordinator(GROUPS, "k");
        let pattern = joining(r"orders\..*");
        let told = eventually("a coordinator that has loaded", Duration::from_secs(20), || {
            let (code, epoch, told) = client.consumer_beat(&pattern);
            code.is_none().then_some((epoch, told))
        });
        assert_eq!(told, (1, Some(2)));
        client.create("orders.us", 3, &[]);
        let (epoch, told) = eventually("the new topic is seen", Duration::from_secs(20), || {
            let (code, epoch, told) = client.consumer_beat(&beat_of("k", "m", 1));
            assert_eq!(code, OK);
            told.map(|told| (epoch, told))
        });
        assert_eq!((epoch, told), (2, 5));
        let (code, ..) = broker.connect().consumer_beat(&joining("orders["));
        assert_eq!(code, ErrorCode::InvalidRegularExpression);
    });
}
