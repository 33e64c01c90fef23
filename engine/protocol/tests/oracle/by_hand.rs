//! Versions that the other crate does not have, against bytes written by hand.

use crate::body::{Body, OUR_UUID, decode, encode};
use crate::samples::{log_dirs, offsets, transaction_admin};
use headwater_protocol::messages::offset_commit::OffsetCommitRequest;
use headwater_protocol::messages::offset_fetch::OffsetFetchRequest;

/// Our bytes are these, and these are read as `expected`.
fn same<'a>(version: i16, ours: &impl Body<'a>, expected: &impl Body<'a>, bytes: &[&[u8]]) {
    fn inner<'a, B: Body<'a>>(version: i16, expected: &B, bytes: Vec<u8>) {
        // A test may leak; see `body::compare`.
        let decoded: B = decode(bytes.leak(), version);
        assert_eq!(&decoded, expected);
    }
    let bytes = bytes.concat();
    assert_eq!(encode(ours, version)[..], bytes);
    inner(version, expected, bytes);
}

#[test]
fn offset_commit_request_10() {
    let ours = offsets::offset_commit_request();
    let mut expected = OffsetCommitRequest { retention_time_ms: -1, ..ours.clone() };
    expected.topics[0].name = "";
    let head: [&[u8]; 4] = [b"\x06group", &4i32.to_be_bytes(), b"\x07member", b"\x09instance"];
    let partition: [&[u8]; 5] = [
        &3i32.to_be_bytes(),
        &(1i64 << 34).to_be_bytes(),
        &5i32.to_be_bytes(),
        b"\x13committed metadata",
        b"\0",
    ];
    let plain_partition: [&[u8]; 3] = [&[0; 12], &(-1i32).to_be_bytes(), b"\0\0"];
    let topics: [&[u8]; 7] = [
        b"\x03",
        &OUR_UUID.0,
        b"\x03",
        &partition.concat(),
        &plain_partition.concat(),
        b"\0",
        &[&[0; 16][..], b"\x01\0"].concat(),
    ];
    same(10, &ours, &expected, &[&head.concat(), &topics.concat(), b"\0"]);
}

#[test]
fn offset_fetch_request_10() {
    let ours = offsets::offset_fetch_request();
    let mut expected: OffsetFetchRequest<'_> = ours.clone();
    expected.groups[0].topics.as_mut().unwrap()[0].name = "";
    let topics: [&[u8]; 7] = [
        b"\x03",
        &OUR_UUID.0,
        b"\x03",
        &[5i32.to_be_bytes(), 9i32.to_be_bytes()].concat(),
        b"\0",
        &[0; 16],
        b"\x01\0",
    ];
    let group: [&[u8]; 5] =
        [b"\x06group", b"\x07member", &5i32.to_be_bytes(), &topics.concat(), b"\0"];
    let plain_group: [&[u8]; 3] = [b"\x01\0", &(-1i32).to_be_bytes(), b"\0\0"];
    let body: [&[u8]; 4] = [b"\x03", &group.concat(), &plain_group.concat(), b"\x01\0"];
    same(10, &ours, &expected, &body);
}

#[test]
fn write_txn_markers_request_2() {
    let ours = transaction_admin::write_txn_markers_request();
    let topic: [&[u8]; 4] = [
        b"\x08flights\x03",
        &[4i32.to_be_bytes(), 8i32.to_be_bytes()].concat(),
        b"\0",
        b"\x01\x01\0",
    ];
    let marker: [&[u8]; 6] = [
        &(1i64 << 33).to_be_bytes(),
        &4i16.to_be_bytes(),
        b"\x01\x03",
        &topic.concat(),
        &7i32.to_be_bytes(),
        b"\x08\0",
    ];
    let plain_marker: [&[u8]; 2] = [&[0xff; 10], &[0, 1, 0, 0, 0, 0, 0, 0]];
    same(2, &ours, &ours, &[b"\x03", &marker.concat(), &plain_marker.concat(), b"\0"]);
}

#[test]
fn describe_log_dirs_response_5() {
    let ours = log_dirs::describe_log_dirs_response();
    let partition: [&[u8]; 4] =
        [&3i32.to_be_bytes(), &(1i64 << 34).to_be_bytes(), &(1i64 << 35).to_be_bytes(), b"\x01\0"];
    let directory: [&[u8]; 8] = [
        &56i16.to_be_bytes(),
        b"\x08log dir\x03\x08flights\x03",
        &partition.concat(),
        &[0; 4 + 8 + 8 + 1 + 1],
        b"\0\x01\x01\0",
        &(1i64 << 36).to_be_bytes(),
        &(1i64 << 37).to_be_bytes(),
        b"\x01\0",
    ];
    let plain_directory: [&[u8]; 3] = [b"\0\0\x01\x01", &[0xff; 16], b"\0\0"];
    let head: [&[u8]; 3] = [&3i32.to_be_bytes(), &42i16.to_be_bytes(), b"\x03"];
    let directories = [directory.concat(), plain_directory.concat()].concat();
    same(5, &ours, &ours, &[&head.concat(), &directories, b"\0"]);
}

#[test]
fn other_direction_is_unchanged() {
    let request = log_dirs::describe_log_dirs_request();
    assert_eq!(encode(&request, 5), encode(&request, 4));
    let response = transaction_admin::write_txn_markers_response();
    assert_eq!(encode(&response, 2), encode(&response, 1));
}
