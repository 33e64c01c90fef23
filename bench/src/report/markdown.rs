//! The parts of a results folder that are read on a code forge.

use super::{Conclusion, plots, sections};
use crate::evidence::{Evidence, date};

/// Name of the file with the raw rows.
pub const RAW_ROWS: &str = "runs.jsonl";

/// Every table.
pub fn summary(evidence: &Evidence, conclusion: &Conclusion) -> String {
    let mut text = format!("# {}: {}\n\n", evidence.plan.scenario, evidence.host.line());
    for plot in plots::all(evidence, conclusion) {
        text += &format!("![{}]({}.svg)\n\n", plot.title, plot.file);
    }
    for section in sections::all(evidence, conclusion) {
        text += &format!("## {}\n\n{}\n", section.title, section.table.markdown());
        section.notes.iter().for_each(|note| text += &format!("* {note}\n"));
        text.push('\n');
    }
    text += "## Can it be trusted\n\n";
    for line in &conclusion.gate {
        let mark = if line.held { "ok" } else { "**no**" };
        text += &format!("* {mark}: {}\n", line.text);
    }
    text
}

/// What came about how, with room for a person's own words.
pub fn readme(evidence: &Evidence, conclusion: &Conclusion) -> String {
    let host = &evidence.host;
    let commit = host.commit.as_deref().unwrap_or("unknown");
    let mut surprises: Vec<String> = conclusion
        .gate
        .iter()
        .filter(|line| !line.held)
        .map(|line| format!("* not to be quoted: {}\n", line.text))
        .collect();
    if surprises.is_empty() {
        surprises.push("* nothing: every gate held\n".to_owned());
    }
    format!(
        "# {scenario}, {date}\n\n\
         | | |\n| --- | --- |\n\
         | command | `{command}` |\n\
         | machine | {machine} |\n\
         | Headwater | {version}, commit {commit} |\n\
         | I/O | {backend} |\n\
         | order | seed {seed}, {repeats} repeats interleaved |\n\n\
         Raw rows are in `runs.jsonl`, the plan in `plan.json`, the machine in `host.json`; \
         `summary.md` and `report.html` are made from them by `bench report`.\n\n\
         ## What surprised\n\n{surprises}",
        scenario = evidence.plan.scenario,
        date = date(evidence.about.started_unix_ms),
        command = evidence.about.command,
        machine = host.line(),
        version = host.headwater_version,
        backend = host.io_backend,
        seed = evidence.plan.seed,
        repeats = evidence.plan.repeats,
        surprises = surprises.concat(),
    )
}
