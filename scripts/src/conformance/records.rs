//! Compares what was read back with what was written: nothing lost, nothing twice, nothing changed, order kept per key.
//!
//! A consumer's output is lines of `partition<TAB>offset<TAB>key<TAB>value`, in whatever order it got them.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

/// A record that was read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Read<'a> {
    /// Where it is.
    pub partition: u32,
    /// Where it is there.
    pub offset: u64,
    /// Its key.
    pub key: &'a str,
    /// Its value.
    pub value: &'a str,
}

/// Differences, by kind.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    lost: usize,
    twice_or_unknown: usize,
    keys_out_of_order: usize,
    keys_on_several_partitions: usize,
    offset_gaps: usize,
    example: Option<String>,
}

/// Checks that `read` holds each of `lines` once and in order.
pub fn compare_all(lines: &str, read: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(read).map_err(|e| format!("{}: {e}", read.display()))?;
    let records = parse(&text)?;
    let difference = compare(lines, &records);
    match difference == Difference::default() {
        true => Ok(format!("{} records", records.len())),
        false => Err(difference.to_string()),
    }
}

/// What a consumer printed.
pub fn parse(text: &str) -> Result<Vec<Read<'_>>, String> {
    let mut records = Vec::new();
    for line in text.lines() {
        let mut fields = line.splitn(4, '\t');
        let record = (|| {
            Some(Read {
                partition: fields.next()?.parse().ok()?,
                offset: fields.next()?.parse().ok()?,
                key: fields.next()?,
                value: fields.next()?,
            })
        })();
        records.push(record.ok_or_else(|| format!("the consumer printed `{line}`"))?);
    }
    records.sort();
    Ok(records)
}

fn compare(lines: &str, records: &[Read<'_>]) -> Difference {
    let mut difference = Difference::default();
    let mut written: HashMap<&str, Vec<&str>> = HashMap::new();
    for line in lines.lines() {
        let (key, value) = line.split_once('\t').unwrap_or((line, ""));
        written.entry(key).or_default().push(value);
    }
    let mut found: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut partition_of: HashMap<&str, u32> = HashMap::new();
    for record in records {
        found.entry(record.key).or_default().push(record.value);
        if *partition_of.entry(record.key).or_insert(record.partition) != record.partition {
            difference.keys_on_several_partitions += 1;
        }
    }
    for pair in records.windows(2) {
        let goes_on = pair[0].partition != pair[1].partition;
        if !goes_on && pair[1].offset != pair[0].offset + 1 {
            difference.offset_gaps += 1;
        }
    }
    for (key, values) in &written {
        difference.add_key(key, values, found.get(key).map_or(&[], Vec::as_slice));
    }
    for (key, values) in found.iter().filter(|(key, _)| !written.contains_key(*key)) {
        difference.add_key(key, &[], values);
    }
    difference
}

impl Difference {
    fn add_key(&mut self, key: &str, written: &[&str], found: &[&str]) {
        if written == found {
            return;
        }
        let mut balance: HashMap<&str, i64> = HashMap::new();
        written.iter().for_each(|value| *balance.entry(value).or_default() += 1);
        found.iter().for_each(|value| *balance.entry(value).or_default() -= 1);
        let count = |wanted: fn(i64) -> bool| {
            balance
                .values()
                .filter(|n| wanted(**n))
                .map(|n| n.unsigned_abs() as usize)
                .sum::<usize>()
        };
        let (lost, more) = (count(|n| n > 0), count(|n| n < 0));
        self.lost += lost;
        self.twice_or_unknown += more;
        self.keys_out_of_order += usize::from(lost == 0 && more == 0);
        if self.example.is_none() {
            let at = written.iter().zip(found).take_while(|(a, b)| a == b).count();
            let told =
                |values: &[&str]| values.get(at).map_or("nothing".to_owned(), |v| (*v).to_owned());
            self.example =
                Some(format!("key {key}, record {at}: {} became {}", told(written), told(found)));
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, what) in [
            (self.lost, "lost"),
            (self.twice_or_unknown, "twice or unknown"),
            (self.keys_out_of_order, "keys out of order"),
            (self.keys_on_several_partitions, "records of a key on another partition"),
            (self.offset_gaps, "gaps between offsets"),
        ] {
            if count > 0 {
                write!(f, "{count} {what}; ")?;
            }
        }
        f.write_str(self.example.as_deref().unwrap_or(""))
    }
}

#[cfg(test)]
mod tests {
    use super::{Difference, compare, parse};

    fn difference(lines: &str, read: &str) -> Difference {
        Difference { example: None, ..compare(lines, &parse(read).expect("parses")) }
    }

    #[test]
    fn equal_in_whatever_order_partitions_come() {
        let lines = "a\t1\nb\t1\na\t2\na\t2\n";
        let read = "1\t0\tb\t1\n0\t1\ta\t2\n0\t0\ta\t1\n0\t2\ta\t2\n";
        assert_eq!(difference(lines, read), Difference::default());
    }

    #[test]
    fn each_kind_of_difference_is_told() {
        let lines = "a\t1\na\t2\nb\t1\n";
        for (read, expected) in [
            ("0\t0\ta\t1\n0\t1\tb\t1\n", Difference { lost: 1, ..Default::default() }),
            (
                "0\t0\ta\t1\n0\t1\ta\t2\n0\t2\tb\t1\n0\t3\tb\t1\n",
                Difference { twice_or_unknown: 1, ..Default::default() },
            ),
            (
                "0\t0\ta\t2\n0\t1\ta\t1\n0\t2\tb\t1\n",
                Difference { keys_out_of_order: 1, ..Default::default() },
            ),
            (
                "0\t0\ta\t1\n1\t0\ta\t2\n1\t1\tb\t1\n",
                Difference { keys_on_several_partitions: 1, ..Default::default() },
            ),
            (
                "0\t0\ta\t1\n0\t2\ta\t2\n0\t3\tb\t1\n",
                Difference { offset_gaps: 1, ..Default::default() },
            ),
        ] {
            assert_eq!(difference(lines, read), expected, "{read}");
        }
        assert!(parse("% error\n").is_err());
    }
}
