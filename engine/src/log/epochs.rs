//! Where leader epochs ended, found in the batches: each says under which epoch it was appended, and they only grow.
//!
//! Every start of the broker is a new epoch, so a consumer that was here before asks for the end of an older one
//! (KIP-320). No list is kept: a bisection over the headers of a few batches of each segment, and a walk from there.
//! Blocking work, described here, run on an I/O thread.

use std::io;

use headwater_io::file::{File, Fs};
use headwater_protocol::batch::header::{BatchHeader, HEADER_BYTES};

use super::Log;
use super::segments::Segment;
use crate::model::{LeaderEpoch, Offset, Position};
use crate::segment::index::BatchStart;
use crate::segment::newest::Newest;
use crate::segment::scan::{Chain, Depth, Walk};

/// Batches of a segment that a search may look at before it walks: the walk is about this part of it.
const SAMPLES_OF_SEGMENT: u64 = 32;

/// Where an epoch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEnd {
    /// The latest epoch that is not after the one asked for; that one if there is none.
    pub epoch: LeaderEpoch,
    /// The first offset after it.
    pub end: Offset,
}

/// What is known at once.
pub enum EpochLookup {
    /// The answer; none if the epoch is not known here.
    Known(Option<EpochEnd>),
    /// It has to be looked for.
    Look(EpochLook),
}

/// Looks for the end of an epoch.
pub struct EpochLook {
    epoch: LeaderEpoch,
    log_start: Offset,
    /// Where everything that is not looked at begins: it was appended by this process, or there is nothing.
    end: Offset,
    places: Vec<Place>,
}

/// A segment, and some of its batches.
struct Place {
    file: File,
    chain: Chain,
    samples: Vec<BatchStart>,
    upto: Position,
    newest: Newest,
}

impl Log {
    /// Where an epoch ended.
    pub fn epoch_end(&self, epoch: LeaderEpoch) -> EpochLookup {
        if epoch == self.epoch {
            let end = self.marks.appended().offset;
            return EpochLookup::Known(Some(EpochEnd { epoch, end }));
        }
        if epoch > self.epoch || epoch < LeaderEpoch(0) {
            return EpochLookup::Known(None);
        }
        let written = self.marks.written();
        let is_there =
            |s: &&Segment| s.log_base < written.byte && s.index.next_offset() > self.log_start;
        let places = self.segments.iter().filter(is_there).map(|segment| {
            let upto = segment.position(written.byte.min(segment.log_byte(segment.end())));
            let samples = samples(segment, upto);
            let newest = self.newest(segment, upto);
            let (file, chain) = (segment.reader.clone(), segment.index.chain());
            Place { file, chain, samples, upto, newest }
        });
        let places = places.collect();
        let log_start = self.log_start;
        EpochLookup::Look(EpochLook { epoch, log_start, end: written.offset, places })
    }
}

/// Starts of batches, about evenly over a segment, the first one included.
fn samples(segment: &Segment, upto: Position) -> Vec<BatchStart> {
    let step = upto.0.div_ceil(SAMPLES_OF_SEGMENT).max(1);
    let at = (0..upto.0).step_by(usize::try_from(step).unwrap_or(usize::MAX));
    let mut samples: Vec<_> = at.map(|at| segment.index.start_at(Position(at))).collect();
    samples.dedup();
    samples
}

impl EpochLook {
    /// Runs on an I/O thread.
    pub fn run(self, fs: &Fs) -> io::Result<EpochEnd> {
        let first_later = self.first_later_sample(fs)?;
        let walked = match first_later.checked_sub(1) {
            Some(last) => self.walk(fs, last)?,
            None => Walked { last: None, next: None },
        };
        let next = match walked.next {
            Some(next) => Some(next),
            // The batches in between are all of the epoch or older: the next sample is the first later one.
            None => self.sample(first_later).map(|(_, sample)| sample.offset),
        };
        let end = next.unwrap_or(self.end).max(self.log_start);
        Ok(EpochEnd { epoch: walked.last.unwrap_or(self.epoch), end })
    }

    /// How many of the samples are not later than the epoch.
    fn first_later_sample(&self, fs: &Fs) -> io::Result<usize> {
        let (mut low, mut high) = (0, self.places.iter().map(|place| place.samples.len()).sum());
        while low < high {
            let middle = (low + high) / 2;
            let (place, sample) = self.sample(middle).expect("it is between them");
            match place.epoch_at(sample, fs)? <= self.epoch {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        Ok(low)
    }

    /// All samples of all segments are counted through.
    fn sample(&self, mut n: usize) -> Option<(&Place, BatchStart)> {
        for place in &self.places {
            match place.samples.get(n) {
                Some(sample) => return Some((place, *sample)),
                None => n -= place.samples.len(),
            }
        }
        None
    }

    /// Walks from a sample that is not later to the end of its segment, or the first batch that is.
    fn walk(&self, fs: &Fs, sample: usize) -> io::Result<Walked> {
        let (place, from) = self.sample(sample).expect("a sample that was looked at");
        let mut walked = Walked { last: None, next: None };
        let walk = Walk {
            fs,
            file: &place.file,
            from: from.position,
            upto: place.upto,
            next_offset: from.offset,
            chain: place.chain,
            depth: Depth::Headers,
            newest: place.newest.clone(),
        };
        walk.run_until(|_, header| {
            match LeaderEpoch(header.leader_epoch) <= self.epoch {
                true => walked.last = Some(LeaderEpoch(header.leader_epoch)),
                false => walked.next = Some(Offset(header.base_offset)),
            }
            walked.next.is_none()
        })?;
        Ok(walked)
    }
}

/// The last epoch that is not later, and where a later one begins, if it does.
struct Walked {
    last: Option<LeaderEpoch>,
    next: Option<Offset>,
}

impl Place {
    fn epoch_at(&self, at: BatchStart, fs: &Fs) -> io::Result<LeaderEpoch> {
        let mut bytes = [0; HEADER_BYTES];
        self.newest.read_at(fs, &self.file, at.position.0, &mut bytes)?;
        let header = BatchHeader::parse(&bytes)
            .map_err(|e| io::Error::other(format!("batch at {}: {e:?}", at.position)))?;
        Ok(LeaderEpoch(header.leader_epoch))
    }
}
