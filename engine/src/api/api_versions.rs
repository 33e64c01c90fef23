//! ApiVersions (key 18, versions 0 to 4): what is served, from the protocol's table.
//!
//! A version that is not served is answered too, in version 0 with our range, so that the client can
//! choose another one (KIP-511). Java clients use the newer rules of groups and transactions only where the
//! features are announced.

use bytes::Bytes;
use headwater_protocol::messages::api_versions::{
    ApiVersionsRequest, ApiVersionsResponse, FinalizedFeature, SupportedFeature,
};
use headwater_protocol::wire::error::DecodeError;
use headwater_protocol::wire::reader::Reader;

use super::access::Allowed;
use super::{Context, Origin, Step, Work};

/// Kafka's features and their levels, as Kafka 4.3 has them on a new cluster.
const FEATURES: [(&str, i16); 2] = [
    // Consumer groups (KIP-848).
    ("group.version", 1),
    // Transactions that raise the epoch at each end (KIP-890).
    ("transaction.version", 2),
];

fn supported((name, max_version): (&'static str, i16)) -> SupportedFeature<'static> {
    SupportedFeature { name: name.into(), min_version: 0, max_version }
}

fn finalized((name, level): (&'static str, i16)) -> FinalizedFeature<'static> {
    let (max_version_level, min_version_level) = (level, level);
    FinalizedFeature { name: name.into(), max_version_level, min_version_level }
}

/// Serves one request.
pub fn begin(
    r: &mut Reader<'_>,
    _frame: &Bytes,
    origin: Origin,
    _context: &mut Context<'_>,
    _allowed: Allowed,
) -> Result<(Work, Step), DecodeError> {
    ApiVersionsRequest::decode(r, origin.version)?;
    let response = ApiVersionsResponse {
        supported_features: FEATURES.map(supported).to_vec(),
        finalized_features_epoch: 0,
        finalized_features: FEATURES.map(finalized).to_vec(),
        ..ApiVersionsResponse::from_table()
    };
    Ok((Work::Done, origin.reply(|w| response.encode(w, origin.version))))
}

/// Answers a version that is not served.
pub fn unsupported(origin: Origin) -> (Work, Step) {
    let origin = Origin { version: 0, ..origin };
    let response = ApiVersionsResponse::unsupported_version();
    (Work::Done, origin.reply(|w| response.encode(w, 0)))
}
