//! Members that are none, that come from the past, or that come in crowds; and questions to coordinators that are not
//! there.

use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::find_coordinator::{
    FindCoordinatorRequest, FindCoordinatorResponse,
};
use headwater_protocol::messages::list_groups::{ListGroupsRequest, ListGroupsResponse};

use super::{Bystander, is_well};
use crate::harness::broker::{Broker, Options};
use crate::harness::client::Client;
use crate::harness::groups::{GROUPS, Member, beat_of, join_of};
use crate::harness::on_both;

const OK: ErrorCode = ErrorCode::None;
/// Members of a large group.
const CROWD: usize = 1000;

fn member(group: &str, id: &str, generation: i32) -> Member {
    Member { group: group.to_owned(), id: id.to_owned(), generation }
}

/// Groups form after this time.
fn start(backend: headwater_io::driver::Backend, delay_ms: u32) -> (Broker, Client) {
    let delay = format!("group.initial.rebalance.delay.ms={delay_ms}");
    let broker = Options::new(backend).set(&delay).start();
    let mut client = broker.connect();
    client.create("t", 4, &[]);
    client.find_coordinator(GROUPS, "g");
    (broker, client)
}

#[test]
fn who_is_no_member_or_comes_from_the_past_is_told_so() {
    on_both(|backend| {
        let (broker, mut client) = start(backend, 0);
        let mut bystander = Bystander::of(&broker);
        let now = client.join_alone("g", "t", &[0]);
        let (unknown, old) = (member("g", "nobody", now.generation), now.generation - 1);
        assert_eq!(client.beat(&unknown), ErrorCode::UnknownMemberId);
        assert_eq!(client.sync(&unknown, "t", &[0]), ErrorCode::UnknownMemberId);
        assert_eq!(client.leave(&unknown), OK, "from version 3 on each member has its own error");
        assert_eq!(client.beat(&member("none", "a", 1)), ErrorCode::UnknownMemberId);
        let late = member("g", &now.id, old);
        assert_eq!(client.beat(&late), ErrorCode::IllegalGeneration);
        assert_eq!(client.sync(&late, "t", &[0]), ErrorCode::IllegalGeneration);
        for (id, generation, expected) in [
            (now.id.as_str(), old, ErrorCode::IllegalGeneration),
            ("nobody", now.generation, ErrorCode::UnknownMemberId),
            ("", -1, ErrorCode::UnknownMemberId),
            (now.id.as_str(), now.generation, OK),
        ] {
            let code = client.commit_as("g", id, generation, 8, &[("t", 0, 1, "")]);
            assert_eq!(code, [expected], "{id} in generation {generation}");
        }
        let code = client.commit_as("none", "a", 3, 8, &[("t", 0, 1, "")]);
        assert_eq!(code, [ErrorCode::IllegalGeneration]);
        bystander.works_soon();
        is_well(&broker);
    });
}

#[test]
fn the_same_in_the_consumer_protocol() {
    on_both(|backend| {
        let (broker, mut client) = start(backend, 0);
        let mut bystander = Bystander::of(&broker);
        assert_eq!(client.consumer_beat(&join_of("k", "a", "t")).1, 1);
        assert_eq!(client.consumer_beat(&join_of("k", "b", "t")).0, OK);
        let mut code = |group, id, epoch| client.consumer_beat(&beat_of(group, id, epoch)).0;
        assert_eq!(code("none", "a", 1), ErrorCode::GroupIdNotFound);
        assert_eq!(code("k", "nobody", 1), ErrorCode::UnknownMemberId);
        assert_eq!(code("k", "a", 77), ErrorCode::FencedMemberEpoch);
        assert_eq!(code("k", "a", -7), ErrorCode::InvalidRequest);
        let mut commit =
            |id, epoch, version| client.commit_as("k", id, epoch, version, &[("t", 0, 1, "")])[0];
        assert_eq!(commit("a", 77, 9), ErrorCode::StaleMemberEpoch);
        assert_eq!(commit("nobody", 1, 9), ErrorCode::UnknownMemberId);
        // Who does not know of member epochs.
        assert_eq!(commit("a", 77, 8), ErrorCode::UnsupportedVersion);
        bystander.works_soon();
        is_well(&broker);
    });
}

/// A note with an offset has a limit; the other offsets of the request are committed.
#[test]
fn an_oversized_note_is_refused_and_nothing_else() {
    on_both(|backend| {
        let (broker, mut client) = start(backend, 0);
        let (long, allowed) = ("x".repeat(4097), "x".repeat(4096));
        let commits = [("t", 0, 1, long.as_str()), ("t", 1, 2, allowed.as_str()), ("t", 2, 3, "")];
        let codes = client.commit("g", &commits);
        assert_eq!(codes, [ErrorCode::OffsetMetadataTooLarge, OK, OK]);
        let many: Vec<_> = (0..10_000).map(|n| ("t", n % 8, i64::from(n), "note")).collect();
        let codes = client.commit("g", &many);
        let refused = |code: &&ErrorCode| **code == ErrorCode::UnknownTopicOrPartition;
        assert_eq!(codes.iter().filter(refused).count(), 5_000, "four partitions there are not");
        is_well(&broker);
    });
}

/// Before anybody has looked for a coordinator there is none; and some things never have one.
#[test]
fn coordinators_that_are_not_there_are_not_made_by_accident() {
    on_both(|backend| {
        let broker = Broker::start(backend);
        let mut client = broker.connect();
        let mut bystander = Bystander::of(&broker);
        assert_eq!(client.beat(&member("g", "a", 1)), ErrorCode::NotCoordinator);
        let code = client.commit_as("g", "", -1, 8, &[("bystander", 0, 1, "")]);
        assert_eq!(code, [ErrorCode::NotCoordinator]);
        assert_eq!(client.consumer_beat(&join_of("k", "a", "t")).0, ErrorCode::NotCoordinator);
        assert_eq!(client.topics(), ["bystander"]);
        let request = FindCoordinatorRequest { key_type: 7, keys: vec!["g"; 1000] };
        let frame = client.call(ApiKey::FindCoordinator, 4, |w| request.encode(w, 4));
        let response = frame.body(FindCoordinatorResponse::decode);
        let all = response.coordinators.iter();
        assert!(all.clone().all(|one| one.error_code == ErrorCode::InvalidRequest));
        assert_eq!(client.topics(), ["bystander"]);
        bystander.works_soon();
    });
}

#[test]
fn a_thousand_members_join_a_consumer_group() {
    on_both(|backend| {
        let (broker, mut client) = start(backend, 0);
        let mut bystander = Bystander::of(&broker);
        for n in 0..CROWD {
            let id = format!("member-{n}");
            let (code, epoch, _) = client.consumer_beat(&join_of("k", &id, "t"));
            assert_eq!((code, epoch), (OK, n as i32 + 1));
        }
        bystander.works_soon();
        // Partitions are where they were: four have one each, as soon as those who had more have let go.
        let described =
            client.call(ApiKey::ListGroups, 5, |w| ListGroupsRequest::default().encode(w, 5));
        let listed = described.body(ListGroupsResponse::decode);
        assert_eq!(listed.groups.len(), 1);
        is_well(&broker);
    });
}

#[test]
fn a_thousand_members_join_a_classic_group() {
    on_both(|backend| {
        let (broker, _) = start(backend, 2000);
        let mut bystander = Bystander::of(&broker);
        let mut crowd: Vec<Client> = (0..CROWD).map(|_| broker.connect()).collect();
        let asked: Vec<_> = crowd.iter_mut().map(|client| client.ask_join("g", "t")).collect();
        bystander.works_soon();
        let mut generations = Vec::new();
        let mut led = 0;
        for (client, asked) in crowd.iter_mut().zip(asked) {
            let (code, member, members) = client.joined("g", asked);
            assert_eq!(code, OK);
            generations.push(member.generation);
            led = led.max(members);
        }
        generations.dedup();
        assert_eq!(
            (generations.len(), led),
            (1, CROWD),
            "one generation, one leader who knows all"
        );
        // They go without a word.
        drop(crowd);
        bystander.works_soon();
        is_well(&broker);
    });
}
