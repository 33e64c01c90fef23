//! The same runs against the library in this process: same client, same ledger, no socket.

use std::path::Path;
use std::time::Duration;

use headwater_loadgen::progress::Silent;
use headwater_loadgen::result::RunResult;
use headwater_loadgen::run::run;
use headwater_loadgen::spec::{Acks, Compression, Cpu, RunSpec, StartAt};

fn spec(dir: &Path) -> RunSpec {
    RunSpec::embedded(dir).with(|s| {
        s.records = Some(2000);
        s.record_bytes = 100;
        s.batch_bytes = 4000;
        s.verify = true;
        s.spin = Some(Duration::ZERO);
        s.cpu = Cpu::Unpinned;
        s.engine_settings = vec![("shards".into(), "1".into()), ("pin".into(), "false".into())];
    })
}

fn result(spec: &RunSpec) -> RunResult {
    run(spec, &mut Silent).unwrap()
}

#[test]
fn what_the_library_acknowledged_is_there_also_when_it_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let first = result(&spec(dir.path()).with(|s| (s.partitions, s.producers) = (Some(3), 2)));
    assert!(first.passed(), "{first:#?}");
    assert_eq!(first.verify.as_ref().unwrap().records_read, 2000);
    assert_eq!(first.produce.as_ref().unwrap().records_acked_total, 2000);
    // The second run appends behind the first, and verifies only its own records.
    let second = result(&spec(dir.path()).with(|s| s.compression = Compression::Lz4));
    assert!(second.passed(), "{second:#?}");
    assert_eq!(second.verify.as_ref().unwrap().records_read, 2000);
    let read = result(&spec(dir.path()).with(|s| {
        (s.read_only, s.verify, s.consumers) = (true, false, 2);
        (s.from, s.records, s.check_crcs) = (StartAt::Earliest, None, true);
    }));
    assert_eq!(read.consume.as_ref().unwrap().records, 4000, "{read:#?}");
}

#[test]
fn consumers_follow_and_an_open_loop_is_measured() {
    let dir = tempfile::tempdir().unwrap();
    let result = result(&spec(dir.path()).with(|s| {
        s.rate_per_s = Some(4000.0);
        s.acks = Acks::Leader;
        s.consumers = 1;
        s.fetch_wait = Duration::from_millis(20);
    }));
    assert!(result.passed(), "{result:#?}");
    let consumed = result.consume.as_ref().unwrap();
    // On a machine too busy to keep the schedule there is no latency to count.
    match consumed.end_to_end_latency_us {
        Some(latency) => assert_eq!(latency.count, 2000, "{result:#?}"),
        None => assert!(!result.generator.kept_schedule && consumed.records > 0),
    }
}

#[test]
fn a_directory_that_cannot_be_used_is_said_in_one_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = run(&spec(file.path()), &mut Silent).unwrap_err().to_string();
    assert!(error.contains("the engine on") && !error.contains('\n'), "{error}");
    let dir = tempfile::tempdir().unwrap();
    let unknown =
        spec(dir.path()).with(|s| s.engine_settings = vec![("no.such".into(), "1".into())]);
    let error = run(&unknown, &mut Silent).unwrap_err().to_string();
    assert!(error.contains("no.such"), "{error}");
}
