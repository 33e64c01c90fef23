//! What goes wrong on a simulated disk: faults that strike once when a count is reached, and faults that
//! strike now and then; and the record of all damage that no program was told of.

use std::io;
use std::path::{Path, PathBuf};

use super::rng::Rng;

/// Faults that will strike; each count is counted down by the operations it concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// The n-th write from now fails with EIO (1 = the next).
    pub fail_write_in: Option<u64>,
    /// The n-th sync or durable write from now fails with EIO.
    pub fail_sync_in: Option<u64>,
    /// Bytes that files may take together; more is ENOSPC.
    pub capacity_bytes: Option<u64>,
    /// No descriptor is left to open a file once more: EMFILE.
    pub no_descriptors: bool,
    /// A sector of a file of records that is on its way when the power goes may hold neither what it held
    /// nor what it should: the device has no powersafe overwrite.
    pub shreds: bool,
    /// What strikes now and then.
    pub odds: Odds,
}

/// Of a million operations, how many go wrong in each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Odds {
    /// A write fails, and a first part of it was done.
    pub write_fails: u64,
    /// A sync fails.
    pub sync_fails: u64,
    /// To open a file once more is refused with EMFILE.
    pub no_descriptor: u64,
    /// An operation takes up to a hundred times as long.
    pub slow: u64,
    /// A write of records ends well and was never done.
    pub write_lost: u64,
    /// A write of records ends well and was done elsewhere in the file.
    pub write_misdirected: u64,
}

/// How bytes were damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// A bit has flipped.
    Rot,
    /// A write was not done.
    Lost,
    /// A write was done here that belongs elsewhere.
    Misdirected,
}

/// Damage that nobody was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file, as it was named then.
    pub path: PathBuf,
    /// The first damaged byte.
    pub at: u64,
    /// How many.
    pub len: u64,
    /// In which way.
    pub harm: Harm,
}

/// What a write on its way to the platter meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    /// Fails after this many bytes.
    Fails(usize),
    Lost,
    /// Done at this byte.
    Misdirected(u64),
}

impl Faults {
    /// What becomes of a write.
    pub(super) fn fate(
        &mut self,
        path: &Path,
        at: u64,
        len: usize,
        file_len: u64,
        rng: &mut Rng,
    ) -> Fate {
        let odds = self.odds;
        if strike(&mut self.fail_write_in).is_err() || rng.one_in_million(odds.write_fails) {
            return Fate::Fails(rng.below(len as u64 + 1) as usize);
        }
        if !holds_records(path) {
            return Fate::Done;
        }
        if rng.one_in_million(odds.write_lost) {
            return Fate::Lost;
        }
        let blocks = file_len.saturating_sub(len as u64) / 4096;
        let elsewhere = rng.below(blocks.max(1)) * 4096;
        match blocks > 0 && elsewhere != at && rng.one_in_million(odds.write_misdirected) {
            true => Fate::Misdirected(elsewhere),
            false => Fate::Done,
        }
    }

    /// Whether there is a descriptor left to open a file once more.
    pub(super) fn descriptor(&self, rng: &mut Rng) -> io::Result<()> {
        match self.no_descriptors || rng.one_in_million(self.odds.no_descriptor) {
            true => Err(io::Error::from_raw_os_error(libc::EMFILE)),
            false => Ok(()),
        }
    }

    /// Whether a sync or durable write goes well.
    pub(super) fn sync(&mut self, rng: &mut Rng) -> io::Result<()> {
        strike(&mut self.fail_sync_in)?;
        match rng.one_in_million(self.odds.sync_fails) {
            true => Err(eio()),
            false => Ok(()),
        }
    }
}

/// Silent damage strikes segments and journals: that a damaged store of metadata refuses to open is shown
/// elsewhere, and would end every run.
pub(super) fn holds_records(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("journal-") || (name.ends_with(".log") && name != "metadata.log")
}

pub(super) fn eio() -> io::Error {
    io::Error::from_raw_os_error(libc::EIO)
}

fn strike(countdown: &mut Option<u64>) -> io::Result<()> {
    match countdown {
        Some(1) => {
            *countdown = None;
            Err(eio())
        }
        Some(n) => {
            *n -= 1;
            Ok(())
        }
        None => Ok(()),
    }
}
