//! Reads a shard's journal files after a stop and says what their frames mean.
//!
//! Frames are collected wherever they lie, then one table decides ([`decide`]). Changes nothing. What
//! the decision means for each partition is said in `redo`.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use headwater_io::buffer::BLOCK;
use headwater_io::file::{Access, Fs};

use super::checkpoint::newer;
use super::frame::{self, Frame, FrameFault};
use super::header::{HeaderFault, decode_file_header};
use super::seal::Seal;
use crate::model::{ShardId, TopicId};
use crate::planted::{self, Bug};

/// Which frames count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// The data directory: a file of another one is not ours.
    pub directory: TopicId,
    /// The shard whose folder it is.
    pub shard: ShardId,
    /// Frames of lower epochs do not count.
    pub epoch_floor: u32,
    /// Neither do earlier commits.
    pub first_needed_seq: u64,
}

impl Since {
    /// What the checksums of its frames begin with.
    pub fn seal(&self) -> Seal {
        Seal::new(self.directory, self.shard)
    }
}

/// How the journal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// With a whole frame, and nothing that was one behind it.
    CleanEnd,
    /// With a torn commit. It was not acknowledged, as far as any frame knows.
    TornLast,
    /// With whole frames behind one that is not: in flight together, none acknowledged.
    UnacknowledgedBehindTorn,
    /// Commits that a later frame knows to be durable are missing or damaged.
    AcknowledgedDamaged,
}

/// What was found of the commits, without their content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The first commit that counts.
    pub first_needed_seq: u64,
    /// Commits whose frames are whole, ascending.
    pub whole: Vec<u64>,
    /// The highest commit that any sound header knows to be durable.
    pub stable_seq: u64,
    /// Whether something that was to be a frame lies behind the last whole one.
    pub torn_behind: bool,
}

/// What becomes of the commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Why.
    pub case: Case,
    /// Commits from this one on are given up; none of them is known to be acknowledged.
    pub end_seq: u64,
    /// Acknowledged commits before the end that are not whole.
    pub lost: Vec<Range<u64>>,
}

/// The table: every case and its one decision.
///
/// | missing commits | known durable behind them | case | decision |
/// | --- | --- | --- | --- |
/// | none, nothing torn | | `CleanEnd` | use all |
/// | none, something torn at the end | | `TornLast` | use all whole ones |
/// | before whole frames | no | `UnacknowledgedBehindTorn` | end before the first missing one |
/// | any | yes | `AcknowledgedDamaged` | use what is whole, up to the first missing one not known durable |
pub fn decide(evidence: &Evidence) -> Decision {
    let missing = missing(evidence);
    let end_of_known = evidence.whole.last().map_or(0, |last| last + 1);
    let end = end_of_known.max(evidence.stable_seq + 1).max(evidence.first_needed_seq);
    if planted::is(Bug::TruncateAtFirstBadFrame) {
        let end_seq = missing.first().map_or(end, |first| first.start);
        return Decision { case: Case::TornLast, end_seq, lost: Vec::new() };
    }
    let durable_end = evidence.stable_seq + 1;
    let lost: Vec<_> = missing.iter().map(|m| m.start..m.end.min(durable_end)).collect();
    let lost: Vec<_> = lost.into_iter().filter(|range| !range.is_empty()).collect();
    let undecided = missing.iter().find(|m| m.end > durable_end).map(|m| m.start.max(durable_end));
    let case = match (lost.is_empty(), undecided) {
        (false, _) => Case::AcknowledgedDamaged,
        (true, Some(_)) => Case::UnacknowledgedBehindTorn,
        (true, None) if evidence.torn_behind => Case::TornLast,
        (true, None) => Case::CleanEnd,
    };
    Decision { case, end_seq: undecided.unwrap_or(end), lost }
}

/// Gaps between the first needed commit and the last that any frame knows of.
fn missing(evidence: &Evidence) -> Vec<Range<u64>> {
    let mut gaps = Vec::new();
    let mut expected = evidence.first_needed_seq;
    for &seq in &evidence.whole {
        if seq > expected {
            gaps.push(expected..seq);
        }
        expected = expected.max(seq + 1);
    }
    if evidence.stable_seq >= expected {
        gaps.push(expected..evidence.stable_seq + 1);
    }
    gaps
}

/// A frame and where it lies.
#[derive(Clone, Debug)]
pub struct FoundFrame {
    /// The file.
    pub path: PathBuf,
    /// The byte at which the frame begins.
    pub at: u64,
    /// The frame.
    pub frame: Frame,
    /// False when only its entries check: then each payload must be checked by its own checksum.
    pub whole: bool,
}

impl FoundFrame {
    /// The commit's number.
    pub fn seq(&self) -> u64 {
        self.frame.head.seq
    }
}

/// What the journal of a shard says.
#[derive(Clone, Debug)]
pub struct Scan {
    /// How it ends and what is lost.
    pub decision: Decision,
    /// The frames to use, in the order of their commits. Those that are not whole are among the lost.
    pub frames: Vec<FoundFrame>,
    /// Whole frames that are given up.
    pub dropped_frames: u64,
    /// The highest commit known to be durable.
    pub stable_seq: u64,
    /// The highest number that any frame carries: new commits start above it.
    pub highest_seq: u64,
    /// The highest epoch that any header or frame carries: new uses start above it.
    pub highest_epoch: u32,
    /// Whether a file has been used since the checkpoint.
    pub used_since: bool,
    /// Files that say that they belong elsewhere; not read.
    pub foreign: Vec<PathBuf>,
    /// Bytes of files that were read.
    pub read_bytes: u64,
}

/// What a journal file's name begins with; its number follows.
const FILE: &str = "journal-";

/// The file `n` of the ring in a shard's folder.
pub fn path(dir: &Path, file: usize) -> PathBuf {
    dir.join(format!("{FILE}{file}"))
}

/// The place in the ring of a file with this name.
pub fn parse(name: &str) -> Option<u32> {
    name.strip_prefix(FILE)?.parse().ok()
}

/// Reads the journal files in `dir`, one after the other; of those that no frame counts in, the header.
pub fn scan(fs: &Fs, dir: &Path, since: Since) -> io::Result<Scan> {
    let mut pile = Pile { highest_epoch: since.epoch_floor, ..Pile::default() };
    for entry in fs.list(dir)? {
        if let Some(number) = parse(&entry.name) {
            pile.add_file(fs, dir.join(&entry.name), number, &since)?;
        }
    }
    Ok(pile.judge(&since))
}

/// Everything that was found, not yet in order.
#[derive(Default)]
struct Pile {
    whole: Vec<FoundFrame>,
    /// Header and entries check, the rest does not.
    salvaged: Vec<FoundFrame>,
    /// Headers that check before a body that does not, and things that began as a frame, by epoch.
    torn: Vec<(u32, u64)>,
    stable_seq: u64,
    highest_seq: u64,
    highest_epoch: u32,
    used_since: bool,
    foreign: Vec<PathBuf>,
    read_bytes: u64,
}

impl Pile {
    fn add_file(&mut self, fs: &Fs, path: PathBuf, number: u32, since: &Since) -> io::Result<()> {
        let epoch = match decode_file_header(&self.read_header(fs, &path)?) {
            Ok(header) => {
                let ours = header.directory == since.directory && header.shard == since.shard;
                if !ours || header.file != number {
                    self.foreign.push(path);
                    return Ok(());
                }
                Some(header.epoch)
            }
            Err(HeaderFault::Newer(version)) => return Err(newer(&path, version)),
            Err(HeaderFault::Damaged | HeaderFault::Nothing) => None,
        };
        if let Some(epoch) = epoch.filter(|epoch| *epoch < since.epoch_floor) {
            self.highest_epoch = self.highest_epoch.max(epoch);
            return Ok(());
        }
        let bytes = fs.read(&path)?;
        self.read_bytes += bytes.len() as u64;
        // Without a header: torn while it was prepared, and then no frame behind it is needed. Or rotten:
        // then its frames still say to which use they belong.
        let Some(epoch) = epoch.or_else(|| newest_epoch(&bytes, since.seal())) else {
            return Ok(());
        };
        self.highest_epoch = self.highest_epoch.max(epoch);
        if epoch >= since.epoch_floor {
            self.used_since = true;
            self.add_frames(&path, &bytes, epoch, since);
        }
        Ok(())
    }

    fn read_header(&mut self, fs: &Fs, path: &Path) -> io::Result<Vec<u8>> {
        let mut block = vec![0; BLOCK];
        let n = fs.read_at(&fs.open(path, Access::Read)?, 0, &mut block)?;
        block.truncate(n);
        self.read_bytes += n as u64;
        Ok(block)
    }

    fn add_frames(&mut self, path: &Path, bytes: &[u8], epoch: u32, since: &Since) {
        let seal = since.seal();
        let mut at = BLOCK;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let found =
                |frame, whole| FoundFrame { path: path.into(), at: at as u64, frame, whole };
            let step = match frame::decode_in(rest, seal, epoch) {
                Ok(frame) => {
                    let total_bytes = frame.total_bytes;
                    self.take_note(&frame.head);
                    if frame.head.seq >= since.first_needed_seq {
                        self.whole.push(found(frame, true));
                    }
                    total_bytes
                }
                Err(FrameFault::BodyCrc | FrameFault::BadEntry | FrameFault::TooLong) => {
                    let head = frame::decode_head(rest, seal).expect("its header checked");
                    self.take_note(&head.head);
                    self.torn.push((epoch, head.head.seq));
                    if let Some(frame) = frame::salvage(rest, seal) {
                        self.salvaged.push(found(frame, false));
                    }
                    // What lies inside of it is what clients sent, and never a frame.
                    head.total_bytes
                }
                Err(FrameFault::HeaderCrc) => {
                    self.torn.push((epoch, 0));
                    BLOCK
                }
                Err(_) => BLOCK,
            };
            at = at.saturating_add(step);
        }
    }

    fn take_note(&mut self, head: &frame::FrameHead) {
        self.stable_seq = self.stable_seq.max(head.stable_seq);
        self.highest_seq = self.highest_seq.max(head.seq);
    }

    fn judge(mut self, since: &Since) -> Scan {
        self.whole.sort_by_key(FoundFrame::seq);
        self.whole.dedup_by_key(|found| found.seq());
        let last = self.whole.last().map(|found| (found.frame.head.epoch, found.seq()));
        let last_epoch = last.map_or(0, |(epoch, _)| epoch);
        let last_seq = last.map_or(0, |(_, seq)| seq);
        let behind = |&(epoch, seq): &(u32, u64)| {
            seq > last_seq && seq >= since.first_needed_seq || seq == 0 && epoch >= last_epoch
        };
        let decision = decide(&Evidence {
            first_needed_seq: since.first_needed_seq.max(1),
            whole: self.whole.iter().map(FoundFrame::seq).collect(),
            stable_seq: self.stable_seq,
            torn_behind: self.torn.iter().any(behind),
        });
        let found = self.whole.len();
        let mut frames = self.whole;
        frames.retain(|frame| frame.seq() < decision.end_seq);
        let dropped_frames = (found - frames.len()) as u64;
        let lost = |seq: u64| decision.lost.iter().any(|range| range.contains(&seq));
        frames.extend(self.salvaged.into_iter().filter(|frame| lost(frame.seq())));
        frames.sort_by_key(FoundFrame::seq);
        frames.dedup_by_key(|found| found.seq());
        Scan {
            decision,
            frames,
            dropped_frames,
            stable_seq: self.stable_seq,
            highest_seq: self.highest_seq.max(since.first_needed_seq.saturating_sub(1)),
            highest_epoch: self.highest_epoch,
            used_since: self.used_since,
            foreign: self.foreign,
            read_bytes: self.read_bytes,
        }
    }
}

/// The highest epoch of the frames in a file whose own header does not check.
fn newest_epoch(bytes: &[u8], seal: Seal) -> Option<u32> {
    let heads = bytes.chunks(BLOCK).skip(1).filter_map(|block| frame::decode_head(block, seal));
    heads.map(|on_disk| on_disk.head.epoch).max()
}

#[cfg(test)]
#[path = "scan_tests.rs"]
pub(crate) mod tests;
