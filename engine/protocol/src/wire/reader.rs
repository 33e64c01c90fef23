//! Reads primitive values from a byte slice, borrowing strings and bytes from it. Every message
//! decoder is a list of calls to it. Must not know any message, and must not reserve memory because
//! a count in the input says so.

use super::error::DecodeError;
use super::uuid::Uuid;

type Result<T> = std::result::Result<T, DecodeError>;

/// Kafka's own limit on strings, also in flexible versions where the length could say more.
const STRING_BYTES_MAX: usize = i16::MAX as usize;

/// Elements that all arrays of one message may have together. An element costs one to three bytes
/// on the wire but up to a hundred in memory, so a 100 MiB frame of empty topics would otherwise
/// become gigabytes. A request that lists every partition of a cluster at Kafka's own ceiling is
/// well below.
const ELEMENTS_MAX: u32 = 1 << 20;

/// Elements reserved before the first one has been decoded; beyond that, memory grows as elements
/// really arrive.
const RESERVE_MAX: usize = 64;

/// A cursor over the bytes of one frame.
///
/// `flexible` chooses between the two encodings that Kafka has for lengths: fixed width with -1 for
/// null, or (since KIP-482) a varint of length plus one with 0 for null. Only flexible versions
/// have tagged fields.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    flexible: bool,
    elements_left: u32,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8], flexible: bool) -> Self {
        Self { bytes, at: 0, flexible, elements_left: ELEMENTS_MAX }
    }

    /// Changes the encoding of what follows: a header is decoded before the version of the body is
    /// known.
    pub fn set_flexible(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    /// Bytes consumed so far.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Bytes not yet consumed.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// A boolean: any byte but zero is true, as in Kafka.
    pub fn bool(&mut self) -> Result<bool> {
        Ok(self.i8()? != 0)
    }

    /// An 8-bit integer.
    pub fn i8(&mut self) -> Result<i8> {
        Ok(i8::from_be_bytes(self.fixed("int8")?))
    }

    /// A 16-bit integer.
    pub fn i16(&mut self) -> Result<i16> {
        Ok(i16::from_be_bytes(self.fixed("int16")?))
    }

    /// An unsigned 16-bit integer.
    pub fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes(self.fixed("uint16")?))
    }

    /// A 32-bit integer.
    pub fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.fixed("int32")?))
    }

    /// An unsigned 32-bit integer.
    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.fixed("uint32")?))
    }

    /// A 64-bit integer.
    pub fn i64(&mut self) -> Result<i64> {
        Ok(i64::from_be_bytes(self.fixed("int64")?))
    }

    /// A 64-bit floating point number.
    pub fn f64(&mut self) -> Result<f64> {
        Ok(f64::from_be_bytes(self.fixed("float64")?))
    }

    /// A 128-bit identity.
    pub fn uuid(&mut self) -> Result<Uuid> {
        Ok(Uuid(self.fixed("uuid")?))
    }

    /// An unsigned varint of at most 32 bits.
    pub fn unsigned_varint(&mut self) -> Result<u32> {
        let offset = self.at;
        u32::try_from(self.unsigned_varlong()?).map_err(|_| DecodeError::VarintTooLong { offset })
    }

    /// An unsigned varint of at most 64 bits.
    #[inline]
    pub fn unsigned_varlong(&mut self) -> Result<u64> {
        // Most are small: lengths of keys, deltas.
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64> {
        let offset = self.at;
        let mut value = 0u64;
        // Ten groups of seven bits; the tenth has room for one bit.
        for shift in (0..64).step_by(7) {
            let [byte] = self.fixed("varint")?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::VarintTooLong { offset })
    }

    /// A zigzag-coded signed varint of at most 32 bits.
    pub fn varint(&mut self) -> Result<i32> {
        let raw = self.unsigned_varint()?;
        Ok((raw >> 1) as i32 ^ -((raw & 1) as i32))
    }

    /// A zigzag-coded signed varint of at most 64 bits.
    pub fn varlong(&mut self) -> Result<i64> {
        let raw = self.unsigned_varlong()?;
        Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
    }

    /// A string that must be there.
    pub fn string(&mut self) -> Result<&'a str> {
        let offset = self.at;
        self.nullable_string()?.ok_or(DecodeError::UnexpectedNull { what: "string", offset })
    }

    /// A string or null.
    pub fn nullable_string(&mut self) -> Result<Option<&'a str>> {
        let length = match self.flexible {
            true => self.compact_length()?,
            false => self.short_length()?,
        };
        let Some(length) = length else {
            return Ok(None);
        };
        let offset = self.at;
        if length > STRING_BYTES_MAX {
            return Err(DecodeError::StringTooLong { offset, length });
        }
        let bytes = self.take(length, "string")?;
        let text = std::str::from_utf8(bytes).map_err(|_| DecodeError::NotUtf8 { offset })?;
        Ok(Some(text))
    }

    /// Bytes that must be there.
    pub fn bytes(&mut self) -> Result<&'a [u8]> {
        let offset = self.at;
        self.nullable_bytes()?.ok_or(DecodeError::UnexpectedNull { what: "bytes", offset })
    }

    /// Bytes or null; record batches are of this type.
    pub fn nullable_bytes(&mut self) -> Result<Option<&'a [u8]>> {
        match self.length("bytes")? {
            Some(length) => Ok(Some(self.take(length, "bytes")?)),
            None => Ok(None),
        }
    }

    /// Exactly `length` bytes without a length of their own.
    pub fn raw(&mut self, length: usize) -> Result<&'a [u8]> {
        self.take(length, "bytes")
    }

    /// A reader of exactly the next `length` bytes, which this one skips.
    pub fn sub_reader(&mut self, length: usize) -> Result<Self> {
        let start = self.at;
        self.take(length, "bytes")?;
        // Ends with the bytes but starts with the frame, so that offsets in errors stay true.
        Ok(Self { bytes: &self.bytes[..self.at], at: start, ..*self })
    }

    /// An array that must be there. `element_bytes_min` is the least an element takes on the wire.
    pub fn array<T>(
        &mut self,
        element_bytes_min: usize,
        element: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let offset = self.at;
        self.nullable_array(element_bytes_min, element)?
            .ok_or(DecodeError::UnexpectedNull { what: "array", offset })
    }

    /// An array or null.
    pub fn nullable_array<T>(
        &mut self,
        element_bytes_min: usize,
        mut element: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Option<Vec<T>>> {
        let Some(count) = self.length("array")? else {
            return Ok(None);
        };
        let (offset, had) = (self.at, self.remaining());
        if count > had / element_bytes_min.max(1) {
            return Err(DecodeError::ArrayTooLong { offset, count, had });
        }
        self.elements_left = u32::try_from(count)
            .ok()
            .and_then(|count| self.elements_left.checked_sub(count))
            .ok_or(DecodeError::TooManyElements { offset, count })?;
        let mut elements = Vec::with_capacity(count.min(RESERVE_MAX));
        for _ in 0..count {
            elements.push(element(self)?);
        }
        Ok(Some(elements))
    }

    /// Skips the tagged fields that end every structure of a flexible version.
    pub fn skip_tags(&mut self) -> Result<()> {
        self.tags(|_, _| Ok(()))
    }

    /// Shows each tagged field to `field` as (tag, its bytes); what it does not read is skipped.
    pub fn tags(&mut self, mut field: impl FnMut(u32, &mut Self) -> Result<()>) -> Result<()> {
        if !self.flexible {
            return Ok(());
        }
        for _ in 0..self.unsigned_varint()? {
            let tag = self.unsigned_varint()?;
            let size = self.unsigned_varint()? as usize;
            let mut inside = self.sub_reader(size)?;
            field(tag, &mut inside)?;
            self.elements_left = inside.elements_left;
        }
        Ok(())
    }

    fn length(&mut self, what: &'static str) -> Result<Option<usize>> {
        if self.flexible {
            return self.compact_length();
        }
        let offset = self.at;
        let length = self.i32()?;
        nullable_length(i64::from(length), what, offset)
    }

    fn short_length(&mut self) -> Result<Option<usize>> {
        let offset = self.at;
        let length = self.i16()?;
        nullable_length(i64::from(length), "string", offset)
    }

    fn compact_length(&mut self) -> Result<Option<usize>> {
        Ok((self.unsigned_varint()? as usize).checked_sub(1))
    }

    fn fixed<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N]> {
        match self.bytes[self.at..].first_chunk::<N>() {
            Some(value) => {
                self.at += N;
                Ok(*value)
            }
            None => Err(self.short(what, N)),
        }
    }

    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8]> {
        match self.bytes[self.at..].get(..length) {
            Some(value) => {
                self.at += length;
                Ok(value)
            }
            None => Err(self.short(what, length)),
        }
    }

    fn short(&self, what: &'static str, needed: usize) -> DecodeError {
        DecodeError::Short { what, offset: self.at, needed, had: self.remaining() }
    }
}

fn nullable_length(length: i64, what: &'static str, offset: usize) -> Result<Option<usize>> {
    match length {
        -1 => Ok(None),
        0.. => Ok(Some(length as usize)),
        _ => Err(DecodeError::NegativeLength { what, offset, length }),
    }
}
