//! Where an offset goes when it is reset, as Kafka's tool decides it. Pure; what must be asked is asked before.

/// Where the offsets of all partitions go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The start of the log.
    Earliest,
    /// The end of the log.
    Latest,
    /// Where it is.
    Current,
    /// This one.
    Offset(i64),
    /// So many further on.
    Shift(i64),
    /// The first record at or after this time, in milliseconds since 1970.
    Time(i64),
}

/// What is known of a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub earliest: i64,
    pub latest: i64,
    pub committed: Option<i64>,
    /// The first record at or after the time that is asked for.
    pub at_time: Option<i64>,
}

/// What there is to say about a new offset beside the offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Note {
    /// It would lie before the log.
    RaisedToStart,
    /// It would lie behind the log.
    LoweredToEnd,
    /// No record is that new.
    NothingThatNew,
    /// Nothing was committed.
    NotCommitted,
}

impl Note {
    /// For people.
    pub(super) fn text(self) -> &'static str {
        match self {
            Note::RaisedToStart => "raised to the start of the log",
            Note::LoweredToEnd => "lowered to the end of the log",
            Note::NothingThatNew => "no record is that new: the end of the log",
            Note::NotCommitted => "nothing was committed: the end of the log",
        }
    }
}

/// The new offset; none if it cannot be moved from where it is not.
pub(super) fn decide(target: Target, facts: &Facts) -> Option<(i64, Option<Note>)> {
    let Facts { earliest, latest, committed, at_time } = *facts;
    match target {
        Target::Earliest => Some((earliest, None)),
        Target::Latest => Some((latest, None)),
        Target::Current => Some(match committed {
            Some(offset) => within(offset, facts),
            None => (latest, Some(Note::NotCommitted)),
        }),
        Target::Offset(offset) => Some(within(offset, facts)),
        Target::Shift(by) => committed.map(|offset| within(offset.saturating_add(by), facts)),
        Target::Time(_) => Some(match at_time {
            Some(offset) => (offset, None),
            None => (latest, Some(Note::NothingThatNew)),
        }),
    }
}

/// An offset that lies in the log, or at one of its ends.
pub(super) fn within(offset: i64, facts: &Facts) -> (i64, Option<Note>) {
    if offset < facts.earliest {
        (facts.earliest, Some(Note::RaisedToStart))
    } else if offset > facts.latest {
        (facts.latest, Some(Note::LoweredToEnd))
    } else {
        (offset, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_move_an_offset() {
        let facts = Facts { earliest: 10, latest: 100, committed: Some(50), at_time: Some(70) };
        let bare = Facts { committed: None, at_time: None, ..facts };
        let table = [
            (Target::Earliest, facts, Some((10, None))),
            (Target::Latest, facts, Some((100, None))),
            (Target::Current, facts, Some((50, None))),
            (Target::Current, bare, Some((100, Some(Note::NotCommitted)))),
            (Target::Offset(20), facts, Some((20, None))),
            (Target::Offset(3), facts, Some((10, Some(Note::RaisedToStart)))),
            (Target::Offset(300), facts, Some((100, Some(Note::LoweredToEnd)))),
            (Target::Shift(-5), facts, Some((45, None))),
            (Target::Shift(-500), facts, Some((10, Some(Note::RaisedToStart)))),
            (Target::Shift(i64::MAX), facts, Some((100, Some(Note::LoweredToEnd)))),
            (Target::Shift(1), bare, None),
            (Target::Time(7), facts, Some((70, None))),
            (Target::Time(7), bare, Some((100, Some(Note::NothingThatNew)))),
        ];
        for (target, facts, expected) in table {
            assert_eq!(decide(target, &facts), expected, "{target:?} {facts:?}");
        }
    }
}
