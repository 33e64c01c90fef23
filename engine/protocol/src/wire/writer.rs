//! Writes primitive values to a growing buffer: the mirror of [`super::reader`], with one thing
//! more, holes: places where bytes will be sent from somewhere else (a file, another buffer) and
//! only their length is written here. Must not know any message.

use super::errors::Errors;
use super::uuid::Uuid;
use crate::error_code::ErrorCode;
use bytes::{BufMut, BytesMut};

/// Appends to a buffer in the encoding of one version; see [`super::reader::Reader`] for
/// `flexible`.
#[derive(Debug)]
pub struct Writer<'b> {
    buffer: &'b mut BytesMut,
    flexible: bool,
    hole_bytes: usize,
    errors: Errors,
}

impl<'b> Writer<'b> {
    /// Appends to `buffer`, whatever it already holds.
    pub fn new(buffer: &'b mut BytesMut, flexible: bool) -> Self {
        Self { buffer, flexible, hole_bytes: 0, errors: Errors::default() }
    }

    /// Changes the encoding of what follows.
    pub fn set_flexible(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    /// Length of the underlying buffer: where the next byte goes.
    pub fn position(&self) -> usize {
        self.buffer.len()
    }

    /// Bytes promised by [`Writer::hole`] and not in the buffer.
    pub fn hole_bytes(&self) -> usize {
        self.hole_bytes
    }

    /// Error codes written since the last call.
    pub fn take_errors(&mut self) -> Errors {
        std::mem::take(&mut self.errors)
    }

    /// An error code, which is counted.
    pub fn error_code(&mut self, code: ErrorCode) {
        self.errors.add(code);
        self.i16(code.code());
    }

    /// A boolean.
    pub fn bool(&mut self, value: bool) {
        self.buffer.put_u8(u8::from(value));
    }

    /// An 8-bit integer.
    pub fn i8(&mut self, value: i8) {
        self.buffer.put_i8(value);
    }

    /// A 16-bit integer.
    pub fn i16(&mut self, value: i16) {
        self.buffer.put_i16(value);
    }

    /// An unsigned 16-bit integer.
    pub fn u16(&mut self, value: u16) {
        self.buffer.put_u16(value);
    }

    /// A 32-bit integer.
    pub fn i32(&mut self, value: i32) {
        self.buffer.put_i32(value);
    }

    /// An unsigned 32-bit integer.
    pub fn u32(&mut self, value: u32) {
        self.buffer.put_u32(value);
    }

    /// A 64-bit integer.
    pub fn i64(&mut self, value: i64) {
        self.buffer.put_i64(value);
    }

    /// A 64-bit floating point number.
    pub fn f64(&mut self, value: f64) {
        self.buffer.put_f64(value);
    }

    /// A 128-bit identity.
    pub fn uuid(&mut self, value: Uuid) {
        self.buffer.put_slice(&value.0);
    }

    /// An unsigned varint of at most 32 bits.
    pub fn unsigned_varint(&mut self, value: u32) {
        self.unsigned_varlong(u64::from(value));
    }

    /// An unsigned varint of at most 64 bits.
    pub fn unsigned_varlong(&mut self, mut value: u64) {
        while value > 0x7f {
            self.buffer.put_u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.buffer.put_u8(value as u8);
    }

    /// A zigzag-coded signed varint of at most 32 bits.
    pub fn varint(&mut self, value: i32) {
        self.unsigned_varint(((value << 1) ^ (value >> 31)) as u32);
    }

    /// A zigzag-coded signed varint of at most 64 bits.
    pub fn varlong(&mut self, value: i64) {
        self.unsigned_varlong(((value << 1) ^ (value >> 63)) as u64);
    }

    /// A string. Cut after 32767 bytes, Kafka's limit: names are checked long before, so only the
    /// text of an error can be longer, and losing its tail is better than losing the connection.
    pub fn string(&mut self, value: &str) {
        let value = &value[..value.floor_char_boundary(i16::MAX as usize)];
        match self.flexible {
            true => self.unsigned_varint(value.len() as u32 + 1),
            false => self.i16(value.len() as i16),
        }
        self.buffer.put_slice(value.as_bytes());
    }

    /// A string or null.
    pub fn nullable_string(&mut self, value: Option<&str>) {
        match (value, self.flexible) {
            (Some(value), _) => self.string(value),
            (None, true) => self.unsigned_varint(0),
            (None, false) => self.i16(-1),
        }
    }

    /// Bytes.
    pub fn bytes(&mut self, value: &[u8]) {
        self.length(Some(value.len()));
        self.buffer.put_slice(value);
    }

    /// Bytes or null.
    pub fn nullable_bytes(&mut self, value: Option<&[u8]>) {
        match value {
            Some(value) => self.bytes(value),
            None => self.length(None),
        }
    }

    /// Bytes without a length of their own.
    pub fn raw(&mut self, value: &[u8]) {
        self.buffer.put_slice(value);
    }

    /// Writes the length of `length` bytes that will be sent from elsewhere and returns the
    /// position at which they belong.
    pub fn hole(&mut self, length: usize) -> usize {
        self.length(Some(length));
        self.hole_bytes += length;
        self.position()
    }

    /// An array: its length, then each element by `element`.
    pub fn array<T>(&mut self, elements: &[T], mut element: impl FnMut(&mut Self, &T)) {
        self.length(Some(elements.len()));
        for each in elements {
            element(self, each);
        }
    }

    /// An array or null.
    pub fn nullable_array<T>(
        &mut self,
        elements: Option<&[T]>,
        element: impl FnMut(&mut Self, &T),
    ) {
        match elements {
            Some(elements) => self.array(elements, element),
            None => self.length(None),
        }
    }

    /// Ends a structure that has no tagged fields to send; nothing in versions that are not
    /// flexible.
    pub fn no_tags(&mut self) {
        self.tag_count(0);
    }

    /// Announces how many [`Writer::tag`] calls follow; nothing in versions that are not flexible.
    pub fn tag_count(&mut self, count: u32) {
        if self.flexible {
            self.unsigned_varint(count);
        }
    }

    /// One tagged field. Tags must ascend.
    pub fn tag(&mut self, tag: u32, body: impl FnOnce(&mut Self)) {
        assert!(self.flexible, "tagged fields exist in flexible versions only");
        self.unsigned_varint(tag);
        let start = self.position();
        body(self);
        // The size goes in front and its own width depends on it: write the body, then make room.
        let end = self.position();
        self.unsigned_varint((end - start) as u32);
        let size_width = self.position() - end;
        self.buffer[start..].rotate_right(size_width);
    }

    /// Overwrites four bytes written earlier, for lengths known only afterwards.
    pub fn patch_i32(&mut self, position: usize, value: i32) {
        self.buffer[position..position + 4].copy_from_slice(&value.to_be_bytes());
    }

    fn length(&mut self, length: Option<usize>) {
        let length =
            length.map(|length| i32::try_from(length).expect("Kafka lengths have 31 bits"));
        match (length, self.flexible) {
            (Some(length), true) => self.unsigned_varint(length as u32 + 1),
            (None, true) => self.unsigned_varint(0),
            (Some(length), false) => self.i32(length),
            (None, false) => self.i32(-1),
        }
    }
}
