//! The table is true: each version that it says we speak can be decoded and encoded, through whole
//! frames.

use crate::bodies::{Direction, recode};
use crate::samples::sample;
use bytes::BytesMut;
use headwater_protocol::api_key::{self, ApiKey};
use headwater_protocol::frame::{
    LENGTH_PREFIX_BYTES, RequestHeader, ResponseHeader, encode_request, encode_response, frame_len,
};

/// Every API and version that we decode.
pub fn spoken() -> impl Iterator<Item = (ApiKey, i16)> {
    api_key::spoken()
        .flat_map(|(api, v)| (v.decodable_min..=v.max).map(move |version| (api, version)))
}

#[test]
fn every_request_passes_through_a_frame() {
    for (api, version) in spoken() {
        let body = sample(api, Direction::Request, version);
        let header = RequestHeader {
            api_key: api.code(),
            api_version: version,
            correlation_id: 7,
            client_id: Some("client"),
        };
        let mut frame = BytesMut::new();
        encode_request(&mut frame, &header, |w| w.raw(&body));
        assert_eq!(frame_len(&frame, 1 << 20), Ok(Some(frame.len() - LENGTH_PREFIX_BYTES)));
        let frame = &frame[LENGTH_PREFIX_BYTES..];
        let (decoded, reader) = RequestHeader::decode(frame).unwrap();
        assert_eq!(decoded, header);
        let recoded = recode(api, Direction::Request, version, &frame[reader.offset()..]);
        assert_eq!(recoded, Ok(body), "{api} {version}");
    }
}

#[test]
fn every_response_passes_through_a_frame() {
    for (api, version) in spoken() {
        let body = sample(api, Direction::Response, version);
        let mut frame = BytesMut::new();
        encode_response(&mut frame, api, version, 7, |w| w.raw(&body));
        let frame = &frame[LENGTH_PREFIX_BYTES..];
        let (header, reader) = ResponseHeader::decode(frame, api, version).unwrap();
        assert_eq!(header.correlation_id, 7);
        let recoded = recode(api, Direction::Response, version, &frame[reader.offset()..]);
        assert_eq!(recoded, Ok(body), "{api} {version}");
    }
}

#[test]
fn versions_differ_where_the_table_says_flexible() {
    for (api, versions) in api_key::spoken() {
        let first = versions.flexible_since;
        if first > versions.decodable_min {
            let before = sample(api, Direction::Request, first - 1);
            assert_ne!(sample(api, Direction::Request, first), before, "{api}");
        }
    }
}
