//! The text that is scraped: Prometheus' format, version 0.0.4.

use std::fmt::Write;

use super::histogram::Histogram;
use super::sheet::{Sheet, Value};
use super::table::{Metric, Row, Unit};

/// What the format calls itself.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The text of a sheet: each metric's help and type once, then its series.
pub fn write(sheet: &Sheet) -> String {
    let mut text = String::new();
    let mut last: Option<Metric> = None;
    for (metric, labels, value) in sheet.series() {
        let row = metric.row();
        if last.replace(metric) != Some(metric) {
            let _ = writeln!(text, "# HELP {} {}", row.name, row.help.replace('\\', "\\\\"));
            let _ = writeln!(text, "# TYPE {} {}", row.name, row.kind.word());
        }
        let pairs = row.labels.iter().zip(labels);
        let pairs: Vec<String> =
            pairs.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        match value {
            Value::Number(number) => line(&mut text, row.name, &pairs, &in_unit(row, *number)),
            Value::Times(times) => write_times(&mut text, row, pairs, times),
        }
    }
    text
}

fn write_times(text: &mut String, row: &Row, mut pairs: Vec<String>, times: &Histogram) {
    let bucket = format!("{}_bucket", row.name);
    let count = times.count().to_string();
    pairs.push(String::new());
    let le = pairs.len() - 1;
    for (bound_nanos, no_longer) in times.cumulative() {
        pairs[le] = format!("le=\"{}\"", seconds(bound_nanos));
        line(text, &bucket, &pairs, &no_longer.to_string());
    }
    pairs[le] = "le=\"+Inf\"".to_owned();
    line(text, &bucket, &pairs, &count);
    pairs.pop();
    line(text, &format!("{}_sum", row.name), &pairs, &seconds(times.sum_nanos()));
    line(text, &format!("{}_count", row.name), &pairs, &count);
}

fn line(text: &mut String, name: &str, pairs: &[String], value: &str) {
    let _ = match pairs {
        [] => writeln!(text, "{name} {value}"),
        _ => writeln!(text, "{name}{{{}}} {value}", pairs.join(",")),
    };
}

fn in_unit(row: &Row, number: u64) -> String {
    match row.unit {
        Unit::Seconds => seconds(number),
        Unit::Count | Unit::Bytes => number.to_string(),
    }
}

/// Nanoseconds as seconds, exactly and without zeros at the end.
fn seconds(nanos: u64) -> String {
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn numbers_are_exact() {
        assert_eq!(seconds(0), "0");
        assert_eq!(seconds(4_000), "0.000004");
        assert_eq!(seconds(16_777_216_000), "16.777216");
        assert_eq!(seconds(10_000_000_000), "10");
    }

    #[test]
    fn a_label_may_hold_anything() {
        let mut sheet = Sheet::default();
        sheet.add(Metric::GroupMembers, &["a\"b\\c\nd"], 3);
        let text = write(&sheet);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[0].starts_with("# HELP headwater_group_members "));
        assert_eq!(lines[1], "# TYPE headwater_group_members gauge");
        assert_eq!(lines[2], r#"headwater_group_members{group="a\"b\\c\nd"} 3"#);
    }

    #[test]
    fn buckets_are_cumulative_and_end_with_all() {
        let mut times = Histogram::default();
        for us in [1, 5, 5, 20_000_000] {
            times.record(Duration::from_micros(us));
        }
        let mut sheet = Sheet::default();
        sheet.add_times(Metric::RequestTime, &["Produce"], &times);
        let text = write(&sheet);
        for line in [
            r#"headwater_request_seconds_bucket{api="Produce",le="0.000004"} 1"#,
            r#"headwater_request_seconds_bucket{api="Produce",le="0.000006"} 3"#,
            r#"headwater_request_seconds_bucket{api="Produce",le="16.777216"} 3"#,
            r#"headwater_request_seconds_bucket{api="Produce",le="+Inf"} 4"#,
            r#"headwater_request_seconds_sum{api="Produce"} 20.000011"#,
            r#"headwater_request_seconds_count{api="Produce"} 4"#,
        ] {
            assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
        }
    }
}
