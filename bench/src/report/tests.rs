//! Rendering: the parts that matter are there, nothing comes from a network, nothing leaks.

use super::*;
use crate::plan::tests::{cell, plan};
use crate::plan::{Load, Plan};
use crate::synthetic;

fn tuned() -> Evidence {
    let rates = [1_000.0, 10_000.0, 100_000.0];
    let cells = rates.map(|rate| {
        let mut cell = cell(&format!("linger 0 ms, batch 16 KiB, 5 in flight, {rate}/s"));
        cell.series = "linger 0 ms, batch 16 KiB, 5 in flight".into();
        cell.client.load = Load::Rate(rate);
        cell
    });
    let plan =
        Plan { scenario: "tune".into(), p99_ms_goal: Some(5.0), ..plan(1, 1, cells.to_vec()) };
    synthetic::evidence(plan, |plan, (i, repeat)| {
        synthetic::run(&plan.cells[i], repeat, rates[i], [300.0, 900.0, 4_000.0][i])
    })
}

#[test]
fn the_page_needs_nothing_else() {
    for evidence in [synthetic::compare(), tuned()] {
        let html = html::page(&evidence, &Conclusion::of(&evidence));
        for forbidden in ["<script", "src=", "href=", "@import", "url("] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        let elsewhere =
            html.matches("http").count() - html.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(elsewhere, 0);
        for tag in ["svg", "table", "section", "ul", "tr", "td"] {
            let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
            let opened = html.matches(&format!("{open} ")).count()
                + html.matches(&format!("{open}>")).count();
            assert_eq!(opened, html.matches(&close).count(), "{tag}");
        }
        assert!(!html.contains("NaN") && !html.contains("inf"), "a number is missing");
    }
}

#[test]
fn the_comparison_shows_every_setting_in_every_form() {
    let evidence = synthetic::compare();
    let conclusion = Conclusion::of(&evidence);
    let terminal = terminal::text(&evidence, &conclusion, std::path::Path::new("r/report.html"));
    let (html, summary) =
        (html::page(&evidence, &conclusion), markdown::summary(&evidence, &conclusion));
    for setting in crate::setting::Setting::all() {
        let name = setting.to_string();
        assert!(terminal.contains(&name) && html.contains(&name) && summary.contains(&name));
        assert!(terminal.contains(setting.survives()));
    }
    assert!(terminal.contains("report: r/report.html"));
    assert!(terminal.contains("share of sequential write, 1,680 MB/s here"));
    assert!(html.contains("Latency at 10,000/s offered"));
}

#[test]
fn one_row_of_the_table_is_as_it_should_be() {
    let evidence = synthetic::compare();
    let sections = sections::all(&evidence, &Conclusion::of(&evidence));
    let row = sections[0].table.rows().iter().find(|row| row[0] == "acks=all durable, direct");
    let row: Vec<&str> = row.unwrap().iter().map(String::as_str).collect();
    assert_eq!(row[0..4], ["acks=all durable, direct", "13.7", "10 %", "0.8 %"]);
    assert_eq!(row[4..7], ["1.34", "4.02", "12.1"]);
}

#[test]
fn tune_names_the_best_setting() {
    let evidence = tuned();
    let conclusion = Conclusion::of(&evidence);
    let terminal = terminal::text(&evidence, &conclusion, std::path::Path::new("r"));
    assert!(terminal.contains("best for p99 <= 5 ms with acks=all durable, direct: linger 0 ms"));
    assert!(terminal.contains("<- best for the goal"));
    assert!(html::page(&evidence, &conclusion).contains("goal: p99 5 ms"));
}

#[test]
fn a_folder_is_complete_and_a_person_may_add_to_its_readme() {
    let dir = tempfile::tempdir().unwrap();
    let evidence = synthetic::compare();
    let folder = Folder::create(dir.path(), &evidence).unwrap();
    evidence.rows.iter().for_each(|row| folder.add(row).unwrap());
    let conclusion = Conclusion::of(&evidence);
    let report = write(&folder, &evidence, &conclusion).unwrap();
    for name in ["README.md", "summary.md", "report.html", "throughput.svg", "latency-10000.svg"] {
        assert!(dir.path().join(name).exists(), "{name}");
    }
    let readme = std::fs::read_to_string(dir.path().join("README.md")).unwrap();
    assert!(readme.contains("`bench compare`") && readme.contains("commit 604caa4"));
    let here = dir.path().to_str().unwrap();
    assert!(!readme.contains(here) && !std::fs::read_to_string(report).unwrap().contains(here));
    std::fs::write(dir.path().join("README.md"), "what surprised").unwrap();
    write(&folder, &evidence, &conclusion).unwrap();
    assert_eq!(std::fs::read_to_string(dir.path().join("README.md")).unwrap(), "what surprised");
}
