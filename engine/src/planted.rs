//! Classic mistakes, planted on purpose, so that the simulator can show that it finds them.
//!
//! Without the feature `planted` every question is answered `false` when the program is compiled, and
//! nothing of this is left in it. With it, one mistake at a time is switched on for one thread: a
//! simulated machine runs on one. Free to every layer.

/// A mistake that storage engines have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Acknowledge when the write is handed over, not when it is durable.
    AcknowledgeBeforeSync,
    /// Acknowledge commits in the order in which they complete, not in log order.
    AcknowledgeOutOfOrder,
    /// A sync that failed is tried again, and success believed.
    RetryFailedSync,
    /// Recovery ends the journal at the first frame that is not whole, whatever lies behind it.
    TruncateAtFirstBadFrame,
    /// A new segment's name is not made durable before its records are acknowledged.
    ForgetDirectorySync,
    /// Recovery believes a batch without comparing its offset with the one before.
    BelieveStaleBatches,
    /// Journal space is used again before what it protects is synced in its segment.
    FreeJournalBeforeSync,
    /// The last block of a segment is written again without its image in the journal.
    OverwriteWithoutImage,
    /// An idempotent producer's sequences are not restored after a restart.
    ForgetProducers,
    /// Consumers are shown what is written and not yet durable.
    ShowBeforeDurable,
    /// The end of a transaction is answered, and its markers are sent, before the decision is durable.
    AnswerBeforeDecided,
    /// The last stable offset passes a transaction whose marker nobody can see yet.
    StableBeforeMarker,
    /// The transaction coordinator takes an older epoch for the present one.
    AcceptFencedEpoch,
    /// Decided transactions that are read back get no markers.
    ForgetMarkers,
    /// Offsets in a transaction count at once.
    OffsetsBeforeMarker,
    /// A frame of the journal holds what follows from a coordinator's record that is in a later one.
    FollowBeforeLead,
}

impl Bug {
    /// All of them.
    pub const ALL: [Bug; 16] = [
        Bug::AcknowledgeBeforeSync,
        Bug::AcknowledgeOutOfOrder,
        Bug::RetryFailedSync,
        Bug::TruncateAtFirstBadFrame,
        Bug::ForgetDirectorySync,
        Bug::BelieveStaleBatches,
        Bug::FreeJournalBeforeSync,
        Bug::OverwriteWithoutImage,
        Bug::ForgetProducers,
        Bug::ShowBeforeDurable,
        Bug::AnswerBeforeDecided,
        Bug::StableBeforeMarker,
        Bug::AcceptFencedEpoch,
        Bug::ForgetMarkers,
        Bug::OffsetsBeforeMarker,
        Bug::FollowBeforeLead,
    ];

    /// Whether only transactions suffer from it.
    pub fn is_of_transactions(self) -> bool {
        self as usize >= Bug::AnswerBeforeDecided as usize
    }
}

#[cfg(feature = "planted")]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// Switches one mistake on for this thread, or all off.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Whether this mistake is to be made.
#[cfg(feature = "planted")]
pub fn is(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}

/// Whether this mistake is to be made: no.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn is(_: Bug) -> bool {
    false
}
