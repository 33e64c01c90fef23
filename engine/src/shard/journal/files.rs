//! The journal's files, with blocking verbs: for the start, and for jobs on I/O threads.

use std::io;
use std::path::{Path, PathBuf};

use headwater_io::buffer::BLOCK;
use headwater_io::file::{Access, File, Fs};

use super::{JournalIdentity, JournalSettings};
use crate::journal::checkpoint::{self, Checkpoint, PartitionPoint};
use crate::journal::header::HeaderFault;
use crate::journal::ring::{FileHeader, Ring, decode_file_header, file_header};
use crate::journal::scan;
use crate::model::ShardId;

/// The folder of the shards' folders. Not `shard-<n>`: that may be a topic's.
const FOLDER: &str = "shards";

/// The folder of a shard's journal.
pub fn folder(data_dir: &Path, shard: ShardId) -> PathBuf {
    data_dir.join(FOLDER).join(shard.0.to_string())
}

/// The shards that have a folder, whatever their number is now.
///
/// # Errors
/// Of the file system.
pub fn shards(fs: &Fs, data_dir: &Path) -> io::Result<Vec<ShardId>> {
    let dir = data_dir.join(FOLDER);
    if !fs.exists(&dir) {
        return Ok(Vec::new());
    }
    let names = fs.list(&dir)?;
    Ok(names.iter().filter(|e| e.is_dir).filter_map(|e| e.name.parse().ok().map(ShardId)).collect())
}

/// A file to be made ready for its next use.
pub struct FileSpec {
    /// The shard's folder.
    pub dir: PathBuf,
    /// Its place in the ring.
    pub file: usize,
    /// The epoch of this use.
    pub epoch: u32,
    /// Its size.
    pub bytes: u64,
    /// Whose it is.
    pub identity: JournalIdentity,
}

impl FileSpec {
    /// Reserves the file's space if it is missing or of another size, so that a full disk can never keep
    /// the journal from going on. Whether a name was made that must be synced.
    ///
    /// # Errors
    /// Of the file system.
    pub fn reserve(&self, fs: &Fs) -> io::Result<bool> {
        let path = scan::path(&self.dir, self.file);
        if fs.exists(&path) {
            let file = fs.open(&path, Access::Read)?;
            if fs.len(&file)? == self.bytes {
                return Ok(false);
            }
            fs.remove_file(&path)?;
        }
        let file = fs.create_new(&path, Access::Write)?;
        match fs.allocate(&file, self.bytes).and_then(|()| fs.sync(&file)) {
            Ok(()) => Ok(true),
            Err(error) => {
                // What it got of a full disk others may need.
                drop(fs.remove_file(&path));
                Err(error)
            }
        }
    }

    /// Writes the header of the file's next use, durable. A file that was never used is written from end
    /// to end first, so that no frame ever changes metadata (io.md, F3).
    ///
    /// # Errors
    /// Of the file system.
    pub fn prepare(&self, fs: &Fs) -> io::Result<File> {
        let path = scan::path(&self.dir, self.file);
        let file = fs.open(&path, Access::Write)?;
        let mut block = vec![0; BLOCK];
        fs.read_at(&file, 0, &mut block)?;
        if decode_file_header(&block) == Err(HeaderFault::Nothing) {
            fs.write_zeros(&file, BLOCK as u64, self.bytes - BLOCK as u64)?;
            fs.sync(&file)?;
        }
        let header = FileHeader {
            directory: self.identity.directory,
            shard: self.identity.shard,
            file: self.file as u32,
            epoch: self.epoch,
        };
        fs.write_all_at(&file, 0, &file_header(&header))?;
        fs.sync(&file)?;
        // Frames go past the page cache where that is possible.
        fs.open(&path, Access::WriteDirect).or(Ok(file))
    }
}

/// Writes a checkpoint over the older of the two and syncs it.
///
/// # Errors
/// Of the file system.
pub fn write_checkpoint(fs: &Fs, dir: &Path, checkpoint: &Checkpoint) -> io::Result<()> {
    let path = checkpoint::path(dir, checkpoint.serial);
    let bytes = checkpoint::encode(checkpoint);
    if fs.exists(&path) {
        let file = fs.open(&path, Access::Write)?;
        fs.write_all_at(&file, 0, &bytes)?;
        fs.set_len(&file, bytes.len() as u64)?;
        return fs.sync(&file);
    }
    let file = fs.create_new(&path, Access::Write)?;
    fs.write_all_at(&file, 0, &bytes)?;
    fs.sync(&file)?;
    fs.sync_dir(dir)
}

/// What recovery learned of a shard's journal, for the next one to go on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Of the newest checkpoint; 0 if there was none.
    pub serial: u64,
    /// No use of a file had this epoch or a higher one.
    pub next_epoch: u32,
    /// No commit had this number or a higher one.
    pub next_seq: u64,
}

impl Ended {
    /// There was no journal.
    pub const NOTHING: Ended = Ended { serial: 0, next_epoch: 1, next_seq: 1 };
}

/// A journal that is ready for its first frame.
pub struct Begun {
    /// Its state.
    pub ring: Ring,
    /// The first file.
    pub file: File,
    /// The number of the first commit.
    pub next_seq: u64,
    /// Of the checkpoint that was written.
    pub serial: u64,
}

/// Begins a journal in which nothing is needed: everything was recovered and settled. The checkpoint is
/// durable before the first file says that it is used anew.
///
/// # Errors
/// Of the file system.
pub fn begin(
    fs: &Fs,
    dir: &Path,
    identity: JournalIdentity,
    settings: &JournalSettings,
    ended: Ended,
    partitions: Vec<PartitionPoint>,
) -> io::Result<Begun> {
    if !fs.exists(dir) {
        fs.create_dir_all(dir)?;
        // Both levels may be new.
        for parent in dir.ancestors().skip(1).take(2) {
            fs.sync_dir(parent)?;
        }
    }
    let serial = ended.serial + 1;
    write_checkpoint(
        fs,
        dir,
        &Checkpoint {
            serial,
            directory: identity.directory,
            shard: identity.shard,
            in_use: true,
            epoch_floor: ended.next_epoch,
            first_needed_seq: ended.next_seq,
            partitions,
        },
    )?;
    for entry in fs.list(dir)? {
        if scan::parse(&entry.name).is_some_and(|file| file as usize >= settings.files) {
            fs.remove_file(&dir.join(&entry.name))?;
        }
    }
    let spec = |file, epoch| FileSpec {
        dir: dir.to_path_buf(),
        file,
        epoch,
        bytes: settings.file_bytes,
        identity,
    };
    let mut made = false;
    for file in 0..settings.files {
        made |= spec(file, 0).reserve(fs)?;
    }
    if made {
        fs.sync_dir(dir)?;
    }
    let mut ring = Ring::new(settings.files, settings.file_bytes, ended.next_epoch);
    let (file, epoch) = ring.wants_prepared().expect("all files are free");
    ring.preparing(file);
    let opened = spec(file, epoch).prepare(fs)?;
    ring.prepared(file);
    Ok(Begun { ring, file: opened, next_seq: ended.next_seq, serial })
}

/// Writes down that a journal is not in use: points of logs that then grow on another path must never
/// be believed.
///
/// # Errors
/// Of the file system.
pub fn put_away(fs: &Fs, dir: &Path, identity: JournalIdentity, ended: Ended) -> io::Result<()> {
    write_checkpoint(
        fs,
        dir,
        &Checkpoint {
            serial: ended.serial + 1,
            directory: identity.directory,
            shard: identity.shard,
            in_use: false,
            epoch_floor: ended.next_epoch,
            first_needed_seq: ended.next_seq,
            partitions: Vec::new(),
        },
    )
}
