//! The result of a run, from what was measured.

use std::time::Duration;

use headwater_io::clock::Nanos;

use super::Session;
use crate::client::sink::Sink;
use crate::latency::Latencies;
use crate::meter::{Counts, Meter};
use crate::result::{
    Check, Consumed, Generator, LatencyFrom, Mode, Produced, RunResult, SCHEMA, SCHEMA_VERSION,
    Settings, Transactions,
};
use crate::run::Recorded;
use crate::spec::{Acks, RunSpec, StartAt, Target};

/// Records that may be outstanding at the end though the broker keeps up: this share of all,
const OUTSTANDING_SHARE: f64 = 0.02;
/// and what is offered in this time besides the linger.
const OUTSTANDING_TIME: Duration = Duration::from_millis(100);

/// What only the thread knows.
pub struct Machine {
    /// How sockets were driven.
    pub backend: String,
    /// How long it looked for work before it slept.
    pub spin: Duration,
    /// Where it ran.
    pub cpu: Option<usize>,
}

impl Session {
    /// What came out, and the way to the target, to be closed.
    pub fn outcome(self, machine: &Machine) -> (Recorded, Sink) {
        let spec = &self.shop.spec;
        let produce = (!spec.read_only).then(|| self.produced());
        let consume = (spec.consumers > 0).then(|| self.consumed());
        let meter = &self.shop.meter;
        let mut result = RunResult {
            schema: SCHEMA.into(),
            schema_version: SCHEMA_VERSION,
            loadgen_version: env!("CARGO_PKG_VERSION").into(),
            started_unix_ms: self.tally.started_unix_ms,
            mode: mode(spec),
            measured_s: measured_s(meter),
            interrupted: self.tally.interrupted,
            settings: settings(spec, self.seed, self.shop.cluster.partitions(), machine),
            generator: self.generator(produce.as_ref()),
            produce,
            consume,
            errors: meter.errors.clone(),
            verify: self.tally.verify.clone(),
            checks: Vec::new(),
        };
        result.checks = checks(spec, &result);
        let meter = self.shop.meter;
        let latencies = match (spec.read_only, meter.schedule.is_some()) {
            (true, _) => meter.fetch_latency,
            (false, true) => meter.record_latency,
            (false, false) => meter.request_latency,
        };
        (Recorded { result, latencies }, self.shop.sink)
    }

    fn produced(&self) -> Produced {
        let (spec, meter) = (&self.shop.spec, &self.shop.meter);
        let rates = Rates::of(&meter.produced, measured_s(meter));
        let is_open_loop = meter.schedule.is_some();
        let record_latency = is_open_loop.then(|| meter.record_latency.summary()).flatten();
        let judged = is_open_loop.then(|| meter.pace.judge(record_latency.as_ref()));
        let withheld = judged.and_then(Result::err);
        let show = |latencies: &Latencies| match withheld {
            None => (latencies.summary(), latencies.curve()),
            Some(_) => (None, Vec::new()),
        };
        let (latency_us, latency_curve) = show(&meter.request_latency);
        let (record_latency_us, record_latency_curve) = show(&meter.record_latency);
        Produced {
            records: meter.produced.records,
            requests: meter.produced.requests,
            records_per_s: rates.records_per_s,
            requests_per_s: rates.requests_per_s,
            mb_per_s: rates.payload_mb_per_s,
            batch_mb_per_s: rates.batch_mb_per_s,
            records_acked_total: meter.acked_total,
            offered_records_per_s: spec.rate_per_s,
            fell_behind: self.fell_behind(),
            records_unsent: self.tally.records_unsent,
            latency_us,
            record_latency_us,
            record_latency_from: is_open_loop.then_some(match spec.batch_records {
                Some(_) => LatencyFrom::IntendedRequest,
                None => LatencyFrom::IntendedRecord,
            }),
            transactions: spec.commit_interval.map(|_| transactions(meter)),
            latency_withheld: withheld,
            latency_curve,
            record_latency_curve,
        }
    }

    /// More was outstanding when the schedule ended than latency alone explains.
    fn fell_behind(&self) -> bool {
        let Some(rate) = self.shop.spec.rate_per_s else { return false };
        let allowance = (self.shop.spec.linger + OUTSTANDING_TIME).as_secs_f64() * rate;
        let outstanding = self.tally.offered.saturating_sub(self.tally.acked_at_end) as f64;
        let allowed = OUTSTANDING_SHARE * self.tally.offered as f64 + allowance;
        self.tally.records_unsent > 0 || outstanding > allowed
    }

    fn consumed(&self) -> Consumed {
        let meter = &self.shop.meter;
        let rates = Rates::of(&meter.consumed, measured_s(meter));
        let kept = meter.schedule.is_none() || meter.pace.judge(None).is_ok();
        let end_to_end = kept.then_some(&meter.end_to_end_latency);
        Consumed {
            records: meter.consumed.records,
            fetches: meter.consumed.requests,
            records_per_s: rates.records_per_s,
            fetches_per_s: rates.requests_per_s,
            batch_mb_per_s: rates.batch_mb_per_s,
            end_to_end_latency_us: end_to_end.and_then(Latencies::summary),
            end_to_end_latency_curve: end_to_end.map(Latencies::curve).unwrap_or_default(),
            fetch_latency_us: meter.fetch_latency.summary(),
            batches_with_wrong_crc: self.shop.spec.check_crcs.then_some(meter.wrong_crcs),
            passes: self.consumers.iter().map(|consumer| consumer.passes).sum(),
        }
    }

    fn generator(&self, produced: Option<&Produced>) -> Generator {
        let is_open_loop = self.shop.meter.schedule.is_some();
        let pace = &self.shop.meter.pace;
        let cpu_ns = self.tally.cpu_ns_at_start.zip(self.tally.cpu_ns_at_end);
        Generator {
            schedule_lag_us_p99: is_open_loop.then(|| pace.lag_us_p99()),
            schedule_lag_us_max: is_open_loop.then(|| pace.lag_us_max()),
            kept_schedule: produced.is_none_or(|produced| produced.latency_withheld.is_none()),
            cpu_s: cpu_ns.map_or(0.0, |(start, end)| end.saturating_sub(start) as f64 / 1e9),
        }
    }
}

fn transactions(meter: &Meter) -> Transactions {
    let seen = &meter.transactions;
    let seconds = measured_s(meter).max(f64::MIN_POSITIVE);
    Transactions {
        commits: seen.commits,
        commits_per_s: thousandths(seen.commits as f64 / seconds),
        aborted: seen.aborted,
        commit_latency_us: seen.commit_latency.summary(),
        commit_latency_curve: seen.commit_latency.curve(),
        pause_us: seen.pause.summary(),
    }
}

struct Rates {
    records_per_s: f64,
    requests_per_s: f64,
    payload_mb_per_s: f64,
    batch_mb_per_s: f64,
}

impl Rates {
    fn of(counts: &Counts, seconds: f64) -> Self {
        let per_s = |count: f64| if seconds > 0.0 { thousandths(count / seconds) } else { 0.0 };
        Rates {
            records_per_s: per_s(counts.records as f64),
            requests_per_s: per_s(counts.requests as f64),
            payload_mb_per_s: per_s(counts.payload_bytes as f64 / 1e6),
            batch_mb_per_s: per_s(counts.batch_bytes as f64 / 1e6),
        }
    }
}

/// Three decimals are more than any of these figures is good for.
fn thousandths(figure: f64) -> f64 {
    (figure * 1e3).round() / 1e3
}

fn measured_s(meter: &Meter) -> f64 {
    match meter.window.end {
        Nanos(u64::MAX) => 0.0,
        end => end.since(meter.window.start).as_secs_f64(),
    }
}

fn mode(spec: &RunSpec) -> Mode {
    match (spec.read_only, spec.rate_per_s) {
        (true, _) => Mode::Read,
        (false, Some(_)) => Mode::OpenLoop,
        (false, None) => Mode::Saturation,
    }
}

fn settings(spec: &RunSpec, seed: u64, partitions: u32, machine: &Machine) -> Settings {
    let fetches = spec.consumers > 0;
    Settings {
        target: match &spec.target {
            Target::Network(address) => address.clone(),
            // Where that is on this machine says nothing to others, who may get the rows.
            Target::Embedded(dir) => {
                let name = dir.file_name().unwrap_or_default();
                format!("embedded:{}", name.to_string_lossy())
            }
        },
        topic: spec.topic.clone(),
        partitions,
        topic_config: spec.topic_config.iter().cloned().collect(),
        acks: spec.acks.to_string(),
        linger_ms: spec.linger.as_secs_f64() * 1e3,
        batch_bytes: spec.batch_bytes as u64,
        batch_records: spec.records_per_batch(),
        round: spec.round,
        in_flight: spec.in_flight as u64,
        producers: if spec.read_only { 0 } else { spec.producers as u64 },
        consumers: spec.consumers as u64,
        idempotent: spec.is_idempotent(),
        transactional_id: spec.commit_interval.map(|_| spec.transactional_id.clone()),
        commit_interval_ms: spec.commit_interval.map(|interval| interval.as_secs_f64() * 1e3),
        compression: spec.compression.to_string(),
        record_bytes: (spec.input.is_none() && !spec.read_only).then_some(spec.record_bytes as u64),
        payload: format!("{:?}", spec.payload).to_lowercase(),
        key_cardinality: spec.key_cardinality,
        input: spec.input.as_ref().map(|path| path.display().to_string()),
        rate_per_s: spec.rate_per_s,
        records: spec.records,
        duration_s: spec.effective_duration().map(|duration| duration.as_secs_f64()),
        warmup_s: spec.warmup.as_secs_f64(),
        from: match spec.from {
            StartAt::Earliest => "earliest".to_owned(),
            StartAt::Latest => "latest".to_owned(),
            StartAt::Offset(offset) => offset.to_string(),
        },
        fetch_bytes: fetches.then_some(spec.fetch_bytes as u64),
        fetch_min_bytes: fetches.then_some(spec.fetch_min_bytes as u64),
        fetch_wait_ms: fetches.then_some(spec.fetch_wait.as_secs_f64() * 1e3),
        backend: machine.backend.clone(),
        spin_us: machine.spin.as_micros() as u64,
        cpu: machine.cpu.map(|cpu| cpu as u64),
        seed,
    }
}

/// Everything that must hold for the run to count as passed.
fn checks(spec: &RunSpec, result: &RunResult) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut check = |name: &str, expected: f64, measured: Option<f64>, held: bool| {
        checks.push(Check { name: name.to_owned(), expected, measured, held });
    };
    let rate = match (&result.produce, &result.consume) {
        (Some(produced), _) => produced.records_per_s,
        (None, consumed) => consumed.as_ref().map_or(0.0, |consumed| consumed.records_per_s),
    };
    if let Some(expected) = spec.expect_rate_per_s {
        // An open loop at exactly this rate acknowledges its last records just after its end.
        let slack = if spec.rate_per_s.is_some() { 0.99 } else { 1.0 };
        check("records_per_s_min", expected, Some(rate), rate >= expected * slack);
    }
    if let Some(expected) = spec.expect_p99_ms {
        let produced = result.produce.as_ref();
        let latency = produced.and_then(|p| p.record_latency_us.or(p.latency_us)).or_else(|| {
            result.consume.as_ref().filter(|_| produced.is_none()).and_then(|c| c.fetch_latency_us)
        });
        let p99_ms = latency.map(|latency| latency.p99 / 1e3);
        check("p99_ms_max", expected, p99_ms, p99_ms.is_some_and(|p99_ms| p99_ms <= expected));
    }
    if let Some(verify) = &result.verify {
        // Sending again without sequence numbers may duplicate, and so put an old record behind a new one.
        let may_repeat = !spec.is_idempotent() && result.errors.batches_retried > 0;
        let wrong = verify.wrong(may_repeat);
        check("verify_wrong_max", 0.0, Some(wrong as f64), wrong == 0);
    }
    if let Some(wrong) =
        result.consume.as_ref().and_then(|consumed| consumed.batches_with_wrong_crc)
    {
        check("wrong_crcs_max", 0.0, Some(wrong as f64), wrong == 0);
    }
    if spec.acks != Acks::None && !spec.read_only {
        let failed = result.errors.records_failed;
        check("records_failed_max", 0.0, Some(failed as f64), failed == 0);
    }
    checks
}
