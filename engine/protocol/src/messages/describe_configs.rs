//! DescribeConfigs, key 32, versions 1 to 4.
//!
//! Tells settings of topics and brokers: value, where it comes from, what it would be otherwise.
//!
//! | version | adds |
//! | --- | --- |
//! | 1 | synonyms and sources (KIP-226) |
//! | 2 | throttled after the response is sent (KIP-219) |
//! | 3 | type and documentation of a setting (KIP-569) |
//! | 4 | flexible (KIP-482) |
//!
//! Skipped: version 0, as in Kafka 4.

use crate::error_code::ErrorCode;
use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::borrow::Cow;

/// `resource_type`: a topic.
pub const RESOURCE_TYPE_TOPIC: i8 = 2;
/// `resource_type`: a broker.
pub const RESOURCE_TYPE_BROKER: i8 = 4;
/// `resource_type`: the log levels of a broker.
pub const RESOURCE_TYPE_BROKER_LOGGER: i8 = 8;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i8)]
pub enum ConfigSource {
    /// Not known.
    Unknown = 0,
    /// Set on this topic.
    DynamicTopic = 1,
    /// Set on this broker while it runs.
    DynamicBroker = 2,
    /// Set on all brokers while they run.
    DynamicDefaultBroker = 3,
    /// Set in the file or on the command line at start.
    StaticBroker = 4,
    /// Not set.
    Default = 5,
}

/// What a value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i8)]
#[expect(missing_docs, reason = "Kafka's own names for its types")]
pub enum ConfigType {
    Unknown = 0,
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
    Class = 8,
    Password = 9,
}

/// Settings asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeConfigsRequest<'a> {
    /// By resource.
    pub resources: Vec<DescribeConfigsResource<'a>>,
    /// Whether to list where else each value could come from.
    pub include_synonyms: bool,
    /// Whether to explain each setting, from version 3.
    pub include_documentation: bool,
}

/// A resource asked about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeConfigsResource<'a> {
    /// What it is: one of the `RESOURCE_TYPE` constants.
    pub resource_type: i8,
    /// Name of the topic, or node id.
    pub resource_name: &'a str,
    /// Names of settings; `None` for all.
    pub configuration_keys: Option<Vec<&'a str>>,
}

impl<'a> DescribeConfigsRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let request = Self {
            resources: r.array(3, DescribeConfigsResource::decode)?,
            include_synonyms: r.bool()?,
            include_documentation: if version >= 3 { r.bool()? } else { false },
        };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.array(&self.resources, |w, resource| resource.encode(w));
        w.bool(self.include_synonyms);
        if version >= 3 {
            w.bool(self.include_documentation);
        }
        w.no_tags();
    }
}

impl<'a> DescribeConfigsResource<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let resource = Self {
            resource_type: r.i8()?,
            resource_name: r.string()?,
            configuration_keys: r.nullable_array(1, Reader::string)?,
        };
        r.skip_tags()?;
        Ok(resource)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.i8(self.resource_type);
        w.string(self.resource_name);
        w.nullable_array(self.configuration_keys.as_deref(), |w, key| w.string(key));
        w.no_tags();
    }
}

/// Settings found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeConfigsResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By resource.
    pub results: Vec<DescribeConfigsResult<'a>>,
}

/// Settings of one resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeConfigsResult<'a> {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
    /// What it is.
    pub resource_type: i8,
    /// Name of the topic, or node id.
    pub resource_name: Cow<'a, str>,
    /// By setting.
    pub configs: Vec<DescribedConfig<'a>>,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribedConfig<'a> {
    /// Name.
    pub name: Cow<'a, str>,
    /// Value; `None` if hidden or not set.
    pub value: Option<Cow<'a, str>>,
    /// True if it cannot be changed while running.
    pub read_only: bool,
    /// A [`ConfigSource`].
    pub config_source: i8,
    /// True if the value is hidden.
    pub is_sensitive: bool,
    /// Where else the value could come from, strongest first.
    pub synonyms: Vec<ConfigSynonym<'a>>,
    /// A [`ConfigType`], from version 3.
    pub config_type: i8,
    /// What it does, from version 3.
    pub documentation: Option<Cow<'a, str>>,
}

/// Another place a value could come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfigSynonym<'a> {
    /// Name there.
    pub name: Cow<'a, str>,
    /// Value there.
    pub value: Option<Cow<'a, str>>,
    /// A [`ConfigSource`].
    pub source: i8,
}

impl<'a> DescribeConfigsResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            results: r.array(6, |r| DescribeConfigsResult::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.i32(self.throttle_time_ms);
        w.array(&self.results, |w, result| result.encode(w, version));
        w.no_tags();
    }
}

impl<'a> DescribeConfigsResult<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let result = Self {
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
            resource_type: r.i8()?,
            resource_name: r.string()?.into(),
            configs: r.array(7, |r| DescribedConfig::decode(r, version))?,
        };
        r.skip_tags()?;
        Ok(result)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        w.i8(self.resource_type);
        w.string(&self.resource_name);
        w.array(&self.configs, |w, config| config.encode(w, version));
        w.no_tags();
    }
}

impl<'a> DescribedConfig<'a> {
    fn decode(r: &mut Reader<'a>, version: i16) -> Result<Self, DecodeError> {
        let config = Self {
            name: r.string()?.into(),
            value: r.nullable_string()?.map(Cow::from),
            read_only: r.bool()?,
            config_source: r.i8()?,
            is_sensitive: r.bool()?,
            synonyms: r.array(3, ConfigSynonym::decode)?,
            config_type: if version >= 3 { r.i8()? } else { 0 },
            documentation: match version {
                3.. => r.nullable_string()?.map(Cow::from),
                _ => None,
            },
        };
        r.skip_tags()?;
        Ok(config)
    }

    fn encode(&self, w: &mut Writer<'_>, version: i16) {
        w.string(&self.name);
        w.nullable_string(self.value.as_deref());
        w.bool(self.read_only);
        w.i8(self.config_source);
        w.bool(self.is_sensitive);
        w.array(&self.synonyms, |w, synonym| synonym.encode(w));
        if version >= 3 {
            w.i8(self.config_type);
            w.nullable_string(self.documentation.as_deref());
        }
        w.no_tags();
    }
}

impl<'a> ConfigSynonym<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let synonym = Self {
            name: r.string()?.into(),
            value: r.nullable_string()?.map(Cow::from),
            source: r.i8()?,
        };
        r.skip_tags()?;
        Ok(synonym)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.name);
        w.nullable_string(self.value.as_deref());
        w.i8(self.source);
        w.no_tags();
    }
}
