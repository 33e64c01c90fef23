//! ListConfigResources, key 74, versions 0 and 1. Flexible.
//!
//! Names the resources that have settings. Version 0 was called ListClientMetricsResources and
//! knows no others.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | all types of resources (KIP-1142) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// `resource_type`: a subscription of client metrics.
pub const RESOURCE_TYPE_CLIENT_METRICS: i8 = 16;

/// Which are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListConfigResourcesRequest {
    /// Types wanted, all that can have settings if empty; from version 1.
    pub resource_types: Vec<i8>,
}

impl ListConfigResourcesRequest {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'_>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            resource_types: if version >= 1 { r.array(1, Reader::i8)? } else { Vec::new() },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        if version >= 1 {
            w.array(&self.resource_types, |w, resource_type| w.i8(*resource_type));
        }
        w.no_tags();
    }
}

/// Resources found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListConfigResourcesResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// By resource.
    pub config_resources: Vec<ConfigResource<'a>>,
}

/// A resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigResource<'a> {
    /// Name.
    pub resource_name: Cow<'a, str>,
    /// What it is, from version 1.
    pub resource_type: i8,
}

impl Default for ConfigResource<'_> {
    fn default() -> Self {
        Self { resource_name: Cow::default(), resource_type: RESOURCE_TYPE_CLIENT_METRICS }
    }
}

impl<'a> ListConfigResourcesResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            config_resources: r.array(1, |r| ConfigResource::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.throttle_time_ms);
        w.error_code(self.error_code);
        w.array(&self.config_resources, |w, resource| resource.encode(w, version));
        w.no_tags();
    }
}

impl<'a> ConfigResource<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let resource = Self {
            resource_name: r.string()?.into(),
            resource_type: if version >= 1 { r.i8()? } else { RESOURCE_TYPE_CLIENT_METRICS },
        };
        r.skip_tags()?;
        Ok(resource)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(&self.resource_name);
        if version >= 1 {
            w.i8(self.resource_type);
        }
        w.no_tags();
    }
}
