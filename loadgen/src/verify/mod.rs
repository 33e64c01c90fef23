//! The ledger: what was acknowledged, against what is read back. Counts each kind of wrong apart,
//! because "lost" and "duplicated" have different causes and different severity.
//!
//! Filled by the producers while the run lasts, then shown every record that is in the topic. Knows
//! nothing of connections: it is told, and it judges. The simulator uses the same ledger.

mod aborted;
mod bits;
mod generated;
mod lines;
mod placement;
pub mod read_back;

use crate::batch::Span;
use crate::input::Input;
use crate::payload::Pool;
use crate::result::VerifyCounts;
use generated::Generated;
use lines::Lines;

/// One record as it was read back.
#[derive(Clone, Copy, Debug)]
pub struct ReadRecord<'a> {
    /// Partition it is in.
    pub partition: u32,
    /// Its offset there.
    pub offset: i64,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: &'a [u8],
}

/// What was promised, and what was found of it.
pub struct Ledger {
    kind: Kind,
    counts: VerifyCounts,
}

enum Kind {
    Generated(Generated),
    Lines(Lines),
}

impl Ledger {
    /// For records from a [`Pool`] with this seed, made the same way as the producers' own.
    pub fn generated(pool: Pool, seed: u64, producers: usize) -> Self {
        let kind = Kind::Generated(Generated::new(pool, seed, producers));
        Ledger { kind, counts: VerifyCounts::default() }
    }

    /// For the lines of a file, each sent at most once.
    pub fn lines(input: std::rc::Rc<Input>) -> Self {
        Ledger { kind: Kind::Lines(Lines::new(input)), counts: VerifyCounts::default() }
    }

    /// A batch of `producer` was acknowledged: the records in `spans`, the first of them at
    /// `base_offset` of `partition` (-1: the broker did not say).
    pub fn acknowledged(
        &mut self,
        producer: usize,
        partition: u32,
        base_offset: i64,
        spans: &[Span],
    ) {
        self.counts.records_acked += spans.iter().map(|span| u64::from(span.count)).sum::<u64>();
        match &mut self.kind {
            Kind::Generated(generated) => generated.acked(producer, partition, base_offset, spans),
            Kind::Lines(lines) => lines.acked(producer, partition, base_offset, spans),
        }
    }

    /// A record is in the topic. Records of a partition must be shown in the order of their offsets.
    pub fn read(&mut self, record: &ReadRecord<'_>) {
        self.counts.records_read += 1;
        match &mut self.kind {
            Kind::Generated(generated) => generated.read(record, &mut self.counts),
            Kind::Lines(lines) => lines.read(record, &mut self.counts),
        }
    }

    /// A batch with a wrong CRC is in the topic; its records are not shown.
    pub fn wrong_crc(&mut self) {
        self.counts.batches_with_wrong_crc += 1;
    }

    /// Everything has been read: what is missing is lost.
    pub fn finish(mut self) -> VerifyCounts {
        match &self.kind {
            Kind::Generated(generated) => generated.finish(&mut self.counts),
            Kind::Lines(lines) => lines.finish(&mut self.counts),
        }
        self.counts
    }
}

#[cfg(test)]
mod tests;
