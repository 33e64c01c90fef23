//! AlterClientQuotas, key 49, versions 0 and 1.
//!
//! Changes quotas of users, clients and addresses (KIP-546).
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

/// Changes wanted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterClientQuotasRequest<'a> {
    /// By entity.
    pub entries: Vec<AlterableQuotaEntry<'a>>,
    /// Check only, change nothing.
    pub validate_only: bool,
}

/// Changes wanted of one entity.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterableQuotaEntry<'a> {
    /// Its name, part by part.
    pub entity: Vec<AlterableQuotaEntity<'a>>,
    /// By quota.
    pub ops: Vec<AlterableQuotaOp<'a>>,
}

/// A part of a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlterableQuotaEntity<'a> {
    /// `user`, `client-id` or `ip`.
    pub entity_type: &'a str,
    /// Name; `None` for the default.
    pub entity_name: Option<&'a str>,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterableQuotaOp<'a> {
    /// Which, as `producer_byte_rate`.
    pub key: &'a str,
    /// How much.
    pub value: f64,
    /// No quota any more.
    pub remove: bool,
}

impl<'a> AlterClientQuotasRequest<'a> {
    /// Reads the body of a request.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let request =
            Self { entries: r.array(2, AlterableQuotaEntry::decode)?, validate_only: r.bool()? };
        r.skip_tags()?;
        Ok(request)
    }

    /// Writes the body of a request.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.array(&self.entries, |w, entry| entry.encode(w));
        w.bool(self.validate_only);
        w.no_tags();
    }
}

impl<'a> AlterableQuotaEntry<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let entry = Self {
            entity: r.array(2, AlterableQuotaEntity::decode)?,
            ops: r.array(10, AlterableQuotaOp::decode)?,
        };
        r.skip_tags()?;
        Ok(entry)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.array(&self.entity, |w, entity| entity.encode(w));
        w.array(&self.ops, |w, op| op.encode(w));
        w.no_tags();
    }
}

impl<'a> AlterableQuotaEntity<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let entity = Self { entity_type: r.string()?, entity_name: r.nullable_string()? };
        r.skip_tags()?;
        Ok(entity)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.entity_type);
        w.nullable_string(self.entity_name);
        w.no_tags();
    }
}

impl<'a> AlterableQuotaOp<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let change = Self { key: r.string()?, value: r.f64()?, remove: r.bool()? };
        r.skip_tags()?;
        Ok(change)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.string(self.key);
        w.f64(self.value);
        w.bool(self.remove);
        w.no_tags();
    }
}

/// What became of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlterClientQuotasResponse<'a> {
    /// How long the client should stay away for its quota.
    pub throttle_time_ms: i32,
    /// By entity.
    pub entries: Vec<AlteredQuotaEntry<'a>>,
}

/// What became of the changes of one entity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlteredQuotaEntry<'a> {
    /// Error, or none.
    pub error_code: ErrorCode,
    /// Why, in words.
    pub error_message: Option<Cow<'a, str>>,
    /// Its name, part by part.
    pub entity: Vec<AlteredQuotaEntity<'a>>,
}

/// A part of a name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlteredQuotaEntity<'a> {
    /// `user`, `client-id` or `ip`.
    pub entity_type: Cow<'a, str>,
    /// Name; `None` for the default.
    pub entity_name: Option<Cow<'a, str>>,
}

impl<'a> AlterClientQuotasResponse<'a> {
    /// Reads the body of a response.
    pub fn decode(r: &mut Reader<'a>, _version: i16) -> Result<Self, DecodeError> {
        let response =
            Self { throttle_time_ms: r.i32()?, entries: r.array(4, AlteredQuotaEntry::decode)? };
        r.skip_tags()?;
        Ok(response)
    }

    /// Writes the body of a response.
    pub fn encode(&self, w: &mut Writer<'_>, _version: i16) {
        w.i32(self.throttle_time_ms);
        w.array(&self.entries, |w, entry| entry.encode(w));
        w.no_tags();
    }
}

impl<'a> AlteredQuotaEntry<'a> {
    fn decode(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let entry = Self {
            error_code: ErrorCode::from_code(r.i16()?),
            error_message: r.nullable_string()?.map(Cow::from),
            entity: r.array(2, AlteredQuotaEntity::decode)?,
        };
        r.skip_tags()?;
        Ok(entry)
    }

    fn encode(&self, w: &mut Writer<'_>) {
        w.error_code(self.error_code);
        w.nullable_string(self.error_message.as_deref());
        w.array(&self.entity, |w, entity| entity.encode(w));
        w.no_tags();
    }
}

impl<'a> AlteredQuotaEntity<'a> {
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
