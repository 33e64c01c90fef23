//! `headwater dump`: what is in a segment, an index, a snapshot, a journal, the metadata; or, for a folder, in all of
//! them.
//!
//! Reads only, also while a broker runs. What a file is, its name says; formats are read by the code that writes them.

mod journal;
mod segment;
mod small;

pub(super) use segment::UNPACKED_BYTES_MAX;
pub(super) use small::read_store;

use super::args::DumpArgs;
use super::error::CliError;
use super::print::Printer;
use crate::journal::{checkpoint, scan};
use crate::log::directory;
use crate::shard::journal::files;
use headwater_io::file::{Entry, Fs};
use std::path::Path;

/// Prints what the path holds.
///
/// # Errors
/// When it cannot be read, or is nothing of ours.
pub fn run(args: &DumpArgs, printer: &mut Printer) -> Result<(), CliError> {
    let fs = Fs::os();
    if !args.path.is_dir() {
        return dump_file(&fs, &args.path, args, printer);
    }
    for entry in list(&fs, &args.path)? {
        let path = args.path.join(&entry.name);
        if entry.is_dir && directory::parse_partition(&entry.name).is_some() {
            for inner in list(&fs, &path)? {
                dump_known(&fs, &path.join(&inner.name), args, printer)?;
            }
        } else if !entry.is_dir {
            dump_known(&fs, &path, args, printer)?;
        }
    }
    let journals = files::shards(&fs, &args.path)
        .map_err(|error| CliError::File { path: args.path.clone(), error })?;
    for shard in journals {
        let dir = files::folder(&args.path, shard);
        for entry in list(&fs, &dir)? {
            dump_known(&fs, &dir.join(&entry.name), args, printer)?;
        }
    }
    Ok(())
}

/// In a folder, what is not ours is passed over.
fn dump_known(
    fs: &Fs,
    path: &Path,
    args: &DumpArgs,
    printer: &mut Printer,
) -> Result<(), CliError> {
    match dump_file(fs, path, args, printer) {
        Err(CliError::UnknownFile(_)) => Ok(()),
        other => other,
    }
}

fn dump_file(fs: &Fs, path: &Path, args: &DumpArgs, printer: &mut Printer) -> Result<(), CliError> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if let Some(base) = directory::parse_segment(name) {
        return segment::dump(fs, path, base, args.records, printer);
    }
    if let Some(offset) = directory::parse_snapshot(name) {
        return small::dump_snapshot(fs, path, offset, printer);
    }
    if let Some(base) = directory::parse_point(name) {
        return small::dump_point(fs, path, base, printer);
    }
    if scan::parse(name).is_some() {
        return journal::dump(fs, path, printer);
    }
    let dir = path.parent().unwrap_or(path);
    if (0..2).any(|turn| checkpoint::path(dir, turn) == path) {
        return journal::dump_checkpoint(fs, path, printer);
    }
    if name.ends_with(".hwindex") {
        return small::dump_index(fs, path, printer);
    }
    match name {
        directory::METADATA => small::dump_metadata(fs, path, printer),
        directory::IDENTITY
        | directory::CLEAN
        | directory::ACKNOWLEDGED
        | directory::START
        | directory::PARTITION_METADATA => small::dump_text(fs, path, printer),
        _ => Err(CliError::UnknownFile(path.to_owned())),
    }
}

fn list(fs: &Fs, dir: &Path) -> Result<Vec<Entry>, CliError> {
    fs.list(dir).map_err(|error| CliError::File { path: dir.to_owned(), error })
}
