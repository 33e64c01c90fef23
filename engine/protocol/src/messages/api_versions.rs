//! ApiVersions, key 18, versions 0 to 4.
//!
//! The first question of every client: which APIs in which versions, and which features of the
//! cluster. Its response has header version 0 in all versions. A broker that does not know the
//! version asked for answers with a version 0 body, UnsupportedVersion and its own range (KIP-511),
//! which [`ApiVersionsResponse::unsupported_version`] builds.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttle time |
//! | 2 | throttled after the response is sent (KIP-219) |
//! | 3 | flexible; who the client is (KIP-511); features of the cluster, tagged (KIP-584) |
//! | 4 | features whose lowest version is 0 (KIP-1022) |
//!
//! Skipped: the tagged `zk_migration_ready`, false since Kafka 4.

use crate::api_key::{self, ApiKey};
use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiVersionsRequest<'a> {
    /// Name of the client library, from version 3.
    pub client_software_name: &'a str,
    /// Version of the client library, from version 3.
    pub client_software_version: &'a str,
}

impl<'a> ApiVersionsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            client_software_name: if version >= 3 { r.string()? } else { "" },
            client_software_version: if version >= 3 { r.string()? } else { "" },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version >= 3 {
            w.string(self.client_software_name);
            w.string(self.client_software_version);
        }
        w.no_tags();
    }
}

/// What the broker speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiVersionsResponse<'a> {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// APIs in the order of their keys.
    pub api_keys: Vec<ApiVersion>,
    /// How long the client should stay away for its quota, from version 1.
    pub throttle_time_ms: i32,
    /// Features this broker could have, from version 3.
    pub supported_features: Vec<SupportedFeature<'a>>,
    /// Grows with each change of `finalized_features`; -1 if unknown.
    pub finalized_features_epoch: i64,
    /// Features the cluster has switched on, from version 3.
    pub finalized_features: Vec<FinalizedFeature<'a>>,
}

/// The versions of one API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiVersion {
    /// Key of the API.
    pub api_key: i16,
    /// Lowest version.
    pub min_version: i16,
    /// Highest version.
    pub max_version: i16,
}

/// The versions a broker could have of one feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportedFeature<'a> {
    /// Name, as `transaction.version`.
    pub name: Cow<'a, str>,
    /// Lowest version. Clients that ask with version 3 may fail on 0, so leave such features out then.
    pub min_version: i16,
    /// Highest version.
    pub max_version: i16,
}

/// The version a cluster has of one feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalizedFeature<'a> {
    /// Name, as `transaction.version`.
    pub name: Cow<'a, str>,
    /// Highest version in use.
    pub max_version_level: i16,
    /// Lowest version in use.
    pub min_version_level: i16,
}

impl Default for ApiVersionsResponse<'_> {
    fn default() -> Self {
        Self {
            error_code: ErrorCode::None,
            api_keys: Vec::new(),
            throttle_time_ms: 0,
            supported_features: Vec::new(),
            finalized_features_epoch: -1,
            finalized_features: Vec::new(),
        }
    }
}

impl<'a> ApiVersionsResponse<'a> {
    /// Announces everything in [`api_key::TABLE`]; features are the caller's to add.
    pub fn from_table() -> Self {
        let api_keys = api_key::served().map(ApiVersion::from_table).collect();
        Self { api_keys, ..Self::default() }
    }

    /// The answer to a version we do not know, to be encoded as version 0. Carries the range of
    /// ApiVersions itself, so that the client can ask again.
    pub fn unsupported_version() -> Self {
        let api_keys = api_key::served()
            .filter(|(key, _)| *key == ApiKey::ApiVersions)
            .map(ApiVersion::from_table)
            .collect();
        Self { error_code: ErrorCode::UnsupportedVersion, api_keys, ..Self::default() }
    }

    /// Reads the body of a response. A client whose version the broker does not know gets a version 0
    /// body, which starts with UnsupportedVersion in all versions: decode it again as version 0.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let mut response = Self {
            error_code: ErrorCode::from_code(r.i16()?),
            api_keys: r.array(6, ApiVersion::decode)?,
            throttle_time_ms: if version >= 1 { r.i32()? } else { 0 },
            ..Self::default()
        };
        r.tags(|tag, r| {
            match tag {
                0 => response.supported_features = r.array(6, SupportedFeature::decode)?,
                1 => response.finalized_features_epoch = r.i64()?,
                2 => response.finalized_features = r.array(6, FinalizedFeature::decode)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.error_code(self.error_code);
        w.array(&self.api_keys, |w, api| api.encode(w));
        if version >= 1 {
            w.i32(self.throttle_time_ms);
        }
        if version >= 3 {
            self.encode_features(w);
        }
    }

    fn encode_features(&self, w: &mut Writer<'_>) {
        let has_supported = !self.supported_features.is_empty();
        let has_epoch = self.finalized_features_epoch != -1;
        let has_finalized = !self.finalized_features.is_empty();
        w.tag_count([has_supported, has_epoch, has_finalized].map(u32::from).iter().sum());
        if has_supported {
            w.tag(0, |w| w.array(&self.supported_features, |w, feature| feature.encode(w)));
        }
        if has_epoch {
            w.tag(1, |w| w.i64(self.finalized_features_epoch));
        }
        if has_finalized {
            w.tag(2, |w| w.array(&self.finalized_features, |w, feature| feature.encode(w)));
        }
    }
}

impl ApiVersion {
    fn from_table((key, versions): (ApiKey, &api_key::Versions)) -> Self {
        Self {
            api_key: key.code(),
            min_version: versions.advertised_min,
            max_version: versions.max,
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let api = Self { api_key: r.i16()?, min_version: r.i16()?, max_version: r.i16()? };
        r.skip_tags()?;
        Ok(api)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i16(self.api_key);
        w.i16(self.min_version);
        w.i16(self.max_version);
        w.no_tags();
    }
}

impl<'a> SupportedFeature<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let feature =
            Self { name: r.string()?.into(), min_version: r.i16()?, max_version: r.i16()? };
        r.skip_tags()?;
        Ok(feature)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.name);
        w.i16(self.min_version);
        w.i16(self.max_version);
        w.no_tags();
    }
}

impl<'a> FinalizedFeature<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let feature = Self {
            name: r.string()?.into(),
            max_version_level: r.i16()?,
            min_version_level: r.i16()?,
        };
        r.skip_tags()?;
        Ok(feature)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.name);
        w.i16(self.max_version_level);
        w.i16(self.min_version_level);
        w.no_tags();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announces_the_table() {
        let response = ApiVersionsResponse::from_table();
        assert_eq!(response.api_keys.len(), api_key::served().count());
        let produce = ApiVersion { api_key: 0, min_version: 0, max_version: 13 };
        assert_eq!(response.api_keys[0], produce);
    }

    #[test]
    fn unsupported_version_names_its_own_range() {
        let response = ApiVersionsResponse::unsupported_version();
        let own = ApiVersion { api_key: 18, min_version: 0, max_version: 4 };
        assert_eq!(response.api_keys, [own]);
        assert_eq!(response.error_code, ErrorCode::UnsupportedVersion);
    }
}
