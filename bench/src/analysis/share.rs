//! Results as shares of limits. Each share names the limit that it is a share of, so that a reader
//! can object:
//!
//! * throughput ÷ sequential write of the disk;
//! * median latency ÷ (one spinning round trip + one write of this size as safe as the setting asks);
//! * flushes a second ÷ durable writes of this size that the disk can do one after the other;
//! * processor time ÷ (receiving + checksum + writing of the same bytes).

use serde::Serialize;

use super::Facts;
use super::limits::{LimitStat, LimitStats};
use crate::limits::items::{self, What};
use crate::plan::{Cell, Where};
use crate::setting::{Durability, Path};
use crate::stats::Stat;

/// Results as shares (or multiples) of limits; `None` where one of the two was not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Shares {
    /// Bytes of values per second, as a share of the disk's sequential write. At most about 1 for
    /// what really reaches the disk.
    pub throughput: Option<f64>,
    /// Median latency, as a multiple of the floor.
    pub latency: Option<f64>,
    /// That floor.
    pub latency_floor_us: Option<f64>,
    /// Flushes, as a share of what the disk can do one after the other.
    pub flushes: Option<f64>,
    /// Processor time, as a multiple of the floor.
    pub cpu: Option<f64>,
    /// That floor, in seconds for a million records.
    pub cpu_floor_s_per_million: Option<f64>,
}

impl Shares {
    /// The shares of a cell's medians.
    pub fn of(cell: &Cell, facts: &[Facts<'_>], limits: &LimitStats) -> Shares {
        let stat = |pick: fn(&Facts) -> Option<f64>| {
            Stat::of(facts.iter().filter_map(pick)).map(|stat| stat.median)
        };
        let Some(request_bytes) = stat(|f| Some(f.request_bytes())) else {
            return Shares::default();
        };
        let latency_floor_us = latency_floor_us(cell, request_bytes, limits);
        let cpu_floor = cpu_floor_ns_per_byte(cell, limits);
        let record_bytes = stat(|f| Some(f.batch_bytes_total / f.records_total));
        let cpu_floor_s_per_million =
            cpu_floor.zip(record_bytes).map(|(ns_per_byte, bytes)| ns_per_byte * bytes / 1e3);
        let ratio = |value: Option<f64>, limit: Option<f64>| Some(value? / limit?);
        let flushes_per_s = stat(|f| Some(f.flushes? / f.requests_total * f.requests_per_s));
        let durable = measured_size(request_bytes).map(|bytes| items::durable(bytes, 1));
        Shares {
            throughput: ratio(stat(|f| Some(f.mb_per_s)), sequential_write(limits)),
            latency: ratio(stat(|f| Some(f.latency?.p50)), latency_floor_us),
            latency_floor_us,
            flushes: ratio(flushes_per_s, per_s(limits, durable)),
            cpu: ratio(
                stat(|f| Some(f.cpu_ns? / 1e9 / f.records_total * 1e6)),
                cpu_floor_s_per_million,
            ),
            cpu_floor_s_per_million,
        }
    }
}

/// The disk's bandwidth in millions of bytes per second.
pub fn sequential_write(limits: &LimitStats) -> Option<f64> {
    Some(limits.get(items::SEQUENTIAL_WRITE)?.mb_per_s?.median)
}

fn per_s(limits: &LimitStats, what: Option<What>) -> Option<f64> {
    Some(limits.get(what?)?.per_s.median)
}

fn latency_floor_us(cell: &Cell, request_bytes: f64, limits: &LimitStats) -> Option<f64> {
    let p50 = |what| Some(limits.get(what)?.p50_us?.median);
    let network = match cell.broker.place {
        Where::InProcess => 0.0,
        _ => p50(items::ROUND_TRIP)?,
    };
    let disk = match (cell.setting.reached()?, cell.setting.path) {
        (Durability::Durable, _) => p50(items::durable(measured_size(request_bytes)?, 1))?,
        (Durability::Written, Path::Journal | Path::Direct) => {
            p50(items::written(measured_size(request_bytes)?))?
        }
        (Durability::Written, _) | (Durability::Appended | Durability::Configured, _) => 0.0,
    };
    Some(network + disk)
}

/// Receiving and checking every byte, and handing it to the disk where the page cache does not.
fn cpu_floor_ns_per_byte(cell: &Cell, limits: &LimitStats) -> Option<f64> {
    let ns_per_byte = |what| {
        let limit: &LimitStat = limits.get(what)?;
        Some(limit.cpu_us_per_op.median * 1e3 / limit.bytes.max(1) as f64)
    };
    let receive = match cell.broker.place {
        Where::InProcess => 0.0,
        _ => ns_per_byte(items::STREAM)?,
    };
    let write = match cell.setting.path {
        Path::Journal | Path::Direct => ns_per_byte(items::SEQUENTIAL_WRITE)?,
        Path::Buffered | Path::Configured => 0.0,
    };
    Some(receive + ns_per_byte(items::CRC_16K)? + write)
}

/// The smallest measured size that holds so many bytes; among the short list, the largest has to do.
fn measured_size(bytes: f64) -> Option<usize> {
    let mut sizes = items::DURABLE_SIZES.into_iter().filter(|&size| size <= 256 << 10);
    // Headers make a batch of 16 KiB of values a little larger than 16 KiB: still that size.
    sizes.clone().find(|&size| bytes <= size as f64 * 1.1).or_else(|| sizes.next_back())
}
