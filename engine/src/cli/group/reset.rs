//! `headwater group reset-offsets`: which partitions, where each goes, and perhaps the commit.

use super::committed;
use super::known::Known;
use super::target::{self, Facts, Target};
use crate::cli::args::group::{ResetOf, ResetTo};
use crate::cli::cluster::Cluster;
use crate::cli::error::CliError;
use crate::cli::partitions::{self, Chosen, Partition};
use crate::cli::print::columns;
use crate::cli::time;
use headwater_protocol::messages::list_offsets::{EARLIEST_TIMESTAMP, LATEST_TIMESTAMP};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// What becomes of one partition.
#[derive(Debug, Serialize)]
pub(super) struct Move {
    group: String,
    topic: String,
    partition: i32,
    /// What was committed before.
    old_offset: Option<i64>,
    new_offset: i64,
    /// What there is to say about it.
    note: Option<&'static str>,
    /// Whether it is committed.
    executed: bool,
}

/// Says what becomes of a group's offsets, and does it if told to.
pub(super) fn reset(
    cluster: &mut Cluster,
    group: &str,
    of: &ResetOf,
    to: &ResetTo,
    execute: bool,
) -> Result<Vec<Move>, CliError> {
    let target = target(to, time::now_ms())?;
    let wanted = match &of.from_file {
        Some(path) => Some(read_file(path)?),
        None if target.is_none() => {
            return Err(CliError::NothingToDo(
                "--to-earliest, --to-latest, --to-current, --to-offset, --to-datetime, --by-duration or --shift-by",
            ));
        }
        None => None,
    };
    refuse_active(cluster, group)?;
    let committed = committed::fetch(cluster, group)?;
    let leaders = leaders(cluster, group, of, wanted.as_ref(), &committed)?;
    let facts = facts(cluster, &leaders, target, &committed)?;
    let mut moves = Vec::new();
    for (partition, facts) in &facts {
        let decided = match (&wanted, target) {
            (Some(wanted), _) => Some(target::within(wanted[partition], facts)),
            (None, Some(target)) => target::decide(target, facts),
            (None, None) => None,
        };
        let (topic, index) = partition;
        let (new_offset, note) = decided.ok_or_else(|| {
            let why = "there is no current committed offset";
            CliError::NotNow(format!("cannot shift partition {index} of topic {topic}: {why}"))
        })?;
        moves.push(Move {
            group: group.to_owned(),
            topic: topic.clone(),
            partition: *index,
            old_offset: facts.committed,
            new_offset,
            note: note.map(target::Note::text),
            executed: execute,
        });
    }
    if execute && !moves.is_empty() {
        let offsets = moves.iter().map(|m| ((m.topic.clone(), m.partition), m.new_offset));
        committed::commit(cluster, group, &offsets.collect())?;
    }
    Ok(moves)
}

/// What was asked for, if anything.
fn target(to: &ResetTo, now_ms: i64) -> Result<Option<Target>, CliError> {
    Ok(match to {
        ResetTo { to_earliest: true, .. } => Some(Target::Earliest),
        ResetTo { to_latest: true, .. } => Some(Target::Latest),
        ResetTo { to_current: true, .. } => Some(Target::Current),
        ResetTo { to_offset: Some(offset), .. } => Some(Target::Offset(*offset)),
        ResetTo { shift_by: Some(by), .. } => Some(Target::Shift(*by)),
        ResetTo { to_datetime: Some(text), .. } => Some(Target::Time(time::parse_moment(text)?)),
        ResetTo { by_duration: Some(text), .. } => {
            Some(Target::Time((now_ms - time::parse_span(text)?).max(0)))
        }
        _ => None,
    })
}

/// Members that are there would go on from where they are, and commit that.
fn refuse_active(cluster: &mut Cluster, group: &str) -> Result<(), CliError> {
    match Known::ask(cluster, group)? {
        Some(known) if !known.is_inactive() => Err(CliError::NotNow(format!(
            "Assignments can only be reset if the group '{group}' is inactive, but the current state is {}.",
            known.state
        ))),
        _ => Ok(()),
    }
}

/// The partitions that are meant, with their leaders.
fn leaders(
    cluster: &mut Cluster,
    group: &str,
    of: &ResetOf,
    wanted: Option<&BTreeMap<Partition, i64>>,
    committed: &BTreeMap<Partition, i64>,
) -> Result<BTreeMap<Partition, i32>, CliError> {
    let exact = |all: &BTreeMap<Partition, i64>| {
        let topics = partitions::by_topic(all.keys().cloned()).into_iter();
        let chosen = topics.map(|(topic, indexes)| Chosen { topic, partitions: Some(indexes) });
        chosen.collect::<Vec<_>>()
    };
    let chosen = match wanted {
        Some(wanted) => exact(wanted),
        None if of.all_topics && committed.is_empty() => {
            return Err(CliError::NotFound(format!(
                "offset of group {group}: name topics with --topic"
            )));
        }
        None if of.all_topics => exact(committed),
        None => of.topics.iter().map(|text| Chosen::parse(text)).collect::<Result<_, _>>()?,
    };
    partitions::find(cluster, &chosen)
}

fn facts(
    cluster: &mut Cluster,
    leaders: &BTreeMap<Partition, i32>,
    target: Option<Target>,
    committed: &BTreeMap<Partition, i64>,
) -> Result<BTreeMap<Partition, Facts>, CliError> {
    let earliest = partitions::offsets_at(cluster, leaders, EARLIEST_TIMESTAMP)?;
    let latest = partitions::offsets_at(cluster, leaders, LATEST_TIMESTAMP)?;
    let at_time = match target {
        Some(Target::Time(ms)) => partitions::offsets_at(cluster, leaders, ms)?,
        _ => BTreeMap::new(),
    };
    let end = |ends: &BTreeMap<Partition, Option<i64>>, partition| {
        ends.get(partition).copied().flatten().unwrap_or(0)
    };
    let facts = leaders.keys().map(|partition| {
        let facts = Facts {
            earliest: end(&earliest, partition),
            latest: end(&latest, partition),
            committed: committed.get(partition).copied(),
            at_time: at_time.get(partition).copied().flatten(),
        };
        (partition.clone(), facts)
    });
    Ok(facts.collect())
}

/// Lines of topic,partition,offset; quotes around a name are taken off, as Kafka's tool writes them.
fn read_file(path: &Path) -> Result<BTreeMap<Partition, i64>, CliError> {
    let text = fs::read_to_string(path)
        .map_err(|error| CliError::File { path: path.to_owned(), error })?;
    parse_file(&text)
}

fn parse_file(text: &str) -> Result<BTreeMap<Partition, i64>, CliError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let parsed = lines.map(|line| {
        let expected = "a line of topic,partition,offset";
        let wrong = || CliError::BadArgument { text: line.to_owned(), expected };
        let fields: Vec<&str> =
            line.split(',').map(|field| field.trim().trim_matches('"')).collect();
        let [topic, partition, offset] = fields[..] else { return Err(wrong()) };
        let partition: u16 = partition.parse().map_err(|_| wrong())?;
        let offset: u64 = offset.parse().map_err(|_| wrong())?;
        let offset = i64::try_from(offset).map_err(|_| wrong())?;
        Ok(((topic.to_owned(), i32::from(partition)), offset))
    });
    parsed.collect()
}

/// Lines that [`read_file`] reads.
pub(super) fn export(moves: &[Move]) -> Result<(), CliError> {
    let lines = moves.iter().map(|m| format!("{},{},{}\n", m.topic, m.partition, m.new_offset));
    let text: String = lines.collect();
    Ok(io::stdout().write_all(text.as_bytes())?)
}

/// For people.
pub(super) fn text(moves: &[Move], executed: bool) -> String {
    let heading = ["GROUP", "TOPIC", "PARTITION", "OLD OFFSET", "NEW OFFSET", ""];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(moves.iter().map(|m| {
        vec![
            m.group.clone(),
            m.topic.clone(),
            m.partition.to_string(),
            m.old_offset.map_or_else(|| "-".to_owned(), |offset| offset.to_string()),
            m.new_offset.to_string(),
            m.note.unwrap_or_default().to_owned(),
        ]
    }));
    let end = if executed { "" } else { "nothing was changed: give --execute to do it\n" };
    columns(&rows) + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_lines_of_three_fields() {
        let read = parse_file("\"a\",0,5\n\nb , 3, 7\n").ok();
        let expected = [(("a".to_owned(), 0), 5), (("b".to_owned(), 3), 7)];
        assert_eq!(read, Some(expected.into_iter().collect()));
        for wrong in ["a,0", "a,0,-1", "a,x,1", "g,a,0,1", "a,0,99999999999999999999"] {
            assert!(parse_file(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_duration_is_counted_back_from_now() {
        let to = ResetTo { by_duration: Some("PT1M".to_owned()), ..ResetTo::default() };
        assert_eq!(target(&to, 100_000).ok(), Some(Some(Target::Time(40_000))));
        assert_eq!(target(&to, 1_000).ok(), Some(Some(Target::Time(0))));
        assert_eq!(target(&ResetTo::default(), 0).ok(), Some(None));
    }
}
