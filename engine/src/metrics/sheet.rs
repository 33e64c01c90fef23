//! Values of metrics at one moment, from one shard or from all: each series once.

use std::collections::BTreeMap;

use super::histogram::Histogram;
use super::table::{Kind, Metric};

/// What tells a series apart, in the order of its metric's labels.
pub type Labels = Vec<String>;

/// The value of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number; nanoseconds where the unit is seconds.
    Number(u64),
    /// Times.
    Times(Box<Histogram>),
}

/// Values, by metric and labels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet(BTreeMap<(Metric, Labels), Value>);

impl Sheet {
    /// Adds a number; to what is there under these labels, as the metric's kind says.
    pub fn add(&mut self, metric: Metric, labels: &[&str], number: u64) {
        self.put(metric, own(labels), Value::Number(number));
    }

    /// Adds times.
    pub fn add_times(&mut self, metric: Metric, labels: &[&str], times: &Histogram) {
        self.put(metric, own(labels), Value::Times(Box::new(times.clone())));
    }

    /// Adds everything of another sheet.
    pub fn absorb(&mut self, other: Sheet) {
        for ((metric, labels), value) in other.0 {
            self.put(metric, labels, value);
        }
    }

    /// Everything, in the order of the table.
    pub fn series(&self) -> impl Iterator<Item = (Metric, &Labels, &Value)> {
        self.0.iter().map(|((metric, labels), value)| (*metric, labels, value))
    }

    fn put(&mut self, metric: Metric, labels: Labels, value: Value) {
        let row = metric.row();
        assert_eq!(labels.len(), row.labels.len(), "labels of {}", row.name);
        let is_number = matches!(value, Value::Number(_));
        assert_eq!(is_number, row.kind != Kind::Histogram, "values of {}", row.name);
        match (self.0.get_mut(&(metric, labels.clone())), value) {
            (Some(Value::Number(known)), Value::Number(number)) if row.kind == Kind::Peak => {
                *known = number.max(*known);
            }
            (Some(Value::Number(known)), Value::Number(number)) => *known += number,
            (Some(Value::Times(known)), Value::Times(times)) => known.add(&times),
            (Some(_), _) => unreachable!("a metric has values of one kind"),
            (None, value) => drop(self.0.insert((metric, labels), value)),
        }
    }
}

fn own(labels: &[&str]) -> Labels {
    labels.iter().map(|label| (*label).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn sheets_of_shards_add_up_and_peaks_are_the_highest() {
        let mut all = Sheet::default();
        for (shard, age) in [("0", 5), ("1", 3)] {
            let mut sheet = Sheet::default();
            sheet.add(Metric::Connections, &[], 2);
            sheet.add(Metric::Partitions, &[shard], 7);
            sheet.add(Metric::TransactionAge, &[], age);
            let mut times = Histogram::default();
            times.record(Duration::from_micros(age));
            sheet.add_times(Metric::SendTime, &[], &times);
            all.absorb(sheet);
        }
        let found = |metric, labels: &[&str]| all.0.get(&(metric, own(labels))).cloned();
        assert_eq!(found(Metric::Connections, &[]), Some(Value::Number(4)));
        assert_eq!(found(Metric::Partitions, &["1"]), Some(Value::Number(7)));
        assert_eq!(found(Metric::TransactionAge, &[]), Some(Value::Number(5)));
        let Some(Value::Times(times)) = found(Metric::SendTime, &[]) else { panic!("no times") };
        assert_eq!((times.count(), times.sum_nanos()), (2, 8_000));
    }
}
