//! Request and response headers: which version of them goes with which API and version.

use crate::body::{text, versions};
use bytes::{Bytes, BytesMut};
use headwater_protocol::api_key::{self, ApiKey};
use headwater_protocol::frame::{
    LENGTH_PREFIX_BYTES, RequestHeader, ResponseHeader, encode_request, encode_response,
};
use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{Decodable, Encodable};

fn their_key(api: ApiKey) -> theirs::ApiKey {
    theirs::ApiKey::try_from(api.code()).unwrap()
}

/// What `kafka-protocol` has, which for ListOffsets ends at 10.
fn common_versions(api: ApiKey) -> impl Iterator<Item = i16> {
    let known = their_key(api).valid_versions();
    versions(api).filter(move |version| (known.min..=known.max).contains(version))
}

#[test]
fn request_headers() {
    for (api, _) in api_key::served() {
        for version in common_versions(api) {
            let ours = RequestHeader {
                api_key: api.code(),
                api_version: version,
                correlation_id: 0x0102_0304,
                client_id: Some("client"),
            };
            let mut frame = BytesMut::new();
            encode_request(&mut frame, &ours, |_| ());
            let header = frame.split_off(LENGTH_PREFIX_BYTES).freeze();

            let theirs = theirs::RequestHeader::default()
                .with_request_api_key(api.code())
                .with_request_api_version(version)
                .with_correlation_id(0x0102_0304)
                .with_client_id(Some(text("client")));
            let header_version = their_key(api).request_header_version(version);
            let mut expected = BytesMut::new();
            theirs.encode(&mut expected, header_version).unwrap();
            assert_eq!(header, expected, "{api} {version}");
            let read = theirs::RequestHeader::decode(&mut header.clone(), header_version).unwrap();
            assert_eq!(read, theirs, "{api} {version}");
            let (decoded, body) = RequestHeader::decode(&header).unwrap();
            assert_eq!((decoded, body.remaining()), (ours, 0), "{api} {version}");
        }
    }
}

#[test]
fn response_headers() {
    for (api, _) in api_key::served() {
        for version in common_versions(api) {
            let mut frame = BytesMut::new();
            encode_response(&mut frame, api, version, 0x0102_0304, |_| ());
            let header: Bytes = frame.split_off(LENGTH_PREFIX_BYTES).freeze();
            let mut expected = BytesMut::new();
            theirs::ResponseHeader::default()
                .with_correlation_id(0x0102_0304)
                .encode(&mut expected, their_key(api).response_header_version(version))
                .unwrap();
            assert_eq!(header, expected, "{api} {version}");
            let (decoded, body) = ResponseHeader::decode(&header, api, version).unwrap();
            assert_eq!((decoded.correlation_id, body.remaining()), (0x0102_0304, 0));
        }
    }
}
