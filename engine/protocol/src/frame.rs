//! Frames and headers: what stands before the body of every request and response.
//!
//! A frame is a four-byte length and that many bytes: a header, then a body whose shape depends on
//! the API and version named in the request's header. A response does not repeat them, so whoever
//! reads one must remember what it asked. Must not know any body.
//!
//! ```
//! use bytes::BytesMut;
//! use headwater_protocol::api_key::ApiKey;
//! use headwater_protocol::frame::{self, RequestHeader};
//! use headwater_protocol::messages::metadata::MetadataRequest;
//!
//! let (api_key, api_version) = (ApiKey::Metadata.code(), 12);
//! let header = RequestHeader { api_key, api_version, correlation_id: 7, client_id: None };
//! let mut buffer = BytesMut::new();
//! frame::encode_request(&mut buffer, &header, |w| {
//!     MetadataRequest::default().encode(w, api_version);
//! });
//!
//! let length = frame::frame_len(&buffer, 1 << 20)?.expect("the prefix is there");
//! let frame = &buffer[frame::LENGTH_PREFIX_BYTES..][..length];
//! let (header, mut body) = RequestHeader::decode(frame)?;
//! let request = MetadataRequest::decode(&mut body, header.api_version)?;
//! assert_eq!(request.topics, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::api_key::ApiKey;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use bytes::BytesMut;
use std::fmt;

/// Bytes of the length that opens a frame; the length does not count itself.
pub const LENGTH_PREFIX_BYTES: usize = 4;

/// Why a length prefix is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    /// The length is negative.
    Negative {
        /// The length found.
        length: i32,
    },
    /// The length is above the limit of the connection.
    TooLarge {
        /// The length found.
        length: usize,
        /// The limit.
        length_max: usize,
    },
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Negative { length } => write!(f, "frame length is {length}"),
            Self::TooLarge { length, length_max } => {
                write!(f, "frame length is {length} bytes, {length_max} are allowed")
            }
        }
    }
}

impl std::error::Error for FrameError {}

/// Reads the length prefix at the start of `bytes`: the bytes that follow it, or `None` if the
/// prefix itself has not arrived yet.
pub fn frame_len(bytes: &[u8], length_max: usize) -> Result<Option<usize>, FrameError> {
    let Some(prefix) = bytes.first_chunk::<LENGTH_PREFIX_BYTES>() else {
        return Ok(None);
    };
    let length = i32::from_be_bytes(*prefix);
    match usize::try_from(length) {
        Err(_) => Err(FrameError::Negative { length }),
        Ok(length) if length > length_max => Err(FrameError::TooLarge { length, length_max }),
        Ok(length) => Ok(Some(length)),
    }
}

/// What opens a request. The API is a plain number because it may be one that we do not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHeader<'a> {
    /// Which API; see [`ApiKey::from_code`].
    pub api_key: i16,
    /// Which version of it.
    pub api_version: i16,
    /// Chosen by the client, returned with the response.
    pub correlation_id: i32,
    /// What the client calls itself: for logs and quotas.
    pub client_id: Option<&'a str>,
}

impl<'a> RequestHeader<'a> {
    /// Decodes the header of a frame (without its length prefix) and returns it with a reader of
    /// the body.
    ///
    /// Works for unknown APIs and versions too, as far as their headers look like the ones we know,
    /// so that an answer can carry the right correlation id.
    pub fn decode(frame: &'a [u8]) -> Result<(Self, Reader<'a>), DecodeError> {
        let mut reader = Reader::new(frame, false);
        let header = Self {
            api_key: reader.i16()?,
            api_version: reader.i16()?,
            correlation_id: reader.i32()?,
            // Never compact, also in header version 2: a broker must be able to read it before it
            // knows the version.
            client_id: reader.nullable_string()?,
        };
        reader.set_flexible(header.is_flexible());
        reader.skip_tags()?;
        Ok((header, reader))
    }

    /// Writes the header and sets the writer to the encoding of the body.
    pub fn encode(&self, writer: &mut Writer<'_>) {
        writer.set_flexible(false);
        writer.i16(self.api_key);
        writer.i16(self.api_version);
        writer.i32(self.correlation_id);
        writer.nullable_string(self.client_id);
        writer.set_flexible(self.is_flexible());
        writer.no_tags();
    }

    /// The API, if it is a known one.
    pub fn api(&self) -> Option<ApiKey> {
        ApiKey::from_code(self.api_key)
    }

    fn is_flexible(&self) -> bool {
        self.api().is_some_and(|api| api.is_flexible(self.api_version))
    }
}

/// What opens a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseHeader {
    /// The one of the request.
    pub correlation_id: i32,
}

impl ResponseHeader {
    /// Decodes the header of a frame (without its length prefix) that answers a request of this API
    /// and version, and returns it with a reader of the body.
    pub fn decode(
        frame: &[u8],
        api: ApiKey,
        version: i16,
    ) -> Result<(Self, Reader<'_>), DecodeError> {
        let mut reader = Reader::new(frame, has_tags(api, version));
        let header = Self { correlation_id: reader.i32()? };
        reader.skip_tags()?;
        reader.set_flexible(api.is_flexible(version));
        Ok((header, reader))
    }

    /// Writes the header and sets the writer to the encoding of the body.
    pub fn encode(&self, writer: &mut Writer<'_>, api: ApiKey, version: i16) {
        writer.i32(self.correlation_id);
        writer.set_flexible(has_tags(api, version));
        writer.no_tags();
        writer.set_flexible(api.is_flexible(version));
    }
}

/// A client that asks for ApiVersions does not know yet what the broker speaks, so that response
/// keeps header version 0, without tagged fields, for ever (KIP-511).
fn has_tags(api: ApiKey, version: i16) -> bool {
    api != ApiKey::ApiVersions && api.is_flexible(version)
}

/// Appends a whole request to `buffer`: length prefix, header, and the body that `body` writes.
pub fn encode_request<R>(
    buffer: &mut BytesMut,
    header: &RequestHeader<'_>,
    body: impl FnOnce(&mut Writer<'_>) -> R,
) -> R {
    encode_frame(buffer, |writer| {
        header.encode(writer);
        body(writer)
    })
}

/// Appends a whole response to `buffer`: length prefix, header, and the body that `body` writes.
/// The length counts holes as if they were filled.
pub fn encode_response<R>(
    buffer: &mut BytesMut,
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    body: impl FnOnce(&mut Writer<'_>) -> R,
) -> R {
    encode_frame(buffer, |writer| {
        ResponseHeader { correlation_id }.encode(writer, api, version);
        body(writer)
    })
}

fn encode_frame<R>(buffer: &mut BytesMut, inside: impl FnOnce(&mut Writer<'_>) -> R) -> R {
    let mut writer = Writer::new(buffer, false);
    let prefix_at = writer.position();
    writer.i32(0);
    let result = inside(&mut writer);
    let length = writer.position() - prefix_at - LENGTH_PREFIX_BYTES + writer.hole_bytes();
    writer.patch_i32(prefix_at, i32::try_from(length).expect("a frame has less than 2 GiB"));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_prefix() {
        assert_eq!(frame_len(&[0, 0, 0], 100), Ok(None));
        assert_eq!(frame_len(&[0, 0, 0, 100, 1], 100), Ok(Some(100)));
        let too_large = FrameError::TooLarge { length: 101, length_max: 100 };
        assert_eq!(frame_len(&[0, 0, 0, 101], 100), Err(too_large));
        assert_eq!(frame_len(&[0xff; 4], 100), Err(FrameError::Negative { length: -1 }));
    }

    #[test]
    fn request_header_v1_and_v2() {
        for (version, header_bytes) in [(8, 4 + 2 + 2 + 4 + 2 + 2), (9, 4 + 2 + 2 + 4 + 2 + 2 + 1)]
        {
            let header = RequestHeader {
                api_key: ApiKey::Produce.code(),
                api_version: version,
                correlation_id: 7,
                client_id: Some("me"),
            };
            let mut buffer = BytesMut::new();
            encode_request(&mut buffer, &header, |w| w.string("body"));
            let body_bytes = if version == 8 { 2 + 4 } else { 1 + 4 };
            assert_eq!(buffer.len(), header_bytes + body_bytes);
            assert_eq!(frame_len(&buffer, 100), Ok(Some(buffer.len() - 4)));
            let (decoded, mut body) = RequestHeader::decode(&buffer[4..]).unwrap();
            assert_eq!(decoded, header);
            assert_eq!(body.string(), Ok("body"));
        }
    }

    #[test]
    fn unknown_api_still_yields_its_correlation_id() {
        let frame = [0x7f, 0xff, 0, 9, 0, 0, 0, 5, 0xff, 0xff];
        let (header, _) = RequestHeader::decode(&frame).unwrap();
        assert_eq!((header.api(), header.correlation_id), (None, 5));
    }

    #[test]
    fn api_versions_response_has_no_header_tags() {
        let mut buffer = BytesMut::new();
        encode_response(&mut buffer, ApiKey::ApiVersions, 3, 5, |w| w.string("x"));
        assert_eq!(buffer[..], [0, 0, 0, 6, 0, 0, 0, 5, 2, b'x']);
        buffer.clear();
        encode_response(&mut buffer, ApiKey::Metadata, 9, 5, |w| w.string("x"));
        assert_eq!(buffer[..], [0, 0, 0, 7, 0, 0, 0, 5, 0, 2, b'x']);
        let (header, mut body) = ResponseHeader::decode(&buffer[4..], ApiKey::Metadata, 9).unwrap();
        assert_eq!((header.correlation_id, body.string()), (5, Ok("x")));
    }

    #[test]
    fn length_counts_holes() {
        let mut buffer = BytesMut::new();
        encode_response(&mut buffer, ApiKey::Fetch, 4, 5, |w| w.hole(1000));
        assert_eq!(frame_len(&buffer, 10_000), Ok(Some(4 + 4 + 1000)));
    }
}
