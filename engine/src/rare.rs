//! Rare paths, counted, so that the simulator can show that it was really there.
//!
//! Without the feature `planted` a call is nothing. With it, each thread counts for itself: a simulated
//! machine runs on one. Free to every layer.

/// A path that is seldom taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "`name` says what each is")]
pub enum Rare {
    TornTail,
    TornBehind,
    Quarantine,
    RollWaits,
    RollUnnamed,
    SealInterrupted,
    LeftoverRemoved,
    FullDisk,
    LogFailed,
    DuplicateAnswered,
    ProducersRestored,
    SyncAfterRoll,
    MetadataTorn,
    StarvedAppend,
    LookedInFile,
}

impl Rare {
    /// All of them.
    pub const ALL: [Rare; 15] = [
        Rare::TornTail,
        Rare::TornBehind,
        Rare::Quarantine,
        Rare::RollWaits,
        Rare::RollUnnamed,
        Rare::SealInterrupted,
        Rare::LeftoverRemoved,
        Rare::FullDisk,
        Rare::LogFailed,
        Rare::DuplicateAnswered,
        Rare::ProducersRestored,
        Rare::SyncAfterRoll,
        Rare::MetadataTorn,
        Rare::StarvedAppend,
        Rare::LookedInFile,
    ];

    /// What it is.
    pub fn name(self) -> &'static str {
        match self {
            Rare::TornTail => "torn tail cut off",
            Rare::TornBehind => "torn tail with sound batches behind it",
            Rare::Quarantine => "partition quarantined",
            Rare::RollWaits => "a roll waits for its segment",
            Rare::RollUnnamed => "acknowledgements wait for a segment's name",
            Rare::SealInterrupted => "sealing finished after a stop",
            Rare::LeftoverRemoved => "half-made file removed",
            Rare::FullDisk => "disk full",
            Rare::LogFailed => "log failed",
            Rare::DuplicateAnswered => "repetition answered",
            Rare::ProducersRestored => "producers restored from a snapshot",
            Rare::SyncAfterRoll => "a rolled segment synced",
            Rare::MetadataTorn => "torn metadata record dropped",
            Rare::StarvedAppend => "an append waits for room",
            Rare::LookedInFile => "a batch looked for in a file",
        }
    }
}

#[cfg(feature = "planted")]
thread_local! {
    static COUNTS: std::cell::RefCell<[u64; Rare::ALL.len()]> =
        const { std::cell::RefCell::new([0; Rare::ALL.len()]) };
}

/// It was reached.
#[cfg(feature = "planted")]
pub fn reached(path: Rare) {
    COUNTS.with_borrow_mut(|counts| counts[path as usize] += 1);
}

/// It was reached: counted only with the feature `planted`.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn reached(_: Rare) {}

/// Begins to count anew on this thread.
pub fn reset() {
    #[cfg(feature = "planted")]
    COUNTS.with_borrow_mut(|counts| *counts = [0; Rare::ALL.len()]);
}

/// How often each was reached on this thread; nothing without the feature `planted`.
pub fn counts() -> Vec<(&'static str, u64)> {
    #[cfg(feature = "planted")]
    return COUNTS
        .with_borrow(|counts| Rare::ALL.map(|rare| (rare.name(), counts[rare as usize])).to_vec());
    #[cfg(not(feature = "planted"))]
    Vec::new()
}
