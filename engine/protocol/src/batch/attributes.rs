//! The attributes of a record batch: sixteen bits, of which Kafka uses seven.

use super::compression::Compression;

const COMPRESSION: i16 = 0b111;
/// Bit of [`Attributes::is_log_append_time`].
pub const LOG_APPEND_TIME: i16 = 1 << 3;
const TRANSACTIONAL: i16 = 1 << 4;
const CONTROL: i16 = 1 << 5;
const DELETE_HORIZON: i16 = 1 << 6;

/// What holds for all records of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attributes {
    /// How the records are compressed.
    pub compression: Compression,
    /// If true, all records have the batch's max timestamp, set by the broker; otherwise each has
    /// its own.
    pub is_log_append_time: bool,
    /// True if the records belong to a transaction.
    pub is_transactional: bool,
    /// True if the records are markers of the broker, not data.
    pub is_control: bool,
    /// If true, base timestamp is the time from which compaction may drop tombstones (KIP-534).
    pub has_delete_horizon: bool,
}

impl Attributes {
    /// Reads the bits; `None` if they name a compression that does not exist. Bits without a
    /// meaning are ignored.
    pub fn from_bits(bits: i16) -> Option<Self> {
        Some(Self {
            compression: Compression::from_bits(bits & COMPRESSION)?,
            is_log_append_time: bits & LOG_APPEND_TIME != 0,
            is_transactional: bits & TRANSACTIONAL != 0,
            is_control: bits & CONTROL != 0,
            has_delete_horizon: bits & DELETE_HORIZON != 0,
        })
    }

    /// The bits.
    pub fn bits(self) -> i16 {
        let bit = |is_set: bool, bit: i16| if is_set { bit } else { 0 };
        self.compression.bits()
            | bit(self.is_log_append_time, LOG_APPEND_TIME)
            | bit(self.is_transactional, TRANSACTIONAL)
            | bit(self.is_control, CONTROL)
            | bit(self.has_delete_horizon, DELETE_HORIZON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_bits_round_trip() {
        for bits in 0..128 {
            match Attributes::from_bits(bits) {
                Some(attributes) => assert_eq!(attributes.bits(), bits),
                None => assert!(bits & COMPRESSION > 4),
            }
        }
    }
}
