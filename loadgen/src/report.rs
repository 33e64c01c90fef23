//! A result for a person: a few lines, each figure with its unit.

use std::fmt::{self, Display, Formatter};

use crate::result::{
    Consumed, LatencyFrom, LatencyUs, Mode, Produced, RunResult, Transactions, VerifyCounts,
};

/// Prints a result as text.
pub struct Report<'a>(pub &'a RunResult);

impl Display for Report<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let result = self.0;
        head(f, result)?;
        if let Some(produced) = &result.produce {
            produce(f, produced)?;
        }
        if let Some(consumed) = &result.consume {
            consume(f, consumed)?;
        }
        generator(f, result)?;
        if let Some(counts) = &result.verify {
            verify(f, counts)?;
        }
        errors(f, result)?;
        for check in &result.checks {
            let word = if check.held { "ok" } else { "NOT OK" };
            let measured = check.measured.map_or("not measured".into(), |m| format!("{m:.2}"));
            writeln!(
                f,
                "check       {word}: {} {:.2}, measured {measured}",
                check.name, check.expected
            )?;
        }
        Ok(())
    }
}

fn head(f: &mut Formatter<'_>, result: &RunResult) -> fmt::Result {
    let s = &result.settings;
    write!(f, "target      {} topic {} ({} partitions)", s.target, s.topic, s.partitions)?;
    if result.mode != Mode::Read {
        let batch = match s.batch_records {
            Some(records) if s.round => format!("rounds of {records} for each partition"),
            Some(records) => format!("{records} records a batch"),
            None => format!("batches of {} bytes, linger {} ms", s.batch_bytes, s.linger_ms),
        };
        write!(
            f,
            ", acks {}, {batch}, {} in flight, {} producers",
            s.acks, s.in_flight, s.producers
        )?;
        let promise = match s.commit_interval_ms {
            Some(interval) => format!(", transactions of {interval} ms"),
            None if s.idempotent => ", idempotent".to_owned(),
            None => String::new(),
        };
        write!(f, ", compression {}{promise}", s.compression)?;
    }
    writeln!(f)?;
    let how = match (result.mode, s.rate_per_s) {
        (Mode::OpenLoop, Some(rate)) => format!("open loop at {rate:.0} records/s"),
        (Mode::Read, _) => "reading".to_owned(),
        _ => "saturation (as fast as it goes)".to_owned(),
    };
    let cut = if result.interrupted { ", INTERRUPTED" } else { "" };
    writeln!(f, "measured    {:.2} s, {how}{cut}", result.measured_s)
}

fn produce(f: &mut Formatter<'_>, p: &Produced) -> fmt::Result {
    writeln!(
        f,
        "produced    {:.0} records/s, {:.0} requests/s, {:.2} MB/s ({} records)",
        p.records_per_s, p.requests_per_s, p.mb_per_s, p.records
    )?;
    if let (true, Some(offered)) = (p.fell_behind, p.offered_records_per_s) {
        writeln!(
            f,
            "            FELL BEHIND: offered {offered:.0} records/s, achieved {:.0}; {} never sent",
            p.records_per_s, p.records_unsent
        )?;
    }
    if let Some(why) = &p.latency_withheld {
        writeln!(f, "latency     withheld: {why}")?;
    }
    if let Some(latency) = &p.record_latency_us {
        let from = match p.record_latency_from {
            Some(LatencyFrom::IntendedRequest) => "record, from the intended time of its request",
            _ => "record, from its intended time",
        };
        percentiles(f, "latency", latency, from)?;
    }
    if let Some(latency) = &p.latency_us {
        percentiles(f, "latency", latency, "request, from sending")?;
    }
    p.transactions.as_ref().map_or(Ok(()), |seen| transactions(f, seen))
}

fn transactions(f: &mut Formatter<'_>, t: &Transactions) -> fmt::Result {
    writeln!(
        f,
        "committed   {:.1} transactions/s ({}), {} aborted",
        t.commits_per_s, t.commits, t.aborted
    )?;
    if let Some(latency) = &t.commit_latency_us {
        percentiles(f, "commit", latency, "EndTxn, from sending")?;
    }
    match &t.pause_us {
        Some(pause) => percentiles(f, "pause", pause, "nothing sent around a commit"),
        None => Ok(()),
    }
}

fn consume(f: &mut Formatter<'_>, c: &Consumed) -> fmt::Result {
    writeln!(
        f,
        "consumed    {:.0} records/s, {:.0} fetches/s, {:.2} MB/s ({} records)",
        c.records_per_s, c.fetches_per_s, c.batch_mb_per_s, c.records
    )?;
    if let Some(latency) = &c.end_to_end_latency_us {
        percentiles(f, "end to end", latency, "record, from its intended time")?;
    }
    match &c.fetch_latency_us {
        Some(latency) => percentiles(f, "fetch", latency, "fetch, from asking"),
        None => Ok(()),
    }
}

fn percentiles(f: &mut Formatter<'_>, name: &str, l: &LatencyUs, of: &str) -> fmt::Result {
    let ms = |us: f64| us / 1e3;
    writeln!(
        f,
        "{name:<11} p50 {:.3} ms, p99 {:.3}, p99.9 {:.3}, max {:.3} ({of}; {} of them)",
        ms(l.p50),
        ms(l.p99),
        ms(l.p99_9),
        ms(l.max),
        l.count
    )
}

fn generator(f: &mut Formatter<'_>, result: &RunResult) -> fmt::Result {
    let s = &result.settings;
    let cpu = s.cpu.map_or("not pinned".into(), |cpu| format!("cpu {cpu}"));
    write!(f, "generator   {:.2} s of cpu, {cpu}, {}", result.generator.cpu_s, s.backend)?;
    if let (Some(p99), Some(max)) =
        (result.generator.schedule_lag_us_p99, result.generator.schedule_lag_us_max)
    {
        write!(f, "; schedule lag p99 {p99:.0} us, max {max:.0} us")?;
    }
    writeln!(f)
}

fn verify(f: &mut Formatter<'_>, v: &VerifyCounts) -> fmt::Result {
    writeln!(
        f,
        "verified    {} acknowledged, {} read: {} lost, {} duplicated, {} reordered, {} altered, {} misplaced, \
         {} batches with a wrong crc; {} present without acknowledgement",
        v.records_acked,
        v.records_read,
        v.lost,
        v.duplicated,
        v.reordered,
        v.altered,
        v.misplaced,
        v.batches_with_wrong_crc,
        v.unacknowledged_present
    )
}

fn errors(f: &mut Formatter<'_>, result: &RunResult) -> fmt::Result {
    let e = &result.errors;
    if *e == Default::default() {
        return Ok(());
    }
    write!(
        f,
        "errors      {} batches retried, {} records failed",
        e.batches_retried, e.records_failed
    )?;
    write!(f, ", {} disconnects, {} timeouts", e.disconnects, e.timeouts)?;
    for (code, count) in &e.by_code {
        write!(f, ", {code} {count}")?;
    }
    writeln!(f)
}
