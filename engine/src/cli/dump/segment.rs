//! A segment file, batch by batch, and why the walk ended.

use crate::cli::error::CliError;
use crate::cli::print::Printer;
use crate::model::{Offset, Position};
use crate::segment::index;
use crate::segment::newest::Newest;
use crate::segment::scan::{Chain, Depth, Walk};
use headwater_io::file::{Access, File, Fs};
use headwater_protocol::batch::compression::records_of;
use headwater_protocol::batch::header::{Batch, BatchHeader};
use headwater_protocol::batch::record::{Record, records};
use serde::Serialize;
use std::io;
use std::path::Path;

/// No batch that a producer could send unpacks to more.
pub const UNPACKED_BYTES_MAX: usize = 1 << 30;

/// A batch.
#[derive(Debug, Serialize)]
struct BatchLine {
    kind: &'static str,
    base_offset: i64,
    last_offset: i64,
    records: i32,
    position: u64,
    bytes: usize,
    compression: &'static str,
    timestamp_ms_max: i64,
    log_append_time: bool,
    leader_epoch: i32,
    producer_id: i64,
    producer_epoch: i16,
    base_sequence: i32,
    transactional: bool,
    control: bool,
}

/// A record.
#[derive(Debug, Serialize)]
struct RecordLine {
    kind: &'static str,
    offset: i64,
    timestamp_ms: i64,
    key: Option<String>,
    value: Option<String>,
    headers: Vec<(String, Option<String>)>,
}

/// Where a walk ended.
#[derive(Debug, Serialize)]
struct EndLine {
    kind: &'static str,
    path: String,
    batches: u64,
    next_offset: i64,
    position: u64,
    file_bytes: u64,
    /// `AtEnd` and `ZeroFill` are sound ends.
    why: String,
}

/// Prints the batches of a segment, and with `with_records` what is in them.
pub fn dump(
    fs: &Fs,
    path: &Path,
    base: Offset,
    with_records: bool,
    printer: &mut Printer,
) -> Result<(), CliError> {
    let unreadable = |error| CliError::File { path: path.to_owned(), error };
    let file = fs.open(path, Access::Read).map_err(unreadable)?;
    let file_bytes = fs.len(&file).map_err(unreadable)?;
    let mut batches = 0;
    let mut failure = None;
    let walk = Walk {
        fs,
        file: &file,
        from: Position(0),
        upto: Position(file_bytes),
        next_offset: base,
        chain: chain(fs, path, base).map_err(unreadable)?,
        depth: Depth::Checksums,
        newest: Newest::none(),
    };
    let scan = walk
        .run_until(|position, header| {
            batches += 1;
            let mut printed = printer.line(&BatchLine::new(position, header), BatchLine::text);
            if with_records && printed.is_ok() {
                printed = print_records(fs, &file, position, header, printer);
            }
            failure = printed.err();
            failure.is_none()
        })
        .map_err(unreadable)?;
    if let Some(error) = failure {
        return Err(CliError::Output(error));
    }
    let end = EndLine {
        kind: "end",
        path: path.display().to_string(),
        batches,
        next_offset: scan.next_offset.0,
        position: scan.end.0,
        file_bytes,
        why: format!("{:?}", scan.why),
    };
    Ok(printer.line(&end, EndLine::text)?)
}

/// Whether offsets may be missing in it, as its index says.
fn chain(fs: &Fs, path: &Path, base: Offset) -> io::Result<Chain> {
    let path = path.with_extension("hwindex");
    if !fs.exists(&path) {
        return Ok(Chain::Whole);
    }
    let index = index::file::decode_any(&fs.read(&path)?, base);
    Ok(index.map_or(Chain::Whole, |(index, _)| index.chain()))
}

fn print_records(
    fs: &Fs,
    file: &File,
    position: Position,
    header: &BatchHeader,
    printer: &mut Printer,
) -> io::Result<()> {
    let mut bytes = vec![0; header.total_bytes()];
    fs.read_at(file, position.0, &mut bytes)?;
    let batch = Batch { header: *header, bytes: &bytes };
    let mut scratch = Vec::new();
    let unpacked =
        records_of(&batch, UNPACKED_BYTES_MAX, &mut scratch).map_err(io::Error::other)?;
    for record in records(unpacked, header.record_count) {
        let record = record.map_err(io::Error::other)?;
        printer.line(&RecordLine::new(header, &record), RecordLine::text)?;
    }
    Ok(())
}

impl BatchLine {
    fn new(position: Position, header: &BatchHeader) -> Self {
        Self {
            kind: "batch",
            base_offset: header.base_offset,
            last_offset: header.next_offset() - 1,
            records: header.record_count,
            position: position.0,
            bytes: header.total_bytes(),
            compression: header.attributes.compression.name(),
            timestamp_ms_max: header.max_timestamp,
            log_append_time: header.attributes.is_log_append_time,
            leader_epoch: header.leader_epoch,
            producer_id: header.producer_id,
            producer_epoch: header.producer_epoch,
            base_sequence: header.base_sequence,
            transactional: header.attributes.is_transactional,
            control: header.attributes.is_control,
        }
    }

    fn text(&self) -> String {
        format!(
            "batch offsets {}..={} records {} position {} bytes {} compression {} time {} epoch {} producer {}/{} \
             sequence {}{}{}",
            self.base_offset,
            self.last_offset,
            self.records,
            self.position,
            self.bytes,
            self.compression,
            self.timestamp_ms_max,
            self.leader_epoch,
            self.producer_id,
            self.producer_epoch,
            self.base_sequence,
            if self.transactional { " transactional" } else { "" },
            if self.control { " control" } else { "" },
        )
    }
}

impl RecordLine {
    fn new(header: &BatchHeader, record: &Record<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            kind: "record",
            offset: header.base_offset + i64::from(record.offset_delta),
            timestamp_ms: header.timestamp(record.timestamp_delta),
            key: record.key.map(text),
            value: record.value.map(text),
            headers: record
                .headers
                .iter()
                .map(|(key, value)| (text(key), value.map(text)))
                .collect(),
        }
    }

    fn text(&self) -> String {
        let shown = |bytes: &Option<String>| {
            bytes.as_ref().map_or("null".to_owned(), |text| format!("{text:?}"))
        };
        let headers: String =
            self.headers.iter().map(|(key, value)| format!(" {key:?}: {}", shown(value))).collect();
        format!("  {} {} = {}{headers}", self.offset, shown(&self.key), shown(&self.value))
    }
}

impl EndLine {
    fn text(&self) -> String {
        format!(
            "{}: {} batches, next offset {}, end at byte {} of {}: {}",
            self.path, self.batches, self.next_offset, self.position, self.file_bytes, self.why
        )
    }
}
