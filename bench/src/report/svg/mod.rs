//! Drawing: static SVG, no script, no font and no image from elsewhere. Colours are CSS variables, so
//! that one drawing suits light and dark pages.

pub mod bars;
pub mod canvas;
pub mod chart;
pub mod scale;
pub mod style;

/// A drawing as a file of its own, with its colours in it.
pub fn standalone(svg: &str) -> String {
    let style = format!("<style>{}svg{{background:var(--card)}}</style>", style::CSS);
    let end_of_tag = svg.find('>').map_or(0, |at| at + 1);
    format!("{}{style}{}\n", &svg[..end_of_tag], &svg[end_of_tag..])
}
