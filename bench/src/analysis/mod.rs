//! Raw rows to what a reader wants to know: for each cell the median over its repeats with the
//! extremes, and each as a share of the limit measured in the same minutes.
//!
//! Reads evidence only; the same evidence always gives the same analysis.

pub mod limits;
pub mod share;

use headwater_loadgen::result::{CurvePoint, LatencyUs, Transactions};
use serde::Serialize;

use crate::evidence::{Evidence, Row, RunRow};
use crate::limits::items;
use crate::plan::Cell;
use crate::stats::Stat;
use limits::LimitStats;
use share::Shares;

/// Everything that can be said about one results folder.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    /// Limits over all passes.
    pub limits: LimitStats,
    /// Cells in the order of the plan.
    pub cells: Vec<CellSummary>,
}

/// One cell over its repeats. A quantity that was not measured is `None`, never zero.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CellSummary {
    /// What was run.
    pub cell: Cell,
    /// Repeats that have a result.
    pub runs: usize,
    /// Why the others have none.
    pub errors: Vec<String>,
    /// Records acknowledged (acks=0: sent; reading: received) per second.
    pub records_per_s: Option<Stat>,
    /// Requests answered per second.
    pub requests_per_s: Option<Stat>,
    /// Millions of bytes of values per second (reading: of batches).
    pub mb_per_s: Option<Stat>,
    /// Latency: of records from their intended time at a fixed rate, else of requests.
    pub p50_us: Option<Stat>,
    /// 99th percentile.
    pub p99_us: Option<Stat>,
    /// 99.9th percentile.
    pub p99_9_us: Option<Stat>,
    /// Repeats that could not keep up with the offered rate.
    pub fell_behind: usize,
    /// Repeats whose latency is withheld, because the load generator itself was late.
    pub withheld: usize,
    /// Bytes that reached the device while the load lasted, for each byte of record batches.
    pub device_bytes_per_byte: Option<Stat>,
    /// Bytes written to the device until the broker had stopped, for each byte of record batches (where
    /// the broker was not ours to stop: until the load ended).
    pub write_amplification: Option<Stat>,
    /// Cache flushes of the device per request.
    pub flushes_per_request: Option<Stat>,
    /// Write operations of the device per request.
    pub writes_per_request: Option<Stat>,
    /// Cache flushes of the device per second.
    pub flushes_per_s: Option<Stat>,
    /// Transactions committed per second.
    pub commits_per_s: Option<Stat>,
    /// From sending EndTxn until it is answered.
    pub commit_p50_us: Option<Stat>,
    /// 99th percentile.
    pub commit_p99_us: Option<Stat>,
    /// 99.9th percentile.
    pub commit_p99_9_us: Option<Stat>,
    /// Time in which a producer sends nothing new, around a commit.
    pub pause_p50_us: Option<Stat>,
    /// Cache flushes of the device by commits, whatever they were for.
    pub flushes_per_commit: Option<Stat>,
    /// Processor time of the broker for a million records, in seconds.
    pub cpu_s_per_million: Option<Stat>,
    /// Processor time of the broker for one request, in microseconds.
    pub cpu_us_per_request: Option<Stat>,
    /// Processor time of the broker for 10^9 bytes of batches, in seconds.
    pub cpu_s_per_gb: Option<Stat>,
    /// From starting the broker to its first answer.
    pub start_ms: Option<Stat>,
    /// Memory of the broker before the first record.
    pub idle_resident_bytes: Option<Stat>,
    /// Memory of the broker after the last record.
    pub resident_bytes: Option<Stat>,
    /// Segments that were begun while the run lasted.
    pub rolls: Option<Stat>,
    /// Bytes of all segments.
    pub segment_bytes: Option<Stat>,
    /// Started again: until the first answer.
    pub restart_ms: Option<Stat>,
    /// Started again: until a record was durable.
    pub serve_ms: Option<Stat>,
    /// Started again: memory after the first answer.
    pub restart_resident_bytes: Option<Stat>,
    /// Against the limit that was measured directly before each run: throughput as a share of the
    /// sequential write, or 99th percentile as a multiple of that of a bare write + fdatasync.
    pub beside_ratio: Option<Stat>,
    /// The same things as shares of the limits.
    pub shares: Shares,
    /// Latency curve of the repeat in the middle.
    pub curve: Vec<CurvePoint>,
}

impl Analysis {
    /// Looks at all rows.
    pub fn of(evidence: &Evidence) -> Analysis {
        let limits = LimitStats::of(&evidence.rows);
        let cells = evidence.plan.cells.iter().map(|cell| {
            let runs = evidence.rows.iter().filter_map(|row| match row {
                Row::Run(run) if run.cell == cell.id => Some(run),
                _ => None,
            });
            summary(cell, &runs.collect::<Vec<_>>(), &limits)
        });
        Analysis { cells: cells.collect(), limits }
    }

    /// The cell with this name.
    pub fn cell(&self, id: &str) -> Option<&CellSummary> {
        self.cells.iter().find(|summary| summary.cell.id == id)
    }
}

impl CellSummary {
    /// Whether it kept up with the offered rate in most of its repeats: one hiccup of the machine does
    /// not make a setting too slow.
    pub fn keeps_up(&self) -> bool {
        self.fell_behind == 0 || self.fell_behind * 2 < self.runs
    }
}

fn summary(cell: &Cell, rows: &[&RunRow], limits: &LimitStats) -> CellSummary {
    let facts: Vec<Facts> = rows.iter().filter_map(|row| Facts::of(row)).collect();
    let stat = |pick: fn(&Facts) -> Option<f64>| Stat::of(facts.iter().filter_map(pick));
    CellSummary {
        cell: cell.clone(),
        runs: facts.len(),
        errors: rows.iter().filter_map(|row| row.error.clone()).collect(),
        records_per_s: stat(|f| Some(f.records_per_s)),
        requests_per_s: stat(|f| Some(f.requests_per_s)),
        mb_per_s: stat(|f| Some(f.mb_per_s)),
        p50_us: stat(|f| Some(f.latency?.p50)),
        p99_us: stat(|f| Some(f.latency?.p99)),
        p99_9_us: stat(|f| Some(f.latency?.p99_9)),
        fell_behind: facts.iter().filter(|f| f.fell_behind).count(),
        withheld: facts.iter().filter(|f| f.withheld).count(),
        device_bytes_per_byte: stat(|f| f.per_byte(f.device_bytes?)),
        write_amplification: stat(|f| f.per_byte(f.device_bytes_to_stop.or(f.device_bytes)?)),
        flushes_per_request: stat(|f| Some(f.flushes? / f.requests_total)),
        writes_per_request: stat(|f| Some(f.row.device?.writes as f64 / f.requests_total)),
        commits_per_s: stat(|f| Some(f.transactions?.commits_per_s)),
        commit_p50_us: stat(|f| Some(f.transactions?.commit_latency_us?.p50)),
        commit_p99_us: stat(|f| Some(f.transactions?.commit_latency_us?.p99)),
        commit_p99_9_us: stat(|f| Some(f.transactions?.commit_latency_us?.p99_9)),
        pause_p50_us: stat(|f| Some(f.transactions?.pause_us?.p50)),
        flushes_per_commit: stat(|f| Some(f.flushes? / f.commits_total()?)),
        flushes_per_s: stat(|f| Some(f.flushes? / f.requests_total * f.requests_per_s)),
        cpu_s_per_million: stat(|f| Some(f.cpu_ns? / 1e9 / f.records_total * 1e6)),
        cpu_us_per_request: stat(|f| Some(f.cpu_ns? / 1e3 / f.requests_total)),
        cpu_s_per_gb: stat(|f| f.per_byte(f.cpu_ns?)),
        start_ms: stat(|f| f.row.broker?.start_ms),
        idle_resident_bytes: stat(|f| Some(f.row.broker?.idle_resident_bytes? as f64)),
        resident_bytes: stat(|f| Some(f.row.broker?.resident_bytes? as f64)),
        rolls: Stat::of(facts.iter().filter_map(|f| {
            let segments = f.row.broker?.segments? as f64;
            Some(segments - f64::from(cell.client.partitions))
        })),
        segment_bytes: stat(|f| Some(f.row.broker?.segment_bytes? as f64)),
        restart_ms: stat(|f| f.row.broker?.restart_ms),
        serve_ms: stat(|f| f.row.broker?.serve_ms),
        restart_resident_bytes: stat(|f| Some(f.row.broker?.restart_resident_bytes? as f64)),
        beside_ratio: stat(|f| f.beside_ratio()),
        shares: Shares::of(cell, &facts, limits),
        curve: middle(&facts).map(|facts| facts.curve.to_vec()).unwrap_or_default(),
    }
}

/// The repeat whose 99th percentile is in the middle stands for all: averaging curves would make one
/// that nobody has measured.
fn middle<'a, 'r>(facts: &'a [Facts<'r>]) -> Option<&'a Facts<'r>> {
    let mut with_curve: Vec<&Facts> = facts.iter().filter(|f| f.latency.is_some()).collect();
    with_curve.sort_by(|a, b| a.p99_us().total_cmp(&b.p99_us()));
    with_curve.get(with_curve.len() / 2).copied()
}

/// One run that has a result, flattened: producing and reading look alike from here on.
pub struct Facts<'r> {
    row: &'r RunRow,
    records_per_s: f64,
    requests_per_s: f64,
    mb_per_s: f64,
    batch_mb_per_s: f64,
    latency: Option<LatencyUs>,
    curve: &'r [CurvePoint],
    fell_behind: bool,
    withheld: bool,
    transactions: Option<&'r Transactions>,
    /// Of the whole run, for which device and processor were watched: warm-up and drain included.
    records_total: f64,
    requests_total: f64,
    batch_bytes_total: f64,
    device_bytes: Option<f64>,
    device_bytes_to_stop: Option<f64>,
    flushes: Option<f64>,
    cpu_ns: Option<f64>,
}

impl<'r> Facts<'r> {
    fn of(row: &'r RunRow) -> Option<Facts<'r>> {
        let result = row.result.as_ref()?;
        let mut facts = Facts {
            row,
            records_per_s: 0.0,
            requests_per_s: 0.0,
            mb_per_s: 0.0,
            batch_mb_per_s: 0.0,
            latency: None,
            curve: &[],
            fell_behind: false,
            withheld: false,
            transactions: result.produce.as_ref().and_then(|p| p.transactions.as_ref()),
            records_total: 0.0,
            requests_total: 0.0,
            batch_bytes_total: 0.0,
            device_bytes: row.device.map(|device| device.written_bytes as f64),
            device_bytes_to_stop: row.device_to_stop.map(|device| device.written_bytes as f64),
            flushes: row.device.and_then(|device| Some(device.flushes? as f64)),
            cpu_ns: row.broker.and_then(|broker| Some(broker.cpu_ns? as f64)),
        };
        match (&result.produce, &result.consume) {
            (Some(produced), _) => {
                facts.records_per_s = produced.records_per_s;
                facts.requests_per_s = produced.requests_per_s;
                facts.mb_per_s = produced.mb_per_s;
                facts.batch_mb_per_s = produced.batch_mb_per_s;
                facts.fell_behind = produced.fell_behind;
                facts.withheld = produced.latency_withheld.is_some();
                facts.latency = produced.record_latency_us.or(produced.latency_us);
                facts.curve = match produced.record_latency_us {
                    Some(_) => &produced.record_latency_curve,
                    None => &produced.latency_curve,
                };
                facts.records_total = produced.records_acked_total as f64;
            }
            (None, Some(consumed)) => {
                facts.records_per_s = consumed.records_per_s;
                facts.requests_per_s = consumed.fetches_per_s;
                facts.mb_per_s = consumed.batch_mb_per_s;
                facts.batch_mb_per_s = consumed.batch_mb_per_s;
                facts.latency = consumed.fetch_latency_us;
                facts.records_total = consumed.records as f64;
            }
            (None, None) => return None,
        }
        if facts.records_total == 0.0 || facts.records_per_s == 0.0 {
            return None;
        }
        let per_record = facts.records_total / facts.records_per_s;
        facts.requests_total = facts.requests_per_s * per_record;
        facts.batch_bytes_total = facts.batch_mb_per_s * 1e6 * per_record;
        Some(facts)
    }

    fn per_byte(&self, quantity: f64) -> Option<f64> {
        (self.batch_bytes_total > 0.0).then(|| quantity / self.batch_bytes_total)
    }

    fn commits_total(&self) -> Option<f64> {
        let per_s = self.transactions?.commits_per_s;
        (per_s > 0.0).then(|| per_s * self.records_total / self.records_per_s)
    }

    fn beside_ratio(&self) -> Option<f64> {
        let limit = self.row.beside.as_ref()?;
        match limit.id == items::WRITE_SYNC_4K.id() {
            true => Some(self.latency?.p99 / limit.latency_us?.p99),
            false => Some(self.mb_per_s / limit.mb_per_s?),
        }
    }

    fn p99_us(&self) -> f64 {
        self.latency.map_or(f64::NAN, |latency| latency.p99)
    }

    /// Mean size of a request's batches.
    pub fn request_bytes(&self) -> f64 {
        self.batch_mb_per_s * 1e6 / self.requests_per_s.max(f64::MIN_POSITIVE)
    }
}

#[cfg(test)]
mod tests;
