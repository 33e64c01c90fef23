//! What the members of a group say that they had, read and committed, and whether it is what a group promises: nothing
//! lost, and nothing twice but what was not committed when its reader lost the partition.
//!
//! A member prints lines of `TIME assigned [PARTITION...]`, `TIME read PARTITION FIRST NEXT` and
//! `TIME committed PARTITION NEXT`, the last of these once it has the broker's answer; times are milliseconds of one clock.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Partitions.
pub type Partitions = BTreeSet<u32>;

#[derive(Debug, PartialEq, Eq)]
struct Event {
    at: u64,
    member: usize,
    what: What,
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    Assigned(Partitions),
    Read { partition: u32, first: u64, next: u64 },
    Committed { partition: u32, next: u64 },
}

/// What a member has now, by its last word about that.
pub fn assigned(log: &str) -> Option<Partitions> {
    complete_lines(log).rev().find_map(|line| match parse(line)?.1 {
        What::Assigned(partitions) => Some(partitions),
        _ => None,
    })
}

/// How many records were read at all, and how many of them again.
pub struct Read {
    /// Different records.
    pub records: u64,
    /// More reads than that.
    pub again: u64,
}

/// All members' words together.
pub struct History {
    events: Vec<Event>,
}

impl History {
    /// From each member's log.
    pub fn of(logs: &[String]) -> Self {
        let mut events = Vec::new();
        for (member, log) in logs.iter().enumerate() {
            let lines = complete_lines(log).filter_map(parse);
            events.extend(lines.map(|(at, what)| Event { at, member, what }));
        }
        // Stable: a member's own lines keep their order.
        events.sort_by_key(|event| event.at);
        Self { events }
    }

    /// What was read; an error if a record below `ends` was not.
    pub fn check_read(&self, ends: &BTreeMap<u32, u64>) -> Result<Read, String> {
        let mut read = Read { records: 0, again: 0 };
        for (partition, end) in ends {
            let mut spans: Vec<(u64, u64)> = self.spans(*partition).collect();
            spans.sort_unstable();
            let mut reached = 0;
            for (first, next) in spans {
                if first > reached {
                    return Err(format!("partition {partition}: {reached} to {first} not read"));
                }
                read.again += next.min(reached) - first;
                reached = next.max(reached);
            }
            if reached < *end {
                return Err(format!("partition {partition}: {reached} to {end} not read"));
            }
            read.records += reached;
        }
        Ok(read)
    }

    fn spans(&self, wanted: u32) -> impl Iterator<Item = (u64, u64)> {
        self.events.iter().filter_map(move |event| match event.what {
            What::Read { partition, first, next } if partition == wanted => Some((first, next)),
            _ => None,
        })
    }

    /// Whoever begins to read a partition begins no earlier than at what was committed before the partition was his.
    pub fn check_begins(&self) -> Result<(), String> {
        let mut positions: HashMap<(usize, u32), Position> = HashMap::new();
        for event in &self.events {
            match &event.what {
                What::Assigned(now) => {
                    positions.retain(|(member, partition), _| {
                        *member != event.member || now.contains(partition)
                    });
                    for partition in now {
                        let key = (event.member, *partition);
                        positions.entry(key).or_insert(Position { since: event.at, next: None });
                    }
                }
                What::Read { partition, first, next } => {
                    let position = positions
                        .entry((event.member, *partition))
                        .or_insert(Position { since: event.at, next: None });
                    let committed = self.committed(*partition, position.since);
                    if position.next != Some(*first) && *first < committed {
                        return Err(format!(
                            "partition {partition}: member {} begins at {first}, {committed} was committed",
                            event.member
                        ));
                    }
                    *position = Position { since: event.at, next: Some(*next) };
                }
                What::Committed { .. } => {}
            }
        }
        Ok(())
    }

    /// Highest commit of a partition that was answered before `time`.
    fn committed(&self, wanted: u32, time: u64) -> u64 {
        let before = self.events.iter().take_while(|event| event.at < time);
        let commits = before.filter_map(|event| match event.what {
            What::Committed { partition, next } if partition == wanted => Some(next),
            _ => None,
        });
        commits.max().unwrap_or(0)
    }
}

/// Where a member is in a partition: nothing that it committed before `since` may come again.
struct Position {
    since: u64,
    next: Option<u64>,
}

/// A member that is killed leaves half a line.
fn complete_lines(log: &str) -> impl DoubleEndedIterator<Item = &str> {
    let end = log.rfind('\n').map_or(0, |at| at + 1);
    log[..end].lines()
}

fn parse(line: &str) -> Option<(u64, What)> {
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let at = words.next()?.parse().ok()?;
    let what = words.next()?;
    let numbers: Vec<u64> = words.map(|word| word.parse().ok()).collect::<Option<_>>()?;
    let partition = |number: &u64| u32::try_from(*number).ok();
    let what = match (what, &*numbers) {
        ("assigned", _) => What::Assigned(numbers.iter().map(partition).collect::<Option<_>>()?),
        ("read", [at, first, next]) => {
            What::Read { partition: partition(at)?, first: *first, next: *next }
        }
        ("committed", [at, next]) => What::Committed { partition: partition(at)?, next: *next },
        _ => return None,
    };
    Some((at, what))
}

#[cfg(test)]
mod tests {
    use super::{History, assigned};
    use std::collections::BTreeMap;

    const FIRST: &str = "10 assigned 0\n11 read 0 0 5\n12 committed 0 5\n13 read 0 5 9\n14 re";

    fn history(second: &str) -> History {
        History::of(&[FIRST.to_owned(), second.to_owned()])
    }

    #[test]
    fn the_last_complete_word_counts() {
        assert_eq!(assigned(FIRST), Some([0].into()));
        assert_eq!(assigned("1 assigned 3 1\n2 assigned\n3 assig"), Some([].into()));
        assert_eq!(assigned("% noise\n"), None);
    }

    #[test]
    fn what_was_not_committed_comes_again_and_is_counted() {
        let history = history("20 assigned 0\n21 read 0 5 12\n");
        history.check_begins().expect("at the commit");
        let read = history.check_read(&BTreeMap::from([(0, 12)])).expect("all");
        assert_eq!((read.records, read.again), (12, 4));
    }

    #[test]
    fn what_was_committed_must_not_come_again() {
        let why = history("20 assigned 0\n21 read 0 4 12\n").check_begins().expect_err("behind");
        assert!(why.contains("begins at 4, 5 was committed"), "{why}");
    }

    #[test]
    fn what_nobody_read_is_lost() {
        let ends = BTreeMap::from([(0, 12)]);
        for second in ["20 read 0 10 12\n", "20 read 0 5 11\n"] {
            assert!(history(second).check_read(&ends).is_err(), "{second}");
        }
    }
}
