//! The error codes that a response carries, counted while it is written: the one place where each of them passes by,
//! whatever the API. Must not know any message.

use crate::error_code::ErrorCode;

/// Error codes of one response, each with how often it occurs. Empty, and without memory, when all went well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors(Vec<(ErrorCode, u32)>);

impl Errors {
    /// Counts a code, unless it says that there was no error. A response has few different ones, however long it is.
    pub fn add(&mut self, code: ErrorCode) {
        if code == ErrorCode::None {
            return;
        }
        match self.0.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => self.0.push((code, 1)),
        }
    }

    /// Each code once, with how often it occurs.
    pub fn iter(&self) -> impl Iterator<Item = (ErrorCode, u32)> + '_ {
        self.0.iter().copied()
    }
}
