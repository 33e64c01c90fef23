//! Lines and points over two axes, with a legend at the side.

use super::canvas::{Anchor, Canvas};
use super::scale::Scale;

const WIDTH: f64 = 1000.0;
/// Where titles begin: in line with the headings of tables.
const SIDE: f64 = 2.0;
const LEFT: f64 = 68.0;
const TOP: f64 = 80.0;
const PLOT_WIDTH: f64 = 625.0;
const PLOT_HEIGHT: f64 = 340.0;
const BOTTOM: f64 = TOP + PLOT_HEIGHT;
const LEGEND_LEFT: f64 = LEFT + PLOT_WIDTH + 28.0;

/// A chart.
pub struct Chart {
    /// Above it.
    pub title: String,
    /// Below the title: what to see.
    pub subtitle: String,
    /// To the right.
    pub x: Axis,
    /// Upwards.
    pub y: Axis,
    /// In the order of the legend.
    pub series: Vec<Series>,
    /// Values that everything is compared with.
    pub marks: Vec<Mark>,
}

/// An axis; its scale decides its values, and labels are written by `say` unless `ticks` are given.
pub struct Axis {
    /// What and in which unit.
    pub label: String,
    /// Smallest and largest value that must fit.
    pub range: (f64, f64),
    /// Values with their labels, instead of round numbers.
    pub ticks: Option<Vec<(f64, String)>>,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A line.
    Line,
    /// Points with a line through them.
    LineAndPoints,
    /// Points only, pale.
    Cloud,
}

/// One thing in the legend.
pub struct Series {
    /// Its name.
    pub name: String,
    /// Number of its colour.
    pub color: usize,
    /// Place in its group, from 0: full lines and circles, dashes and squares, dots and small circles.
    pub nth: usize,
    /// How it is drawn.
    pub look: Look,
    /// Values, each with what appears when it is pointed at.
    pub points: Vec<(f64, f64, String)>,
    /// Words beside the points, if there are any.
    pub labels: Vec<String>,
}

/// A straight line through the chart.
pub struct Mark {
    /// Where it crosses the axis.
    pub at: f64,
    /// Whether it is a value of the x axis.
    pub on_x: bool,
    /// Its name.
    pub name: String,
}

impl Chart {
    /// Draws it. Both axes count by factors: latencies and throughputs span several powers of ten.
    pub fn draw(&self) -> String {
        let (x, y) = (self.x.scale(LEFT, LEFT + PLOT_WIDTH), self.y.scale(BOTTOM, TOP));
        let mut canvas = Canvas::new(WIDTH, BOTTOM + 56.0);
        canvas.text("title", (SIDE, 24.0), Anchor::Start, &self.title);
        canvas.text("soft", (SIDE, 44.0), Anchor::Start, &self.subtitle);
        self.grid(&mut canvas, &x, &y);
        self.marks.iter().for_each(|mark| draw_mark(&mut canvas, mark, &x, &y));
        self.series.iter().for_each(|series| draw_series(&mut canvas, series, &x, &y));
        self.legend(&mut canvas);
        canvas.finish(&self.title)
    }

    fn grid(&self, canvas: &mut Canvas, x: &Scale, y: &Scale) {
        for (value, label) in self.x.labels(x) {
            let at = x.at(value);
            canvas.line("grid", (at, TOP), (at, BOTTOM));
            canvas.text("soft", (at, BOTTOM + 18.0), Anchor::Middle, &label);
        }
        for (value, label) in self.y.labels(y) {
            let at = y.at(value);
            canvas.line("grid", (LEFT, at), (LEFT + PLOT_WIDTH, at));
            canvas.text("soft", (LEFT - 8.0, at + 4.0), Anchor::End, &label);
        }
        canvas.line("axis", (LEFT, BOTTOM), (LEFT + PLOT_WIDTH, BOTTOM));
        let middle = LEFT + PLOT_WIDTH / 2.0;
        canvas.text("", (middle, BOTTOM + 42.0), Anchor::Middle, &self.x.label);
        // Upright, above the axis: nobody likes to turn the head.
        canvas.text("", (SIDE, TOP - 12.0), Anchor::Start, &self.y.label);
    }

    fn legend(&self, canvas: &mut Canvas) {
        for (i, series) in self.series.iter().enumerate() {
            let y = TOP + 10.0 + 24.0 * i as f64;
            if series.look != Look::Cloud {
                let class = line_class(series);
                canvas.line(&class, (LEGEND_LEFT, y), (LEGEND_LEFT + 30.0, y));
            }
            if series.look != Look::Line {
                draw_point(canvas, series, (LEGEND_LEFT + 15.0, y), "");
            }
            canvas.text("", (LEGEND_LEFT + 40.0, y + 4.5), Anchor::Start, &series.name);
        }
    }
}

impl Axis {
    fn scale(&self, from: f64, to: f64) -> Scale {
        let (min, max) = self.range;
        match self.ticks {
            Some(_) => Scale::log_exact(min, max, from, to),
            None => Scale::log(min, max, from, to),
        }
    }

    fn labels(&self, scale: &Scale) -> Vec<(f64, String)> {
        match &self.ticks {
            Some(ticks) => ticks.clone(),
            None => scale.ticks().into_iter().map(|value| (value, plain(value))).collect(),
        }
    }
}

/// Numbers on an axis are round already: `0.05`, `20`, `5,000`, `200 k`.
pub fn plain(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{} M", v / 1e6),
        v if v >= 1e4 => format!("{} k", (v / 1e3).round()),
        v if v >= 1.0 => crate::number::thousands(v),
        // Powers of ten are not exact below one: 0.30000000000000004.
        v => format!("{}", (v * 1e6).round() / 1e6),
    }
}

fn draw_mark(canvas: &mut Canvas, mark: &Mark, x: &Scale, y: &Scale) {
    if mark.on_x {
        let at = x.at(mark.at);
        canvas.line("mark", (at, TOP), (at, BOTTOM));
        canvas.text("soft label", (at - 6.0, TOP + 14.0), Anchor::End, &mark.name);
    } else {
        let at = y.at(mark.at);
        canvas.line("mark", (LEFT, at), (LEFT + PLOT_WIDTH, at));
        canvas.text("soft label", (LEFT + PLOT_WIDTH - 6.0, at - 6.0), Anchor::End, &mark.name);
    }
}

fn draw_series(canvas: &mut Canvas, series: &Series, x: &Scale, y: &Scale) {
    let places: Vec<(f64, f64)> =
        series.points.iter().map(|(px, py, _)| (x.at(*px), y.at(*py))).collect();
    if series.look != Look::Cloud && places.len() > 1 {
        canvas.path(&line_class(series), &places);
    }
    if series.look != Look::Line {
        for (place, (_, _, about)) in places.iter().zip(&series.points) {
            draw_point(canvas, series, *place, about);
        }
        places.iter().zip(&series.labels).for_each(|(at, words)| draw_label(canvas, *at, words));
    }
}

/// Below and to the right of its point, or to the left where the chart ends.
fn draw_label(canvas: &mut Canvas, at: (f64, f64), words: &str) {
    let (anchor, x) = match at.0 > LEFT + PLOT_WIDTH * 0.75 {
        true => (Anchor::End, at.0 - 9.0),
        false => (Anchor::Start, at.0 + 9.0),
    };
    canvas.text("label", (x, at.1 + 19.0), anchor, words);
}

fn draw_point(canvas: &mut Canvas, series: &Series, at: (f64, f64), about: &str) {
    let cloud = if series.look == Look::Cloud { " cloud" } else { "" };
    let class = format!("f{} halo{cloud}", series.color);
    match series.nth {
        0 => canvas.circle(&class, at, 5.5, about),
        1 => canvas.rect(&class, (at.0 - 5.0, at.1 - 5.0), (10.0, 10.0), about),
        _ => canvas.circle(&class, at, 3.5, about),
    }
}

fn line_class(series: &Series) -> String {
    format!("line s{}{}", series.color, ["", " dash", " dots"][series.nth.min(2)])
}
