//! A shard's journal: the frames of a file with what each makes durable, and checkpoints.

use crate::broker::catalog::format_id;
use crate::broker::identity::Identity;
use crate::broker::journals::directory_id;
use crate::cli::error::CliError;
use crate::cli::print::Printer;
use crate::journal::checkpoint;
use crate::journal::frame::{self, Entry, Frame, FrameFault, Kind};
use crate::journal::header::decode_file_header;
use crate::journal::seal::Seal;
use crate::log::directory;
use crate::model::{PartitionKey, ShardId};
use headwater_io::buffer::BLOCK;
use headwater_io::file::Fs;
use serde_json::{Value, json};
use std::io;
use std::path::Path;

/// Whose frames these are, and of which use of the file; of a file whose header does not check every use is shown.
struct Whose {
    seal: Seal,
    epoch: Option<u32>,
}

/// A file of the ring.
pub fn dump(fs: &Fs, path: &Path, printer: &mut Printer) -> Result<(), CliError> {
    let bytes = read(fs, path)?;
    let Whose { seal, epoch } = whose(fs, path, &bytes, printer)?;
    let (mut at, mut frames, mut damaged, mut earlier) = (BLOCK, 0, 0, 0);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let head = frame::decode_head(rest, seal);
        at += match (head, frame::decode(rest, seal)) {
            (Some(on_disk), _) if epoch.is_some_and(|epoch| epoch != on_disk.head.epoch) => {
                earlier += 1;
                BLOCK
            }
            (_, Ok(frame)) => {
                frames += 1;
                print_frame(printer, at, &frame, None)?;
                frame.total_bytes
            }
            (Some(on_disk), Err(fault)) => {
                damaged += 1;
                match frame::salvage(rest, seal) {
                    Some(frame) => print_frame(printer, at, &frame, Some(fault))?,
                    None => print_damaged(printer, at, fault)?,
                }
                on_disk.total_bytes
            }
            (None, Err(fault @ FrameFault::HeaderCrc)) => {
                damaged += 1;
                print_damaged(printer, at, fault)?;
                BLOCK
            }
            (None, Err(_)) => BLOCK,
        };
    }
    let line = json!({ "kind": "end", "path": path.display().to_string(), "frames": frames, "damaged": damaged, "earlier_uses": earlier, "file_bytes": bytes.len() });
    Ok(printer.line(&line, |_| {
        format!(
            "{}: {frames} frames, {damaged} damaged, {earlier} of earlier uses; {} bytes",
            path.display(),
            bytes.len()
        )
    })?)
}

/// From the file's header; or else from where the file is.
fn whose(fs: &Fs, path: &Path, bytes: &[u8], printer: &mut Printer) -> Result<Whose, CliError> {
    let fault = match decode_file_header(bytes) {
        Ok(header) => {
            let line = json!({ "kind": "header", "path": path.display().to_string(), "directory": format_id(header.directory), "shard": header.shard.0, "file": header.file, "epoch": header.epoch });
            printer.line(&line, |_| {
                let directory = format_id(header.directory);
                format!(
                    "{}: file {} of shard {} of directory {directory}, use {}",
                    path.display(),
                    header.file,
                    header.shard.0,
                    header.epoch
                )
            })?;
            let seal = Seal::new(header.directory, header.shard);
            return Ok(Whose { seal, epoch: Some(header.epoch) });
        }
        Err(fault) => format!("{fault:?}"),
    };
    let line = json!({ "kind": "header", "path": path.display().to_string(), "fault": fault });
    printer.line(&line, |_| format!("{}: no header: {fault}", path.display()))?;
    let folder = path.parent().unwrap_or(path);
    let shard = folder.file_name().and_then(|name| name.to_str()?.parse().ok()).map(ShardId);
    let identity = folder.ancestors().nth(2).map(|dir| dir.join(directory::IDENTITY));
    let identity = identity.and_then(|path| fs.read(&path).ok());
    let identity = identity.and_then(|json| serde_json::from_slice::<Identity>(&json).ok());
    let (Some(shard), Some(identity)) = (shard, identity) else {
        let reason =
            "has no header, and is not in a data directory that says whose it is".to_owned();
        return Err(CliError::BadFile { path: path.to_owned(), reason });
    };
    Ok(Whose { seal: Seal::new(directory_id(&identity.directory_id), shard), epoch: None })
}

fn print_frame(
    printer: &mut Printer,
    at: usize,
    frame: &Frame,
    fault: Option<FrameFault>,
) -> io::Result<()> {
    let head = frame.head;
    let fault = fault.map(|fault| format!("{fault:?}"));
    let line = json!({
        "kind": "frame", "position": at, "bytes": frame.total_bytes, "epoch": head.epoch, "seq": head.seq,
        "stable_seq": head.stable_seq, "entries": frame.entries.len(), "fault": fault,
    });
    printer.line(&line, |_| {
        let damage = fault.map(|fault| format!(" DAMAGED: {fault}")).unwrap_or_default();
        format!(
            "frame seq {} stable {} epoch {} position {at} bytes {} entries {}{damage}",
            head.seq,
            head.stable_seq,
            head.epoch,
            frame.total_bytes,
            frame.entries.len()
        )
    })?;
    frame.entries.iter().try_for_each(|entry| print_entry(printer, entry))
}

fn print_entry(printer: &mut Printer, entry: &Entry) -> io::Result<()> {
    let kind = if entry.kind == Kind::Inline { "inline" } else { "extent" };
    let line = json!({
        "kind": "entry", "where": kind, "topic": format_id(entry.key.topic), "partition": entry.key.index,
        "segment_base": entry.segment_base.0, "position": entry.position.0, "bytes": entry.len,
        "next_offset": entry.next_offset.0, "leader_epoch": entry.epoch.0, "crc": entry.crc,
    });
    printer.line(&line, |_| {
        format!(
            "  {kind} {} segment {} bytes [{}, {}) up to offset {} epoch {} crc {:08x}",
            name(entry.key),
            entry.segment_base,
            entry.position,
            entry.end(),
            entry.next_offset,
            entry.epoch.0,
            entry.crc
        )
    })
}

fn print_damaged(printer: &mut Printer, at: usize, fault: FrameFault) -> io::Result<()> {
    let fault = format!("{fault:?}");
    let line = json!({ "kind": "frame", "position": at, "fault": fault });
    printer.line(&line, |_| format!("frame position {at} DAMAGED: {fault}"))
}

/// A checkpoint, and where every partition was then.
pub fn dump_checkpoint(fs: &Fs, path: &Path, printer: &mut Printer) -> Result<(), CliError> {
    let found = checkpoint::decode(&read(fs, path)?).map_err(|fault| {
        let reason = format!("is no checkpoint: {fault:?}");
        CliError::BadFile { path: path.to_owned(), reason }
    })?;
    let line = json!({
        "kind": "checkpoint", "path": path.display().to_string(), "serial": found.serial,
        "directory": format_id(found.directory), "shard": found.shard.0, "in_use": found.in_use,
        "epoch_floor": found.epoch_floor, "first_needed_seq": found.first_needed_seq,
        "partitions": found.partitions.len(),
    });
    printer.line(&line, |_| {
        format!(
            "{}: serial {} of shard {}, {}: needed from commit {} and use {} on, {} partitions",
            path.display(),
            found.serial,
            found.shard.0,
            if found.in_use { "in use" } else { "put away" },
            found.first_needed_seq,
            found.epoch_floor,
            found.partitions.len()
        )
    })?;
    for point in &found.partitions {
        let line: Value = json!({
            "kind": "partition", "topic": format_id(point.key.topic), "partition": point.key.index,
            "segment_base": point.segment_base.0, "position": point.position.0,
            "next_offset": point.next_offset.0, "log_start": point.log_start.0, "leader_epoch": point.epoch.0,
        });
        printer.line(&line, |_| {
            format!(
                "  {} segment {} byte {} offset {} start {} epoch {}",
                name(point.key),
                point.segment_base,
                point.position,
                point.next_offset,
                point.log_start,
                point.epoch.0
            )
        })?;
    }
    Ok(())
}

fn name(key: PartitionKey) -> String {
    format!("{}/{}", format_id(key.topic), key.index)
}

fn read(fs: &Fs, path: &Path) -> Result<Vec<u8>, CliError> {
    fs.read(path).map_err(|error| CliError::File { path: path.to_owned(), error })
}
