//! Records inside a batch: walks the bytes after the header, once decompressed. Borrows keys and
//! values; every length is checked against the bytes that are there. Must not know what a key
//! means.

use crate::wire::error::DecodeError;
use crate::wire::reader::Reader;
use std::fmt;

/// A record. Offset and timestamp count from those of its batch; see
/// [`super::header::BatchHeader::timestamp`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// Offset, counted from the base offset.
    pub offset_delta: i32,
    /// Timestamp, counted from the base timestamp.
    pub timestamp_delta: i64,
    /// Key, if it has one.
    pub key: Option<&'a [u8]>,
    /// Value; `None` is a tombstone in a compacted topic.
    pub value: Option<&'a [u8]>,
    /// Headers, in order.
    pub headers: Headers<'a>,
}

/// The headers of a record, decoded when iterated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers<'a> {
    bytes: &'a [u8],
    count: u32,
}

/// A header: key and value.
pub type Header<'a> = (&'a [u8], Option<&'a [u8]>);

/// Why bytes are not the records that the batch header promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordError {
    /// A field of a record cannot be read.
    Field {
        /// Which record, from 0.
        index: u32,
        /// What is wrong, with an offset inside the records.
        error: DecodeError,
    },
    /// A length is below what it can be.
    BadLength {
        /// Which record, from 0.
        index: u32,
        /// The value found.
        length: i32,
    },
    /// A record does not end where its length says.
    WrongLength {
        /// Which record, from 0.
        index: u32,
        /// Bytes between its last field and its end.
        unused: usize,
    },
    /// The offset delta is not the record's index, as a producer must send it.
    BadOffsetDelta {
        /// Which record, from 0.
        index: u32,
        /// The value found.
        offset_delta: i32,
    },
    /// Bytes are left after the last record.
    TrailingBytes {
        /// How many.
        had: usize,
    },
}

/// Walks the records of a batch.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    reader: Reader<'a>,
    index: u32,
    count: u32,
}

/// Walks `record_count` records in `bytes`, which must not be compressed. Ends early with one
/// error.
pub fn records(bytes: &[u8], record_count: i32) -> Records<'_> {
    let count = u32::try_from(record_count).unwrap_or(0);
    Records { reader: Reader::new(bytes, true), index: 0, count }
}

/// What a broker wants to know about records before it keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Highest timestamp delta of a record.
    pub timestamp_delta_max: i64,
    /// Lowest timestamp delta of a record.
    pub timestamp_delta_min: i64,
    /// Records without a key, which a compacted topic refuses.
    pub keyless_count: u32,
}

/// Checks records as a producer may send them: exactly `record_count`, offsets without gaps,
/// nothing behind.
pub fn validate_records(bytes: &[u8], record_count: i32) -> Result<Summary, RecordError> {
    let mut walk = records(bytes, record_count);
    let mut summary =
        Summary { timestamp_delta_max: i64::MIN, timestamp_delta_min: i64::MAX, keyless_count: 0 };
    while let Some(record) = walk.next() {
        let record = record?;
        let index = walk.index - 1;
        if record.offset_delta as u32 != index {
            return Err(RecordError::BadOffsetDelta { index, offset_delta: record.offset_delta });
        }
        summary.timestamp_delta_max = summary.timestamp_delta_max.max(record.timestamp_delta);
        summary.timestamp_delta_min = summary.timestamp_delta_min.min(record.timestamp_delta);
        summary.keyless_count += u32::from(record.key.is_none());
    }
    match walk.reader.remaining() {
        0 => Ok(summary),
        had => Err(RecordError::TrailingBytes { had }),
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.index == self.count {
            return None;
        }
        let index = self.index;
        self.index += 1;
        let record = decode(&mut self.reader, index);
        if record.is_err() {
            self.index = self.count;
        }
        Some(record)
    }
}

#[inline]
fn decode<'a>(reader: &mut Reader<'a>, index: u32) -> Result<Record<'a>, RecordError> {
    let field = |error| RecordError::Field { index, error };
    let length = reader.varint().map_err(field)?;
    let length = usize::try_from(length).map_err(|_| RecordError::BadLength { index, length })?;
    let mut inside = reader.sub_reader(length).map_err(field)?;
    // Attributes of a record: none are defined.
    inside.i8().map_err(field)?;
    let timestamp_delta = inside.varlong().map_err(field)?;
    let offset_delta = inside.varint().map_err(field)?;
    let key = nullable(&mut inside, index)?;
    let value = nullable(&mut inside, index)?;
    let headers = decode_headers(&mut inside, index)?;
    match inside.remaining() {
        0 => Ok(Record { offset_delta, timestamp_delta, key, value, headers }),
        unused => Err(RecordError::WrongLength { index, unused }),
    }
}

/// Walks the headers to check them; they are decoded again when someone asks for them, which is
/// rare.
fn decode_headers<'a>(inside: &mut Reader<'a>, index: u32) -> Result<Headers<'a>, RecordError> {
    let field = |error| RecordError::Field { index, error };
    let count = inside.varint().map_err(field)?;
    let count =
        u32::try_from(count).map_err(|_| RecordError::BadLength { index, length: count })?;
    let mut walk = inside.clone();
    for _ in 0..count {
        let bad = RecordError::BadLength { index, length: -1 };
        nullable(&mut walk, index)?.ok_or(bad)?;
        nullable(&mut walk, index)?;
    }
    let bytes = inside.raw(walk.offset() - inside.offset()).map_err(field)?;
    Ok(Headers { bytes, count })
}

fn nullable<'a>(inside: &mut Reader<'a>, index: u32) -> Result<Option<&'a [u8]>, RecordError> {
    let field = |error| RecordError::Field { index, error };
    match inside.varint().map_err(field)? {
        -1 => Ok(None),
        length @ 0.. => Ok(Some(inside.raw(length as usize).map_err(field)?)),
        length => Err(RecordError::BadLength { index, length }),
    }
}

impl<'a> Headers<'a> {
    /// How many.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All of them as they lie in the record, without their count.
    pub fn raw(&self) -> &'a [u8] {
        self.bytes
    }

    /// Each header, in order.
    pub fn iter(&self) -> impl Iterator<Item = Header<'a>> + use<'a> {
        let mut reader = Reader::new(self.bytes, true);
        // Checked when the record was decoded: neither `ok` nor `?` drops anything.
        (0..self.count).map_while(move |index| {
            let key = nullable(&mut reader, index).ok()??;
            Some((key, nullable(&mut reader, index).ok()?))
        })
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Field { index, error } => write!(f, "record {index}: {error}"),
            Self::BadLength { index, length } => write!(f, "record {index}: length is {length}"),
            Self::WrongLength { index, unused } => {
                write!(f, "record {index}: {unused} bytes follow its last field")
            }
            Self::BadOffsetDelta { index, offset_delta } => {
                write!(f, "record {index}: offset delta is {offset_delta}")
            }
            Self::TrailingBytes { had } => write!(f, "{had} bytes follow the last record"),
        }
    }
}

impl std::error::Error for RecordError {}

#[cfg(test)]
mod tests;
