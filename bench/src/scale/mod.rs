//! `bench scale`: many topics, partitions and groups on one broker that nobody loads: how long it takes to start, what
//! memory it holds, and how long clients wait for what they ask first.
//!
//! Each repeat is a broker of its own, on an empty directory: made, stopped, started, asked, killed, started.

mod ask;
mod run;
mod world;

use serde::{Deserialize, Serialize};

use crate::args::ScaleArgs;
use crate::evidence::{Evidence, Row};
use crate::host::weather::Weather;
use crate::stats::Stat;

pub use run::run;

/// What `--quick` leaves of it.
const QUICK: Sizes = Sizes { topics: 20, partitions: 60, groups: 10 };
const QUICK_CALLS: u32 = 50;
const QUICK_SETTLE_S: f64 = 0.1;

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Topics.
    pub topics: u32,
    /// Partitions of all of them.
    pub partitions: u32,
    /// Groups that have committed an offset for each partition of one topic.
    pub groups: u32,
}

/// How it is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// How much there is.
    pub sizes: Sizes,
    /// How often each question is asked.
    pub calls: u32,
    /// A broker is left alone for so long before its memory counts, in seconds.
    pub settle_s: f64,
    /// How often all of it is done.
    pub repeats: u32,
}

/// One repeat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScaleRow {
    /// Which, from 0.
    pub repeat: u32,
    /// When it began, in milliseconds since 1970.
    pub started_unix_ms: i64,
    /// What was made.
    pub sizes: Sizes,
    /// Making all topics.
    pub topics_made_ms: f64,
    /// All groups' commits, one after the other.
    pub groups_made_ms: f64,
    /// From a start on an empty directory to the first answer.
    pub start_empty_ms: f64,
    /// The same after a clean stop, with everything there.
    pub start_ms: f64,
    /// From that start until every group has been answered once.
    pub groups_answered_ms: f64,
    /// The same after a kill.
    pub start_killed_ms: f64,
    /// From that start until every group has been answered once.
    pub groups_answered_killed_ms: f64,
    /// Resident memory of an empty broker.
    pub resident_empty_bytes: u64,
    /// After everything was made.
    pub resident_made_bytes: u64,
    /// After a clean stop and a start, once every group has been answered.
    pub resident_started_bytes: u64,
    /// Open files then.
    pub open_files: u64,
    /// Questions, in order.
    pub questions: Vec<Asked>,
    /// How noisy it was.
    pub weather: Weather,
}

/// A question that was asked again and again on one connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// What.
    pub what: String,
    /// How often.
    pub calls: u32,
    /// Bytes of an answer.
    pub answer_bytes: u64,
    /// Half of the answers came within this.
    pub p50_us: f64,
    /// 99 of 100.
    pub p99_us: f64,
    /// All.
    pub max_us: f64,
}

/// A figure over all repeats.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What it is, with its unit.
    pub name: String,
    /// Its values.
    pub stat: Stat,
}

/// What is to be done.
///
/// # Errors
/// When an argument makes no sense; the text says what to change.
pub fn settings(args: &ScaleArgs) -> Result<Settings, String> {
    if args.broker.broker.is_some() || args.broker.in_process {
        return Err(
            "bench scale starts brokers and kills them: leave out --broker and --in-process"
                .to_owned(),
        );
    }
    if !(args.settle_s.is_finite() && args.settle_s >= 0.0) {
        return Err(format!("--settle-s {}: give seconds", args.settle_s));
    }
    let sizes = Sizes { topics: args.topics, partitions: args.partitions, groups: args.groups };
    if sizes.topics == 0 || sizes.partitions < sizes.topics {
        return Err("give at least one topic, and a partition for each".to_owned());
    }
    Ok(match args.quick {
        true => Settings {
            sizes: sizes.at_most(QUICK),
            calls: args.calls.min(QUICK_CALLS),
            settle_s: args.settle_s.min(QUICK_SETTLE_S),
            repeats: 1,
        },
        false => {
            Settings { sizes, calls: args.calls, settle_s: args.settle_s, repeats: args.repeats }
        }
    })
}

impl Sizes {
    fn at_most(self, most: Sizes) -> Sizes {
        let topics = self.topics.min(most.topics);
        Sizes {
            topics,
            partitions: self.partitions.min(most.partitions).max(topics),
            groups: self.groups.min(most.groups),
        }
    }

    /// Partitions of topic `n`: as even as it goes.
    pub fn partitions_of(self, n: u32) -> u32 {
        self.partitions / self.topics + u32::from(n < self.partitions % self.topics)
    }
}

/// Every repeat of this evidence.
pub fn rows(evidence: &Evidence) -> Vec<&ScaleRow> {
    let rows = evidence.rows.iter();
    rows.filter_map(|row| if let Row::Scale(row) = row { Some(row) } else { None }).collect()
}

/// What came out, over all repeats.
pub fn figures(evidence: &Evidence) -> Vec<Figure> {
    const MIB: f64 = (1u64 << 20) as f64;
    let rows = rows(evidence);
    let mut figures = Vec::new();
    let mut add = |name: &str, pick: &dyn Fn(&ScaleRow) -> f64| {
        let stat = Stat::of(rows.iter().map(|row| pick(row)));
        figures.extend(stat.map(|stat| Figure { name: name.to_owned(), stat }));
    };
    add("start, empty directory, ms", &|row| row.start_empty_ms);
    add("start after a clean stop, ms", &|row| row.start_ms);
    add("the same, until every group is answered, ms", &|row| row.groups_answered_ms);
    add("start after a kill, ms", &|row| row.start_killed_ms);
    add("the same, until every group is answered after the kill, ms", &|row| {
        row.groups_answered_killed_ms
    });
    add("memory, empty, MiB", &|row| row.resident_empty_bytes as f64 / MIB);
    add("memory, everything made, MiB", &|row| row.resident_made_bytes as f64 / MIB);
    add("memory, started with everything, MiB", &|row| row.resident_started_bytes as f64 / MIB);
    add("the same, for each partition, KiB", &|row| {
        let grown = row.resident_started_bytes.saturating_sub(row.resident_empty_bytes);
        grown as f64 / 1024.0 / f64::from(row.sizes.partitions)
    });
    add("open files", &|row| row.open_files as f64);
    add("topics made, ms", &|row| row.topics_made_ms);
    add("groups' commits made, one by one, ms", &|row| row.groups_made_ms);
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_spread_evenly_and_none_is_lost() {
        for sizes in [
            Sizes { topics: 1000, partitions: 10_000, groups: 1 },
            Sizes { topics: 7, partitions: 25, groups: 1 },
            Sizes { topics: 3, partitions: 3, groups: 1 },
        ] {
            let each: Vec<u32> = (0..sizes.topics).map(|n| sizes.partitions_of(n)).collect();
            assert_eq!(each.iter().sum::<u32>(), sizes.partitions);
            assert!(each.iter().max().unwrap() - each.iter().min().unwrap() <= 1);
        }
    }
}
