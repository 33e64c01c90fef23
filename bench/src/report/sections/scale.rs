//! The tables of `bench scale`.

use super::Section;
use crate::evidence::Evidence;
use crate::number::{percent, thousands, three};
use crate::scale::{self, Asked, ScaleRow};
use crate::stats::Stat;
use crate::table::Table;

/// Start and memory; then what clients wait for.
pub fn sections(evidence: &Evidence) -> Vec<Section> {
    let rows = scale::rows(evidence);
    let Some(first) = rows.first() else { return Vec::new() };
    vec![figures(evidence, first), questions(&rows)]
}

fn figures(evidence: &Evidence, first: &ScaleRow) -> Section {
    let mut table = Table::new(&["start and memory", ">median", ">±"]);
    for figure in scale::figures(evidence) {
        table.row(vec![figure.name, three(figure.stat.median), spread(figure.stat)]);
    }
    let sizes = first.sizes;
    let count = |n: u32| thousands(f64::from(n));
    let title = format!(
        "{} topics, {} partitions, {} groups, and nobody who loads them",
        count(sizes.topics),
        count(sizes.partitions),
        count(sizes.groups)
    );
    let notes = vec![
        "memory is resident memory once the broker is idle; a start ends with its first answer"
            .to_owned(),
    ];
    Section { title, notes, table }
}

fn questions(rows: &[&ScaleRow]) -> Section {
    let heads = ["question", ">p50 ms", ">p99 ms", ">max ms", ">± of p50", ">answer, bytes"];
    let mut table = Table::new(&heads);
    let names = rows.first().map(|row| &row.questions).into_iter().flatten();
    for name in names.map(|asked| &asked.what) {
        let all: Vec<&Asked> =
            rows.iter().flat_map(|row| &row.questions).filter(|a| a.what == *name).collect();
        let ms = |pick: fn(&Asked) -> f64| Stat::of(all.iter().map(|a| pick(a) / 1e3));
        let shown = |stat: Option<Stat>| stat.map_or("-".to_owned(), |stat| three(stat.median));
        let p50 = ms(|asked| asked.p50_us);
        table.row(vec![
            name.clone(),
            shown(p50),
            shown(ms(|asked| asked.p99_us)),
            shown(ms(|asked| asked.max_us)),
            p50.map_or("-".to_owned(), spread),
            thousands(all.iter().map(|asked| asked.answer_bytes).max().unwrap_or(0) as f64),
        ]);
    }
    let notes = vec![
        "one question after the other on one connection, from sending to the whole answer"
            .to_owned(),
    ];
    Section { title: "What clients ask first".to_owned(), notes, table }
}

fn spread(stat: Stat) -> String {
    match stat.count {
        1 => "-".to_owned(),
        _ => percent(stat.spread()),
    }
}
