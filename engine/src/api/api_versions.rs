//! ApiVersions (key 18, versions 0 to 4): what is served, from the protocol's table.
//!
//! A version that is not served is answered too, in version 0 with our range, so that the client can
//! choose another one (KIP-511). No features are announced before their APIs are served.

use bytes::Bytes;
use headwater_protocol::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::access::Allowed;
use super::{Context, Origin, Step, Work};

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    _context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    ApiVersionsRequest::decode(r, origin.version)?;
    let response = ApiVersionsResponse::from_table();
    Ok((Work::Done, origin.reply(|w| response.encode(w, origin.version))))
}

/// Answers a version that is not served.
pub fn unsupported(origin: Origin) -> (Work, Step) {
    let origin = Origin { version: 0, ..origin };
    let response = ApiVersionsResponse::unsupported_version();
    (Work::Done, origin.reply(|w| response.encode(w, 0)))
}
