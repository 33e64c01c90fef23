//! The list: which cells are run, and what is promised of them. Kafka's figures are Apache Kafka
//! 4.3.1's, taken on the same kind of machine.

use super::shape::{Shape, library, produce};
use super::{Bound, Goal, Metric};
use crate::plan::{Beside, Load};
use crate::setting::Acks;

const KIB: usize = 1 << 10;

pub fn shapes() -> Vec<Shape> {
    let with = |shape: Shape, change: fn(&mut Shape)| shape.with(change);
    vec![
        produce("15 x 1 KiB, acks=all", Acks::All, KIB, 15),
        with(produce("15 x 1 KiB, acks=all, no spinning", Acks::All, KIB, 15), |s| {
            s.set = &["spin.us=0"];
        }),
        produce("140 x 100 B, acks=all", Acks::All, 100, 140),
        produce("140 x 100 B, acks=1", Acks::Leader, 100, 140),
        produce("250 x 1 KiB, acks=all", Acks::All, KIB, 250),
        produce("1 x 1 KiB, acks=all", Acks::All, KIB, 1),
        with(
            produce("15 x 1 KiB, acks=all, 4 connections, 4 partitions", Acks::All, KIB, 15),
            |s| {
                (s.client.producers, s.client.partitions) = (4, 4);
            },
        ),
        with(produce("10,000/s of 1 x 1 KiB, acks=all, 4 connections", Acks::All, KIB, 1), |s| {
            s.client.producers = 4;
            s.client.load = Load::Rate(10_000.0);
        }),
        library("library, 1 MiB batches, preallocated, acks=all"),
        with(produce("10,000 records/s of 1 KiB, acks=all", Acks::All, KIB, 1), |s| {
            // As a real client would: whatever has come together meanwhile goes out in one batch.
            (s.client.batch_records, s.client.batch_bytes) = (None, 16 << 10);
            s.client.load = Load::Rate(10_000.0);
            s.beside = Some(Beside::WriteSync4k);
        }),
        with(produce("tail consumer, 1 MiB fetches", Acks::All, KIB, 15), |s| {
            (s.client.producers, s.client.consumers) = (0, 1);
            // Small enough to be the tail, large enough not to live in the processor's cache.
            s.client.prefill_bytes = 48 << 20;
        }),
    ]
}

#[rustfmt::skip]
pub fn goals() -> Vec<Goal> {
    use Bound::{AtLeast, AtMost};
    use Metric::*;
    let goal = |title: &str, cell: &str, metric, bound, kafka_synced, kafka| {
        Goal { kafka_synced, kafka, ..Goal::of(title, cell, metric, bound) }
    };
    let fifteen = "15 x 1 KiB, acks=all";
    let four = "15 x 1 KiB, acks=all, 4 connections, 4 partitions";
    let offered = "10,000/s of 1 x 1 KiB, acks=all, 4 connections";
    let tail = "tail consumer, 1 MiB fetches";
    vec![
        goal("1 KiB records, 15 a request, durable", fifteen, RequestsPerS, AtLeast(10_000.0), "1,085/s", "4,200/s"),
        goal("1 KiB records, 15 a request, durable", fifteen, P50Ms, AtMost(0.8), "4.5 ms", "1.0 ms"),
        goal("100 B records, 140 a request, durable", "140 x 100 B, acks=all", RecordsPerS, AtLeast(1_400_000.0), "145,000/s", "715,000/s"),
        goal("100 B records, 140 a request, acks=1", "140 x 100 B, acks=1", RecordsPerS, AtLeast(2_000_000.0), "-", "715,000/s"),
        goal("1 KiB records, 250 a request, durable", "250 x 1 KiB, acks=all", MbPerS, AtLeast(600.0), "152 MB/s", "222 MB/s"),
        goal("1 KiB records, one a request, durable", "1 x 1 KiB, acks=all", RequestsPerS, AtLeast(10_000.0), "1,190/s", "4,800/s"),
        goal("15 x 1 KiB, 4 connections, 4 partitions, durable", four, RequestsPerS, AtLeast(20_000.0), "1,360/s", "9,500/s"),
        goal("10,000 requests/s of 1 KiB offered, durable", offered, P50Ms, AtMost(1.0), "falls behind", "2.2 ms"),
        goal("10,000 requests/s of 1 KiB offered, durable", offered, P99Ms, AtMost(5.0), "falls behind", "212 ms"),
        goal("broker CPU for a durable request of 15 KiB", fifteen, CpuUsPerRequest, AtMost(60.0), "455 us", "205 us"),
        goal("the same, shards that never spin", "15 x 1 KiB, acks=all, no spinning", CpuUsPerRequest, AtMost(60.0), "455 us", "205 us"),
        goal("library, one partition, 1 MiB batches, preallocated, durable / sequential write", "library, 1 MiB batches, preallocated, acks=all", BesideRatio, AtLeast(0.8), "-", "-"),
        goal("10,000 records/s offered, durable: p99 / bare write + fdatasync p99", "10,000 records/s of 1 KiB, acks=all", BesideRatio, AtMost(3.0), "-", "-"),
        goal("tail consumer, one connection, 1 MiB fetches", tail, GbPerS, AtLeast(1.3), "-", "1.0 to 1.3 GB/s"),
        goal("broker CPU for a GB to a tail consumer", tail, CpuSPerGb, AtMost(0.4), "-", "0.5 to 0.6 s"),
        goal("idle broker, resident", fifteen, IdleMib, AtMost(30.0), "-", "over 1,000 MiB"),
        goal("start to first answered request", fifteen, StartMs, AtMost(100.0), "-", "seconds"),
    ]
}
