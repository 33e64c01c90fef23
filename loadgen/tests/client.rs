//! The whole client against a broker in this process, on real sockets: what it reports must be what
//! happened, above all when the broker misbehaves.

mod fake_broker;

use std::io::Write;
use std::time::Duration;

use fake_broker::{Act, FakeBroker, Settings};
use headwater_loadgen::progress::{Progress, Silent, Snapshot, Stage};
use headwater_loadgen::result::RunResult;
use headwater_loadgen::run::{RunError, run};
use headwater_loadgen::spec::{Acks, Compression, Payload, RunSpec, StartAt};
use headwater_protocol::error_code::ErrorCode;

/// Against `broker`, few small records, verified, without taking a processor from other tests.
fn spec(broker: &FakeBroker) -> RunSpec {
    RunSpec::network(broker.target()).with(|s| {
        s.records = Some(2000);
        s.record_bytes = 100;
        s.batch_bytes = 4000;
        s.verify = true;
        s.spin = Some(Duration::ZERO);
        s.cpu = headwater_loadgen::spec::Cpu::Unpinned;
        s.topic_config = vec![("flush.messages".into(), "1".into())];
    })
}

fn acting(script: impl FnMut(usize) -> Act + Send + 'static) -> FakeBroker {
    FakeBroker::start(Settings { script: Box::new(script), ..Settings::default() })
}

fn result(spec: &RunSpec) -> RunResult {
    run(spec, &mut Silent).unwrap()
}

fn wrong(result: &RunResult) -> [u64; 5] {
    let v = result.verify.as_ref().unwrap();
    [v.lost, v.duplicated, v.reordered, v.altered, v.batches_with_wrong_crc]
}

#[test]
fn everything_sent_is_acknowledged_and_there() {
    let broker = FakeBroker::start(Settings::default());
    let result = result(&spec(&broker).with(|s| (s.partitions, s.producers) = (Some(3), 2)));
    assert!(result.passed(), "{result:#?}");
    let produced = result.produce.as_ref().unwrap();
    assert_eq!((produced.records_acked_total, produced.records), (2000, 2000));
    assert_eq!(result.verify.as_ref().unwrap().records_read, 2000);
    assert_eq!((result.settings.partitions, broker.topics().records("loadgen")), (3, 2000));
    let latency = produced.latency_us.unwrap();
    assert_eq!(latency.count, produced.requests);
    assert!(latency.p50 > 0.0 && latency.p50 <= latency.max);
    assert!(produced.records_per_s > 0.0 && result.measured_s > 0.0);
}

#[test]
fn the_result_survives_json() {
    let broker = FakeBroker::start(Settings::default());
    let result = result(&spec(&broker));
    let json = serde_json::to_string(&result).unwrap();
    assert_eq!(serde_json::from_str::<RunResult>(&json).unwrap(), result);
    for name in
        ["\"records_per_s\"", "\"latency_us\"", "\"p99_99\"", "\"kept_schedule\"", "\"cpu_s\""]
    {
        assert!(json.contains(name), "{name}");
    }
}

#[test]
fn an_old_broker_is_understood() {
    let broker = FakeBroker::start(Settings { is_old: true, ..Settings::default() });
    assert!(result(&spec(&broker)).passed());
}

#[test]
fn fixed_batches_have_exactly_that_many_records() {
    let broker = FakeBroker::start(Settings::default());
    let result = result(&spec(&broker).with(|s| s.batch_records = Some(15)));
    assert_eq!(result.produce.unwrap().requests, 2000u64.div_ceil(15));
    let topics = broker.topics();
    let offsets: Vec<i64> =
        topics.by_name["loadgen"][0].batches.iter().map(|(at, _)| *at).collect();
    assert!(offsets.iter().enumerate().all(|(n, at)| *at == n as i64 * 15));
}

#[test]
fn an_open_loop_sends_what_is_due_and_measures_from_the_intended_time() {
    let delay = Duration::from_millis(3);
    let broker = FakeBroker::start(Settings { delay, ..Settings::default() });
    let result = result(&spec(&broker).with(|s| {
        s.records = None;
        s.duration = Some(Duration::from_millis(600));
        s.rate_per_s = Some(2000.0);
        s.linger = Duration::from_millis(2);
    }));
    let produced = result.produce.as_ref().unwrap();
    assert_eq!(produced.records_acked_total + produced.records_unsent, 1200, "{result:#?}");
    assert_eq!(wrong(&result), [0; 5]);
    // On a machine this busy the generator may not keep the schedule; then it must say so.
    match (&produced.latency_withheld, produced.record_latency_us) {
        (None, Some(latency)) => assert!(latency.p50 > 3000.0, "{latency:?}"),
        (Some(why), None) => assert!(why.contains("could not keep the schedule")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_broker_that_is_too_slow_is_reported_as_behind() {
    let delay = Duration::from_millis(20);
    let broker = FakeBroker::start(Settings { delay, ..Settings::default() });
    let result = result(&spec(&broker).with(|s| {
        s.records = None;
        s.duration = Some(Duration::from_millis(500));
        s.rate_per_s = Some(5000.0);
        s.batch_records = Some(1);
        s.in_flight = 1;
        s.buffer_bytes = 10_000;
    }));
    let produced = result.produce.as_ref().unwrap();
    assert!(produced.fell_behind && produced.records_unsent > 1000, "{produced:#?}");
    assert!(produced.records_per_s < 100.0);
    // The buffer was full: that is not the generator's fault, and the latency tells how bad it is.
    if let Some(latency) = produced.record_latency_us {
        assert!(latency.max > 100_000.0, "{latency:?}");
    }
}

#[test]
fn retriable_errors_are_retried_in_order() {
    let refusing = || {
        acting(|n| match n % 7 {
            3 => Act::Refuse(ErrorCode::NotLeaderOrFollower),
            _ => Act::Behave,
        })
    };
    let ordered =
        result(&spec(&refusing()).with(|s| (s.idempotent, s.records) = (true, Some(1000))));
    assert_eq!(wrong(&ordered), [0; 5], "{ordered:#?}");
    assert!(ordered.passed() && ordered.errors.batches_retried > 0);
    assert!(ordered.errors.by_code["NOT_LEADER_OR_FOLLOWER"] > 0);
    // Without sequence numbers a later request may be accepted before the refused one is sent again.
    let plain = result(&spec(&refusing()).with(|s| s.records = Some(1000)));
    let [lost, duplicated, _, altered, torn] = wrong(&plain);
    assert_eq!([lost, duplicated, altered, torn], [0; 4], "{plain:#?}");
    assert!(plain.passed() && plain.errors.batches_retried > 0);
}

#[test]
fn an_answer_that_never_came_does_not_duplicate_an_idempotent_producers_records() {
    let hang_up = |n| if n == 5 || n == 20 { Act::AppendAndHangUp } else { Act::Behave };
    let broker = acting(hang_up);
    let good = result(&spec(&broker).with(|s| s.idempotent = true));
    assert_eq!(wrong(&good), [0; 5], "{good:#?}");
    assert!(good.passed() && good.errors.disconnects == 2 && good.errors.batches_retried > 0);
    // Without sequence numbers the broker appends again, and the run says so without failing.
    let broker = acting(hang_up);
    let plain = result(&spec(&broker));
    let verify = plain.verify.as_ref().unwrap();
    assert!(verify.duplicated > 0 && verify.lost == 0 && plain.passed(), "{plain:#?}");
}

#[test]
fn a_connection_that_breaks_before_appending_loses_nothing() {
    let broker = acting(|n| if n % 10 == 5 { Act::HangUp } else { Act::Behave });
    let result = result(&spec(&broker).with(|s| s.idempotent = true));
    assert_eq!(wrong(&result), [0; 5], "{result:#?}");
    assert!(result.passed() && result.errors.disconnects > 0);
}

#[test]
fn a_broker_that_forgot_the_producer_gets_a_new_one() {
    let broker = acting(|n| if n == 10 { Act::ForgetProducers } else { Act::Behave });
    let result = result(&spec(&broker).with(|s| (s.idempotent, s.partitions) = (true, Some(2))));
    assert_eq!(wrong(&result), [0; 5], "{result:#?}");
    assert!(result.passed() && broker.topics().next_producer_id >= 2);
}

#[test]
fn every_kind_of_betrayal_is_found() {
    let once = |act| acting(move |n| if n == 3 { act } else { Act::Behave });
    let lost = result(&spec(&once(Act::Lose)));
    assert!(wrong(&lost)[0] > 0 && wrong(&lost)[1..] == [0; 4] && !lost.passed(), "{lost:#?}");
    let repeated = result(&spec(&once(Act::Repeat)));
    assert!(wrong(&repeated)[1] > 0 && wrong(&repeated)[0] == 0 && !repeated.passed());
    let flipped = result(&spec(&once(Act::Flip)));
    assert!(wrong(&flipped)[4] == 1 && wrong(&flipped)[0] > 0 && !flipped.passed());
}

#[test]
fn records_refused_for_good_are_counted_and_fail_the_run() {
    let broker =
        acting(|n| if n == 2 { Act::Refuse(ErrorCode::MessageTooLarge) } else { Act::Behave });
    for idempotent in [false, true] {
        let result = result(
            &spec(&broker)
                .with(|s| (s.idempotent, s.topic) = (idempotent, format!("t{idempotent}"))),
        );
        let failed = if idempotent { 0 } else { result.errors.records_failed };
        assert_eq!(wrong(&result), [0; 5], "{result:#?}");
        assert!(idempotent || (failed > 0 && !result.passed()));
        assert_eq!(result.produce.unwrap().records_acked_total + failed, 2000);
    }
}

#[test]
fn a_file_arrives_line_by_line_with_every_compression() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for n in 0..3000 {
        writeln!(file, "airport{}\t{{\"delay_min\":{},\"n\":{n}}}", n * 7 % 223, n % 60).unwrap();
    }
    let all = [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ];
    for compression in all {
        let broker = FakeBroker::start(Settings::default());
        let result = result(&spec(&broker).with(|s| {
            s.input = Some(file.path().to_owned());
            s.records = None;
            s.partitions = Some(12);
            s.producers = 2;
            s.idempotent = true;
            s.compression = compression;
        }));
        assert!(result.passed(), "{compression}: {result:#?}");
        assert_eq!(result.verify.unwrap().records_read, 3000);
    }
}

#[test]
fn consumers_follow_and_measure_from_end_to_end() {
    let broker = FakeBroker::start(Settings::default());
    let result = result(&spec(&broker).with(|s| {
        s.partitions = Some(4);
        s.consumers = 2;
        s.check_crcs = true;
        s.fetch_wait = Duration::from_millis(50);
        s.payload = Payload::Text;
        s.compression = Compression::Zstd;
        s.key_cardinality = 50;
    }));
    let consumed = result.consume.as_ref().unwrap();
    assert_eq!(consumed.end_to_end_latency_us.unwrap().count, 2000, "{result:#?}");
    assert_eq!(consumed.batches_with_wrong_crc, Some(0));
    assert!(result.passed());
}

#[test]
fn reading_ends_at_the_end_or_begins_again() {
    let broker = FakeBroker::start(Settings::default());
    result(&spec(&broker).with(|s| s.partitions = Some(2)));
    let read = spec(&broker).with(|s| {
        s.read_only = true;
        s.verify = false;
        s.consumers = 1;
        s.from = StartAt::Earliest;
        s.records = None;
        s.check_crcs = true;
    });
    let once = result(&read);
    assert_eq!(once.consume.as_ref().unwrap().records, 2000, "{once:#?}");
    assert!(once.produce.is_none() && once.passed());
    let again = result(&read.with(|s| (s.repeat, s.records) = (true, Some(10_000))));
    let consumed = again.consume.unwrap();
    assert!(consumed.records >= 10_000 && consumed.passes >= 4, "{consumed:#?}");
}

#[test]
fn without_acknowledgement_there_is_no_latency() {
    let broker = FakeBroker::start(Settings::default());
    let result = result(&spec(&broker).with(|s| (s.acks, s.verify) = (Acks::None, false)));
    let produced = result.produce.as_ref().unwrap();
    assert_eq!((produced.records_acked_total, produced.latency_us), (2000, None));
    assert!(result.passed(), "{result:#?}");
}

#[test]
fn expectations_decide_the_run() {
    let broker = FakeBroker::start(Settings::default());
    let spec = spec(&broker);
    let high = result(&spec.clone().with(|s| s.expect_rate_per_s = Some(1e12)));
    assert!(!high.passed());
    let slow = result(&spec.clone().with(|s| s.expect_p99_ms = Some(1e-6)));
    assert!(!slow.passed());
    let fair =
        result(&spec.with(|s| (s.expect_rate_per_s, s.expect_p99_ms) = (Some(1.0), Some(1e6))));
    assert!(fair.passed());
}

#[test]
fn a_run_that_is_stopped_reports_what_there_is() {
    struct StopSoon(bool);
    impl Progress for StopSoon {
        fn update(&mut self, snapshot: &Snapshot) {
            self.0 |= snapshot.stage == Stage::Load && snapshot.acked > 0;
        }
        fn stop_requested(&self) -> bool {
            self.0
        }
    }
    let broker = FakeBroker::start(Settings::default());
    let spec = spec(&broker).with(|s| {
        s.records = None;
        s.rate_per_s = Some(1000.0);
        s.duration = Some(Duration::from_secs(3600));
    });
    let result = run(&spec, &mut StopSoon(false)).unwrap();
    assert!(result.interrupted && result.measured_s < 60.0);
    assert_eq!(wrong(&result), [0; 5]);
}

#[test]
fn what_cannot_be_reached_is_said_in_one_line() {
    let broker = FakeBroker::start(Settings::default());
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = run(&RunSpec::network(nobody.to_string()), &mut Silent).unwrap_err().to_string();
    assert!(error.contains("is a broker running there") && !error.contains('\n'), "{error}");
    let missing = spec(&broker).with(|s| {
        (s.read_only, s.verify, s.consumers) = (true, false, 1);
    });
    let error = run(&missing, &mut Silent).unwrap_err().to_string();
    assert!(error.contains("does not exist"), "{error}");
    let bad = RunSpec::default().with(|s| s.in_flight = 0);
    assert!(matches!(run(&bad, &mut Silent), Err(RunError::Spec(_))));
}

#[test]
fn a_round_reaches_every_partition_once_and_the_last_one_may_be_short() {
    // Larger than a producer's turn and than a usual request: still one request.
    let broker = FakeBroker::start(Settings::default());
    let rounds = spec(&broker).with(|s| {
        (s.round, s.partitions, s.in_flight) = (true, Some(150), 1);
        (s.record_bytes, s.records) = (10_000, Some(3 * 150 + 50));
    });
    let result = result(&rounds);
    assert!(result.passed(), "{result:#?}");
    assert_eq!(result.produce.as_ref().unwrap().requests, 4);
    assert!(result.settings.round && result.settings.batch_records == Some(1));
}

#[test]
fn a_round_that_is_refused_in_part_is_made_whole() {
    let broker = acting(|n| match n % 7 {
        3 => Act::Refuse(ErrorCode::NotLeaderOrFollower),
        5 => Act::AppendAndHangUp,
        _ => Act::Behave,
    });
    let rounds = spec(&broker).with(|s| {
        (s.round, s.partitions, s.in_flight) = (true, Some(8), 2);
        (s.records, s.idempotent) = (Some(160), true);
    });
    let result = result(&rounds);
    assert!(result.passed() && result.errors.batches_retried > 0, "{result:#?}");
    assert_eq!(wrong(&result), [0; 5]);
}
