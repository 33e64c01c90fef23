//! Limits are measured tiny: not the figures matter, but that every item works and is found again.

use std::collections::HashSet;

use super::*;
use crate::scratch::ScratchDir;

fn tiny() -> Settings {
    Settings { item_time: Duration::from_millis(5), file_bytes: 8 << 20, ..Settings::default() }
}

#[test]
fn every_item_can_be_measured() {
    let dir = ScratchDir::beside(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut told = 0;
    let limits = measure(&items::all(), dir.path(), tiny(), &mut |_| told += 1).unwrap();
    assert_eq!(told, items::all().len() + 1);
    for item in items::all() {
        let limit = limits.get(item.what).unwrap();
        assert!(limit.per_s > 0.0, "{limit:?}");
        assert_eq!(limit.mb_per_s.is_some(), limit.bytes > 0, "{limit:?}");
        if limit.group == "disk" {
            assert!(limit.latency_us.unwrap().p50 > 0.0);
        }
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "files were left behind");
}

#[test]
fn ids_are_distinct_and_the_short_list_has_what_shares_need() {
    let ids: HashSet<String> = items::all().iter().map(|item| item.what.id()).collect();
    assert_eq!(ids.len(), items::all().len());
    let short: Vec<What> = items::short_list().iter().map(|item| item.what).collect();
    for needed in [
        items::SEQUENTIAL_WRITE,
        items::SEQUENTIAL_READ,
        items::WRITE_SYNC_4K,
        items::ROUND_TRIP,
        items::STREAM,
        items::CRC_16K,
        items::durable(16 << 10, 1),
        items::written(16 << 10),
    ] {
        assert!(short.contains(&needed), "{needed:?}");
    }
}

#[test]
fn a_full_disk_or_a_missing_folder_is_an_error_with_a_name() {
    let error = measure(&items::short_list(), Path::new("/nonexistent"), tiny(), &mut |_| {});
    assert!(error.unwrap_err().to_string().contains("cannot measure the disk"));
}

#[test]
fn sizes_are_said_in_binary_units() {
    assert_eq!(items::size_name(4096), "4 KiB");
    assert_eq!(items::size_name(1 << 20), "1 MiB");
    assert_eq!(items::size_name(1500), "1500 B");
}
