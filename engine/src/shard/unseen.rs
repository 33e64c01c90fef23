//! Transactions that have got their markers, which nobody can see yet: for readers of committed records they are
//! still open. A marker is seen when it is as safe as the topic wants, like every record.
//!
//! After a start there are none: what is recovered is durable.

use std::collections::{BTreeMap, VecDeque};

use crate::log::producers::transactions::{Ended, Open};
use crate::model::Offset;
use crate::planted::{self, Bug};
use crate::rare::{self, Rare};

/// The ended transactions of one partition whose markers are on their way.
#[derive(Debug, Default)]
pub(super) struct Unseen {
    /// Offsets of markers and of the first records of their transactions, in the order of the markers.
    markers: VecDeque<(Offset, Offset)>,
    open: BTreeMap<Offset, Open>,
}

impl Unseen {
    /// A transaction has got its marker.
    pub fn add(&mut self, ended: Ended) {
        self.markers.push_back((ended.marker_offset, ended.open.first_offset));
        self.open.insert(ended.open.first_offset, ended.open);
    }

    /// Consumers see everything before `visible`; the oldest transaction whose marker they do not.
    pub fn first(&mut self, visible: Offset) -> Option<Open> {
        while let Some((_, first_offset)) = self.markers.pop_front_if(|(at, _)| *at < visible) {
            self.open.remove(&first_offset);
        }
        let (_, open) = self.open.first_key_value()?;
        if planted::is(Bug::StableBeforeMarker) {
            return None;
        }
        rare::reached(Rare::MarkerUnseen);
        Some(*open)
    }
}
