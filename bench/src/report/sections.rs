//! The tables of a report, the same for terminal, Markdown and HTML.

use super::Conclusion;
use crate::analysis::CellSummary;
use crate::analysis::share::sequential_write;
use crate::evidence::Evidence;
use crate::limits::items;
use crate::number::{percent, three, times};
use crate::plan::Load;
use crate::stats::Stat;
use crate::table::Table;

mod eos;
mod journal;
mod limits;
mod scale;

/// A table with its title and what a reader must know about it.
pub struct Section {
    /// Title.
    pub title: String,
    /// What the columns mean, or what follows.
    pub notes: Vec<String>,
    /// The figures.
    pub table: Table,
}

/// All tables of this evidence, the most important first.
pub fn all(evidence: &Evidence, conclusion: &Conclusion) -> Vec<Section> {
    let mut sections = match evidence.plan.scenario.as_str() {
        "tune" => vec![frontier(evidence, conclusion)],
        "figures" => vec![verdicts(conclusion)],
        "compare" => compare(conclusion),
        "eos" => {
            let mut sections = vec![verdicts(conclusion)];
            sections.extend(eos::sections(conclusion));
            sections
        }
        "journal" => {
            let mut sections = vec![verdicts(conclusion)];
            sections.extend(journal::sections(conclusion));
            sections
        }
        "scale" => scale::sections(evidence),
        _ => Vec::new(),
    };
    if let Some(first) = sections.first_mut() {
        first.notes.extend(evidence.plan.left_out.iter().map(|what| format!("left out: {what}")));
    }
    sections.extend(limits::section(&conclusion.analysis.limits));
    sections
}

fn compare(conclusion: &Conclusion) -> Vec<Section> {
    let cells = &conclusion.analysis.cells;
    let mut loads: Vec<Load> = Vec::new();
    for cell in cells {
        if !loads.contains(&cell.cell.client.load) {
            loads.push(cell.cell.client.load);
        }
    }
    let mut sections: Vec<Section> =
        loads.into_iter().map(|load| under_load(conclusion, load)).collect();
    if let Some(first) = sections.first_mut() {
        first.notes = limit_lines(conclusion);
    }
    sections.push(promises(cells));
    sections
}

fn under_load(conclusion: &Conclusion, load: Load) -> Section {
    let heads = [
        "setting",
        ">MB/s",
        ">±",
        ">of disk",
        ">p50 ms",
        ">p99 ms",
        ">p99.9 ms",
        ">p50/floor",
        ">write amp.",
        ">flushes/req",
        ">of flushes",
        ">CPU s/M",
        ">CPU/floor",
    ];
    let mut table = Table::new(&heads);
    let cells = conclusion.analysis.cells.iter().filter(|cell| cell.cell.client.load == load);
    let mut last_bar = String::new();
    for cell in cells {
        let bar = cell.cell.setting.bar();
        if !last_bar.is_empty() && last_bar != bar {
            table.gap();
        }
        last_bar = bar;
        table.row(row(cell));
    }
    let notes = behind(conclusion, load);
    let title = match load {
        Load::Saturation => "As fast as it goes".to_owned(),
        Load::Rate(_) | Load::Half => {
            format!("At a fixed schedule: {load}, latency from the intended send time")
        }
    };
    Section { title, notes, table }
}

fn behind(conclusion: &Conclusion, load: Load) -> Vec<String> {
    let cells = conclusion.analysis.cells.iter().filter(|cell| cell.cell.client.load == load);
    let mut notes = Vec::new();
    if cells.clone().any(|cell| !cell.keeps_up()) {
        notes.push(
            "\"behind\": the broker did not keep up with the offered rate, so latency only grows \
             with the length of the run"
                .to_owned(),
        );
    }
    if cells.clone().any(|cell| cell.p99_us.is_none() && cell.withheld > 0) {
        notes.push(
            "\"late\": the load generator itself did not keep the schedule in any repeat, so no \
             latency may be believed"
                .to_owned(),
        );
    }
    let single: usize = cells.filter(|cell| cell.keeps_up()).map(|cell| cell.fell_behind).sum();
    if single > 0 {
        notes.push(format!("{single} single runs fell behind, but most repeats of theirs did not"));
    }
    notes
}

fn row(cell: &CellSummary) -> Vec<String> {
    let ms = |stat: Option<Stat>| match cell.keeps_up() {
        true if stat.is_none() && cell.withheld > 0 => "late".to_owned(),
        true => value(stat.map(|stat| stat.scaled(1e-3))),
        false => "behind".to_owned(),
    };
    let shares = cell.shares;
    let optional = |number: Option<f64>, say: fn(f64) -> String| number.map_or("-".into(), say);
    let name = match cell.runs {
        0 => format!("{} (failed)", cell.cell.setting),
        _ => cell.cell.setting.to_string(),
    };
    vec![
        name,
        value(cell.mb_per_s),
        spread(cell.mb_per_s),
        optional(shares.throughput, percent),
        ms(cell.p50_us),
        ms(cell.p99_us),
        ms(cell.p99_9_us),
        if cell.keeps_up() { optional(shares.latency, times) } else { "-".to_owned() },
        value(cell.write_amplification),
        value(cell.flushes_per_request),
        optional(shares.flushes, percent),
        value(cell.cpu_s_per_million),
        optional(shares.cpu, times),
    ]
}

/// What the shares are shares of, each with its own figure.
fn limit_lines(conclusion: &Conclusion) -> Vec<String> {
    let limits = &conclusion.analysis.limits;
    let p50 = |what| limits.get(what).and_then(|limit| limit.p50_us).map(|us| three(us.median));
    let mut lines = Vec::new();
    if let Some(write) = sequential_write(limits) {
        lines.push(format!("of disk: share of sequential write, {} MB/s here", three(write)));
    }
    let (trip, durable) = (p50(items::ROUND_TRIP), p50(items::durable(16 << 10, 1)));
    if let (Some(trip), Some(durable)) = (trip, durable) {
        lines.push(format!(
            "p50/floor: against one round trip ({trip} us) + one write as safe as the setting asks \
             (16 KiB durable: {durable} us)"
        ));
    }
    if let Some(most) = limits.get(items::durable(16 << 10, 1)) {
        lines.push(format!(
            "of flushes: share of the durable writes of this size that the disk does one after the \
             other (16 KiB: {}/s)",
            three(most.per_s.median)
        ));
    }
    let floor = conclusion.analysis.cells.iter().find_map(|c| c.shares.cpu_floor_s_per_million);
    if let Some(floor) = floor {
        lines.push(format!(
            "CPU: of the broker, per million records; floor: receiving, checking and writing these \
             bytes ({} s)",
            three(floor)
        ));
    }
    lines.push(
        "write amp.: bytes written to the device per byte of record batches, until the broker has \
         stopped: with zeros written ahead of the log and what is written back later; ±: farthest \
         repeat from the median"
            .to_owned(),
    );
    lines
}

fn promises(cells: &[CellSummary]) -> Section {
    let mut table = Table::new(&["setting", "answered when", "an acknowledged record survives"]);
    let mut seen = Vec::new();
    for cell in cells {
        let setting = cell.cell.setting;
        if seen.contains(&setting) {
            continue;
        }
        seen.push(setting);
        table.row(vec![
            setting.to_string(),
            setting.answered().to_owned(),
            setting.survives().to_owned(),
        ]);
    }
    Section { title: "What each setting promises".to_owned(), notes: Vec::new(), table }
}

fn frontier(evidence: &Evidence, conclusion: &Conclusion) -> Section {
    let heads = ["setting", ">records/s", ">p50 ms", ">p99 ms", ">CPU s/M", ""];
    let mut table = Table::new(&heads);
    for point in conclusion.points.iter().filter(|point| point.on_frontier) {
        let best = conclusion.best.as_ref().is_some_and(|best| best.cell == point.cell);
        table.row(vec![
            point.series.clone(),
            three(point.records_per_s),
            three(point.p50_ms),
            three(point.p99_ms),
            point.cpu_s_per_million.map_or("-".to_owned(), three),
            if best { "<- best for the goal".to_owned() } else { String::new() },
        ]);
    }
    Section {
        title: "The frontier: nothing else has both more throughput and a lower p99".to_owned(),
        notes: vec![best_line(evidence, conclusion)],
        table,
    }
}

/// The answer of `tune`, in one line.
pub fn best_line(evidence: &Evidence, conclusion: &Conclusion) -> String {
    let goal = evidence.plan.p99_ms_goal.unwrap_or_default();
    let setting = evidence.plan.cells.first().map(|c| c.setting.to_string()).unwrap_or_default();
    match &conclusion.best {
        Some(best) => format!(
            "best for p99 <= {goal} ms with {setting}: {} ({} records/s at p99 {} ms)",
            best.series,
            three(best.records_per_s),
            three(best.p99_ms)
        ),
        None => format!(
            "no setting keeps p99 <= {goal} ms with {setting}: offer less with --rates, or allow \
             more with --p99-ms"
        ),
    }
}

fn verdicts(conclusion: &Conclusion) -> Section {
    let has_kafka = conclusion.verdicts.iter().any(|verdict| !verdict.kafka.is_empty());
    let mut heads = vec!["figure", "goal", ">measured", ">from", ">to", ""];
    if has_kafka {
        heads.extend(["Kafka, sync", "Kafka, no sync"]);
    }
    let mut table = Table::new(&heads);
    for verdict in &conclusion.verdicts {
        let part = |pick: fn(&Stat) -> f64| {
            verdict.measured.as_ref().map_or("-".to_owned(), |stat| three(pick(stat)))
        };
        let mut row = vec![
            verdict.title.clone(),
            verdict.goal.clone(),
            part(|stat| stat.median),
            part(|stat| stat.min),
            part(|stat| stat.max),
            if verdict.held { "holds" } else { "MISSED" }.to_owned(),
        ];
        if has_kafka {
            row.extend([verdict.kafka_synced.clone(), verdict.kafka.clone()]);
        }
        table.row(row);
    }
    let held = conclusion.verdicts.iter().filter(|verdict| verdict.held).count();
    let mut notes = vec![format!(
        "{held} of {} hold: the median of all repeats decides",
        conclusion.verdicts.len()
    )];
    if has_kafka {
        notes.push(
            "Kafka: Apache Kafka 4.3.1, with a client as light, on the machine the README names"
                .into(),
        );
    }
    Section { title: "Figures".to_owned(), notes, table }
}

fn value(stat: Option<Stat>) -> String {
    stat.map_or("-".to_owned(), |stat| three(stat.median))
}

fn spread(stat: Option<Stat>) -> String {
    stat.filter(|stat| stat.count > 1).map_or("-".to_owned(), |stat| percent(stat.spread()))
}
