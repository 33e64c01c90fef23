//! The tables of limits, one for each part of the machine.

use super::Section;
use crate::analysis::limits::{LimitStat, LimitStats};
use crate::number::{percent, three};
use crate::stats::Stat;
use crate::table::Table;

/// One section for each group, in the order of measurement.
pub fn section(limits: &LimitStats) -> Vec<Section> {
    let mut groups: Vec<&str> = Vec::new();
    for limit in &limits.0 {
        if !groups.contains(&limit.group.as_str()) {
            groups.push(&limit.group);
        }
    }
    groups.into_iter().map(|group| of_group(group, limits)).collect()
}

fn of_group(group: &str, limits: &LimitStats) -> Section {
    let heads = match group {
        "processor" => vec!["processor", ">GB/s", ">ns each", ">±"],
        "loopback" => {
            vec!["loopback", ">MB/s", ">/s", ">p50 us", ">p99 us", ">server CPU us", ">±"]
        }
        _ => vec!["disk", ">MB/s", ">/s", ">p50 us", ">p99 us", ">p99.9 us", ">CPU us", ">±"],
    };
    let mut table = Table::new(&heads);
    for limit in limits.0.iter().filter(|limit| limit.group == group) {
        table.row(match group {
            "processor" => processor(limit),
            "loopback" => loopback(limit),
            _ => disk(limit),
        });
    }
    let title = match group {
        "processor" => "Limits: one processor",
        "loopback" => "Limits: loopback, two threads",
        _ => "Limits: the disk, with the engine's ring and no log",
    };
    Section { title: title.to_owned(), notes: Vec::new(), table }
}

fn disk(limit: &LimitStat) -> Vec<String> {
    vec![
        limit.name.clone(),
        median(limit.mb_per_s),
        three(limit.per_s.median),
        median(limit.p50_us),
        median(limit.p99_us),
        median(limit.p99_9_us),
        three(limit.cpu_us_per_op.median),
        spread(limit),
    ]
}

fn loopback(limit: &LimitStat) -> Vec<String> {
    vec![
        limit.name.clone(),
        median(limit.mb_per_s),
        three(limit.per_s.median),
        median(limit.p50_us),
        median(limit.p99_us),
        three(limit.cpu_us_per_op.median),
        spread(limit),
    ]
}

fn processor(limit: &LimitStat) -> Vec<String> {
    vec![
        limit.name.clone(),
        median(limit.mb_per_s.map(|stat| stat.scaled(1e-3))),
        three(1e9 / limit.per_s.median),
        spread(limit),
    ]
}

fn median(stat: Option<Stat>) -> String {
    stat.map_or("-".to_owned(), |stat| three(stat.median))
}

fn spread(limit: &LimitStat) -> String {
    match limit.per_s.count {
        1 => "-".to_owned(),
        _ => percent(limit.per_s.spread()),
    }
}
