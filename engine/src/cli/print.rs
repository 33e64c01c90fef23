//! Output: for people as aligned columns, with `--json` as JSON. Never both, and never anything else between.

use serde::Serialize;
use std::io::{self, BufWriter, Write};

/// Where a command prints.
pub struct Printer {
    out: Box<dyn Write>,
    json: bool,
}

impl Printer {
    /// Standard output.
    pub fn new(json: bool) -> Self {
        Self { out: Box::new(BufWriter::new(io::stdout())), json }
    }

    /// Somewhere else.
    #[cfg(test)]
    pub fn to(out: Box<dyn Write>, json: bool) -> Self {
        Self { out, json }
    }

    /// Prints a value: as one JSON document, or as the text made of it.
    pub fn print<T: Serialize>(
        &mut self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> io::Result<()> {
        match self.json {
            true => serde_json::to_writer_pretty(&mut self.out, value).map_err(io::Error::from)?,
            false => self.out.write_all(text(value).trim_end_matches('\n').as_bytes())?,
        }
        self.out.write_all(b"\n")?;
        self.out.flush()
    }

    /// Prints one of many values: a JSON document on a line of its own, or a line of text.
    pub fn line<T: Serialize>(
        &mut self,
        value: &T,
        text: impl FnOnce(&T) -> String,
    ) -> io::Result<()> {
        match self.json {
            true => serde_json::to_writer(&mut self.out, value).map_err(io::Error::from)?,
            false => self.out.write_all(text(value).as_bytes())?,
        }
        self.out.write_all(b"\n")
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        // A reader that went away has been reported by the write before, if it matters.
        drop(self.out.flush());
    }
}

/// Lines of cells as columns; the first line is the heading. Numbers stand at the right, where all but the first line of
/// their column are numbers, or a dash for none.
pub fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &Vec<String>, n: usize| row.get(n).cloned().unwrap_or_default();
    let widths: Vec<usize> = (0..count)
        .map(|n| rows.iter().map(|row| cell(row, n).chars().count()).max().unwrap_or(0))
        .collect();
    let number = |row: &Vec<String>, n: usize| cell(row, n).parse::<f64>().is_ok();
    let is_number = |n: usize| {
        let mut lines = rows.iter().skip(1);
        lines.clone().all(|row| number(row, n) || cell(row, n) == "-")
            && lines.any(|row| number(row, n))
    };
    let mut text = String::new();
    for row in rows {
        let line: Vec<String> = (0..count)
            .map(|n| match is_number(n) {
                true => format!("{:>width$}", cell(row, n), width = widths[n]),
                false => format!("{:<width$}", cell(row, n), width = widths[n]),
            })
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}
