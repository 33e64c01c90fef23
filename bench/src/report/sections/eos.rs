//! The tables of `bench eos`.

use super::{Conclusion, Section, spread, value};
use crate::analysis::CellSummary;
use crate::eos;
use crate::number::percent;
use crate::plan::Load;
use crate::stats::Stat;
use crate::table::Table;

/// All of them.
pub fn sections(conclusion: &Conclusion) -> Vec<Section> {
    vec![saturated(conclusion), lone(conclusion)]
}

fn saturated(conclusion: &Conclusion) -> Section {
    let heads = [
        "as fast as it goes",
        ">records/s",
        ">±",
        ">MB/s",
        ">of idempotent",
        ">commits/s",
        ">commit p50 ms",
        ">commit p99 ms",
        ">commit p99.9 ms",
        ">pause p50 ms",
        ">flushes/s",
        ">flushes/commit",
        ">CPU s/M",
    ];
    let mut table = Table::new(&heads);
    let idempotent = conclusion.analysis.cell(eos::IDEMPOTENT).and_then(|cell| cell.records_per_s);
    for cell in chosen(conclusion, |load| load == Load::Saturation) {
        let share = cell.records_per_s.zip(idempotent).map(|(own, all)| own.median / all.median);
        table.row(vec![
            name(cell),
            value(cell.records_per_s),
            spread(cell.records_per_s),
            value(cell.mb_per_s),
            share.map_or("-".to_owned(), percent),
            value(cell.commits_per_s),
            ms(cell.commit_p50_us),
            ms(cell.commit_p99_us),
            ms(cell.commit_p99_9_us),
            ms(cell.pause_p50_us),
            value(cell.flushes_per_s),
            value(cell.flushes_per_commit),
            value(cell.cpu_s_per_million),
        ]);
    }
    let notes = vec![
        "commit: from sending EndTxn until it is answered; pause: from the end of the interval until then, in which \
         that producer sends nothing new"
            .to_owned(),
        "flushes/commit: all flushes of the device by all commits; most of them are the records' own".to_owned(),
        load_line(conclusion),
    ];
    Section { title: "What transactions cost".to_owned(), notes, table }
}

fn lone(conclusion: &Conclusion) -> Section {
    let heads = [
        "one record, then nothing for 50 ms",
        ">record p50 ms",
        ">record p99 ms",
        ">commit p50 ms",
        ">commit p99 ms",
        ">flushes/record",
        ">device writes/record",
    ];
    let mut table = Table::new(&heads);
    for cell in chosen(conclusion, |load| load != Load::Saturation) {
        table.row(vec![
            name(cell),
            ms(cell.p50_us),
            ms(cell.p99_us),
            ms(cell.commit_p50_us),
            ms(cell.commit_p99_us),
            value(cell.flushes_per_request),
            value(cell.writes_per_request),
        ]);
    }
    let notes = vec![
        "the difference between the two is what a transaction of one record costs the device: joining, committing, the \
         markers, the end"
            .to_owned(),
    ];
    Section { title: "A record now and then".to_owned(), notes, table }
}

fn load_line(conclusion: &Conclusion) -> String {
    let cell = conclusion.analysis.cell(eos::IDEMPOTENT).map(|cell| &cell.cell.client);
    cell.map_or(String::new(), |client| {
        format!(
            "{} producers, {} partitions, records of {} bytes, batches of {} bytes, linger {} ms, acks=all, durable",
            client.producers,
            client.partitions,
            client.record_bytes,
            client.batch_bytes,
            client.linger_ms
        )
    })
}

fn chosen(conclusion: &Conclusion, choose: impl Fn(Load) -> bool) -> Vec<&CellSummary> {
    conclusion.analysis.cells.iter().filter(|cell| choose(cell.cell.client.load)).collect()
}

fn name(cell: &CellSummary) -> String {
    let failed = if cell.runs == 0 { " (failed)" } else { "" };
    format!("{}{failed}", cell.cell.id)
}

fn ms(stat: Option<Stat>) -> String {
    value(stat.map(|stat| stat.scaled(1e-3)))
}
