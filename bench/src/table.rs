//! Tables from one list of rows: aligned for a terminal, with pipes for Markdown.

/// How a column's cells are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table: heads with their alignment, and rows of as many cells.
#[derive(Clone, Debug, Default)]
pub struct Table {
    heads: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table. A head that begins with `>` is a column of numbers.
    pub fn new(heads: &[&str]) -> Table {
        let heads = heads.iter().map(|head| match head.strip_prefix('>') {
            Some(head) => (head.to_owned(), Align::Right),
            None => ((*head).to_owned(), Align::Left),
        });
        Table { heads: heads.collect(), rows: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// When it does not have a cell for each column.
    pub fn row(&mut self, cells: Vec<String>) {
        assert_eq!(cells.len(), self.heads.len(), "{cells:?}");
        self.rows.push(cells);
    }

    /// An empty line, to set groups apart.
    pub fn gap(&mut self) {
        self.rows.push(vec![String::new(); self.heads.len()]);
    }

    /// Columns by name, for HTML.
    pub fn heads(&self) -> &[(String, Align)] {
        &self.heads
    }

    /// Rows, for HTML; a gap is a row of empty cells.
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// Aligned with spaces, each line indented by two.
    pub fn terminal(&self) -> String {
        let widths: Vec<usize> = (0..self.heads.len()).map(|i| self.width(i)).collect();
        let line = |cells: &[String]| {
            let mut line = String::from(" ");
            for (i, cell) in cells.iter().enumerate() {
                let pad = " ".repeat(widths[i] - cell.chars().count());
                match self.heads[i].1 {
                    Align::Left => line += &format!(" {cell}{pad} "),
                    Align::Right => line += &format!(" {pad}{cell} "),
                }
            }
            line.trim_end().to_owned() + "\n"
        };
        let heads: Vec<String> = self.heads.iter().map(|(head, _)| head.clone()).collect();
        let rule: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
        let mut text = line(&heads) + &line(&rule);
        self.rows.iter().for_each(|row| text += &line(row));
        text
    }

    /// With pipes.
    pub fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let rule = self.heads.iter().map(|(_, align)| match align {
            Align::Left => "---".to_owned(),
            Align::Right => "---:".to_owned(),
        });
        let heads = self.heads.iter().map(|(head, _)| head.clone());
        let mut text = line(heads.collect()) + &line(rule.collect());
        let full = self.rows.iter().filter(|row| row.iter().any(|cell| !cell.is_empty()));
        full.for_each(|row| text += &line(row.clone()));
        text
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| &row[column]);
        let all = cells.chain([&self.heads[column].0]);
        all.map(|cell| cell.chars().count()).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_left_and_numbers_right() {
        let mut table = Table::new(&["setting", ">MB/s"]);
        table.row(vec!["acks=all".into(), "7".into()]);
        table.gap();
        table.row(vec!["x".into(), "1,234".into()]);
        assert_eq!(
            table.terminal(),
            "  setting   MB/s\n  ────────  ─────\n  acks=all      7\n\n  x         1,234\n"
                .replace("  setting   MB/s", "  setting    MB/s")
        );
        assert_eq!(
            table.markdown(),
            "| setting | MB/s |\n| --- | ---: |\n| acks=all | 7 |\n| x | 1,234 |\n"
        );
    }
}
