//! The named cases of a log's end, and what is done about each: one table, one decision for each row.

use crate::log::LogSettings;
use crate::segment::scan::ScanEnd;

/// What follows the sound part of the last segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// Nothing but zeros, or the end of the file.
    Nothing,
    /// Bytes that are no sound batch.
    Rubbish,
    /// A sound batch, no further away than writes may be in flight at once.
    NearBatch,
    /// A sound batch, further away than that.
    FarBatch,
}

/// What is known from elsewhere about where the log must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// Nothing: only the bytes themselves can tell.
    None,
    /// The chain of batches ends, or breaks, before the end of what was acknowledged.
    Missed,
    /// The chain reaches that end, at the end of a batch.
    Met,
}

/// What is done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Serve as it is.
    Serve,
    /// Cut off a write that never completed: nothing in it was acknowledged.
    CutTorn,
    /// Cut, and say which offsets are gone: the last commits were torn, and whether the first of them was
    /// acknowledged and then damaged cannot be told.
    CutAndTell,
    /// Cut off what lies behind the last acknowledged commit, sound or not: nobody was promised it.
    CutUnacknowledged,
    /// Keep every byte and serve nothing: acknowledged data is damaged.
    Quarantine,
}

/// The table. Rows are how the walk over the last segment ended, columns what lies behind; what is known
/// from elsewhere makes three of them.
pub fn decide(why: ScanEnd, behind: Behind, promise: Promise) -> Decision {
    match (promise, why, behind) {
        (_, ScanEnd::Stopped, _) => unreachable!("recovery walks to the end"),
        (Promise::Missed, _, _) => Decision::Quarantine,
        (Promise::Met, _, Behind::Nothing) => Decision::Serve,
        (Promise::Met, _, _) => Decision::CutUnacknowledged,
        (Promise::None, ScanEnd::AtEnd | ScanEnd::ZeroFill, _) => Decision::Serve,
        (Promise::None, _, Behind::Nothing | Behind::Rubbish) => Decision::CutTorn,
        (Promise::None, _, Behind::NearBatch) => Decision::CutAndTell,
        (Promise::None, _, Behind::FarBatch) => Decision::Quarantine,
    }
}

/// How far apart the first and last byte of everything that is written and not yet durable can be.
pub fn window_bytes(settings: &LogSettings, batch_bytes_max: usize) -> u64 {
    // A last unit is begun just below the limit.
    settings.unhardened_bytes_max + settings.unit_bytes.max(batch_bytes_max) as u64
}
