//! What the exactly-once pipeline must come to: flights and minutes of delay for each airport, computed straight from the
//! file, against what the table says.

use super::records;
use serde_json::Value;
use std::collections::BTreeMap;

/// Of one airport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    flights: u64,
    delay_min: i64,
}

/// By airport.
pub type Sums = BTreeMap<String, Sum>;

/// The sums of `key<TAB>json` lines.
pub fn of_lines(lines: &str) -> Result<Sums, String> {
    let mut sums = Sums::new();
    for line in lines.lines() {
        let record = line.split_once('\t').and_then(|(key, json)| {
            let json: Value = serde_json::from_str(json).ok()?;
            Some((key, json["delay_min"].as_i64()?))
        });
        let (key, delay) = record.ok_or_else(|| format!("not a flight: {line}"))?;
        let sum = sums.entry(key.to_owned()).or_default();
        sum.flights += 1;
        sum.delay_min += delay;
    }
    Ok(sums)
}

/// A table as a consumer printed it.
#[derive(Debug, PartialEq, Eq)]
pub struct Table {
    /// The last of each airport.
    pub sums: Sums,
    /// Records of any age.
    pub records: usize,
}

/// Reads what a consumer printed. An airport counts up from record to record: one that does not, was written
/// by somebody who did not know the one before.
pub fn of_table(printed: &str) -> Result<Table, String> {
    let mut records = records::parse(printed)?;
    records.sort_unstable();
    let mut sums = Sums::new();
    for record in &records {
        let sum = parse(record.value).ok_or_else(|| format!("not a sum: {}", record.value))?;
        let before = sums.insert(record.key.to_owned(), sum);
        if before.is_some_and(|before| before.flights >= sum.flights) {
            let (key, offset) = (record.key, record.offset);
            return Err(format!("{key} at offset {offset}: {sum:?} after {before:?}"));
        }
    }
    Ok(Table { sums, records: records.len() })
}

fn parse(json: &str) -> Option<Sum> {
    let json: Value = serde_json::from_str(json).ok()?;
    Some(Sum { flights: json["flights"].as_u64()?, delay_min: json["delay_min"].as_i64()? })
}

/// Equal, to the last unit.
pub fn compare(expected: &Sums, found: &Sums) -> Result<(), String> {
    let keys = || expected.keys().chain(found.keys().filter(|key| !expected.contains_key(*key)));
    let wrong: Vec<&String> = keys().filter(|key| expected.get(*key) != found.get(*key)).collect();
    let Some(first) = wrong.first() else { return Ok(()) };
    let flights = |sums: &Sums| sums.values().map(|sum| sum.flights).sum::<u64>();
    Err(format!(
        "{} of {} airports are wrong, {} flights of {}; {first}: {:?} became {:?}",
        wrong.len(),
        expected.len(),
        flights(found),
        flights(expected),
        expected.get(*first),
        found.get(*first),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "A\t{\"delay_min\":3}\nB\t{\"delay_min\":-5}\nA\t{\"delay_min\":4}\n";

    fn sum(flights: u64, delay_min: i64) -> Sum {
        Sum { flights, delay_min }
    }

    #[test]
    fn the_last_of_each_airport_counts() {
        let expected = of_lines(LINES).unwrap();
        assert_eq!(expected["A"], sum(2, 7));
        let printed = "1\t0\tA\t{\"flights\":1,\"delay_min\":3}\n0\t7\tB\t{\"flights\":1,\"delay_min\":-5}\n\
                       1\t4\tA\t{\"flights\":2,\"delay_min\":7}\n";
        let table = of_table(printed).unwrap();
        assert_eq!((table.records, compare(&expected, &table.sums)), (3, Ok(())));
    }

    #[test]
    fn what_is_lost_or_counted_twice_is_told() {
        let expected = of_lines(LINES).unwrap();
        let printed = "0\t0\tA\t{\"flights\":3,\"delay_min\":10}\n";
        let wrong = compare(&expected, &of_table(printed).unwrap().sums).unwrap_err();
        assert!(wrong.starts_with("2 of 2 airports are wrong, 3 flights of 3"), "{wrong}");
        let back =
            "0\t0\tA\t{\"flights\":3,\"delay_min\":1}\n0\t1\tA\t{\"flights\":2,\"delay_min\":1}\n";
        assert!(of_table(back).unwrap_err().starts_with("A at offset 1"));
        assert!(of_lines("A\t{}\n").is_err());
    }
}
