//! Records: every kind round-trips, bytes are Kafka's, and what is unknown or broken is told apart.

use super::assignment::{CurrentAssignment, MemberState};
use super::consumer_group::{GroupEpoch, TargetEpoch};
use super::group_metadata::{GroupMetadata, StoredMember};
use super::member::{ClassicMember, MemberMetadata};
use super::offset_commit::OffsetCommit;
use super::*;
use crate::model::TopicId;

fn offset(expire_ms: Option<i64>) -> OffsetCommit {
    let leader_epoch = if expire_ms.is_some() { -1 } else { 4 };
    let topic_id = if expire_ms.is_some() { TopicId::ZERO } else { TopicId([9; 16]) };
    let metadata = "m".to_owned();
    OffsetCommit { offset: 7, leader_epoch, metadata, commit_ms: 8, expire_ms, topic_id }
}

fn group() -> GroupMetadata {
    let member = StoredMember {
        member_id: "a".to_owned(),
        group_instance_id: Some("i".to_owned()),
        client_id: "c".to_owned(),
        client_host: "/h".to_owned(),
        rebalance_timeout_ms: 1,
        session_timeout_ms: 2,
        subscription: Bytes::from_static(b"s"),
        assignment: Bytes::from_static(b""),
    };
    GroupMetadata {
        protocol_type: "consumer".to_owned(),
        generation: 3,
        protocol: Some("range".to_owned()),
        leader: None,
        state_since_ms: 5,
        members: vec![member.clone(), StoredMember { group_instance_id: None, ..member }],
    }
}

fn all() -> Vec<Entry> {
    let (group_id, member) = (|| "g".to_owned(), || "a".to_owned());
    let owned = [(TopicId([1; 16]), [(0, 5), (3, 6)].into())].into();
    let current = CurrentAssignment {
        epoch: 6,
        previous_epoch: 5,
        state: MemberState::UnrevokedPartitions,
        assigned: owned,
        revoking: [(TopicId([2; 16]), [(1, 2)].into())].into(),
    };
    let metadata = MemberMetadata {
        instance_id: Some("i".to_owned()),
        topics: vec!["t".to_owned()],
        regex: Some("t.*".to_owned()),
        rebalance_timeout_ms: 9,
        classic: Some(ClassicMember {
            session_timeout_ms: 3,
            protocols: vec![("range".to_owned(), Bytes::from_static(b"x"))],
        }),
        ..MemberMetadata::default()
    };
    let offset_of =
        |value| Entry::Offset { group: group_id(), topic: "t".to_owned(), partition: 7, value };
    let epoch = GroupEpoch { epoch: 4, metadata_hash: -9 };
    let plain = MemberMetadata::default();
    let target = [(TopicId([1; 16]), [2, 1].into())].into();
    vec![
        offset_of(Some(offset(None))),
        offset_of(Some(offset(Some(99)))),
        offset_of(None),
        Entry::Classic { group: group_id(), value: Some(group()) },
        Entry::Classic { group: group_id(), value: None },
        Entry::Epoch { group: group_id(), value: Some(epoch) },
        Entry::Epoch { group: group_id(), value: Some(GroupEpoch { metadata_hash: 0, ..epoch }) },
        Entry::TargetEpoch { group: group_id(), value: Some(TargetEpoch { epoch: 4, made_ms: 8 }) },
        Entry::Member { group: group_id(), member: member(), value: Some(metadata) },
        Entry::Member { group: group_id(), member: member(), value: Some(plain) },
        Entry::Target { group: group_id(), member: member(), value: Some(target) },
        Entry::Current { group: group_id(), member: member(), value: Some(current) },
        Entry::Current { group: group_id(), member: member(), value: None },
    ]
}

#[test]
fn every_kind_of_record_round_trips_and_is_refused_when_cut_short() {
    for entry in all() {
        let (key, value) = entry.encode();
        assert_eq!(Entry::decode(&key, value.as_deref()), Ok(Some(entry.clone())));
        for end in 0..key.len() {
            assert!(Entry::decode(&key[..end], None).is_err(), "{entry:?} cut at {end}");
        }
        let value = value.unwrap_or_default();
        for end in 0..value.len() {
            assert!(Entry::decode(&key, Some(&value[..end])).is_err(), "{entry:?} cut at {end}");
        }
    }
}

#[test]
fn an_offset_has_the_bytes_of_the_picture() {
    let value = Some(offset(None));
    let (group, topic) = ("g".to_owned(), "t".to_owned());
    let (key, value) = Entry::Offset { group, topic, partition: 7, value }.encode();
    assert_eq!(&key[..], b"\0\x01\0\x01g\0\x01t\0\0\0\x07");
    let mut expected =
        b"\0\x04\0\0\0\0\0\0\0\x07\0\0\0\x04\x02m\0\0\0\0\0\0\0\x08\x01\0\x10".to_vec();
    expected.extend([9; 16]);
    assert_eq!(&value.unwrap()[..], expected);
}

#[test]
fn older_versions_are_read() {
    let key = b"\0\0\0\x01g\0\x01t\0\0\0\x07";
    let values: [(&[u8], i32, Option<i64>); 3] = [
        (b"\0\0\0\0\0\0\0\0\0\x07\0\x01m\0\0\0\0\0\0\0\x08", -1, None),
        (
            b"\0\x01\0\0\0\0\0\0\0\x07\0\x01m\0\0\0\0\0\0\0\x08\xff\xff\xff\xff\xff\xff\xff\xff",
            -1,
            None,
        ),
        (b"\0\x03\0\0\0\0\0\0\0\x07\0\0\0\x04\0\x01m\0\0\0\0\0\0\0\x08", 4, None),
    ];
    for (value, leader_epoch, expire_ms) in values {
        let Ok(Some(Entry::Offset { value: Some(read), .. })) = Entry::decode(key, Some(value))
        else {
            panic!("{value:?}")
        };
        let expected =
            OffsetCommit { leader_epoch, topic_id: TopicId::ZERO, expire_ms, ..offset(None) };
        assert_eq!(read, expected);
    }
    // Version 0 of a group: no time of state, no instance ids, no rebalance timeouts.
    let value = b"\0\0\0\x01x\0\0\0\x02\xff\xff\xff\xff\0\0\0\x01\0\x01a\0\x01c\0\x01h\0\0\0\x05\0\0\0\0\0\0\0\0";
    let Ok(Some(Entry::Classic { value: Some(read), .. })) =
        Entry::decode(b"\0\x02\0\x01g", Some(value))
    else {
        panic!()
    };
    assert_eq!((read.state_since_ms, read.members[0].rebalance_timeout_ms), (-1, -1));
}

#[test]
fn records_of_other_kinds_are_skipped_and_newer_versions_are_not_guessed_at() {
    for kind in [4_i16, 9, 15, 16, 17, 99] {
        assert_eq!(Entry::decode(&kind.to_be_bytes(), Some(b"?")), Ok(None));
    }
    let newer = Entry::decode(b"\0\x02\0\x01g", Some(b"\0\x05")).unwrap_err();
    assert_eq!((newer.version, newer.why), (5, None));
    assert_eq!(newer.to_string(), "GroupMetadataValue has version 5, which is unknown");
    let broken = Entry::decode(b"\0\x02\0\x05g", None).unwrap_err();
    assert_eq!((broken.what, broken.version), ("key", 2));
}
