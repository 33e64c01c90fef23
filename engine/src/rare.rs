//! Rare paths, counted, so that the simulator can show that it was really there.
//!
//! Without the feature `planted` a call is nothing. With it, each thread counts for itself: a simulated
//! machine runs on one. Free to every layer.

/// A path that is seldom taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "`name` says what each is")]
pub enum Rare {
    TornFrame,
    TornBehind,
    AcknowledgedDamaged,
    ExtentTorn,
    CheckpointTorn,
    JournalWrap,
    JournalFull,
    SegmentRemade,
    ImageLogged,
    ImageRedone,
    Padded,
    UnnamedFramed,
    SoftFrame,
    Quarantine,
    ShardFailed,
    FullDisk,
    NoDescriptor,
    RollWaits,
    DuplicateAnswered,
    StarvedAppend,
    LookedInFile,
    PointWritten,
    PointUsed,
    PreparedLoaded,
    OngoingLoaded,
    TransactionTimedOut,
    TransactionTakenOver,
    EndRepeated,
    MarkerRefused,
    MarkerForNothing,
    MarkerUnseen,
    GuardVoid,
    CoordinatorWaits,
    SegmentCleaned,
}

impl Rare {
    /// All of them.
    pub const ALL: [Rare; 34] = [
        Rare::TornFrame,
        Rare::TornBehind,
        Rare::AcknowledgedDamaged,
        Rare::ExtentTorn,
        Rare::CheckpointTorn,
        Rare::JournalWrap,
        Rare::JournalFull,
        Rare::SegmentRemade,
        Rare::ImageLogged,
        Rare::ImageRedone,
        Rare::Padded,
        Rare::UnnamedFramed,
        Rare::SoftFrame,
        Rare::Quarantine,
        Rare::ShardFailed,
        Rare::FullDisk,
        Rare::NoDescriptor,
        Rare::RollWaits,
        Rare::DuplicateAnswered,
        Rare::StarvedAppend,
        Rare::LookedInFile,
        Rare::PointWritten,
        Rare::PointUsed,
        Rare::PreparedLoaded,
        Rare::OngoingLoaded,
        Rare::TransactionTimedOut,
        Rare::TransactionTakenOver,
        Rare::EndRepeated,
        Rare::MarkerRefused,
        Rare::MarkerForNothing,
        Rare::MarkerUnseen,
        Rare::GuardVoid,
        Rare::CoordinatorWaits,
        Rare::SegmentCleaned,
    ];

    /// Whether only transactions come here.
    pub fn is_of_transactions(self) -> bool {
        self as usize >= Rare::PreparedLoaded as usize
    }

    /// What it is.
    pub fn name(self) -> &'static str {
        match self {
            Rare::TornFrame => "the last frame torn",
            Rare::TornBehind => "whole frames behind a torn one, given up",
            Rare::AcknowledgedDamaged => "acknowledged commits damaged in the journal",
            Rare::ExtentTorn => "a commit given up because its extent is not whole",
            Rare::CheckpointTorn => "a checkpoint half written",
            Rare::JournalWrap => "the journal goes round",
            Rare::JournalFull => "a commit waits for room in the journal",
            Rare::SegmentRemade => "a segment made again from the journal",
            Rare::ImageLogged => "the image of a last block in a frame",
            Rare::ImageRedone => "an image put back",
            Rare::Padded => "a last block padded, to free the journal",
            Rare::UnnamedFramed => "bytes of a segment without a durable name in a frame",
            Rare::SoftFrame => "a frame written without a sync, synced later",
            Rare::Quarantine => "a partition quarantined",
            Rare::ShardFailed => "a shard failed by its disk",
            Rare::FullDisk => "the disk full",
            Rare::NoDescriptor => "no descriptor to open a segment with",
            Rare::RollWaits => "a roll waits for its segment",
            Rare::DuplicateAnswered => "a repetition answered",
            Rare::StarvedAppend => "an append waits for room",
            Rare::LookedInFile => "a batch looked for in a file",
            Rare::PointWritten => "a recovery point written under way",
            Rare::PointUsed => "a start from a recovery point",
            Rare::PreparedLoaded => {
                "a decided transaction read back: markers were half written, or not at all"
            }
            Rare::OngoingLoaded => "an open transaction read back",
            Rare::TransactionTimedOut => "a transaction aborted because it took too long",
            Rare::TransactionTakenOver => "a transaction aborted because another instance came",
            Rare::EndRepeated => "an end of a transaction answered again",
            Rare::MarkerRefused => "a marker refused by its partition, and sent again",
            Rare::MarkerForNothing => "a marker where nothing is open any more, or yet",
            Rare::MarkerUnseen => {
                "a marker that readers cannot see yet holds the last stable offset"
            }
            Rare::GuardVoid => "a batch verified for a transaction that is over",
            Rare::CoordinatorWaits => "a coordinator's record waits for room",
            Rare::SegmentCleaned => "a segment made by compaction takes its place",
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
