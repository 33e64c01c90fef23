//! Whether the measurement itself can be trusted. Each line is a condition that held or did not; a
//! report with a line that did not is shown all the same, but nobody should quote it.

use serde::Serialize;

use crate::analysis::Analysis;
use crate::evidence::{Evidence, Row, RunRow};
use crate::host::weather::Weather;
use crate::number;

/// Limits before and after may differ by this much.
const DRIFT_MAX: f64 = 0.2;
/// This much of the processors may be stolen on average.
const STOLEN_MAX: f64 = 0.02;
/// Other programs may use this much of the processors on average; the kernel's own work is in it.
const OTHERS_MAX: f64 = 0.15;
/// Repeats of a throughput may lie this far from their median.
const SPREAD_MAX: f64 = 0.3;

/// One condition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateLine {
    /// Whether it held.
    pub held: bool,
    /// What was found, with its numbers.
    pub text: String,
}

/// All conditions, those that did not hold first.
pub fn check(evidence: &Evidence, analysis: &Analysis) -> Vec<GateLine> {
    let runs: Vec<&RunRow> = evidence
        .rows
        .iter()
        .filter_map(|row| match row {
            Row::Run(run) => Some(run),
            Row::Limits(_) | Row::Scale(_) => None,
        })
        .collect();
    let mut lines = vec![release_build(evidence)];
    lines.extend(drift(analysis));
    lines.extend(weather(evidence));
    if !evidence.plan.cells.is_empty() {
        lines.push(complete(evidence, &runs));
        lines.extend(schedule(&runs));
        lines.extend(spread(analysis));
    }
    lines.sort_by_key(|line| line.held);
    lines
}

fn release_build(evidence: &Evidence) -> GateLine {
    match evidence.host.release_build {
        true => line(true, "release build"),
        false => line(false, "debug build: the figures mean nothing; add --release"),
    }
}

fn drift(analysis: &Analysis) -> Option<GateLine> {
    let (limit, drift) = analysis.limits.worst_drift()?;
    if limit.per_s.count < 2 {
        return None;
    }
    let (percent, name) = (number::percent(drift), &limit.name);
    Some(match drift <= DRIFT_MAX {
        true => {
            line(true, format!("limits before and after agree within {percent} (worst: {name})"))
        }
        false => line(
            false,
            format!(
                "limits before and after differ by {percent} ({name}): this machine was not quiet, \
                 run it again"
            ),
        ),
    })
}

fn weather(evidence: &Evidence) -> Vec<GateLine> {
    let weather = evidence.rows.iter().map(|row| match row {
        Row::Limits(pass) => pass.weather,
        Row::Run(run) => run.weather,
        Row::Scale(row) => row.weather,
    });
    let weather: Vec<Weather> = weather.collect();
    if weather.is_empty() {
        return Vec::new();
    }
    let mean =
        |pick: fn(&Weather) -> f64| weather.iter().map(pick).sum::<f64>() / weather.len() as f64;
    let (stolen, others) = (mean(|w| w.stolen_share), mean(|w| w.others_share));
    let load = weather.iter().map(|w| w.load_average_1m).fold(0.0, f64::max);
    let stolen_text = format!("the hypervisor took {} of the processors", number::percent(stolen));
    let others_text = format!(
        "other programs and the kernel took {} of the processors; load average up to {}",
        number::percent(others),
        number::three(load)
    );
    vec![line(stolen <= STOLEN_MAX, stolen_text), line(others <= OTHERS_MAX, others_text)]
}

fn complete(evidence: &Evidence, runs: &[&RunRow]) -> GateLine {
    let planned = evidence.plan.steps().len();
    let good = runs.iter().filter(|run| run.error.is_none()).count();
    let first = runs.iter().find_map(|run| run.error.as_ref().map(|e| (&run.cell, e)));
    match first {
        Some((cell, e)) => line(false, format!("{good} of {planned} runs worked; {cell}: {e}")),
        None if good < planned => line(false, format!("{good} of {planned} runs: ended early")),
        None => line(true, format!("all {planned} runs worked")),
    }
}

fn schedule(runs: &[&RunRow]) -> Option<GateLine> {
    let late: Vec<&&RunRow> = runs
        .iter()
        .filter(|run| {
            let open = run
                .result
                .as_ref()
                .and_then(|r| r.produce.as_ref())
                .map(|p| p.offered_records_per_s.is_some() && p.latency_withheld.is_some());
            open == Some(true)
        })
        .collect();
    let first = late.first()?;
    let text = format!(
        "the load generator itself was late in {} runs, whose latency is not shown (first: {})",
        late.len(),
        first.cell
    );
    Some(line(false, text))
}

fn spread(analysis: &Analysis) -> Option<GateLine> {
    let repeated = analysis.cells.iter().filter(|cell| cell.runs > 1);
    let spreads = repeated.filter_map(|cell| Some((cell, cell.records_per_s?.spread())));
    let (cell, worst) = spreads.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (percent, name) = (number::percent(worst), &cell.cell.id);
    let text = format!("repeats lie within {percent} of their median throughput (worst: {name})");
    Some(line(worst <= SPREAD_MAX, text))
}

fn line(held: bool, text: impl Into<String>) -> GateLine {
    GateLine { held, text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    fn lines(evidence: &Evidence) -> Vec<GateLine> {
        check(evidence, &Analysis::of(evidence))
    }

    #[test]
    fn a_good_run_passes_every_gate() {
        let lines = lines(&synthetic::compare());
        assert!(lines.iter().all(|line| line.held), "{lines:?}");
        assert!(lines.len() >= 5);
    }

    #[test]
    fn a_limit_that_moved_is_said_first() {
        let mut evidence = synthetic::compare();
        *evidence.rows.last_mut().unwrap() = Row::Limits(synthetic::pass(1, 1.5));
        let first = &lines(&evidence)[0];
        assert!(!first.held && first.text.contains("differ by 50 %"), "{first:?}");
    }

    #[test]
    fn failed_and_missing_runs_are_said() {
        let mut evidence = synthetic::compare();
        let Row::Run(run) = &mut evidence.rows[3] else { panic!("a run") };
        run.error = Some("the disk is full".into());
        assert!(lines(&evidence)[0].text.contains("89 of 90 runs worked"));
        let mut evidence = synthetic::compare();
        evidence.rows.truncate(10);
        assert!(lines(&evidence).iter().any(|line| line.text.contains("ended early")));
    }

    #[test]
    fn a_debug_build_measures_nothing() {
        let mut evidence = synthetic::compare();
        evidence.host.release_build = false;
        assert!(lines(&evidence)[0].text.contains("--release"));
    }
}
