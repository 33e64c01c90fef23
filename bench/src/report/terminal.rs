//! What a person sees when a command has ended.

use std::path::Path;

use super::{Conclusion, sections};
use crate::evidence::Evidence;

/// Tables, what they mean, whether they can be trusted, and where the report is.
pub fn text(evidence: &Evidence, conclusion: &Conclusion, report: &Path) -> String {
    let mut text = format!("\n{}\n", evidence.host.line());
    for section in sections::all(evidence, conclusion) {
        text += &format!("\n{}\n\n{}", section.title, section.table.terminal());
        if !section.notes.is_empty() {
            text.push('\n');
        }
        section.notes.iter().for_each(|note| text += &format!("  {note}\n"));
    }
    text += "\nCan it be trusted\n\n";
    for line in &conclusion.gate {
        let mark = if line.held { "ok  " } else { "NO  " };
        text += &format!("  {mark}{}\n", line.text);
    }
    text += &format!("\nreport: {}\n", report.display());
    text
}
