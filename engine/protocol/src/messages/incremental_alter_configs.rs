//! IncrementalAlterConfigs, key 44, versions 0 and 1.
//!
//! Changes single settings of topics and brokers and leaves the others alone (KIP-339).
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | flexible (KIP-482) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// `config_operation`: give the setting this value.
pub const OPERATION_SET: i8 = 0;
/// `config_operation`: back to what it is when not set.
pub const OPERATION_DELETE: i8 = 1;
/// `config_operation`: add to a list.
pub const OPERATION_APPEND: i8 = 2;
/// `config_operation`: take from a list.
pub const OPERATION_SUBTRACT: i8 = 3;

/// Changes wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncrementalAlterConfigsRequest<'a> {
    /// By resource.
    pub resources: Vec<IncrementalAlterConfigsResource<'a>>,
    /// Check only, change nothing.
    pub validate_only: bool,
}

/// Changes wanted of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncrementalAlterConfigsResource<'a> {
    /// What it is: see [`super::describe_configs`].
    pub resource_type: i8,
    /// Name of the topic, or node id, empty for all brokers.
    pub resource_name: &'a str,
    /// By setting.
    pub configs: Vec<IncrementalAlterableConfig<'a>>,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncrementalAlterableConfig<'a> {
    /// Name.
    pub name: &'a str,
    /// One of the `OPERATION` constants.
    pub config_operation: i8,
    /// Value.
    pub value: Option<&'a str>,
}

impl<'a> IncrementalAlterConfigsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            resources: r.array(3, IncrementalAlterConfigsResource::decode)?,
            validate_only: r.bool()?,
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.array(&self.resources, |w, resource| resource.encode(w));
        w.bool(self.validate_only);
        w.no_tags();
    }
}

impl<'a> IncrementalAlterConfigsResource<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let resource = Self {
            resource_type: r.i8()?,
            resource_name: r.string()?,
            configs: r.array(3, IncrementalAlterableConfig::decode)?,
        };
        r.skip_tags()?;
        Ok(resource)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i8(self.resource_type);
        w.string(self.resource_name);
        w.array(&self.configs, |w, config| config.encode(w));
        w.no_tags();
    }
}

impl<'a> IncrementalAlterableConfig<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let config =
            Self { name: r.string()?, config_operation: r.i8()?, value: r.nullable_string()? };
        r.skip_tags()?;
        Ok(config)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.name);
        w.i8(self.config_operation);
        w.nullable_string(self.value);
        w.no_tags();
    }
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncrementalAlterConfigsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By resource.
    pub responses: Vec<IncrementalAlterConfigsResourceResponse<'a>>,
}

/// What became of the changes of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IncrementalAlterConfigsResourceResponse<'a> {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
    /// What it is.
    pub resource_type: i8,
    /// Name of the topic, or node id.
    pub resource_name: Cow<'a, str>,
}

impl<'a> IncrementalAlterConfigsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            responses: r.array(5, IncrementalAlterConfigsResourceResponse::decode)?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.i32(self.throttle_time_ms);
        w.array(&self.responses, |w, response| response.encode(w));
        w.no_tags();
    }
}

impl<'a> IncrementalAlterConfigsResourceResponse<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let resource = Self {
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
            resource_type: r.i8()?,
            resource_name: r.string()?.into(),
        };
        r.skip_tags()?;
        Ok(resource)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        w.i8(self.resource_type);
        w.string(&self.resource_name);
        w.no_tags();
    }
}
