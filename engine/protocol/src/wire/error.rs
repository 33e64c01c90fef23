//! Why bytes could not be decoded. Facts only (what, where, how much), so that a caller can log,
//! count or compare them. Knows nothing of messages: `what` names a primitive type, `offset` finds
//! the field.

use std::fmt;

/// Why a frame, a header or a message could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// The value needs more bytes than the frame has left.
    Short {
        /// Type of the value.
        what: &'static str,
        /// Where the value starts.
        offset: usize,
        /// Bytes it needs.
        needed: usize,
        /// Bytes that are left.
        had: usize,
    },
    /// An array claims more elements than the remaining bytes can hold.
    ArrayTooLong {
        /// Where the elements would start.
        offset: usize,
        /// Elements claimed.
        count: usize,
        /// Bytes that are left.
        had: usize,
    },
    /// All arrays of the message together have more elements than any honest message.
    TooManyElements {
        /// Where the elements would start.
        offset: usize,
        /// Elements claimed by the array that went over the limit.
        count: usize,
    },
    /// A length is below -1 (which means null).
    NegativeLength {
        /// Type of the value.
        what: &'static str,
        /// Where the value starts.
        offset: usize,
        /// The length found.
        length: i64,
    },
    /// A string is longer than Kafka allows, 32767 bytes.
    StringTooLong {
        /// Where the characters would start.
        offset: usize,
        /// Bytes claimed.
        length: usize,
    },
    /// Null where the protocol wants a value.
    UnexpectedNull {
        /// Type of the value.
        what: &'static str,
        /// Where the value starts.
        offset: usize,
    },
    /// A variable-length integer does not end, or does not fit its type.
    VarintTooLong {
        /// Where the integer starts.
        offset: usize,
    },
    /// A string is not UTF-8.
    NotUtf8 {
        /// Where the characters start.
        offset: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Short { what, offset, needed, had } => {
                write!(f, "{what} at byte {offset} needs {needed} bytes, {had} are left")
            }
            Self::ArrayTooLong { offset, count, had } => {
                write!(f, "array at byte {offset} claims {count} elements, {had} bytes are left")
            }
            Self::TooManyElements { offset, count } => {
                write!(
                    f,
                    "array at byte {offset} with {count} elements exceeds the limit of a message"
                )
            }
            Self::NegativeLength { what, offset, length } => {
                write!(f, "{what} at byte {offset} has length {length}")
            }
            Self::StringTooLong { offset, length } => {
                write!(f, "string at byte {offset} claims {length} bytes, 32767 are allowed")
            }
            Self::UnexpectedNull { what, offset } => {
                write!(f, "{what} at byte {offset} is null and must not be")
            }
            Self::VarintTooLong { offset } => {
                write!(f, "varint at byte {offset} does not end or does not fit")
            }
            Self::NotUtf8 { offset } => write!(f, "string at byte {offset} is not UTF-8"),
        }
    }
}

impl std::error::Error for DecodeError {}
