//! One HTML file with everything in it: opens from disk, needs no network and no script.

use super::plots::{self, Plot};
use super::sections::{self, Section};
use super::svg::canvas::escape;
use super::svg::style;
use super::{Conclusion, markdown};
use crate::analysis::CellSummary;
use crate::evidence::{Evidence, date};
use crate::number::{percent, three, times};
use crate::plan::Load;
use crate::setting::{Acks, Durability, Path, Setting};
use crate::table::Align;

const PAGE_CSS: &str = "\
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);\
font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}\
main{max-width:1240px;margin:0 auto;padding:28px 20px 60px}\
h1{font-size:28px;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em}h2{font-size:18px;margin:0 0 10px}\
.soft{color:var(--soft)}header{margin:0 0 22px}header p{margin:2px 0}\
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(220px,1fr));gap:14px;margin:0 0 18px}\
.card,.tile{background:var(--card);border:1px solid var(--faint);border-radius:10px}\
.card{padding:18px 20px;margin:0 0 18px;overflow-x:auto}.tile{padding:14px 18px}\
.tile b{display:block;font-size:26px;line-height:1.25;font-variant-numeric:tabular-nums}\
.tile span{display:block;color:var(--soft);font-size:13.5px;line-height:1.4}\
.card svg{width:100%;height:auto;display:block;min-width:640px}\
table{border-collapse:collapse;font-size:13.5px;font-variant-numeric:tabular-nums;width:100%}\
th,td{padding:5px 8px;text-align:left;white-space:nowrap;border-bottom:1px solid var(--faint)}\
th{color:var(--soft);font-weight:600}td.r,th.r{text-align:right}tr.gap td{border:0;padding:4px}\
ul{margin:10px 0 0;padding-left:18px;color:var(--soft);font-size:13.5px}\
.good{color:var(--good)}.bad{color:var(--bad);font-weight:600}\
.gate{list-style:none;padding:0;margin:0;color:var(--ink);font-size:14px}\
code{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}footer{color:var(--soft);font-size:13.5px}";

/// The page.
pub fn page(evidence: &Evidence, conclusion: &Conclusion) -> String {
    let title = title(&evidence.plan.scenario);
    let mut body = header(evidence, title);
    body += &tiles(conclusion);
    let untrusted = conclusion.gate.iter().any(|line| !line.held);
    if untrusted {
        body += &gate(conclusion);
    }
    for plot in plots::all(evidence, conclusion) {
        body += &figure(&plot);
    }
    sections::all(evidence, conclusion).iter().for_each(|section| body += &table(section));
    if !untrusted {
        body += &gate(conclusion);
    }
    body += &footer(evidence);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title} · Headwater</title><style>{}{PAGE_CSS}</style></head>\n\
         <body><main>{body}</main></body></html>\n",
        style::CSS
    )
}

fn title(scenario: &str) -> &'static str {
    match scenario {
        "compare" => "What durability costs on this disk",
        "tune" => "Which batch and linger to use",
        "figures" => "What Headwater promises, and what holds here",
        "eos" => "What exactly-once costs",
        "journal" => "One journal for all partitions: what it gives, and what it costs",
        _ => "What this disk and this machine allow",
    }
}

fn header(evidence: &Evidence, title: &str) -> String {
    let commit = evidence.host.commit.as_ref().map(|c| format!(", commit {c}")).unwrap_or_default();
    format!(
        "<header><h1>{title}</h1><p>{}</p><p class=\"soft\">{} · Headwater {}{} · <code>{}</code></p></header>\n",
        escape(&evidence.host.line()),
        date(evidence.about.started_unix_ms),
        escape(&evidence.host.headwater_version),
        escape(&commit),
        escape(&evidence.about.command),
    )
}

/// The few figures that answer the question in the title.
fn tiles(conclusion: &Conclusion) -> String {
    let mut tiles = Vec::new();
    if let Some(best) = &conclusion.best {
        tiles.push((
            best.series.clone(),
            format!(
                "best setting for the goal: {} records/s at p99 {} ms",
                three(best.records_per_s),
                three(best.p99_ms)
            ),
        ));
    }
    if !conclusion.verdicts.is_empty() {
        let held = conclusion.verdicts.iter().filter(|verdict| verdict.held).count();
        tiles.push((
            format!("{held} of {}", conclusion.verdicts.len()),
            "promises hold on this machine".to_owned(),
        ));
    }
    let durable = |path| Setting { acks: Acks::All, durability: Durability::Durable, path };
    let is_run = |path: &Path| {
        conclusion.analysis.cells.iter().any(|c| c.cell.setting == durable(*path) && c.runs > 0)
    };
    let durable = durable(Path::OURS.into_iter().find(is_run).unwrap_or(Path::Direct));
    let find = |setting: Setting, load: fn(Load) -> bool| {
        let mut cells = conclusion.analysis.cells.iter();
        cells.find(|c| c.cell.setting == setting && load(c.cell.client.load) && c.runs > 0)
    };
    let is_compare = conclusion.points.is_empty() && conclusion.verdicts.is_empty();
    if let Some(cell) = find(durable, |load| load == Load::Saturation).filter(|_| is_compare) {
        tiles.extend(saturation_tiles(cell));
    }
    if let Some(cell) = find(durable, |load| load != Load::Saturation).filter(|_| is_compare) {
        tiles.extend(rate_tile(cell));
    }
    if tiles.is_empty() {
        return String::new();
    }
    let tile = |(number, words): (String, String)| {
        format!(
            "<div class=\"tile\"><b>{}</b><span>{}</span></div>",
            escape(&number),
            escape(&words)
        )
    };
    format!("<div class=\"tiles\">{}</div>\n", tiles.into_iter().map(tile).collect::<String>())
}

fn saturation_tiles(cell: &CellSummary) -> Vec<(String, String)> {
    let mut tiles = Vec::new();
    if let (Some(mb), Some(share)) = (cell.mb_per_s, cell.shares.throughput) {
        let words = format!(
            "with every acknowledgement flushed ({}): {} of the disk's sequential write",
            cell.cell.setting,
            percent(share)
        );
        tiles.push((format!("{} MB/s", three(mb.median)), words));
    }
    if let (Some(flushes), Some(share)) = (cell.flushes_per_request, cell.shares.flushes) {
        let words = format!(
            "flush per request: one serves many; {} of the flushes the disk can do",
            percent(share)
        );
        tiles.push((three(flushes.median), words));
    }
    if let (Some(cpu), Some(ratio)) = (cell.cpu_s_per_million, cell.shares.cpu) {
        let words = format!(
            "of broker CPU per million durable records, {} what moving the bytes takes",
            times(ratio)
        );
        tiles.push((format!("{} s", three(cpu.median)), words));
    }
    tiles
}

fn rate_tile(cell: &CellSummary) -> Option<(String, String)> {
    let load = cell.cell.client.load;
    if !cell.keeps_up() {
        return Some(("falls behind".to_owned(), format!("durable at {load}")));
    }
    let words = format!("p99 of durable acknowledgements at {load}, from the intended send time");
    Some((format!("{} ms", three(cell.p99_us?.median / 1e3)), words))
}

fn gate(conclusion: &Conclusion) -> String {
    let lines = conclusion.gate.iter().map(|line| match line.held {
        true => format!("<li><span class=\"good\">✓</span> {}</li>", escape(&line.text)),
        false => format!("<li><span class=\"bad\">✗ {}</span></li>", escape(&line.text)),
    });
    let lines: String = lines.collect();
    format!(
        "<section class=\"card\"><h2>Can it be trusted</h2><ul class=\"gate\">{lines}</ul></section>\n"
    )
}

fn figure(plot: &Plot) -> String {
    format!("<section class=\"card\">{}</section>\n", plot.svg)
}

fn table(section: &Section) -> String {
    let class = |align: Align| if align == Align::Right { " class=\"r\"" } else { "" };
    let heads = section.table.heads();
    let head: String = heads
        .iter()
        .map(|(head, align)| format!("<th{}>{}</th>", class(*align), escape(head)))
        .collect();
    let mut rows = String::new();
    for row in section.table.rows() {
        if row.iter().all(String::is_empty) {
            rows += &format!("<tr class=\"gap\"><td colspan=\"{}\"></td></tr>", heads.len());
            continue;
        }
        let cells = row.iter().zip(heads).map(|(cell, (_, align))| {
            let cell = match cell.as_str() {
                "MISSED" | "behind" => format!("<span class=\"bad\">{cell}</span>"),
                "holds" => format!("<span class=\"good\">{cell}</span>"),
                cell => escape(cell),
            };
            format!("<td{}>{cell}</td>", class(*align))
        });
        rows += &format!("<tr>{}</tr>\n", cells.collect::<String>());
    }
    let notes: String =
        section.notes.iter().map(|note| format!("<li>{}</li>", escape(note))).collect();
    let notes = if notes.is_empty() { notes } else { format!("<ul>{notes}</ul>") };
    format!(
        "<section class=\"card\"><h2>{}</h2><table><thead><tr>{head}</tr></thead>\
         <tbody>{rows}</tbody></table>{notes}</section>\n",
        escape(&section.title)
    )
}

fn footer(evidence: &Evidence) -> String {
    let plan = &evidence.plan;
    let how = match plan.cells.is_empty() {
        true => String::new(),
        false => format!(
            "{} cells, each run {} times, interleaved in an order drawn from seed {}; a fresh broker \
             and data directory for every run; limits measured before and after. ",
            plan.cells.len(),
            plan.repeats,
            plan.seed
        ),
    };
    format!(
        "<footer><p>{how}Medians; raw rows are in <code>{}</code> beside this file, and \
         <code>bench report</code> makes this page from them.</p></footer>",
        markdown::RAW_ROWS
    )
}
