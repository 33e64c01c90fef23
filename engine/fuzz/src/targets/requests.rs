//! Request frames of every API and version, from anybody who can connect.
//!
//! Promises: whatever is decoded is encoded to bytes that are decoded to the same again; nothing panics, and no count
//! is believed before its elements are there.

use bytes::BytesMut;
use headwater_io::sim::rng::Rng;
use headwater_protocol::api_key::{self, ApiKey};
use headwater_protocol::frame::{self, RequestHeader};

use super::Target;
use crate::bodies::{Direction, recode};
use crate::damage;
use crate::samples::sample;

pub const TARGET: Target = Target {
    name: "requests",
    about: "request frames of every API and version: decoded, encoded, decoded to the same",
    make,
    check,
    smoke: 4000,
    found: &[],
};

/// Every API and version that is decoded.
pub fn served() -> Vec<(ApiKey, i16)> {
    let versions = api_key::served();
    versions.flat_map(|(api, v)| (v.decodable_min..=v.max).map(move |n| (api, n))).collect()
}

/// A sound frame with a body of this API and version, without its length.
pub fn frame(api: ApiKey, version: i16, body: &[u8]) -> Vec<u8> {
    let header = RequestHeader {
        api_key: api.code(),
        api_version: version,
        correlation_id: 7,
        client_id: Some("fuzz"),
    };
    let mut buffer = BytesMut::new();
    frame::encode_request(&mut buffer, &header, |w| w.raw(body));
    buffer[frame::LENGTH_PREFIX_BYTES..].to_vec()
}

fn make(rng: &mut Rng) -> Vec<u8> {
    let served = served();
    let (api, version) = served[rng.below(served.len() as u64) as usize];
    if rng.chance(10) {
        return frame(api, version, &damage::noise(rng, 200));
    }
    let mut body = sample(api, Direction::Request, version);
    if rng.chance(80) {
        damage::damage(rng, &mut body);
        return frame(api, version, &body);
    }
    let mut whole = frame(api, version, &body);
    damage::damage(rng, &mut whole);
    whole
}

fn check(bytes: &[u8]) {
    // Refused or not: a length is read without reading what follows.
    let _ = frame::frame_len(bytes, 1 << 20);
    let Ok((header, reader)) = RequestHeader::decode(bytes) else { return };
    let Some(api) = header.api() else { return };
    let version = header.api_version;
    if !served().contains(&(api, version)) {
        return;
    }
    let Ok(once) = recode(api, Direction::Request, version, &bytes[reader.offset()..]) else {
        return;
    };
    let twice = recode(api, Direction::Request, version, &once);
    assert_eq!(twice, Ok(once), "{api} {version} changes when it is encoded again");
}
