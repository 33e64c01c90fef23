//! A growing SVG: shapes and words at places.

use std::fmt::Write;

/// A drawing of a given size.
pub struct Canvas {
    body: String,
    width: f64,
    height: f64,
}

/// To which side of its place a text lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "sides")]
pub enum Anchor {
    Start,
    Middle,
    End,
}

impl Canvas {
    /// An empty one.
    pub fn new(width: f64, height: f64) -> Canvas {
        Canvas { body: String::new(), width, height }
    }

    /// The whole of it. `title` is what a screen reader says.
    pub fn finish(self, title: &str) -> String {
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\" \
             aria-label=\"{}\">{}</svg>",
            self.width,
            self.height,
            escape(title),
            self.body
        )
    }

    /// A straight line.
    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.add(format_args!(
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        ));
    }

    /// A line through many points.
    pub fn path(&mut self, class: &str, points: &[(f64, f64)]) {
        let mut d = String::new();
        for (i, (x, y)) in points.iter().enumerate() {
            let verb = if i == 0 { 'M' } else { 'L' };
            write!(d, "{verb}{x:.1} {y:.1}").expect("a string takes all");
        }
        self.add(format_args!("<path class=\"{class}\" d=\"{d}\"/>"));
    }

    /// A box; `about` appears when it is pointed at.
    pub fn rect(&mut self, class: &str, at: (f64, f64), size: (f64, f64), about: &str) {
        let ((x, y), (width, height)) = (at, size);
        self.add(format_args!(
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
             height=\"{height:.1}\" rx=\"2\">{}</rect>",
            about_element(about)
        ));
    }

    /// A disc.
    pub fn circle(&mut self, class: &str, at: (f64, f64), radius: f64, about: &str) {
        let (x, y) = at;
        self.add(format_args!(
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\">{}</circle>",
            about_element(about)
        ));
    }

    /// Words.
    pub fn text(&mut self, class: &str, at: (f64, f64), anchor: Anchor, words: &str) {
        let ((x, y), words) = (at, escape(words));
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.add(format_args!(
            "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{words}</text>"
        ));
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        self.body.write_fmt(element).expect("a string takes all");
        self.body.push('\n');
    }
}

fn about_element(about: &str) -> String {
    match about {
        "" => String::new(),
        about => format!("<title>{}</title>", escape(about)),
    }
}

/// Text that cannot become markup.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cannot_become_markup() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.text("soft", (1.0, 2.0), Anchor::End, "a < b & \"c\"");
        let svg = canvas.finish("t");
        assert!(svg.contains(">a &lt; b &amp; &quot;c&quot;</text>"));
        assert!(svg.starts_with("<svg xmlns") && svg.ends_with("</svg>"));
    }
}
