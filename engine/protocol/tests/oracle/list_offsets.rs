//! ListOffsets. `kafka-protocol` has versions 1 to 10; version 11 adds a special timestamp and no
//! field, version 0 is compared with bytes written by hand.

use crate::body::{compare, decode, encode, topic, versions};
use headwater_protocol::api_key::ApiKey;
use headwater_protocol::error_code::ErrorCode;
use headwater_protocol::messages::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopic, ListOffsetsTopicResponse, MAX_TIMESTAMP,
};
use kafka_protocol::messages as theirs;
use theirs::{list_offsets_request as request, list_offsets_response as response};

fn our_request() -> ListOffsetsRequest<'static> {
    ListOffsetsRequest {
        replica_id: -1,
        isolation_level: 1,
        topics: vec![ListOffsetsTopic {
            name: "flights",
            partitions: vec![ListOffsetsPartition {
                index: 3,
                current_leader_epoch: 7,
                timestamp: MAX_TIMESTAMP,
                max_num_offsets: 1,
            }],
        }],
        timeout_ms: 5_000,
    }
}

fn our_response() -> ListOffsetsResponse<'static> {
    ListOffsetsResponse {
        throttle_time_ms: 11,
        topics: vec![ListOffsetsTopicResponse {
            name: "flights".into(),
            partitions: vec![ListOffsetsPartitionResponse {
                index: 3,
                error_code: ErrorCode::OffsetNotAvailable,
                timestamp: 1_700_000_000_000,
                offset: 1 << 40,
                leader_epoch: 8,
            }],
        }],
    }
}

#[test]
fn requests() {
    for version in 1..=10 {
        let mut partition = request::ListOffsetsPartition::default()
            .with_partition_index(3)
            .with_timestamp(MAX_TIMESTAMP);
        let mut theirs = theirs::ListOffsetsRequest::default().with_replica_id((-1).into());
        if version >= 2 {
            theirs.isolation_level = 1;
        }
        if version >= 4 {
            partition.current_leader_epoch = 7;
        }
        if version >= 10 {
            theirs.timeout_ms = 5_000;
        }
        theirs.topics = vec![
            request::ListOffsetsTopic::default()
                .with_name(topic("flights"))
                .with_partitions(vec![partition]),
        ];
        compare(version, &our_request(), &theirs);
    }
}

#[test]
fn responses() {
    for version in 1..=10 {
        let mut partition = response::ListOffsetsPartitionResponse::default()
            .with_partition_index(3)
            .with_error_code(78)
            .with_timestamp(1_700_000_000_000)
            .with_offset(1 << 40);
        let mut theirs = theirs::ListOffsetsResponse::default();
        if version >= 2 {
            theirs.throttle_time_ms = 11;
        }
        if version >= 4 {
            partition.leader_epoch = 8;
        }
        theirs.topics = vec![
            response::ListOffsetsTopicResponse::default()
                .with_name(topic("flights"))
                .with_partitions(vec![partition]),
        ];
        compare(version, &our_response(), &theirs);
    }
}

#[test]
fn version_11_has_the_fields_of_version_10() {
    assert_eq!(versions(ApiKey::ListOffsets), 0..=11);
    let bytes = encode(&our_request(), 11);
    assert_eq!(bytes, encode(&our_request(), 10));
    assert_eq!(decode::<ListOffsetsRequest<'_>>(&bytes, 11), our_request());
    let bytes = encode(&our_response(), 11);
    assert_eq!(bytes, encode(&our_response(), 10));
    assert_eq!(decode::<ListOffsetsResponse<'_>>(&bytes, 11), our_response());
}

#[test]
fn version_0_request() {
    let by_hand = [
        &[0xff; 4][..],                                                // replica id
        &[0, 0, 0, 1, 0, 7][..],                                       // one topic, its name
        b"flights",                                                    //
        &[0, 0, 0, 1, 0, 0, 0, 3],                                     // one partition, its index
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfd, 0, 0, 0, 1], // timestamp, offsets wanted
    ]
    .concat();
    assert_eq!(encode(&our_request(), 0), by_hand);
    let decoded: ListOffsetsRequest<'_> = decode(&by_hand, 0);
    assert_eq!(decoded.topics[0].partitions[0].timestamp, MAX_TIMESTAMP);
}

#[test]
fn version_0_response() {
    let by_hand = [
        &[0, 0, 0, 1, 0, 7][..],               // one topic, its name
        b"flights",                            //
        &[0, 0, 0, 1, 0, 0, 0, 3, 0, 78],      // one partition, its index and error
        &[0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0], // one offset
    ]
    .concat();
    assert_eq!(encode(&our_response(), 0), by_hand);
    let decoded: ListOffsetsResponse<'_> = decode(&by_hand, 0);
    assert_eq!(decoded.topics[0].partitions[0].offset, 1 << 40);

    let mut none = our_response();
    none.topics[0].partitions[0].offset = -1;
    let bytes = encode(&none, 0);
    assert_eq!(bytes[bytes.len() - 4..], [0; 4], "an empty list");
    let decoded: ListOffsetsResponse<'_> = decode(&bytes, 0);
    assert_eq!(decoded.topics[0].partitions[0].offset, -1);
}
