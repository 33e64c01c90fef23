//! Primitive types of the protocol. Reader and writer know about *flexible* versions (KIP-482), so
//! that each message is written down once: the same `string()` call reads a two-byte length in old
//! versions and a varint in new ones.

pub mod error;
pub mod errors;
pub mod reader;
pub mod uuid;
pub mod writer;

#[cfg(test)]
mod tests;
