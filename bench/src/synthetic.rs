//! Evidence made up for tests: a machine, two passes over the limits and runs with known figures.

use std::collections::BTreeMap;

use headwater_loadgen::result::{
    CurvePoint, Errors, Generator, LatencyFrom, LatencyUs, Mode, Produced, RunResult, SCHEMA,
    SCHEMA_VERSION, Settings,
};

use crate::evidence::{About, BrokerUse, Evidence, LimitPass, Row, RunRow};
use crate::host::device::DeviceCounters;
use crate::host::weather::Weather;
use crate::host::{DeviceFacts, Host};
use crate::limits::items::{self, What};
use crate::limits::latency::LatencyUs as LimitLatencyUs;
use crate::limits::{Limit, Limits};
use crate::plan::tests::{cell, plan};
use crate::plan::{Cell, Load, Plan};
use crate::setting::Setting;

/// All settings at saturation and at 10,000/s, three repeats of each.
pub fn compare() -> Evidence {
    let mut cells = Vec::new();
    for setting in Setting::all() {
        for load in [Load::Saturation, Load::Rate(10_000.0)] {
            let mut cell = cell(&format!("{setting}, {load}"));
            cell.series = setting.to_string();
            cell.setting = setting;
            cell.client.load = load;
            cells.push(cell);
        }
    }
    evidence(plan(1, 3, cells), |plan, step| {
        let cell = &plan.cells[step.0];
        let base = 100_000.0 / (1.0 + step.0 as f64 / 4.0);
        let rate = if let Load::Rate(rate) = cell.client.load { rate } else { base };
        run(cell, step.1, rate * [1.0, 0.9, 1.1][step.1 as usize % 3], 300.0 + 40.0 * step.0 as f64)
    })
}

/// Evidence for a plan, with rows from `make(plan, (cell, repeat))`.
pub fn evidence(plan: Plan, make: impl Fn(&Plan, (usize, u32)) -> RunRow) -> Evidence {
    let mut rows = vec![Row::Limits(pass(0, 1.0))];
    for (order, step) in plan.steps().into_iter().enumerate() {
        let row = make(&plan, (step.cell, step.repeat));
        rows.push(Row::Run(RunRow { order: order as u32, ..row }));
    }
    rows.push(Row::Limits(pass(1, 1.1)));
    let command = "bench compare".to_owned();
    let about = About { schema_version: 1, command, started_unix_ms: 1_795_608_000_000 };
    Evidence { about, host: host(), plan, rows }
}

/// A machine.
pub fn host() -> Host {
    Host {
        cpu_model: "AMD EPYC".into(),
        cpus: 2,
        memory_bytes: 24 << 30,
        kernel: "6.18.1".into(),
        io_backend: "backend=uring (flags …)".into(),
        file_system: "ext4".into(),
        direct_io: true,
        device: Some(DeviceFacts {
            name: "vda".into(),
            model: None,
            write_cache: Some("write back".into()),
            fua: Some(false),
            rotational: Some(false),
        }),
        headwater_version: "0.1.0".into(),
        commit: Some("604caa4".into()),
        release_build: true,
    }
}

/// A pass over the short list, every limit `factor` times its usual figure.
pub fn pass(pass: u32, factor: f64) -> LimitPass {
    let limits = items::short_list().iter().map(|item| limit(item.what, factor)).collect();
    let weather = Weather { load_average_1m: 1.0, ..Weather::default() };
    LimitPass { pass, started_unix_ms: 0, limits: Limits(limits), weather }
}

/// A limit of 1,000 operations a second, each taking 200 us; 1,600 MB/s in sequence.
pub fn limit(what: What, factor: f64) -> Limit {
    let (per_s, bytes) = match what {
        items::SEQUENTIAL_WRITE => (1_600.0, 1_000_000),
        What::Disk(job) => (1_000.0, job.bytes as u64),
        What::Stream { chunk_bytes } => (8_000.0, chunk_bytes as u64),
        What::Crc { bytes } => (1_000_000.0, bytes as u64),
        _ => (1_000.0, 0),
    };
    let us = 200.0 / factor;
    let latency =
        LimitLatencyUs { count: 9, p50: us, p99: us * 2.0, p99_9: us * 3.0, max: us * 4.0 };
    Limit {
        id: what.id(),
        name: what.name(),
        group: what.group().into(),
        per_s: per_s * factor,
        bytes,
        mb_per_s: (bytes > 0).then_some(per_s * factor * bytes as f64 / 1e6),
        latency_us: Some(latency),
        cpu_us_per_op: 50.0,
    }
}

/// A run with this throughput and median latency.
pub fn run(cell: &Cell, repeat: u32, records_per_s: f64, p50_us: f64) -> RunRow {
    let records = (records_per_s * cell.run_s) as u64;
    RunRow {
        cell: cell.id.clone(),
        repeat,
        order: 0,
        started_unix_ms: 0,
        error: None,
        result: Some(result(cell, records_per_s, p50_us)),
        device: Some(DeviceCounters {
            writes: records / 10,
            written_bytes: records * 1_100,
            flushes: Some(records / 30),
            ..DeviceCounters::default()
        }),
        device_to_stop: None,
        broker: Some(BrokerUse {
            start_ms: Some(40.0),
            idle_resident_bytes: Some(12 << 20),
            resident_bytes: Some(60 << 20),
            cpu_ns: Some(records * 4_000),
            ..BrokerUse::default()
        }),
        beside: None,
        weather: Weather::default(),
    }
}

fn result(cell: &Cell, records_per_s: f64, p50_us: f64) -> RunResult {
    let records = (records_per_s * cell.run_s) as u64;
    let (latency, curve) = (latency(p50_us), curve(p50_us));
    let open = matches!(cell.client.load, Load::Rate(_));
    let produced = Produced {
        records,
        requests: records / 15,
        records_per_s,
        requests_per_s: records_per_s / 15.0,
        mb_per_s: records_per_s * cell.client.record_bytes as f64 / 1e6,
        batch_mb_per_s: records_per_s * cell.client.record_bytes as f64 / 1e6 * 1.01,
        records_acked_total: records,
        latency_us: Some(latency),
        latency_curve: curve.clone(),
        record_latency_us: open.then_some(latency),
        record_latency_from: open.then_some(LatencyFrom::IntendedRecord),
        record_latency_curve: if open { curve } else { Vec::new() },
        ..Produced::default()
    };
    RunResult {
        schema: SCHEMA.into(),
        schema_version: SCHEMA_VERSION,
        loadgen_version: "0.1.0".into(),
        started_unix_ms: 0,
        mode: if open { Mode::OpenLoop } else { Mode::Saturation },
        measured_s: cell.run_s,
        interrupted: false,
        settings: settings(cell),
        produce: Some(produced),
        consume: None,
        generator: Generator { kept_schedule: true, ..Generator::default() },
        errors: Errors::default(),
        verify: None,
        checks: Vec::new(),
    }
}

fn latency(p50_us: f64) -> LatencyUs {
    LatencyUs {
        count: 1_000,
        mean: p50_us * 1.1,
        p50: p50_us,
        p90: p50_us * 1.5,
        p99: p50_us * 3.0,
        p99_9: p50_us * 9.0,
        p99_99: p50_us * 10.0,
        max: p50_us * 10.0,
    }
}

fn curve(p50_us: f64) -> Vec<CurvePoint> {
    let points = [(0.0, 0.6), (50.0, 1.0), (90.0, 1.5), (99.0, 3.0), (99.9, 9.0), (100.0, 10.0)];
    points.map(|(percentile, factor)| CurvePoint { percentile, us: p50_us * factor }).to_vec()
}

fn settings(cell: &Cell) -> Settings {
    Settings {
        target: "127.0.0.1:1".into(),
        topic: "t".into(),
        partitions: cell.client.partitions,
        topic_config: BTreeMap::new(),
        acks: cell.setting.acks.to_string(),
        linger_ms: cell.client.linger_ms,
        batch_bytes: cell.client.batch_bytes as u64,
        batch_records: cell.client.batch_records,
        round: cell.client.round,
        in_flight: cell.client.in_flight as u64,
        producers: cell.client.producers as u64,
        consumers: 0,
        idempotent: cell.client.idempotent,
        transactional_id: None,
        commit_interval_ms: cell.client.commit_ms,
        compression: "none".into(),
        record_bytes: Some(cell.client.record_bytes as u64),
        payload: "random".into(),
        key_cardinality: 0,
        input: None,
        from: "latest".into(),
        rate_per_s: None,
        records: None,
        duration_s: Some(cell.run_s),
        warmup_s: 0.0,
        fetch_bytes: None,
        fetch_min_bytes: None,
        fetch_wait_ms: None,
        backend: "uring".into(),
        spin_us: 0,
        cpu: None,
        seed: 1,
    }
}
