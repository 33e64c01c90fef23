//! DescribeClientQuotas, key 48, versions 0 and 1.
//!
//! Tells the quotas of users, clients and addresses (KIP-546).
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

/// `match_type`: the entity of this name.
pub const MATCH_EXACT: i8 = 0;
/// `match_type`: the default of this type.
pub const MATCH_DEFAULT: i8 = 1;
/// `match_type`: any entity of this type that is named.
pub const MATCH_ANY: i8 = 2;

/// Which are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribeClientQuotasRequest<'a> {
    /// Conditions, all of which must hold.
    pub components: Vec<QuotaComponent<'a>>,
    /// Only entities without any further type.
    pub strict: bool,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuotaComponent<'a> {
    /// `user`, `client-id` or `ip`.
    pub entity_type: &'a str,
    /// One of the `MATCH` constants.
    pub match_type: i8,
    /// Name, with [`MATCH_EXACT`]; Kafka calls it `match`.
    pub name: Option<&'a str>,
}

impl<'a> DescribeClientQuotasRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request = Self { components: r.array(3, QuotaComponent::decode)?, strict: r.bool()? };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.array(&self.components, |w, component| component.encode(w));
        w.bool(self.strict);
        w.no_tags();
    }
}

impl<'a> QuotaComponent<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let component =
            Self { entity_type: r.string()?, match_type: r.i8()?, name: r.nullable_string()? };
        r.skip_tags()?;
        Ok(component)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.entity_type);
        w.i8(self.match_type);
        w.nullable_string(self.name);
        w.no_tags();
    }
}

/// Quotas found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeClientQuotasResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
    /// By entity; `None` after an error.
    pub entries: Option<Vec<DescribedQuotaEntry<'a>>>,
}

/// Quotas of one entity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribedQuotaEntry<'a> {
    /// Its name, part by part: a user and a client, say.
    pub entity: Vec<DescribedQuotaEntity<'a>>,
    /// By quota.
    pub values: Vec<DescribedQuotaValue<'a>>,
}

/// A part of a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DescribedQuotaEntity<'a> {
    /// `user`, `client-id` or `ip`.
    pub entity_type: Cow<'a, str>,
    /// Name; `None` for the default.
    pub entity_name: Option<Cow<'a, str>>,
}

/// A quota.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribedQuotaValue<'a> {
    /// Which, as `producer_byte_rate`.
    pub key: Cow<'a, str>,
    /// How much.
    pub value: f64,
}

impl<'a> DescribeClientQuotasResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response = Self {
            throttle_time_ms: r.i32()?,
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
            entries: r.nullable_array(2, DescribedQuotaEntry::decode)?,
        };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.i32(self.throttle_time_ms);
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        w.nullable_array(self.entries.as_deref(), |w, entry| entry.encode(w));
        w.no_tags();
    }
}

impl<'a> DescribedQuotaEntry<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let entry = Self {
            entity: r.array(2, DescribedQuotaEntity::decode)?,
            values: r.array(9, DescribedQuotaValue::decode)?,
        };
        r.skip_tags()?;
        Ok(entry)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.array(&self.entity, |w, entity| entity.encode(w));
        w.array(&self.values, |w, value| value.encode(w));
        w.no_tags();
    }
}

impl<'a> DescribedQuotaEntity<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let entity = Self {
            entity_type: r.string()?.into(),
            entity_name: r.nullable_string()?.map(Cow::from),
        };
        r.skip_tags()?;
        Ok(entity)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.entity_type);
        w.nullable_string(self.entity_name.as_deref());
        w.no_tags();
    }
}

impl<'a> DescribedQuotaValue<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let value = Self { key: r.string()?.into(), value: r.f64()? };
        r.skip_tags()?;
        Ok(value)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(&self.key);
        w.f64(self.value);
        w.no_tags();
    }
}
