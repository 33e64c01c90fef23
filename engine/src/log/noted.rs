//! Small notes on disk: a value as JSON behind its checksum, believed as a whole or not at all.
//!
//! ```text
//! crc   4   CRC32C of the JSON, big-endian
//! JSON
//! ```

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The bytes of a note.
pub fn encode(value: &impl Serialize) -> Vec<u8> {
    let json = serde_json::to_vec(value).expect("plain values serialise");
    let mut bytes = crc32c::crc32c(&json).to_be_bytes().to_vec();
    bytes.extend(json);
    bytes
}

/// The value of a note; `None` when it is not as it was written.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (crc, json) = bytes.split_at_checked(4)?;
    let sound = crc32c::crc32c(json).to_be_bytes() == crc;
    sound.then(|| serde_json::from_slice(json).ok())?
}
