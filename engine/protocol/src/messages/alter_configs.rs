//! AlterConfigs, key 33, versions 0 to 2.
//!
//! Replaces all settings of topics and brokers: what is not named is no longer set. Old tools send
//! it; IncrementalAlterConfigs is what one wants.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | throttled after the response is sent (KIP-219) |
//! | 2 | flexible (KIP-482) |
//!
//! Skipped: nothing.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// Settings wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlterConfigsRequest<'a> {
    /// By resource.
    pub resources: Vec<AlterConfigsResource<'a>>,
    /// Check only, change nothing.
    pub validate_only: bool,
}

/// Settings wanted of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlterConfigsResource<'a> {
    /// What it is: see [`super::describe_configs`].
    pub resource_type: i8,
    /// Name of the topic, or node id, empty for all brokers.
    pub resource_name: &'a str,
    /// All that shall be set.
    pub configs: Vec<AlterableConfig<'a>>,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlterableConfig<'a> {
    /// Name.
    pub name: &'a str,
    /// Value.
    pub value: Option<&'a str>,
}

impl<'a> AlterConfigsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request =
            Self { resources: r.array(3, AlterConfigsResource::decode)?, validate_only: r.bool()? };
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

impl<'a> AlterConfigsResource<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let resource = Self {
            resource_type: r.i8()?,
            resource_name: r.string()?,
            configs: r.array(2, AlterableConfig::decode)?,
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

impl<'a> AlterableConfig<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let config = Self { name: r.string()?, value: r.nullable_string()? };
        r.skip_tags()?;
        Ok(config)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.name);
        w.nullable_string(self.value);
        w.no_tags();
    }
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlterConfigsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By resource.
    pub responses: Vec<AlterConfigsResourceResponse<'a>>,
}

/// What became of the settings of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlterConfigsResourceResponse<'a> {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
    /// What it is.
    pub resource_type: i8,
    /// Name of the topic, or node id.
    pub resource_name: Cow<'a, str>,
}

impl<'a> AlterConfigsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            responses: r.array(5, AlterConfigsResourceResponse::decode)?,
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

impl<'a> AlterConfigsResourceResponse<'a> {
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
