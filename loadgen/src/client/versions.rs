//! Which version of each API a connection uses: the highest that both sides speak.

use headwater_protocol::api_key::{self, ApiKey};
use headwater_protocol::messages::api_versions::ApiVersionsResponse;

/// From these versions on, topics are named by their id, which this client does not keep.
const PRODUCE_MAX: i16 = 12;
const FETCH_MAX: i16 = 12;
/// Before this version, partitions had to be added to a transaction by a request of their own.
const END_TXN_MIN: i16 = 5;

/// The version of ApiVersions itself that is asked first, and when the broker does not know it.
pub const FIRST_ASKED: i16 = 3;
/// Every broker knows this one.
pub const ALWAYS_KNOWN: i16 = 0;

/// What one broker and this client have in common.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    common: Vec<(i16, i16)>,
}

impl Versions {
    /// From what a broker says of itself.
    pub fn negotiate(answer: &ApiVersionsResponse<'_>) -> Self {
        let common = api_key::served().filter_map(|(key, ours)| {
            let theirs = answer.api_keys.iter().find(|api| api.api_key == key.code())?;
            let our_max = match key {
                ApiKey::Produce => ours.max.min(PRODUCE_MAX),
                ApiKey::Fetch => ours.max.min(FETCH_MAX),
                _ => ours.max,
            };
            let our_min = match key {
                ApiKey::EndTxn => END_TXN_MIN,
                _ => ours.decodable_min,
            };
            let version = our_max.min(theirs.max_version);
            let spoken = version >= our_min.max(theirs.min_version);
            spoken.then_some((key.code(), version))
        });
        Versions { common: common.collect() }
    }

    /// The version to use; `None` when there is none in common.
    pub fn of(&self, api: ApiKey) -> Option<i16> {
        self.common.iter().find(|(key, _)| *key == api.code()).map(|(_, version)| *version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_protocol::messages::api_versions::ApiVersion;

    #[test]
    fn the_highest_common_version_is_used() {
        let api = |key: ApiKey, min_version, max_version| ApiVersion {
            api_key: key.code(),
            min_version,
            max_version,
        };
        let answer = ApiVersionsResponse {
            api_keys: vec![
                api(ApiKey::Produce, 0, 13),
                api(ApiKey::Fetch, 4, 11),
                api(ApiKey::Metadata, 99, 100),
            ],
            ..ApiVersionsResponse::default()
        };
        let versions = Versions::negotiate(&answer);
        assert_eq!(versions.of(ApiKey::Produce), Some(12), "names, not ids");
        assert_eq!(versions.of(ApiKey::Fetch), Some(11));
        assert_eq!(versions.of(ApiKey::Metadata), None, "the broker is too new");
        assert_eq!(versions.of(ApiKey::CreateTopics), None, "the broker has none");
    }
}
