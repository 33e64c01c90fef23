//! What one producer has sent and will send to one partition: in order, as Kafka's producers keep it.

use std::collections::VecDeque;

/// Batches of one producer for one partition, by name; names grow in the order of sending.
#[derive(Default)]
pub struct Lane {
    /// The sequence number of the next new batch.
    pub next_sequence: i32,
    /// To be sent again, first of all.
    todo: VecDeque<u64>,
    /// On their way.
    flying: Vec<u64>,
    /// Something went wrong: one at a time until something went well.
    careful: bool,
    /// Was sent lately while nothing else was on its way.
    alone: Option<u64>,
}

impl Lane {
    /// Whether a batch may be sent now.
    pub fn may_send(&self) -> bool {
        !self.careful || self.flying.is_empty()
    }

    /// The next one to be sent again.
    pub fn again(&mut self) -> Option<u64> {
        let id = self.todo.pop_front()?;
        self.fly(id);
        Some(id)
    }

    /// A batch is sent.
    pub fn fly(&mut self, id: u64) {
        if self.flying.is_empty() {
            self.alone = Some(id);
        }
        self.flying.push(id);
    }

    /// A batch has been answered for good.
    pub fn settle(&mut self, id: u64, well: bool) {
        self.flying.retain(|flying| *flying != id);
        self.careful &= !well;
    }

    /// A batch must be sent again, in its place.
    pub fn repeat(&mut self, id: u64) {
        self.flying.retain(|flying| *flying != id);
        let at = self.todo.partition_point(|todo| *todo < id);
        if self.todo.get(at) != Some(&id) {
            self.todo.insert(at, id);
        }
        self.careful = true;
    }

    /// Whether nothing before this one is open.
    pub fn is_first(&self, id: u64) -> bool {
        self.todo.iter().chain(&self.flying).all(|other| *other >= id)
    }

    /// Whether nothing else was on its way when it was sent.
    pub fn was_alone(&self, id: u64) -> bool {
        self.alone == Some(id)
    }

    /// Lets go of everything.
    pub fn abandon(&mut self) {
        *self = Lane { next_sequence: self.next_sequence, ..Lane::default() };
    }

    /// Whether nothing is open.
    pub fn is_empty(&self) -> bool {
        self.todo.is_empty() && self.flying.is_empty()
    }
}
