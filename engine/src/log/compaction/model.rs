//! Kafka's cleaner over a whole log in plain maps, to compare ours with: batches as lists of records in, batches out. It
//! knows how transactions ended from their markers, not from any index, and sees everything at once.

use std::collections::HashMap;

use headwater_protocol::batch::compression::{Compression, records_of};
use headwater_protocol::batch::control::{End, Marker};
use headwater_protocol::batch::header::{self, BatchHeader};
use headwater_protocol::batch::record::records;

use crate::log::producers::LastBatch;

/// A record by its offset and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub offset: i64,
    pub timestamp_ms: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
}

/// A batch, its records taken out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What does not follow from the records is as the log has it; length and checksum are not.
    pub header: BatchHeader,
    pub marker: Option<Marker>,
    pub rows: Vec<Row>,
}

/// Reads a log.
pub fn parse(bytes: &[u8]) -> Vec<Table> {
    let mut scratch = Vec::new();
    let mut tables = Vec::new();
    for batch in header::batches(bytes) {
        let batch = batch.unwrap();
        let header = header::check(batch.bytes).unwrap();
        let payload = records_of(&batch, 1 << 24, &mut scratch).unwrap();
        let rows = records(payload, header.record_count).map(Result::unwrap).map(|record| Row {
            offset: header.base_offset + i64::from(record.offset_delta),
            timestamp_ms: header.timestamp(record.timestamp_delta),
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
        });
        let rows = rows.collect();
        let marker = End::of(&header, batch.bytes).map(|end| end.marker);
        let header = BatchHeader { batch_length: 0, crc: 0, ..header };
        tables.push(Table { header, marker, rows });
    }
    tables
}

/// What one cleaning goes by.
pub struct Model {
    pub from: i64,
    /// Everything before it was mapped.
    pub mapped_upto: i64,
    /// Segments before it are rewritten.
    pub rewritten_upto: i64,
    pub cleanable_upto: i64,
    pub now_ms: i64,
    pub delete_retention_ms: i64,
    pub last: HashMap<i64, LastBatch>,
}

impl Model {
    /// The log after it.
    pub fn clean(&self, log: &[Table]) -> Vec<Table> {
        let void: Vec<bool> = (0..log.len()).map(|n| is_void(log, n)).collect();
        let mut last_of: HashMap<&[u8], i64> = HashMap::new();
        for (table, _) in log
            .iter()
            .zip(&void)
            .filter(|(table, void)| !**void && !table.header.attributes.is_control)
        {
            for row in &table.rows {
                if (self.from..self.mapped_upto).contains(&row.offset)
                    && let Some(key) = &row.key
                {
                    last_of.insert(key, row.offset);
                }
            }
        }
        let clean = |(table, void): (&Table, &bool)| match table.header.base_offset {
            at if at < self.rewritten_upto => self.clean_table(table, *void, &last_of),
            _ => Some(table.clone()),
        };
        log.iter().zip(&void).filter_map(clean).collect()
    }

    fn clean_table(
        &self,
        table: &Table,
        is_void: bool,
        last_of: &HashMap<&[u8], i64>,
    ) -> Option<Table> {
        let Table { header, .. } = table;
        let attributes = header.attributes;
        let horizon = attributes.has_delete_horizon.then_some(header.base_timestamp);
        let is_over = horizon.is_some_and(|horizon| horizon <= self.now_ms);
        let goes = is_void && (!attributes.is_control || is_over);
        let stays = |row: &&Row| {
            let is_last = row.key.as_ref().is_some_and(|key| {
                last_of.get(key.as_slice()).is_none_or(|last| *last <= row.offset)
            });
            row.offset >= self.mapped_upto || (is_last && (row.value.is_some() || !is_over))
        };
        let rows: Vec<Row> = match (goes, attributes.is_control) {
            (true, _) => Vec::new(),
            (false, true) => table.rows.clone(),
            (false, false) => table.rows.iter().filter(stays).cloned().collect(),
        };
        let is_last =
            self.last.get(&header.producer_id).is_some_and(|last| match last.last_offset {
                Some(offset) => header.last_offset() == offset.0,
                None => attributes.is_control && last.epoch == header.producer_epoch,
            });
        if rows.is_empty() {
            let mut empty = Table { header: *header, marker: None, rows };
            empty.header.attributes.compression = Compression::None;
            empty.header.attributes.has_delete_horizon = false;
            (empty.header.base_timestamp, empty.header.record_count) = (-1, 0);
            return (is_last || header.next_offset() == self.cleanable_upto).then_some(empty);
        }
        let has_tombstone = rows.iter().any(|row| row.value.is_none());
        let begins = horizon.is_none() && (has_tombstone || is_void);
        if rows.len() == table.rows.len() && !begins {
            return Some(table.clone());
        }
        let mut less = Table { header: *header, marker: table.marker, rows };
        let horizon = horizon.or(begins.then_some(self.now_ms + self.delete_retention_ms));
        less.header.attributes.has_delete_horizon = horizon.is_some();
        less.header.base_timestamp = horizon.unwrap_or(less.rows[0].timestamp_ms);
        less.header.record_count = less.rows.len() as i32;
        if !attributes.is_log_append_time {
            less.header.max_timestamp = less.rows.iter().map(|row| row.timestamp_ms).max().unwrap();
        }
        Some(less)
    }
}

/// Of records: whether their transaction was aborted. Of a marker: whether nothing is left of its transaction.
fn is_void(log: &[Table], n: usize) -> bool {
    let Table { header, marker, rows } = &log[n];
    let is_its = |table: &&Table| {
        table.header.producer_id == header.producer_id && table.header.attributes.is_transactional
    };
    match (header.attributes.is_control, marker) {
        (false, _) if !header.attributes.is_transactional => false,
        (false, _) => {
            let end = log[n..].iter().filter(is_its).find_map(|table| table.marker);
            end == Some(Marker::Abort)
        }
        (true, None) => rows.is_empty(),
        (true, Some(_)) => {
            let before = log[..n].iter().rev().filter(is_its);
            before.take_while(|table| table.marker.is_none()).all(|table| {
                // What an earlier cleaning has left of a marker ends nothing.
                table.header.attributes.is_control
            })
        }
    }
}
