//! Horizontal bars with the spread of their repeats, and the limit they are held against.

use super::canvas::{Anchor, Canvas};
use super::chart::plain;
use super::scale::Scale;
use crate::stats::Stat;

const WIDTH: f64 = 1000.0;
/// Where titles begin: in line with the headings of tables.
const SIDE: f64 = 2.0;
const LEFT: f64 = 220.0;
const RIGHT: f64 = 770.0;
const TOP: f64 = 78.0;
const ROW: f64 = 27.0;
const GAP: f64 = 10.0;

/// A chart of bars.
pub struct Bars {
    /// Above it.
    pub title: String,
    /// Below the title: what to see.
    pub subtitle: String,
    /// What and in which unit.
    pub label: String,
    /// From above to below.
    pub bars: Vec<Bar>,
    /// A value that all are compared with, and its name.
    pub limit: Option<(f64, String)>,
}

/// One bar.
pub struct Bar {
    /// At its left.
    pub name: String,
    /// Number of its colour.
    pub color: usize,
    /// Place in its group, from 0: the later, the paler.
    pub nth: usize,
    /// Its length and the whisker; without one, nothing is drawn.
    pub value: Option<Stat>,
    /// A limit of its own, drawn as a tick.
    pub floor: Option<f64>,
    /// At its right.
    pub words: String,
}

impl Bars {
    /// Draws it.
    pub fn draw(&self) -> String {
        let values = self.bars.iter().filter_map(|bar| bar.value);
        let max = values.map(|stat| stat.max).fold(0.0, f64::max);
        let max = self.limit.as_ref().map_or(max, |(limit, _)| max.max(*limit));
        let x = Scale::linear(max, LEFT, RIGHT);
        let groups = self.bars.iter().filter(|bar| bar.nth == 0).count() as f64;
        let bottom = TOP + ROW * self.bars.len() as f64 + GAP * groups;
        let mut canvas = Canvas::new(WIDTH, bottom + 48.0);
        canvas.text("title", (SIDE, 24.0), Anchor::Start, &self.title);
        canvas.text("soft", (SIDE, 44.0), Anchor::Start, &self.subtitle);
        for tick in x.ticks() {
            let at = x.at(tick);
            canvas.line("grid", (at, TOP - 8.0), (at, bottom));
            canvas.text("soft", (at, bottom + 18.0), Anchor::Middle, &plain_or_zero(tick));
        }
        canvas.text("", (RIGHT, bottom + 40.0), Anchor::End, &self.label);
        if let Some((limit, name)) = &self.limit {
            let at = x.at(*limit);
            canvas.line("mark", (at, TOP - 12.0), (at, bottom));
            canvas.text("soft", (at, TOP - 16.0), Anchor::Middle, name);
        }
        let mut y = TOP;
        for (i, bar) in self.bars.iter().enumerate() {
            y += if bar.nth > 0 || i == 0 { 0.0 } else { GAP };
            bar.draw(&mut canvas, &x, y);
            y += ROW;
        }
        canvas.finish(&self.title)
    }
}

impl Bar {
    fn draw(&self, canvas: &mut Canvas, x: &Scale, y: f64) {
        let middle = y + ROW / 2.0;
        canvas.text("", (LEFT - 10.0, middle + 4.5), Anchor::End, &self.name);
        let Some(stat) = self.value else {
            canvas.text("soft", (LEFT + 8.0, middle + 4.5), Anchor::Start, &self.words);
            return;
        };
        let end = x.at(stat.median);
        let class = format!("f{}{}", self.color, ["", " pale", " paler"][self.nth.min(2)]);
        let size = ((end - LEFT).max(1.0), ROW - 7.0);
        canvas.rect(&class, (LEFT, y + 3.5), size, &format!("{}: {}", self.name, self.words));
        let (low, high) = (x.at(stat.min), x.at(stat.max));
        if high - low > 2.0 {
            canvas.line("whisker", (low, middle), (high, middle));
            canvas.line("whisker", (low, middle - 4.0), (low, middle + 4.0));
            canvas.line("whisker", (high, middle - 4.0), (high, middle + 4.0));
        }
        if let Some(floor) = self.floor {
            let at = x.at(floor);
            canvas.line("whisker", (at, y + 1.0), (at, y + ROW - 1.0));
        }
        let words_at = high.max(end) + 10.0;
        canvas.text("", (words_at, middle + 4.5), Anchor::Start, &self.words);
    }
}

fn plain_or_zero(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { plain(value) }
}
