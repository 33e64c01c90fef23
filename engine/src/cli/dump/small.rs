//! Files that are read as a whole: index, snapshot, metadata, and those that are text.

use crate::broker::meta_store::MetaStore;
use crate::cli::error::CliError;
use crate::cli::print::Printer;
use crate::log::{directory, point, producers};
use crate::model::{Offset, Position};
use crate::segment::index;
use headwater_io::file::Fs;
use headwater_io::sim::World;
use serde_json::{Value, json};
use std::path::Path;

const CHECKSUM_BYTES: usize = 4;

/// An index: an entry for each batch that it notes.
pub fn dump_index(fs: &Fs, path: &Path, printer: &mut Printer) -> Result<(), CliError> {
    let bytes = read(fs, path)?;
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let base = directory::parse_segment(&format!("{name}.log"))
        .ok_or_else(|| CliError::UnknownFile(path.to_owned()))?;
    let segment = path.with_extension("log");
    let segment_bytes =
        std::fs::metadata(&segment).map_err(|error| CliError::File { path: segment, error })?.len();
    let reason = "does not check, or is of another segment: it is rebuilt at the next start";
    let index = index::file::decode(&bytes, base, Position(segment_bytes))
        .ok_or_else(|| CliError::BadFile { path: path.to_owned(), reason: reason.to_owned() })?;
    let mut next = Some(index.floor(base).position);
    while let Some(position) = next {
        let entry = index.start_at(position);
        let line =
            json!({ "kind": "entry", "offset": entry.offset.0, "position": entry.position.0 });
        printer.line(&line, |_| {
            format!("entry offset {} position {}", entry.offset, entry.position)
        })?;
        next = index.after(position);
    }
    let line = json!({ "kind": "index", "path": path.display().to_string(), "timestamp_ms_max": index.max_timestamp_ms() });
    Ok(printer
        .line(&line, |_| format!("{}: latest time {}", path.display(), index.max_timestamp_ms()))?)
}

/// A snapshot of producers.
pub fn dump_snapshot(
    fs: &Fs,
    path: &Path,
    offset: Offset,
    printer: &mut Printer,
) -> Result<(), CliError> {
    let bytes = read(fs, path)?;
    let reason = "does not check: producers are rebuilt from batches at the next start";
    let producers = producers::file::decode(&bytes, offset)
        .ok_or_else(|| CliError::BadFile { path: path.to_owned(), reason: reason.to_owned() })?;
    let line = json!({
        "kind": "snapshot",
        "path": path.display().to_string(),
        "offset": offset.0,
        "producers": producers.len(),
        "content": format!("{producers:?}"),
    });
    Ok(printer.line(&line, |_| {
        format!(
            "{}: {} producers as of offset {offset}: {producers:?}",
            path.display(),
            producers.len()
        )
    })?)
}

/// A recovery point.
pub fn dump_point(
    fs: &Fs,
    path: &Path,
    base: Offset,
    printer: &mut Printer,
) -> Result<(), CliError> {
    let bytes = read(fs, path)?;
    let reason = "does not check: the next start reads the segment from its beginning";
    let point = point::decode(&bytes, base)
        .ok_or_else(|| CliError::BadFile { path: path.to_owned(), reason: reason.to_owned() })?;
    let line = json!({
        "kind": "point",
        "path": path.display().to_string(),
        "segment_base": base.0,
        "position": point.position.0,
        "next_offset": point.next_offset.0,
        "producers": point.producers.len(),
    });
    Ok(printer.line(&line, |_| {
        format!(
            "{}: segment {base} up to byte {}, offset {}, {} producers",
            path.display(),
            point.position,
            point.next_offset,
            point.producers.len()
        )
    })?)
}

/// The metadata store, record by record.
pub fn dump_metadata(fs: &Fs, path: &Path, printer: &mut Printer) -> Result<(), CliError> {
    let store = read_store(fs, path)?;
    for (key, version, value) in store.list("") {
        let line = json!({ "kind": "metadata", "key": key, "version": version, "value": value });
        printer.line(&line, |_| format!("{key} version {} = {value}", version.0))?;
    }
    Ok(())
}

/// Opening a store may write it anew, which reading must not do: so a copy in memory is opened.
pub fn read_store(fs: &Fs, path: &Path) -> Result<MetaStore, CliError> {
    let bytes = read(fs, path)?;
    let memory = World::new(0).driver().fs();
    let copy = Path::new("/copy").join(directory::METADATA);
    let copied =
        memory.create_dir_all(Path::new("/copy")).and_then(|()| memory.replace(&copy, &bytes));
    copied.map_err(|error| CliError::File { path: path.to_owned(), error })?;
    MetaStore::open(&memory, &copy).map_err(|error| {
        let reason =
            error.to_string().replace(&copy.display().to_string(), &path.display().to_string());
        CliError::BadFile { path: path.to_owned(), reason }
    })
}

/// A file that people can read as it is, but perhaps for a checksum before its first brace.
pub fn dump_text(fs: &Fs, path: &Path, printer: &mut Printer) -> Result<(), CliError> {
    let bytes = read(fs, path)?;
    let brace = bytes.iter().position(|byte| *byte == b'{').filter(|at| *at <= CHECKSUM_BYTES);
    let text = String::from_utf8_lossy(&bytes[brace.unwrap_or(0)..]).into_owned();
    let content: Value = serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text.clone()));
    let line = json!({ "kind": "text", "path": path.display().to_string(), "content": content });
    Ok(printer.line(&line, |_| {
        format!("{}: {}", path.display(), text.trim_end().replace('\n', "\n  "))
    })?)
}

fn read(fs: &Fs, path: &Path) -> Result<Vec<u8>, CliError> {
    fs.read(path).map_err(|error| CliError::File { path: path.to_owned(), error })
}
