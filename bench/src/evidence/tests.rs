//! The folder: what goes in comes out, nothing is overwritten, names say the day and the machine.

use super::*;
use crate::report::{Conclusion, markdown};
use crate::synthetic;

#[test]
fn what_is_written_is_read() {
    let parent = tempfile::tempdir().unwrap();
    let evidence = synthetic::compare();
    let path = parent.path().join("results").join("one");
    let folder = Folder::create(&path, &evidence).unwrap();
    evidence.rows.iter().for_each(|row| folder.add(row).unwrap());
    let read = Folder::existing(&path).read().unwrap();
    assert!((&read.about, &read.host) == (&evidence.about, &evidence.host));
    assert!(read.plan == evidence.plan && read.rows.len() == evidence.rows.len());
    // Numbers may lose their last bit in JSON, but nothing that a reader could see.
    let summary = |evidence: &Evidence| markdown::summary(evidence, &Conclusion::of(evidence));
    assert_eq!(summary(&read), summary(&evidence));
    let text = fs::read_to_string(path.join("runs.jsonl")).unwrap();
    assert!(text.lines().next().unwrap().starts_with(r#"{"kind":"limits""#));
    assert_eq!(text.lines().count(), evidence.rows.len());
}

#[test]
fn results_are_never_overwritten() {
    let parent = tempfile::tempdir().unwrap();
    let evidence = synthetic::compare();
    Folder::create(parent.path(), &evidence).unwrap();
    let again = Folder::create(parent.path(), &evidence).err().unwrap();
    assert!(again.to_string().contains("--out"), "{again}");
}

#[test]
fn names_hold_the_day_and_the_kind_of_machine() {
    let parent = tempfile::tempdir().unwrap();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let noon = 1_795_608_000_000;
    let first = new_path(parent.path(), noon, "2cpu-linux6.18", "compare");
    assert_eq!(name(&first), "2026-11-25-2cpu-linux6.18-compare");
    fs::create_dir(&first).unwrap();
    let second = new_path(parent.path(), noon, "2cpu-linux6.18", "compare");
    assert_eq!(name(&second), "2026-11-25-2cpu-linux6.18-compare-2");
}

#[test]
fn days_are_counted_over_leap_years() {
    assert_eq!(date(0), "1970-01-01");
    assert_eq!(date(951_782_400_000), "2000-02-29");
    assert_eq!(date(951_868_800_000), "2000-03-01");
    assert_eq!(date(1_767_225_600_000), "2026-01-01");
    assert_eq!(date(-1), "1969-12-31");
}

#[test]
fn a_folder_without_results_says_which_file_is_missing() {
    let parent = tempfile::tempdir().unwrap();
    let error = Folder::existing(parent.path()).read().unwrap_err().to_string();
    assert!(error.contains("runs.jsonl"), "{error}");
}
