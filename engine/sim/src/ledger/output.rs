//! A partition that transactions write to, as clients know it: where it starts, ends, and is stable.

use std::collections::BTreeMap;

use super::violation;
use crate::model::Violation;
use crate::plan::Topic;

/// What one answer says of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// The first offset that can be read.
    pub start: i64,
    /// The last stable offset.
    pub stable: i64,
    /// The high watermark.
    pub high: i64,
}

/// See the module.
#[derive(Debug)]
pub struct Output {
    /// Its topic.
    pub topic: String,
    /// Its number there.
    pub index: i32,
    /// The highest marks that anybody was told.
    pub told: Marks,
    /// It starts here or later: acknowledged deletions.
    pub floor: i64,
    /// Nobody has asked for a start after this one.
    pub asked_start: i64,
    /// Records may also be deleted because there are too many.
    forgets: bool,
    /// What each reader was told in this life of the broker. What two of them are told may cross on the way.
    readers: BTreeMap<usize, Marks>,
    /// What any reader had been told when this life began.
    before: Marks,
}

const NOTHING: Marks = Marks { start: 0, stable: 0, high: 0 };

impl Output {
    /// Of an empty partition.
    pub fn new(topic: &Topic, index: i32) -> Self {
        Output {
            topic: topic.name.clone(),
            index,
            told: NOTHING,
            floor: 0,
            asked_start: 0,
            forgets: topic.retention_bytes.is_some(),
            readers: BTreeMap::new(),
            before: NOTHING,
        }
    }

    /// Its folder.
    pub fn folder(&self) -> String {
        format!("{}-{}", self.topic, self.index)
    }

    /// A life of the broker has ended.
    pub fn broker_gone(&mut self) {
        self.readers.clear();
        // Old segments that were not quite deleted may be there again.
        self.before = Marks { start: self.floor, ..self.told };
    }

    /// A reader was told this.
    ///
    /// # Errors
    /// When something went back, or one mark is beyond another.
    pub fn tell(&mut self, reader: usize, told: Marks) -> Result<(), Violation> {
        let folder = self.folder();
        let before = self.readers.insert(reader, told).unwrap_or(self.before);
        let facts = format!("{folder}: {told:?} after {before:?}");
        if told.stable < before.stable {
            return Err(violation("the last stable offset never goes back", facts));
        }
        if told.high < before.high {
            return Err(violation("watermarks never go back", facts));
        }
        if told.stable > told.high || told.start > told.high {
            return Err(violation("no mark above the high watermark", facts));
        }
        if told.start < before.start || (told.start > self.asked_start && !self.forgets) {
            let facts = format!("{facts}, deleted up to {}", self.floor);
            return Err(violation("a log starts where it was told to", facts));
        }
        self.told = Marks {
            start: self.told.start.max(told.start),
            stable: self.told.stable.max(told.stable),
            high: self.told.high.max(told.high),
        };
        Ok(())
    }
}
