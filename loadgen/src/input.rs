//! A file of `key<TAB>value` lines as the records of a run.
//!
//! Held in memory whole: reading it must not disturb the schedule, and verification needs it again.
//! All lines of one key go to one producer, so that their order is a promise somebody can keep.

use std::ops::Range;
use std::path::Path;
use std::{fs, io};

use headwater_protocol::murmur2::murmur2;

/// The lines of a file.
pub struct Input {
    bytes: Vec<u8>,
    lines: Vec<Line>,
    by_producer: Vec<Vec<u32>>,
}

struct Line {
    key: Option<Range<usize>>,
    value: Range<usize>,
}

/// One line: a line without a tab is a value without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputRecord<'a> {
    /// What stands before the first tab.
    pub key: Option<&'a [u8]>,
    /// What stands after it, without the end of the line.
    pub value: &'a [u8],
}

impl Input {
    /// Reads a file and deals its lines, or the first `lines_max` of them, to `producers`.
    pub fn read(path: &Path, producers: usize, lines_max: Option<u64>) -> io::Result<Self> {
        Input::new(fs::read(path)?, producers, lines_max)
    }

    /// As [`Input::read`], from memory.
    pub fn new(bytes: Vec<u8>, producers: usize, lines_max: Option<u64>) -> io::Result<Self> {
        let limit = lines_max.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
        let mut lines = Vec::new();
        let mut at = 0;
        while at < bytes.len() && lines.len() < limit {
            let end = bytes[at..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |n| at + n);
            let tab = bytes[at..end].iter().position(|&b| b == b'\t').map(|n| at + n);
            lines.push(Line {
                key: tab.map(|tab| at..tab),
                value: tab.map_or(at, |tab| tab + 1)..end,
            });
            at = end + 1;
        }
        if lines.is_empty() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "there is no line in it"));
        }
        if u32::try_from(lines.len()).is_err() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it has more than 2^32 lines"));
        }
        let mut input = Input { bytes, lines, by_producer: vec![Vec::new(); producers] };
        input.deal();
        Ok(input)
    }

    fn deal(&mut self) {
        let producers = self.by_producer.len();
        for line in 0..self.lines.len() as u32 {
            let dealt = match self.record(line).key {
                // Not by the partitioner's remainder: it would tie partitions to producers.
                Some(key) => murmur2(key) as u32 as usize / 64 % producers,
                None => line as usize % producers,
            };
            self.by_producer[dealt].push(line);
        }
    }

    /// How many lines there are.
    pub fn lines(&self) -> u32 {
        self.lines.len() as u32
    }

    /// How many of them `producer` sends.
    pub fn share(&self, producer: usize) -> u64 {
        self.by_producer[producer].len() as u64
    }

    /// The line that is record `sequence` of `producer`; begins again when the file is through.
    pub fn line(&self, producer: usize, sequence: u64) -> u32 {
        let own = &self.by_producer[producer];
        own[(sequence % own.len() as u64) as usize]
    }

    /// A line as a record.
    pub fn record(&self, line: u32) -> InputRecord<'_> {
        let line = &self.lines[line as usize];
        InputRecord {
            key: line.key.clone().map(|range| &self.bytes[range]),
            value: &self.bytes[line.value.clone()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Vec<(Option<String>, String)> {
        let input = Input::new(text.into(), 1, None).unwrap();
        let string = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (0..input.lines())
            .map(|line| input.record(line))
            .map(|record| (record.key.map(string), string(record.value)))
            .collect()
    }

    #[test]
    fn the_first_tab_divides_key_and_value() {
        let expected =
            [(Some("a"), "1\t2"), (None, "no key"), (Some(""), ""), (None, ""), (Some("b"), "3")]
                .map(|(key, value)| (key.map(str::to_owned), value.to_owned()));
        assert_eq!(records("a\t1\t2\nno key\n\t\n\nb\t3"), expected);
        assert_eq!(records("a\t1\n").len(), 1, "the end of the last line is not another line");
        assert!(Input::new(Vec::new(), 1, None).is_err());
    }

    #[test]
    fn lines_of_a_key_stay_with_one_producer_in_order() {
        let text: String = (0..300).map(|i| format!("key{}\t{i}\n", i % 7)).collect();
        let input = Input::new(text.into(), 3, None).unwrap();
        assert_eq!((0..3).map(|p| input.share(p)).sum::<u64>(), 300);
        for producer in (0..3).filter(|&p| input.share(p) > 0) {
            let lines: Vec<u32> =
                (0..input.share(producer)).map(|k| input.line(producer, k)).collect();
            assert!(lines.is_sorted());
            assert_eq!(input.line(producer, input.share(producer)), lines[0]);
            for line in lines {
                let key = input.record(line).key;
                let others = (0..3).filter(|&p| p != producer);
                for other in others {
                    assert!(input.by_producer[other].iter().all(|&l| input.record(l).key != key));
                }
            }
        }
    }

    #[test]
    fn records_limit_the_lines() {
        assert_eq!(Input::new(b"a\nb\nc\n".to_vec(), 1, Some(2)).unwrap().lines(), 2);
    }
}
