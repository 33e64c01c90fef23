//! The shards' journals: their checkpoints, the headers of their files, their frames, and what is there and is
//! none of theirs.

use super::Outcome;
use crate::cli::journals::{Journals, ShardJournal, State, Summary};
use crate::journal::checkpoint;
use crate::journal::header::{HeaderFault, decode_file_header};
use crate::journal::scan::{self, Case};
use headwater_io::buffer::BLOCK;
use headwater_io::file::{Access, Fs};
use std::io;
use std::path::Path;

/// Checks all of them.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn verify(fs: &Fs, journals: &Journals, outcome: &mut Outcome) -> io::Result<()> {
    for journal in &journals.shards {
        Check { fs, journal, outcome }.run()?;
    }
    Ok(())
}

struct Check<'a> {
    fs: &'a Fs,
    journal: &'a ShardJournal,
    outcome: &'a mut Outcome,
}

impl Check<'_> {
    fn run(&mut self) -> io::Result<()> {
        let dir = &self.journal.dir;
        match &self.journal.state {
            State::Idle => {}
            State::InUse(summary) => self.judge(summary),
            State::NoCheckpoint => self.wrong(
                dir,
                "the checkpoints are damaged or missing, and no start goes on without: restore them from a copy, or \
                 give up what only the journal has with `headwater repair --accept-loss`",
            ),
            State::Refused(why) => self.wrong(dir, why),
        }
        for entry in self.fs.list(dir)? {
            self.file(&entry.name)?;
        }
        Ok(())
    }

    /// What its frames mean as a whole; what they mean for a log is said there.
    fn judge(&mut self, summary: &Summary) {
        let Summary { scan, entries, bytes, ambiguous_commits, unknown_commits } = summary;
        let dir = &self.journal.dir;
        if *entries > 0 {
            let frames = scan.frames.len();
            let what = format!(
                "the next start puts {bytes} bytes of {entries} entries in {frames} frames back into segments"
            );
            self.note(dir, &what);
            self.outcome.frames += frames as u64;
            self.outcome.put_back_bytes += bytes;
        }
        match scan.decision.case {
            Case::CleanEnd => {}
            Case::TornLast => self.note(dir, "ends with a commit that never completed"),
            Case::UnacknowledgedBehindTorn => {
                let what = format!(
                    "{} whole frames behind a torn one are given up: nobody was promised them",
                    scan.dropped_frames
                );
                self.note(dir, &what);
            }
            Case::AcknowledgedDamaged => {
                let what = format!(
                    "acknowledged commits {:?} are damaged, {unknown_commits} of them wholly",
                    scan.decision.lost
                );
                self.wrong(dir, &what);
            }
        }
        if *ambiguous_commits > 0 {
            let what = format!(
                "the last {ambiguous_commits} commits are given up: whether they were never durable or have been damaged \
                 since cannot be told"
            );
            self.note(dir, &what);
        }
        for foreign in &scan.foreign {
            self.note(foreign, "belongs to another directory, shard or place: it is not read");
        }
    }

    fn file(&mut self, name: &str) -> io::Result<()> {
        let path = self.journal.dir.join(name);
        let is_checkpoint = (0..2).any(|turn| checkpoint::path(&self.journal.dir, turn) == path);
        if is_checkpoint {
            if checkpoint::decode(&self.fs.read(&path)?).is_err() {
                self.note(&path, "does not check: the other one counts");
            }
        } else if scan::parse(name).is_some() {
            let file = self.fs.open(&path, Access::Read)?;
            let mut block = vec![0; BLOCK];
            let n = self.fs.read_at(&file, 0, &mut block)?;
            if decode_file_header(&block[..n]) == Err(HeaderFault::Damaged) {
                self.note(
                    &path,
                    "its header does not check: its frames say when they were written",
                );
            }
        } else if name.contains(".lost-") {
            self.note(&path, "given up by a repair; remove it if nobody misses it");
        } else {
            self.note(&path, "is none of ours");
        }
        Ok(())
    }

    fn wrong(&mut self, path: &Path, what: &str) {
        self.outcome.wrong.push(format!("{}: {what}", path.display()));
    }

    fn note(&mut self, path: &Path, what: &str) {
        self.outcome.notes.push(format!("{}: {what}", path.display()));
    }
}
