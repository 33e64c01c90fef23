//! The tables of `bench journal`, one for each question.

use super::{Conclusion, Section, spread, value};
use crate::analysis::CellSummary;
use crate::number::{percent, thousands};
use crate::plan::{Act, Load};
use crate::stats::Stat;
use crate::table::Table;

/// All of them that have a cell.
pub fn sections(conclusion: &Conclusion) -> Vec<Section> {
    let all = [at_once(conclusion), bulk(conclusion), starts(conclusion), rolls(conclusion)];
    all.into_iter().filter(|section| !section.table.rows().is_empty()).collect()
}

fn at_once(conclusion: &Conclusion) -> Section {
    let heads = [
        "partitions",
        "path",
        ">rounds/s",
        ">±",
        ">records/s",
        ">p50 ms",
        ">p99 ms",
        ">p99.9 ms",
        ">flushes/round",
        ">write amp.",
        ">CPU us/round",
    ];
    let mut table = Table::new(&heads);
    let mut cells = chosen(conclusion, |cell| cell.cell.client.round);
    cells.sort_by_key(|cell| cell.cell.client.partitions);
    for pair in cells.chunk_by(|a, b| a.cell.client.partitions == b.cell.client.partitions) {
        if !table.rows().is_empty() {
            table.gap();
        }
        for cell in pair {
            let mut row = vec![thousands(f64::from(cell.cell.client.partitions)), path(cell)];
            row.extend([
                value(cell.requests_per_s),
                spread(cell.requests_per_s),
                value(cell.records_per_s),
            ]);
            row.extend([ms(cell.p50_us), ms(cell.p99_us), ms(cell.p99_9_us)]);
            row.extend([cell.flushes_per_request, cell.write_amplification].map(value));
            row.push(value(cell.cpu_us_per_request));
            table.row(row);
        }
    }
    let notes = vec![
        "a round: one request with one record for each partition; the next begins when it is answered, \
         so that each is at least one commit"
            .to_owned(),
        WRITE_AMPLIFICATION.to_owned(),
    ];
    let title = "One durable record of 1 KiB for each partition at once".to_owned();
    Section { title, notes, table }
}

const WRITE_AMPLIFICATION: &str = "write amp.: bytes written to the device for each byte of record \
     batches, until the broker has stopped: journal, segments, zeros written ahead, everything";

fn bulk(conclusion: &Conclusion) -> Section {
    let heads =
        ["bulk", ">MB/s", ">±", ">of sequential write", ">write amp.", ">flushes/s", ">CPU s/GB"];
    let mut table = Table::new(&heads);
    for cell in chosen(conclusion, |cell| cell.cell.beside.is_some()) {
        table.row(vec![
            cell.cell.id.clone(),
            value(cell.mb_per_s),
            spread(cell.mb_per_s),
            cell.beside_ratio.map_or("-".to_owned(), |ratio| percent(ratio.median)),
            value(cell.write_amplification),
            value(cell.flushes_per_s),
            value(cell.cpu_s_per_gb),
        ]);
    }
    let notes = vec![
        "of sequential write: of what the disk did directly before each run".to_owned(),
        "the library's segment is written ahead with zeros (log.preallocate), which is on its bill of \
         writes; CPU of the library: of the whole process, the load generator included"
            .to_owned(),
    ];
    Section { title: "Bulk appends, every acknowledgement flushed".to_owned(), notes, table }
}

fn starts(conclusion: &Conclusion) -> Section {
    let heads = [
        "started again",
        ">partitions",
        ">segments",
        ">MB of them",
        ">first answer s",
        ">slowest",
        ">first durable record s",
        ">resident before MB",
        ">after MB",
    ];
    let mut table = Table::new(&heads);
    for cell in chosen(conclusion, |cell| cell.cell.act != Act::Load) {
        let scaled = |stat: Option<Stat>, factor| value(stat.map(|stat| stat.scaled(factor)));
        let partitions = f64::from(cell.cell.client.partitions);
        let segments = cell.rolls.map(|rolls| thousands(rolls.median + partitions));
        let slowest = cell.restart_ms.map(|stat| Stat { median: stat.max, ..stat });
        table.row(vec![
            cell.cell.id.clone(),
            thousands(partitions),
            segments.unwrap_or("-".to_owned()),
            scaled(cell.segment_bytes, 1e-6),
            scaled(cell.restart_ms, 1e-3),
            scaled(slowest, 1e-3),
            scaled(cell.serve_ms, 1e-3),
            scaled(cell.resident_bytes, 1e-6),
            scaled(cell.restart_resident_bytes, 1e-6),
        ]);
    }
    let notes = vec![
        "a kill is not a power cut: what the kernel had been given survives SIGKILL; the simulator cuts \
         the power"
            .to_owned(),
        "counted from starting the process; first answer: to ApiVersions, which a broker answers once \
         its logs are open"
            .to_owned(),
    ];
    Section { title: "Starts".to_owned(), notes, table }
}

fn rolls(conclusion: &Conclusion) -> Section {
    let heads = ["load", ">MB/s", ">rolls", ">p50 ms", ">p99 ms", ">p99.9 ms", ">slowest p99.9"];
    let mut table = Table::new(&heads);
    let is_of = |cell: &CellSummary| {
        let names = conclusion.analysis.cells.iter().filter_map(|c| c.cell.half_of.as_ref());
        cell.cell.client.load == Load::Half || names.into_iter().any(|name| *name == cell.cell.id)
    };
    for cell in chosen(conclusion, is_of) {
        let late =
            if cell.p99_us.is_none() && cell.withheld > 0 { " (generator late)" } else { "" };
        let behind = if cell.keeps_up() { "" } else { " (behind)" };
        let slowest = cell.p99_9_us.map(|stat| Stat { median: stat.max, ..stat });
        table.row(vec![
            format!("{}{late}{behind}", cell.cell.id),
            value(cell.mb_per_s),
            value(cell.rolls),
            ms(cell.p50_us),
            ms(cell.p99_us),
            ms(cell.p99_9_us),
            ms(slowest),
        ]);
    }
    let notes = vec![
        "half of saturation: of the median of the runs as fast as it goes until then; latency from the \
         intended send time"
            .to_owned(),
    ];
    Section { title: "Rolls of segments under load".to_owned(), notes, table }
}

fn chosen(conclusion: &Conclusion, choose: impl Fn(&CellSummary) -> bool) -> Vec<&CellSummary> {
    conclusion.analysis.cells.iter().filter(|cell| choose(cell)).collect()
}

fn path(cell: &CellSummary) -> String {
    let failed = if cell.runs == 0 { " (failed)" } else { "" };
    format!("{}{failed}", cell.cell.setting.path)
}

fn ms(stat: Option<Stat>) -> String {
    value(stat.map(|stat| stat.scaled(1e-3)))
}
